"""The one place where tests wait for other processes."""

from __future__ import annotations

import collections.abc as cabc
import time
import typing as t

_Value = t.TypeVar("_Value")


def wait_for(
    ask: cabc.Callable[[], _Value | None], what: str, seconds: float = 30
) -> _Value:
    """Ask again and again until there is an answer."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain for {what}.")
        time.sleep(0.05)
    return answer
