from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_ops_refresh.intervals import age_seconds
from flask_ops_refresh.intervals import is_awaited
from flask_ops_refresh.intervals import is_stalled
from flask_ops_refresh.intervals import list_interval
from flask_ops_refresh.intervals import overview_interval
from flask_ops_refresh.intervals import review_pack_interval
from flask_ops_refresh.intervals import run_interval

NOW = dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC)
STEPS = ((10, 1), (60, 5), (None, 10))


def interval(created_at: dt.datetime | None, awaited: bool = True) -> float | None:
    return run_interval(awaited=awaited, created_at=created_at, now=NOW, steps=STEPS)


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(0, 1), (9.999, 1), (10, 5), (59.999, 5), (60, 10), (1e6, 10), (-1e6, 1)],
)
def test_the_interval_is_by_age(age: float, seconds: float) -> None:
    """Under 10 s every second, under 60 s every 5, then every 10; never negative."""
    assert interval(NOW - dt.timedelta(seconds=age)) == seconds


def test_a_missing_creation_time_is_the_oldest() -> None:
    """Without a date a run is asked for as seldom as any."""
    assert interval(None) == 10


@pytest.mark.parametrize(("seconds", "age"), [(-5, 0), (0, 0), (0.25, 0.25), (7, 7)])
def test_ages_are_exact_and_never_negative(seconds: float, age: float) -> None:
    """A fraction of a second counts; a clock that is ahead makes nothing older."""
    assert age_seconds(NOW - dt.timedelta(seconds=seconds), NOW) == age


def test_a_naive_time_is_utc() -> None:
    """A column without a zone holds UTC."""
    naive = (NOW - dt.timedelta(seconds=30)).replace(tzinfo=None)
    assert age_seconds(naive, NOW) == 30


def test_what_is_not_awaited_is_never_asked_for() -> None:
    """No interval for terminal records, whatever their age."""
    assert interval(NOW, awaited=False) is None
    assert list_interval(any_awaited=False, seconds=5) is None
    assert overview_interval(any_awaited=False, seconds=10) is None
    assert review_pack_interval(awaited=False, seconds=10) is None


def test_lists_and_packs_have_one_interval() -> None:
    """Lists, the overview and packs do not go by age."""
    assert list_interval(any_awaited=True, seconds=5) == 5
    assert overview_interval(any_awaited=True, seconds=10) == 10
    assert review_pack_interval(awaited=True, seconds=10) == 10


@pytest.mark.parametrize(
    ("active", "age", "stop", "awaited"),
    [
        (True, 100, None, True),
        (True, 99, 100, True),
        (True, 100, 100, False),
        (False, 0, None, False),
        (False, 0, 100, False),
    ],
)
def test_active_records_are_awaited_up_to_the_age_to_give_up_at(
    active: bool, age: int, stop: float | None, awaited: bool
) -> None:
    """An active record is awaited however old, unless an age is set."""
    created = NOW - dt.timedelta(seconds=age)
    assert awaited is is_awaited(
        active=active, created_at=created, now=NOW, stop_after_seconds=stop
    )


def test_silence_makes_an_active_record_stalled() -> None:
    """Stalled is active without a sign of life for the time that is set."""
    silent = NOW - dt.timedelta(seconds=60)
    told = [
        is_stalled(
            active=active,
            last_sign_of_life=last,
            now=NOW,
            stalled_after_seconds=after,
        )
        for active, last, after in [
            (True, silent, 60),
            (True, silent, 61),
            (False, silent, 60),
            (True, silent, None),
            (True, None, 60),
        ]
    ]
    assert told == [True, False, False, False, True]


zones = st.timezones() | st.none()


@given(
    one=st.datetimes(timezones=zones, allow_imaginary=True),
    other=st.datetimes(timezones=zones, allow_imaginary=True),
)
def test_any_date_gives_an_interval_that_rises_with_age(
    one: dt.datetime, other: dt.datetime
) -> None:
    """Whatever the date, the interval is one of the steps and never falls with age."""
    older, younger = sorted((one, other), key=lambda each: -age_seconds(each, NOW))
    assert interval(older) in (1, 5, 10)
    assert (interval(older) or 0) >= (interval(younger) or 0)
