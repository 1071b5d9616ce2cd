"""A log that stays readable while something is away that everybody asks for."""

from __future__ import annotations

import collections.abc as cabc
import logging
import time

_SECONDS = 30
_LARGEST = 200


class BriefLog(logging.Filter):
    """Lets the same message pass once in half a minute.

    :param clock: seconds.
    """

    def __init__(self, clock: cabc.Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this has not been said lately."""
        # Not formatted: a record that cannot be is for its handler to report.
        message, now = f"{record.msg} {record.args}", self._clock()
        if now < self._told.get(message, now):
            return False
        if len(self._told) >= _LARGEST:
            self._told.clear()
        self._told[message] = now + _SECONDS
        return True
