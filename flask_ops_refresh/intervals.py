"""The polling rules: state and clock in, seconds or ``None`` out. Pure.

``None`` means: never again. The tables are those of the documentation's "How
it decides to poll".
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt

#: Seconds an interval may have, both ends included.
SHORTEST_SECONDS = 1
LONGEST_SECONDS = 300


def age_seconds(created_at: dt.datetime | None, now: dt.datetime) -> float:
    """Seconds since ``created_at``, never negative.

    :param created_at: a naive value is UTC; a missing one is the oldest there is.
    :param now: the current time, aware.
    """
    if created_at is None:
        return float("inf")
    if created_at.tzinfo is None:
        created_at = created_at.replace(tzinfo=dt.UTC)
    return max(0.0, (now - created_at).total_seconds())


def run_interval(
    *,
    active: bool,
    created_at: dt.datetime | None,
    now: dt.datetime,
    steps: cabc.Sequence[tuple[float | None, float]],
    stop_after_seconds: float | None,
) -> float | None:
    """Seconds until an operation run is asked for again.

    :param steps: pairs of an age limit in seconds (``None``: any age) and the
        interval in seconds for a run younger than that.
    :param stop_after_seconds: the age from which even an active run is no
        longer polled.
    """
    if not active:
        return None
    age = age_seconds(created_at, now)
    if stop_after_seconds is not None and age >= stop_after_seconds:
        return None
    return next(
        seconds
        for younger_than, seconds in steps
        if younger_than is None or age < younger_than
    )


def list_interval(*, any_active: bool, seconds: float) -> float | None:
    """Seconds until a list page is asked for again."""
    return seconds if any_active else None


def review_pack_interval(*, active: bool, seconds: float) -> float | None:
    """Seconds until a review pack is asked for again."""
    return seconds if active else None
