from __future__ import annotations

import collections.abc as cabc
import datetime as dt

import pytest
from flask import Flask

from flask_ops_refresh import formatting

NOW = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)
EVIL = "\"'><script>"


@pytest.fixture(autouse=True)
def request_context() -> cabc.Iterator[None]:
    """A request in an app without Flask-Babel."""
    with Flask("x").test_request_context():
        yield


def ago(**delta: float) -> dt.datetime:
    return NOW - dt.timedelta(**delta)


def test_a_status_badge() -> None:
    """The whole of what is printed, with and without an announcement."""
    assert formatting.status_badge("running") == (
        '<span class="badge badge-primary text-bg-primary ops-refresh-status '
        'ops-refresh-status-running">Running</span>'
    )
    assert formatting.status_badge("failed", "verify 7", "7") == (
        '<span class="badge badge-danger text-bg-danger ops-refresh-status '
        'ops-refresh-status-failed" data-key="status-7" '
        'data-announce="verify 7: Failed">Failed</span>'
    )
    assert "badge-light" in formatting.status_badge("unknown")
    assert "script" not in formatting.status_badge(EVIL)
    assert "<script" not in formatting.status_badge("failed", EVIL, EVIL)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"total": 200, "processed": 50}, "50 / 200 · 25 %"),
        ({"total": 3, "processed": 1}, "1 / 3 · 33 %"),
        ({"total": 1000, "processed": 999}, "999 / 1,000 · 99 %"),
        ({"total": 100, "processed": 29}, "29 / 100 · 29 %"),
        ({"total": 2, "processed": 5}, "5 / 2 · 100 %"),
        ({"total": 4, "processed": -1}, "-1 / 4 · 0 %"),
        ({"total": 2, "processed": 10**400}, f"{10**400:,} / 2 · 100 %"),
    ],
)
def test_a_progress_bar(counts: dict[str, int], shown: str) -> None:
    """Progress is said in numbers too, rounded down, at most 100 %."""
    bar = formatting.progress_bar(counts)
    assert shown in bar
    percent = shown.split(" · ")[1].split()[0]
    assert f'<progress max="100" value="{percent}"' in bar


@pytest.mark.parametrize(
    "counts",
    [
        None,
        {},
        {"total": 0, "processed": 0},
        {"total": -5, "processed": 5},
        {"total": 5},
        {"processed": 5},
        {"total": None, "processed": 5},
        {"total": "5", "processed": "1"},
        {"total": 5, "processed": None},
    ],
)
def test_no_progress_bar_where_none_can_be_told(
    counts: dict[str, object] | None,
) -> None:
    """Without a total and what was processed there is no bar."""
    assert formatting.progress_bar(counts) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "just now"),
        (59.9, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400, "1 d ago"),
        (-500, "just now"),
    ],
)
def test_ages(seconds: float, shown: str) -> None:
    """Ages are in the largest unit they fill, with the exact time on hover."""
    moment = ago(seconds=seconds)
    assert formatting.age(moment, NOW) == (
        f'<time class="ops-refresh-ago" datetime="{moment.isoformat()}" '
        f'title="{formatting.exact_time(moment)}">{shown}</time>'
    )


def test_points_in_time() -> None:
    """Exact to the second, in UTC, whatever zone they came in."""
    local = NOW.astimezone(dt.timezone(dt.timedelta(hours=2)))
    expected = (
        '<time datetime="2026-03-14T12:00:00+00:00">2026-03-14 12:00:00 UTC</time>'
    )
    assert formatting.timestamp(NOW) == expected
    assert formatting.timestamp(local) == expected
    assert formatting.timestamp(NOW.replace(tzinfo=None)) == expected
    assert formatting.timestamp(None) == '<span class="ops-refresh-none">–</span>'


def test_elapsed_times() -> None:
    """From start to end, from start to now, or not known."""
    start = ago(minutes=3, seconds=4)
    assert formatting.elapsed(start, NOW, None) == "<span>3 min 4 s</span>"
    assert formatting.elapsed(start, None, NOW) == (
        f'<time class="ops-refresh-elapsed" datetime="{start.isoformat()}">'
        "3 min 4 s</time>"
    )
    assert formatting.elapsed(NOW, start, None) == "<span>0 s</span>"
    assert formatting.elapsed(start, None, None) == formatting.timestamp(None)
    assert formatting.elapsed(None, NOW, NOW) == formatting.timestamp(None)


@pytest.mark.parametrize("percent", range(101))
def test_percents_are_exact(percent: int) -> None:
    """No rounding of fractions takes a percent away."""
    bar = formatting.progress_bar({"total": 100, "processed": percent})
    assert f"{percent} / 100 · {percent} %" in bar


def test_every_argument_of_a_badge_is_escaped() -> None:
    """Quotes and tags stay text, whichever argument they come in."""
    escaped = "&#34;&#39;&gt;&lt;script&gt;"
    assert formatting.status_badge("failed", EVIL, EVIL) == (
        '<span class="badge badge-danger text-bg-danger ops-refresh-status '
        f'ops-refresh-status-failed" data-key="status-{escaped}" '
        f'data-announce="{escaped}: Failed">Failed</span>'
    )
    assert formatting.status_badge(EVIL) == (
        '<span class="badge badge-light text-bg-light ops-refresh-status '
        'ops-refresh-status-unknown">Unknown</span>'
    )


def test_a_badge_of_silence() -> None:
    """It says since when, where that is known."""
    start = (
        '<span class="badge badge-warning text-bg-warning ops-refresh-stalled" title="'
    )
    assert formatting.stalled_badge(NOW) == (
        f'{start}2026-03-14 12:00:00 UTC">Stalled</span>'
    )
    assert formatting.stalled_badge(None) == f'{start}">Stalled</span>'


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59.999, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d 0 h"),
        (1e8, "1157 d 9 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    """Two units, the largest there are, rounded down."""
    assert formatting.duration(seconds) == shown
