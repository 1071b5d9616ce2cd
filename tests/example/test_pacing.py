"""Going easy on the machine."""

from __future__ import annotations

import pytest

from example_app.config import DEFAULTS
from example_app.pacing import Pacer

from .moving_clock import MovingClock


def paced(clock: MovingClock, per_second: float | None) -> Pacer:
    return Pacer(per_second, clock=clock.read, sleep=clock.sleep)


def test_keeps_the_pace() -> None:
    """A thousand rounds at a hundred a second take ten seconds."""
    clock = MovingClock()
    pacer = paced(clock, 100)
    for _ in range(1_000):
        pacer.wait()
    assert clock.now == pytest.approx(10, abs=0.1)


def test_default_pace() -> None:
    """By default an ordinary virtualenv of 3,000 files takes 15 to 20 seconds."""
    clock = MovingClock()
    pacer = paced(clock, DEFAULTS["FILES_PER_SECOND"])
    for _ in range(3_000):
        pacer.wait()
    assert 15 <= clock.now <= 20


def test_rests_are_saved_up() -> None:
    """It wakes no more than twenty times a second, however small the steps are."""
    clock = MovingClock()
    pacer = paced(clock, 10_000)
    for _ in range(10_000):
        pacer.wait()
    assert 1 <= len(clock.naps) <= 20


def test_lost_time_is_not_made_up_for() -> None:
    """After a slow stretch the pace is no faster than before it."""
    clock = MovingClock()
    pacer = paced(clock, 10)
    pacer.wait()
    clock.now += 60
    resumed = clock.now
    for _ in range(11):
        pacer.wait()
    assert clock.now - resumed == pytest.approx(1)


def test_slow_work_does_not_rest() -> None:
    """Work that is slower than its pace is never made to rest."""
    clock = MovingClock()
    pacer = paced(clock, 10)
    for _ in range(20):
        pacer.wait()
        clock.now += 0.2
    assert clock.naps == []


def test_no_pace() -> None:
    """Without a pace there is no rest."""
    clock = MovingClock()
    pacer = paced(clock, None)
    for _ in range(1_000):
        pacer.wait()
    assert clock.naps == []


@pytest.mark.parametrize("per_second", [0, -1])
def test_impossible_pace(per_second: float) -> None:
    """A pace that gets nowhere is refused."""
    with pytest.raises(ValueError, match="gets nowhere"):
        paced(MovingClock(), per_second)
