"""``python -m benchmarks``: measure everything and say which goals are met."""

from __future__ import annotations

import argparse
import sys

import sqlalchemy as sa

from . import databases
from . import growth
from . import idle_pages
from . import in_browser
from . import open_pages
from . import sample_rows
from . import statements
from . import throughput
from .goals import Measured
from .goals import table

_BROWSER_POLLS = 30
_OPEN_SECONDS = 60


def main() -> int:
    """Measure; the exit status says whether every goal is met."""
    options = _parse()
    missed = False
    for kind in options.database:
        print(f"\n## {kind}\n", flush=True)
        measured = _measure(kind, options)
        print(table(("goal", "limit", "measured", ""), [m.cells() for m in measured]))
        missed = missed or not all(m.is_met for m in measured)
    return int(missed)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=1, help="of each measurement")
    parser.add_argument(
        "--database", choices=list(databases.KINDS), nargs="+", default=databases.KINDS
    )
    return parser.parse_args()


def _measure(kind: str, options: argparse.Namespace) -> list[Measured]:
    pace = {"rounds": options.rounds, "seconds": options.seconds}
    with databases.KINDS[kind]() as url:
        engine = sa.create_engine(url)
        run_id = sample_rows.fill(engine, growth.FEW, 10)
        engine.dispose()
        found, measured = throughput.compare(url, run_id, **pace)
    rows = [(name, f"{rate:,.0f}") for name, rate in found.items()]
    print(table(("what is asked for", "requests/s"), rows), end="\n\n", flush=True)
    measured += statements.by_poll(kind)
    measured += growth.by_rows(kind, **pace)
    measured.append(growth.by_active_rows(kind, **pace))
    measured += idle_pages.measure(kind, **pace)
    measured += in_browser.measure(kind, polls=_BROWSER_POLLS)
    told, kept_open = open_pages.measure(kind, seconds=_OPEN_SECONDS)
    print(table(("a thousand open pages", ""), told), end="\n\n", flush=True)
    return measured + kept_open


if __name__ == "__main__":
    sys.exit(main())
