"""Going easy on a machine that has other work to do."""

from __future__ import annotations

import collections.abc as cabc

#: Shorter rests are saved up: waking a process costs more than they give.
_SHORTEST_REST = 0.05


class Pacer:
    """Lets a loop go round so many times a second, on average.

    Time that was lost is not made up for: after a slow stretch the pace is the
    same as before it.

    :param per_second: the pace; ``None`` for none at all.
    :param each: called before each round.
    """

    def __init__(
        self,
        per_second: float | None,
        *,
        clock: cabc.Callable[[], float],
        sleep: cabc.Callable[[float], object],
        each: cabc.Callable[[], object] = lambda: None,
    ) -> None:
        if per_second is not None and per_second <= 0:
            raise ValueError(f"A pace of {per_second!r} a second gets nowhere.")
        self._step = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._each = each
        self._due = clock()

    def wait(self) -> None:
        """Rest before the next round, if it is not due yet."""
        self._each()
        now = self._clock()
        ahead = self._due - now
        if ahead >= _SHORTEST_REST:
            self._sleep(ahead)
        elif ahead < 0:
            self._due = now
        self._due += self._step
