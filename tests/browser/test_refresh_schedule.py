from __future__ import annotations

import typing as t

import pytest

from .conftest import Open
from .scripted_server import Watched

NOW = 1_770_000_000_000


@pytest.fixture
def watched(watch: Open) -> Watched:
    """A page that hardly ever asks, to run the rules of the shipped file in."""
    return watch(interval="300")


def rules(watched: Watched, *calls: str) -> list[t.Any]:
    """What rules of the shipped file give."""
    results: list[t.Any] = watched.page.evaluate(
        "async () => { const rules = await import('/static/refresh_schedule.js');"
        f"return [{', '.join(f'rules.{call}' for call in calls)}]; }}"
    )
    return results


def test_an_interval_is_one_from_1_to_300_or_none(watched: Watched) -> None:
    """Whatever is not a positive number of seconds is never again."""
    expected = {
        "'1'": 1,
        "'0.2'": 1,
        "'7.5'": 7.5,
        "'301'": 300,
        "'0'": None,
        "'-5'": None,
        "'5s'": None,
        "'5, 5'": None,
        "'NaN'": None,
        "'Infinity'": None,
        "''": None,
        "null": None,
    }
    given = rules(watched, *(f"readInterval({text})" for text in expected))
    assert dict(zip(expected, given, strict=True)) == expected


def test_the_next_poll_is_spread_and_leaves_a_slow_server_alone(
    watched: Watched,
) -> None:
    """A fifth either way from 5 s up, and never before 4 times the last request."""
    expected = {
        "1, 0, 0": 1,
        "4.9, 0, 1": 4.9,
        "5, 0, 0": 4,
        "5, 0, 0.5": 5,
        "10, 0, 1": 12,
        "1, 0.3, 0": 1.2,
        "10, 5, 0": 20,
        "10, 2.4, 0": 9.6,
    }
    given = rules(watched, *(f"nextDelay({each})" for each in expected))
    assert dict(zip(expected, given, strict=True)) == pytest.approx(expected)


def test_back_off_is_half_fixed_and_half_random(watched: Watched) -> None:
    """Delays double up to 30 s, and two pages that failed together come back apart."""
    expected = {
        "1, 1": (1, 2),
        "1, 3": (4, 8),
        "5, 1": (5, 10),
        "10, 9": (15, 30),
        "1, 2000": (15, 30),
        "300, 1": (150, 300),
    }
    least = rules(watched, *(f"backOff({each}, 0, 0)" for each in expected))
    most = rules(watched, *(f"backOff({each}, 0, 1)" for each in expected))
    assert dict(zip(expected, zip(least, most, strict=True), strict=True)) == expected


def test_a_retry_after_is_a_floor_and_does_not_gather_the_pages(
    watched: Watched,
) -> None:
    """Never sooner than asked for, over one interval, and backing off goes on."""
    expected = {
        "5, 1, 20": (20, 25),
        "10, 1, 1": (10, 20),
        "5, 1, 5": (5, 10),
        "5, 3, 5": (15, 30),
        "1, 9, 300": (300, 301),
    }
    least = rules(watched, *(f"backOff({each}, 0)" for each in expected))
    most = rules(watched, *(f"backOff({each}, 1)" for each in expected))
    assert dict(zip(expected, zip(least, most, strict=True), strict=True)) == expected


def test_retry_after_is_seconds_or_a_date(watched: Watched) -> None:
    """Both forms are read, between 1 and 300 s; anything else asks for nothing."""
    expected = {
        "'20'": 20,
        "'0'": 1,
        "'86400'": 300,
        f"new Date({NOW} + 45000).toUTCString()": 45,
        f"new Date({NOW} - 45000).toUTCString()": 1,
        f"new Date({NOW} + 1e9).toUTCString()": 300,
        "'soon'": 0,
        "''": 0,
        "null": 0,
    }
    given = rules(watched, *(f"readRetryAfter({text}, {NOW})" for text in expected))
    assert dict(zip(expected, given, strict=True)) == expected
