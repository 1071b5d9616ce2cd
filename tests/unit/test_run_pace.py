from __future__ import annotations

import datetime as dt
import fractions
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_ops_refresh.formatting import rough_duration
from flask_ops_refresh.run_pace import LEAST_ITEMS
from flask_ops_refresh.run_pace import LEAST_SECONDS
from flask_ops_refresh.run_pace import LONGEST_LEFT_SECONDS
from flask_ops_refresh.run_pace import MOST_ITEMS
from flask_ops_refresh.run_pace import rate
from flask_ops_refresh.run_pace import rounded
from flask_ops_refresh.run_pace import run_pace

START = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)

numbers = st.integers(0, 5_000) | st.integers(0, 10**18)
spans = st.timedeltas(dt.timedelta(days=-2), dt.timedelta(days=60))


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


@given(processed=numbers, total=numbers, span=spans, is_over=st.booleans())
def test_a_pace_is_what_plain_arithmetic_says(
    processed: int, total: int, span: dt.timedelta, is_over: bool
) -> None:
    """Items through seconds, and what is left through that: or nothing at all."""
    counts = {"processed": processed, "total": total}
    pace = run_pace(counts, START, START + span, is_over=is_over)
    seconds = fractions.Fraction(span // dt.timedelta(microseconds=1), 10**6)
    items_needed, seconds_needed = (1, 1) if is_over else (LEAST_ITEMS, LEAST_SECONDS)
    if not (items_needed <= processed <= MOST_ITEMS and seconds >= seconds_needed):
        assert pace is None
        return
    assert pace is not None
    per_second = processed / seconds
    assert pace.per_second == pytest.approx(float(per_second))
    left = (total - processed) / per_second
    if (
        is_over
        or not 0 < total - processed <= MOST_ITEMS
        or left > LONGEST_LEFT_SECONDS * 1.001
    ):
        assert pace.left_seconds is None
    elif left < LONGEST_LEFT_SECONDS * 0.999:
        assert pace.left_seconds is not None
        assert abs(pace.left_seconds - left) <= max(10, left / 2)


@pytest.mark.parametrize(
    ("counts", "started_at", "until"),
    [
        ({}, START, at(60)),
        ({"total": 9}, START, at(60)),
        ({"processed": 0, "total": 9}, START, at(60)),
        ({"processed": 2, "total": 9}, START, at(60)),
        ({"processed": 9, "total": 90}, START, at(4.9)),
        ({"processed": 9, "total": 90}, START, at(-60)),
        ({"processed": 9, "total": 90}, None, at(60)),
        ({"processed": 9, "total": 90}, START, None),
        ({"processed": 10**400, "total": 10**401}, START, at(60)),
    ],
    ids=range(9),
)
def test_what_tells_no_pace_is_told_none(
    counts: dict[str, int], started_at: t.Any, until: t.Any
) -> None:
    """Too few items, too little time, times that are missing or run backwards."""
    assert run_pace(counts, started_at, until, is_over=False) is None


def test_time_left_needs_a_total_beyond_what_is_done() -> None:
    """Without a total, past it, or beyond a week, the pace is all that is said."""
    for total in (None, 30, 20, 30 + 60 * 86_400, 10**400):
        counts = {"processed": 30} | ({} if total is None else {"total": total})
        pace = run_pace(counts, START, at(60), is_over=False)
        assert pace is not None
        assert (pace.per_second, pace.left_seconds) == (0.5, None)


@pytest.mark.parametrize("items", [0, 1, 100_000])
def test_a_run_that_is_over_tells_its_average(items: int) -> None:
    """No item has no pace; one, and a hundred thousand, have that of all their time."""
    counts = {"processed": items, "total": items}
    pace = run_pace(counts, START, at(100), is_over=True)
    assert pace is None if items == 0 else pace is not None
    if pace is not None:
        assert (pace.per_second, pace.left_seconds) == (items / 100, None)


@given(st.floats(0, LONGEST_LEFT_SECONDS))
def test_time_left_is_rounded_as_coarsely_as_it_is_long(seconds: float) -> None:
    """It is off by ten seconds, half a minute or a quarter of itself, never zero."""
    told = rounded(seconds)
    assert told > 0
    assert abs(told - seconds) <= max(10, 30 if seconds > 60 else 0, seconds / 4)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.1, "10 s"),
        (14, "10 s"),
        (44, "40 s"),
        (59, "1 min"),
        (61, "1 min"),
        (250, "4 min"),
        (599, "10 min"),
        (1_000, "15 min"),
        (3_599, "1 h"),
        (5_000, "1 h 30 min"),
        (21_000, "5 h 45 min"),
        (80_000, "22 h"),
        (90_000, "1 d"),
        (130_000, "1 d 12 h"),
    ],
)
def test_time_left_in_words(seconds: float, told: str) -> None:
    """Units that an estimate fills with nothing are left out."""
    assert rough_duration(rounded(seconds)) == told


@pytest.mark.parametrize(
    ("per_second", "told"),
    [
        (420.4, (420, "second")),
        (12.6, (13, "second")),
        (9.96, (10, "second")),
        (1.0, (1, "second")),
        (0.7, (42, "minute")),
        (1 / 60, (1, "minute")),
        (1 / 61, (59, "hour")),
        (2 / 86_400, (2, "day")),
        (0.3 / 86_400, (0.3, "day")),
        (0.01 / 86_400, None),
    ],
)
def test_a_rate_has_the_unit_in_which_it_is_one_or_more(
    per_second: float, told: tuple[float, str] | None
) -> None:
    """As people say it: 42 per minute, not 0.7 per second."""
    assert rate(per_second) == told


@given(st.floats(1e-6, 1e12))
def test_a_rate_is_what_it_was_rounded_from(per_second: float) -> None:
    """Told in its unit, it is off by a twentieth at most."""
    told = rate(per_second)
    size = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
    if told is None:
        assert per_second * 86_400 <= 0.05
    else:
        number, unit = told
        assert abs(number - per_second * size[unit]) <= max(0.05001, number / 19)
