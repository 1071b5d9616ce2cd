"""A run's way from queued to finished, as its stored times tell it. Pure."""

from __future__ import annotations

import datetime as dt
import typing as t

#: Clocks of several machines agree no better; what is further off contradicts itself.
_AGREEMENT = dt.timedelta(seconds=1)

#: The shortest time of which shares are told: of less, durations say but 0 s and 1 s.
_SHARED = dt.timedelta(seconds=2)


class RunTimes(t.NamedTuple):
    """What of a run its timeline is made of.

    :param active: it may still change on its own.
    :param has_start: the app's model has a time of the start at all.
    :param has_end: the same of its end.
    """

    status: str
    active: bool
    created_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    has_start: bool = True
    has_end: bool = True


class Step(t.NamedTuple):
    """One point on the way.

    :param name: ``queued``, ``started`` or ``finished``.
    :param state: ``done``; ``now`` for where the run is; ``ahead``; or ``missing``
        for what must have been, or never was, and is not written down.
    :param at: when it was reached.
    :param since: since when that took which is told beside it, up to ``until``.
    :param until: ``None`` for what is not over.
    :param is_counting: whether it goes on now.
    """

    name: str
    state: str
    at: dt.datetime | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    is_counting: bool = False


class Timeline(t.NamedTuple):
    """The steps, and how they share the time.

    :param waited_percent: how much of its time a finished run waited; ``None`` where
        not both parts are known, or both are short.
    :param is_contradictory: a step is said to have been before the one it follows.
    """

    steps: tuple[Step, ...]
    waited_percent: float | None
    is_contradictory: bool


def timeline(run: RunTimes) -> Timeline:
    """The way of a run."""
    created, started, completed = run.created_at, run.started_at, run.completed_at
    steps = [_step("queued", created, run, (created, started or completed))]
    if run.has_start:
        steps.append(_step("started", started, run, (started, completed)))
    if run.has_end:
        steps.append(_step("finished", completed, run, (created, completed)))
    known = [moment for moment in (created, started, completed) if moment is not None]
    pairs = zip(known, known[1:], strict=False)
    contradictory = any(_contradict(*pair) for pair in pairs)
    percent = None if contradictory else _waited_percent(created, started, completed)
    return Timeline(tuple(steps), percent, contradictory)


def _step(
    name: str,
    at: dt.datetime | None,
    run: RunTimes,
    span: tuple[dt.datetime | None, dt.datetime | None],
) -> Step:
    since, until = span
    is_here = {"queued": "queued", "running": "started"}.get(run.status) == name
    if at is None and name == "queued":
        return Step(name, "now" if is_here else "missing")
    if at is None:
        is_ahead = run.active and not is_here and run.completed_at is None
        return Step(name, "ahead" if is_ahead else "missing")
    if since is not None and until is not None and _contradict(since, until):
        since = until = None
    counts = is_here and until is None and since is not None
    return Step(name, "now" if is_here else "done", at, since, until, counts)


def _contradict(earlier: dt.datetime, later: dt.datetime) -> bool:
    return earlier - later > _AGREEMENT


def _waited_percent(
    created: dt.datetime | None,
    started: dt.datetime | None,
    completed: dt.datetime | None,
) -> float | None:
    if created is None or started is None or completed is None:
        return None
    waited, worked = (
        max(dt.timedelta(), end - start)
        for start, end in ((created, started), (started, completed))
    )
    whole = waited + worked
    return 100 * (waited / whole) if whole >= _SHARED else None
