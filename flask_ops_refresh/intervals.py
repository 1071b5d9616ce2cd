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


def is_awaited(
    *,
    active: bool,
    created_at: dt.datetime | None,
    now: dt.datetime,
    stop_after_seconds: float | None,
) -> bool:
    """Whether a record is polled: active, and not past the age to give up at."""
    if not active or stop_after_seconds is None:
        return active
    return age_seconds(created_at, now) < stop_after_seconds


def is_stalled(
    *,
    active: bool,
    last_sign_of_life: dt.datetime | None,
    now: dt.datetime,
    stalled_after_seconds: float | None,
) -> bool:
    """Whether an active record has been silent for too long."""
    if not active or stalled_after_seconds is None:
        return False
    return age_seconds(last_sign_of_life, now) >= stalled_after_seconds


def run_interval(
    *,
    awaited: bool,
    created_at: dt.datetime | None,
    now: dt.datetime,
    steps: cabc.Sequence[tuple[float | None, float]],
) -> float | None:
    """Seconds until an operation run is asked for again.

    :param awaited: what :func:`is_awaited` says of it.
    :param steps: pairs of an age limit in seconds (``None``: any age) and the
        interval in seconds for a run younger than that.
    """
    if not awaited:
        return None
    age = age_seconds(created_at, now)
    return next(
        seconds
        for younger_than, seconds in steps
        if younger_than is None or age < younger_than
    )


def list_interval(*, any_awaited: bool, seconds: float) -> float | None:
    """Seconds until a list page is asked for again."""
    return seconds if any_awaited else None


def overview_interval(*, any_awaited: bool, seconds: float) -> float | None:
    """Seconds until the overview is asked for again.

    :param any_awaited: whether :func:`is_awaited` holds for any run in scope.
    """
    return seconds if any_awaited else None


def review_pack_interval(*, awaited: bool, seconds: float) -> float | None:
    """Seconds until a review pack is asked for again.

    :param awaited: what :func:`is_awaited` says of it.
    """
    return seconds if awaited else None
