"""What the extension costs on pages that wait for nothing."""

from __future__ import annotations

import sqlalchemy as sa

from . import databases
from . import measured_app
from . import sample_rows
from .goals import Measured
from .load import Rates
from .load import rates
from .servers import serving
from .surfaces import Surfaces

_FLOOR = 0.95
_APP = "benchmarks.measured_app:create_app()"


def measure(kind: str, *, rounds: int, seconds: int) -> list[Measured]:
    """Pages with the extension beside the same pages without it.

    The goal is not to be slower by more than the page without it differs from
    itself: the spread of the middle half of its rounds, a twentieth at most.
    """
    with databases.KINDS[kind]() as url:
        engine = sa.create_engine(url)
        sample_rows.fill(engine, sample_rows.FEWEST, 10)
        run_id = sample_rows.completed_run(engine)
        engine.dispose()
        settings = {measured_app.DATABASE_URL: url}
        without = {**settings, measured_app.WITHOUT: "1"}
        with serving(_APP, **settings) as ours, serving(_APP, **without) as plain:
            surfaces = Surfaces.signed_in(ours, run_id)
            bare = Surfaces.signed_in(plain, run_id)
            details = f"/admin/plain_runs/details/?id={run_id}"
            found = rates(
                [
                    surfaces.page("any page, installed", details),
                    bare.page("any page, not installed", details),
                    surfaces.page("a region that is over", f"/page/live/{run_id}"),
                    bare.page("the same by hand", f"/page/plain/{run_id}"),
                ],
                rounds=rounds,
                seconds=seconds,
            )
    pairs = (
        ("any page, installed", "any page, not installed"),
        ("a region that is over", "the same by hand"),
    )
    return [_cost(found, with_it, without_it) for with_it, without_it in pairs]


def _cost(found: Rates, with_it: str, without_it: str) -> Measured:
    limit = max(_FLOOR, 1 - found.noise(without_it))
    ratio = found.ratio(with_it, without_it)
    return Measured(f"{with_it} ÷ {without_it}, requests/s", ratio, limit)
