"""How fast a run works and how long it still takes: said only where it means something.

Counts and times in, numbers out. Pure: nothing here asks what time it is, so that what
is shown changes only when something was stored.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

#: What a run that still works has to have done before it is judged: a first item or
#: two, or a second or two, tell nothing of those that follow.
LEAST_ITEMS, LEAST_SECONDS = 3, 5

#: What a run that is over has to have done: its average is a fact, but not of no time.
LEAST_ITEMS_OVER, LEAST_SECONDS_OVER = 1, 1

#: Time left beyond this is no estimate any more.
LONGEST_LEFT_SECONDS = 7 * 86_400

#: Counts beyond this are no counts.
MOST_ITEMS = 10**15

#: Units that a rate is told in, largest rate first, and their seconds.
UNITS: tuple[tuple[str, int], ...] = (
    ("second", 1),
    ("minute", 60),
    ("hour", 3_600),
    ("day", 86_400),
)

# What time left is rounded to, by what is left, in seconds.
_STEPS: tuple[tuple[float, int], ...] = (
    (60, 10),
    (600, 60),
    (3_600, 300),
    (6 * 3_600, 900),
    (86_400, 3_600),
    (float("inf"), 12 * 3_600),
)


class Pace(t.NamedTuple):
    """How fast a run works.

    :param per_second: items per second, on average since it started.
    :param left_seconds: roughly how long it still takes; ``None`` where that cannot
        be told.
    """

    per_second: float
    left_seconds: int | None


def run_pace(
    counts: cabc.Mapping[str, int],
    started_at: dt.datetime | None,
    until: dt.datetime | None,
    *,
    is_over: bool,
) -> Pace | None:
    """The pace that the counts tell; ``None`` where they tell none.

    :param counts: those stored, of which ``processed`` and ``total`` count.
    :param until: when these counts were stored; of a run that is over, its end.
    """
    processed = counts.get("processed", 0)
    if started_at is None or until is None or processed > MOST_ITEMS:
        return None
    items, seconds = LEAST_ITEMS, LEAST_SECONDS
    if is_over:
        items, seconds = LEAST_ITEMS_OVER, LEAST_SECONDS_OVER
    worked = (until - started_at).total_seconds()
    if processed < items or worked < seconds:
        return None
    per_second = processed / worked
    left = None if is_over else _left(counts.get("total", 0) - processed, per_second)
    return Pace(per_second, left)


def _left(items: int, per_second: float) -> int | None:
    if not 0 < items <= MOST_ITEMS:
        return None
    seconds = items / per_second
    return rounded(seconds) if seconds <= LONGEST_LEFT_SECONDS else None


def rounded(seconds: float) -> int:
    """Seconds as coarsely as an estimate deserves, never none at all."""
    step = next(step for below, step in _STEPS if seconds < below)
    return max(step, int(seconds / step + 0.5) * step)


def rate(per_second: float) -> tuple[float, str] | None:
    """A rate as people read it, with its unit: the first in which it is 1 or more.

    Below ten it has one decimal. ``None`` for one that is none even in a day.
    """
    name, size = next(
        ((name, size) for name, size in UNITS if per_second * size >= 1), UNITS[-1]
    )
    number = round(per_second * size, 1 if per_second * size < 10 else None)
    number = int(number) if number == int(number) else number
    return (number, name) if number else None
