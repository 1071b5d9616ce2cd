from __future__ import annotations

import concurrent.futures

import pytest

from flask_ops_refresh import denial_log
from flask_ops_refresh.denial_log import DenialLog


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def test_one_user_fills_no_more_than_their_share(
    seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """Of one user ten lines a minute are written; others still get theirs."""
    log = DenialLog(seconds)
    for i in range(1000):
        log.write("mallory", f"mallory {i}")
    log.write("eve", "eve 0")
    assert caplog.messages == [*(f"mallory {i}" for i in range(10)), "eve 0"]


def test_all_users_together_are_bounded_too(
    seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever asks under however many names, sixty lines a minute are written."""
    log = DenialLog(seconds)
    for i in range(100_000):
        log.write(f"user {i}", "refused")
    assert len(caplog.messages) == denial_log.MOST_LINES == 60
    assert len(log._written) == 60


def test_what_was_left_out_is_counted_when_the_minute_is_over(
    seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """The next line tells how many went before it, and a new minute begins."""
    log = DenialLog(seconds)
    for _ in range(25):
        log.write("mallory", "refused")
    seconds.now += 59.9
    log.write("mallory", "refused")
    assert len(caplog.messages) == 10
    seconds.now += 0.1
    log.write("mallory", "refused again")
    assert caplog.messages[10:] == [
        "Denied before, not written: 16 requests",
        "refused again",
    ]
    seconds.now += 60
    log.write("mallory", "and again")
    assert caplog.messages[12:] == ["and again"]


def test_lines_are_counted_right_across_threads(
    seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """No thread slips a line past the bound."""
    log = DenialLog(seconds)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda i: log.write("mallory", "refused"), range(400)))
    seconds.now += 60
    log.write("eve", "refused")
    assert caplog.messages.count("refused") == 11
    assert "Denied before, not written: 390 requests" in caplog.messages


def test_a_line_is_data_and_no_format(
    seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    """A percent sign in a line is a percent sign."""
    DenialLog(seconds).write("eve", "100 %s %(x)s %d")
    assert caplog.messages == ["100 %s %(x)s %d"]
