"""What becomes of a poll as rows and active rows become more."""

from __future__ import annotations

import contextlib

import sqlalchemy as sa

from . import databases
from . import measured_app
from . import sample_rows
from .goals import Measured
from .load import Rates
from .load import rates
from .servers import serving
from .surfaces import Surfaces

FEW = sample_rows.FEWEST
MANY = 1_000_000
_ROWS_SHOWN = 100


def by_rows(kind: str, *, rounds: int, seconds: int) -> list[Measured]:
    """Time of an unchanged poll at a million runs over that at ten thousand."""
    found = _side_by_side(kind, {"few": (FEW, 10), "many": (MANY, 10)}, rounds, seconds)
    return [
        Measured(
            f"unchanged {surface} at {MANY:,} runs ÷ at {FEW:,}, time",
            found.ratio(f"few {surface}", f"many {surface}"),
            1.15,
            at_most=True,
        )
        for surface in ("detail", "list", "card")
    ]


def by_active_rows(kind: str, *, rounds: int, seconds: int) -> Measured:
    """Time of an unchanged list poll with 100 active rows over that with one."""
    found = _side_by_side(
        kind, {"one": (FEW, 1), "hundred": (FEW, _ROWS_SHOWN)}, rounds, seconds
    )
    return Measured(
        "unchanged list with 100 active rows ÷ with 1, time",
        found.ratio("one list", "hundred list"),
        1.6,
        at_most=True,
    )


def _side_by_side(
    kind: str, wanted: dict[str, tuple[int, int]], rounds: int, seconds: int
) -> Rates:
    with contextlib.ExitStack() as stack:
        targets = []
        for name, (runs, active) in wanted.items():
            url = stack.enter_context(databases.KINDS[kind]())
            engine = sa.create_engine(url)
            run_id = sample_rows.fill(engine, runs, active)
            engine.dispose()
            settings = {measured_app.DATABASE_URL: url}
            app = "benchmarks.measured_app:create_app()"
            surfaces = Surfaces.signed_in(
                stack.enter_context(serving(app, **settings)), run_id
            )
            targets += [
                surfaces.unchanged(f"{name} detail", surfaces.detail),
                surfaces.unchanged(
                    f"{name} list", f"{surfaces.list}?page_size={_ROWS_SHOWN}"
                ),
                surfaces.unchanged(f"{name} card", surfaces.card),
            ]
        return rates(targets, rounds=rounds, seconds=seconds)
