from __future__ import annotations

import logging

from example_app.brief_log import BriefLog

from .moving_clock import MovingClock


def passes(brief: BriefLog, message: str, *values: object) -> bool:
    return brief.filter(
        logging.LogRecord("any", logging.ERROR, "", 0, message, values, None)
    )


def test_same_message() -> None:
    """What is said again and again is told once in half a minute."""
    clock = MovingClock()
    brief = BriefLog(clock.read)
    assert passes(brief, "away")
    assert not passes(brief, "away")
    clock.sleep(29)
    assert not passes(brief, "away")
    clock.sleep(2)
    assert passes(brief, "away")
    assert not passes(brief, "away")


def test_message_that_cannot_be_formatted() -> None:
    """A broken record is passed on to whoever reports it."""
    assert passes(BriefLog(), "%d", "no number")


def test_other_messages() -> None:
    """What differs in as little as a number is told each time."""
    brief = BriefLog()
    assert all(passes(brief, "run %s is lost", number) for number in range(1000))
