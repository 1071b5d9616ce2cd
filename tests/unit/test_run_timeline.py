from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_ops_refresh.run_timeline import RunTimes
from flask_ops_refresh.run_timeline import timeline

START = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)


def times_of(status: str, *times: dt.datetime | None, **has: bool) -> RunTimes:
    """A run as far as its timeline asks for it."""
    return RunTimes(status, status in ("queued", "running"), *times, **has)


def at(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else START + dt.timedelta(seconds=seconds)


def states(run: RunTimes) -> str:
    """The states of its steps, a star where the time beside one counts on."""
    return " ".join(step.state + "*" * step.is_counting for step in timeline(run).steps)


@pytest.mark.parametrize(
    ("status", "times", "expected"),
    [
        ("queued", (0, None, None), "now* ahead ahead"),
        ("running", (0, 5, None), "done now* ahead"),
        ("succeeded", (0, 5, 60), "done done done"),
        ("failed", (0, None, 60), "done missing done"),
        ("failed", (0, None, None), "done missing missing"),
        ("succeeded", (None, None, None), "missing missing missing"),
        ("queued", (None, None, None), "now ahead ahead"),
        ("running", (0, None, None), "done missing ahead"),
        ("unknown", (0, 5, None), "done done missing"),
        ("running", (0, 5, 60), "done now done"),
    ],
)
def test_each_step_is_done_here_ahead_or_missing(
    status: str, times: tuple[float | None, ...], expected: str
) -> None:
    """Queued, running, finished, never started, and finished without times."""
    assert states(times_of(status, *map(at, times))) == expected


def test_a_model_without_times_has_no_such_steps() -> None:
    """What the app cannot store is not said to be missing."""
    run = times_of("running", at(0), has_start=False, has_end=False)
    assert [step.name for step in timeline(run).steps] == ["queued"]


seconds = st.none() | st.integers(-100, 10_000)


@given(times=st.tuples(seconds, seconds, seconds), status=st.sampled_from("qrsu"))
def test_durations_and_shares_are_differences_of_what_is_stored(
    times: tuple[int | None, int | None, int | None], status: str
) -> None:
    """Waited, worked, and both in all: from the times, or not said."""
    word = {"q": "queued", "r": "running", "s": "succeeded", "u": "unknown"}[status]
    found = timeline(times_of(word, *map(at, times)))
    created, started, completed = times
    known = [each for each in times if each is not None]
    backwards = any(a > b + 1 for a, b in itertools.pairwise(known))
    assert found.is_contradictory is backwards
    ends = {
        "queued": (created, started if started is not None else completed),
        "started": (started, completed),
        "finished": (created, completed),
    }
    for step in found.steps:
        since, until = ends[step.name]
        if step.since is None or step.until is None:
            continue
        assert since is not None
        assert until is not None
        assert since <= until + 1
        assert (step.until - step.since).total_seconds() == until - since
    if None in times or backwards:
        assert found.waited_percent is None
        return
    assert created is not None
    assert started is not None
    assert completed is not None
    waited, worked = max(0, started - created), max(0, completed - started)
    if waited + worked < 2:
        assert found.waited_percent is None
    else:
        assert found.waited_percent == pytest.approx(100 * waited / (waited + worked))


def test_clocks_of_two_machines_contradict_nothing() -> None:
    """Half a second between those that queue and those that work is no wonder."""
    assert not timeline(times_of("succeeded", at(0.4), at(0), at(9))).is_contradictory
    assert timeline(times_of("succeeded", at(9), at(0), at(30))).is_contradictory
