"""One log line for each request that is refused or fails, at a bounded rate.

A line holds ids, the route and the status, each quoted in ASCII: nothing that a
client sends can end a line, begin another or colour a terminal.
"""

from __future__ import annotations

import collections.abc as cabc
import logging
import threading
import time
import traceback
import typing as t

from flask import Flask
from flask import request
from flask import Response
from flask import session

from .request_state import request_state

_log = logging.getLogger("flask_ops_refresh")

#: Seconds for which lines are counted together.
WINDOW_SECONDS = 60.0
#: Lines written of all users together in that time.
MOST_LINES = 60
#: Lines written of one user in that time; nobody uses up what is left to others.
MOST_LINES_OF_ONE_USER = 10

_DENIED = frozenset({400, 401, 403, 404, 405})
#: Characters kept of any one value.
_VALUE_LIMIT = 80
_MOST_IDS = 5
#: Characters kept of an error's message, where a log is written for debugging.
_MESSAGE_LIMIT = 2000


class DenialLog:
    """Writes denials, and counts those it leaves out.

    It remembers only the users of the lines that it wrote in the current window.

    :param clock: seconds of a clock that never goes back.
    """

    def __init__(self, clock: cabc.Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = clock()
        self._written: dict[str, int] = {}
        self._left_out = 0

    def write(self, user: str, line: str, level: int = logging.WARNING) -> None:
        """Write one denial of this user, unless there have been too many."""
        with self._lock:
            left_out = self._close_window()
            may_write = self._may_write(user)
            if may_write:
                self._written[user] = self._written.get(user, 0) + 1
            else:
                self._left_out += 1
        if left_out:
            _log.warning("Denied before, not written: %d requests", left_out)
        if may_write:
            _log.log(level, "%s", line)

    def _close_window(self) -> int:
        """Begin a new window when it is time; how many the last one left out."""
        now = self._clock()
        if now - self._begun < WINDOW_SECONDS:
            return 0
        left_out, self._left_out = self._left_out, 0
        self._begun = now
        self._written.clear()
        return left_out

    def _may_write(self, user: str) -> bool:
        if sum(self._written.values()) >= MOST_LINES:
            return False
        return self._written.get(user, 0) < MOST_LINES_OF_ONE_USER


def log_denials(
    app: Flask, is_ours: cabc.Callable[[str | None], bool], log: DenialLog
) -> None:
    """Log every answer to one of the extension's routes that is a refusal.

    :param is_ours: whether an endpoint is one of those routes.
    """

    def note(response: Response) -> Response:
        if is_ours(request.endpoint):
            status = request_state().get("denied", response.status_code)
            if status in _DENIED:
                user = _user()
                log.write(user, f"Denied: status={status} {_line(user)}")
            if failure := request_state().get("failure"):
                user = _user()
                line = f"Failed: why={_quoted(failure)} {_line(user)}"
                log.write(user, line, logging.ERROR)
        return response

    # The first of them runs last: after polls have got their final status.
    app.after_request_funcs.setdefault(None, []).insert(0, note)


def deny(status: int, ids: cabc.Iterable[object] = ()) -> None:
    """Have the request logged as refused whatever status its answer has.

    :param ids: the records that it was refused.
    """
    request_state()["denied"] = status
    name_records(ids)


def name_records(ids: cabc.Iterable[object]) -> None:
    """Note which records the request is about, should it be refused."""
    request_state()["named"] = [*ids]


def note_failure(error: Exception) -> None:
    """Have the request logged as failed: by kinds and codes, not as a message.

    Databases quote in their messages what people typed.
    """
    request_state()["failure"] = " ".join(_kinds(error))
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.debug("Failed:\n%s%s", frames, ascii(str(error)[:_MESSAGE_LIMIT]))


def _kinds(error: Exception) -> cabc.Iterator[str]:
    yield type(error).__name__
    driver = getattr(error, "orig", None)
    for name in ("sqlstate", "sqlite_errorname"):
        if code := getattr(driver, name, None):
            yield str(code)
    if (number := next(iter(getattr(driver, "args", ())), None)) and (
        isinstance(number, int)
    ):
        yield str(number)
    if constraint := getattr(getattr(driver, "diag", None), "constraint_name", None):
        yield str(constraint)


def _line(user: str) -> str:
    scope = request_state().get("scope")
    workspace = "-" if scope is None else _quoted(scope.workspace_id)
    return (
        f"user={user} workspace={workspace} "
        f"route={_quoted(_route())} method={_quoted(request.method)} "
        f"record={_records()}"
    )


def _user() -> str:
    """The id of the user as the session has it; loading nobody for the log's sake."""
    known = request_state().get("user") or session.get("_user_id")
    return "-" if known is None else _quoted(known)


def _route() -> str:
    region = (request.view_args or {}).get("region")
    return f"{request.endpoint} {region}" if region else str(request.endpoint)


def _records() -> str:
    ids = request_state().get("named") or [
        value
        for name, values in request.args.lists()
        if name == "id" or name.endswith("_id")
        for value in values
    ]
    shown = ",".join(_quoted(each) for each in ids[:_MOST_IDS])
    if len(ids) > _MOST_IDS:
        return f"{shown} and {len(ids) - _MOST_IDS} more"
    return shown or "-"


def _quoted(value: t.Any) -> str:
    text = str(value)
    cut = "…" if len(text) > _VALUE_LIMIT else ""
    return ascii(text[:_VALUE_LIMIT] + cut)
