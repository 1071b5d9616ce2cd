"""What the clock says of a record that is still active: one rule for every surface."""

from __future__ import annotations

import datetime as dt
import typing as t

from .intervals import is_awaited
from .intervals import is_stalled
from .settings import Settings
from .stored_row import StoredRow


class Vitality(t.NamedTuple):
    """Whether a record is waited for, and whether it seems dead.

    :param awaited: it is polled.
    :param stalled: it has shown no sign of life for too long.
    :param given_up: it is active, and too old to be polled.
    """

    awaited: bool
    stalled: bool
    given_up: bool


def vitality_of(record: StoredRow, settings: Settings, now: dt.datetime) -> Vitality:
    """What the clock says of a record."""
    if not record.active:
        return _AT_REST
    if settings.stop_after_seconds is None and settings.stalled_after_seconds is None:
        # Its times, which have to be parsed, say nothing.
        return _AWAITED
    awaited = is_awaited(
        active=True,
        created_at=record.created_at,
        now=now,
        stop_after_seconds=settings.stop_after_seconds,
    )
    stalled = is_stalled(
        active=True,
        last_sign_of_life=record.last_sign_of_life,
        now=now,
        stalled_after_seconds=settings.stalled_after_seconds,
    )
    return Vitality(awaited, stalled, given_up=not awaited)


_AT_REST = Vitality(awaited=False, stalled=False, given_up=False)
_AWAITED = Vitality(awaited=True, stalled=False, given_up=False)
