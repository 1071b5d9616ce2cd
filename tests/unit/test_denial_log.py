from __future__ import annotations

import logging

import pytest

from flask_ops_refresh.denial_log import DenialLog
from flask_ops_refresh.denial_log import MOST_LINES
from flask_ops_refresh.denial_log import MOST_LINES_OF_ONE_USER
from flask_ops_refresh.denial_log import WINDOW_SECONDS


class MovedClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def read(self) -> float:
        return self.now


@pytest.fixture
def moved_clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def log(moved_clock: MovedClock, caplog: pytest.LogCaptureFixture) -> DenialLog:
    caplog.set_level(logging.WARNING, "flask_ops_refresh")
    return DenialLog(moved_clock.read)


def test_one_user_cannot_fill_the_log(
    log: DenialLog, caplog: pytest.LogCaptureFixture
) -> None:
    """However often one asks, a few lines are written, and others still get theirs."""
    for number in range(1000):
        log.write("ada", f"Denied {number}")
    assert len(caplog.messages) == MOST_LINES_OF_ONE_USER
    log.write("ben", "Denied to Ben")
    assert caplog.messages[-1] == "Denied to Ben"


def test_many_users_cannot_fill_the_log(
    log: DenialLog, caplog: pytest.LogCaptureFixture
) -> None:
    """However many ask, so many lines are written of all together."""
    for number in range(1000):
        log.write(f"user {number}", "Denied")
    assert len(caplog.messages) == MOST_LINES


def test_what_was_left_out_is_counted_in_the_next_window(
    log: DenialLog, moved_clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The count comes before the first line of the next minute, and once."""
    for _ in range(MOST_LINES_OF_ONE_USER + 7):
        log.write("ada", "Denied")
    caplog.clear()
    moved_clock.now += WINDOW_SECONDS
    log.write("ada", "Denied again")
    log.write("ada", "And again")
    assert caplog.messages == [
        "Denied before, not written: 7 requests",
        "Denied again",
        "And again",
    ]


def test_a_window_lasts_a_minute(
    log: DenialLog, moved_clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A moment before it is over, nothing more is written."""
    for _ in range(MOST_LINES_OF_ONE_USER):
        log.write("ada", "Denied")
    moved_clock.now += WINDOW_SECONDS - 0.01
    log.write("ada", "Too early")
    assert "Too early" not in caplog.messages


def test_memory_is_bounded(log: DenialLog) -> None:
    """It remembers no more users than it writes lines."""
    for number in range(10_000):
        log.write(f"user {number}", "Denied")
    assert len(log._written) <= MOST_LINES
