"""The ``OPS_REFRESH_*`` keys: defaults, units, and one validation."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import difflib
import itertools
import math
import typing as t

from .intervals import LONGEST_SECONDS
from .intervals import SHORTEST_SECONDS

_PREFIX = "OPS_REFRESH_"


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one app, read once and frozen.

    Every field is a key of ``app.config`` in upper case behind ``OPS_REFRESH_``.
    """

    run_intervals_seconds: tuple[tuple[float | None, float], ...] = (
        (10, 1),
        (60, 5),
        (None, 10),
    )
    """Pairs of (runs younger than, interval), the last for any age."""

    list_interval_seconds: float = 5
    """The list page's interval while a row on it is active."""

    overview_interval_seconds: float = 10
    """The overview's interval while any run is queued or running."""

    review_pack_interval_seconds: float = 10
    """The card's interval while its pack is queued or generating."""

    stop_after_seconds: float | None = None
    """The age from which an active run or pack is no longer polled."""

    stalled_after_seconds: float | None = None
    """The silence after which an active run or pack is marked as stalled."""

    masked_context_keys: tuple[str, ...] = (
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "access_key",
        "private_key",
        "authorization",
        "bearer",
        "jwt",
        "session",
        "credential",
        "cookie",
    )
    """Parts of key names whose values are never shown."""


def read_settings(config: cabc.Mapping[str, t.Any]) -> Settings:
    """Read and validate the settings of an app.

    :raises ValueError: a key is unknown or its value is not allowed; the
        message names key, value and what is allowed.
    """
    checks: dict[str, cabc.Callable[[str, t.Any], t.Any]] = {
        "run_intervals_seconds": _steps,
        "list_interval_seconds": _interval,
        "overview_interval_seconds": _interval,
        "review_pack_interval_seconds": _interval,
        "stop_after_seconds": _seconds_or_none,
        "stalled_after_seconds": _seconds_or_none,
        "masked_context_keys": _words,
    }
    known = {f"{_PREFIX}{name.upper()}": name for name in checks}
    values = {}
    for key in config:
        if not key.startswith(_PREFIX):
            continue
        if key not in known:
            raise ValueError(_unknown(key, list(known)))
        values[known[key]] = checks[known[key]](key, config[key])
    return Settings(**values)


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{key} is not a setting.{hint} Known are {', '.join(known)}."


def _refuse(key: str, value: object, allowed: str) -> t.NoReturn:
    raise ValueError(f"{key} is {value!r}. Allowed: {allowed}.")


def _is_number(value: object) -> t.TypeGuard[float]:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )


def _is_interval(value: object) -> t.TypeGuard[float]:
    return _is_number(value) and SHORTEST_SECONDS <= value <= LONGEST_SECONDS


def _interval(key: str, value: object) -> float:
    if not _is_interval(value):
        _refuse(key, value, f"a number from {SHORTEST_SECONDS} to {LONGEST_SECONDS}")
    return value


def _seconds_or_none(key: str, value: object) -> float | None:
    if value is None:
        return None
    if not _is_number(value) or value <= 0:
        _refuse(key, value, "a number of seconds above 0, or None")
    return value


def _words(key: str, value: object) -> tuple[str, ...]:
    allowed = 'a list of words, such as ["password", "token"]'
    if isinstance(value, str) or not isinstance(value, cabc.Iterable):
        _refuse(key, value, allowed)
    words = tuple(value)
    if not all(isinstance(word, str) and word for word in words):
        _refuse(key, value, allowed)
    return words


def _steps(key: str, value: object) -> tuple[tuple[float | None, float], ...]:
    allowed = (
        "pairs of (age in seconds, interval), ages rising, the last age None, "
        f"intervals from {SHORTEST_SECONDS} to {LONGEST_SECONDS}, "
        "such as ((10, 1), (60, 5), (None, 10))"
    )
    try:
        steps = tuple((younger, seconds) for younger, seconds in t.cast(t.Any, value))
    except (TypeError, ValueError):
        _refuse(key, value, allowed)
    ages = [younger for younger, _ in steps[:-1]]
    if not steps or steps[-1][0] is not None or not all(map(_is_number, ages)):
        _refuse(key, value, allowed)
    if any(older <= younger for younger, older in itertools.pairwise([0, *ages])):
        _refuse(key, value, allowed)
    if not all(_is_interval(seconds) for _, seconds in steps):
        _refuse(key, value, allowed)
    return steps
