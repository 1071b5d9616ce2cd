"""Polls read the session and leave no trace in it.

What is written to the session while a poll is answered is forgotten: it is not
saved, not renewed, and no cookie leaves with the answer. This hangs on the
endpoint alone, so neither what a client says nor the order in which extensions
were initialised changes it.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import Flask
from flask import request
from flask import request_started
from flask import Response
from flask.globals import request_ctx
from flask.sessions import NullSession
from flask.sessions import SecureCookieSession
from flask_login import current_user
from flask_login import user_loaded_from_cookie

from .request_state import request_state


class QuietSession(NullSession):
    """A session that can be written to and is never saved.

    Session interfaces do not save what they recognise as a null session.
    """

    __setitem__: t.Any = SecureCookieSession.__setitem__
    __delitem__: t.Any = SecureCookieSession.__delitem__
    clear: t.Any = SecureCookieSession.clear
    pop: t.Any = SecureCookieSession.pop
    popitem: t.Any = SecureCookieSession.popitem
    update: t.Any = SecureCookieSession.update
    setdefault: t.Any = SecureCookieSession.setdefault


def keep_quiet(
    app: Flask, last_hands: cabc.Mapping[str, cabc.Callable[[Response], Response]]
) -> None:
    """Make every request to some endpoints leave the session alone.

    :param last_hands: the endpoints, with the last hand on every answer of each.
    """

    def silence(sender: Flask, **_: t.Any) -> None:
        if request.endpoint in last_hands:
            # `session` itself is read-only since Flask 3.1.3.
            request_ctx._session = _quiet(app, request_ctx._session)

    def have_the_last_word(response: Response) -> Response:
        last_hand = last_hands.get(request.endpoint or "")
        return last_hand(response) if last_hand else response

    def note_remembered(sender: Flask, **_: t.Any) -> None:
        request_state()["remembered"] = True

    request_started.connect(silence, app, weak=False)
    user_loaded_from_cookie.connect(note_remembered, app, weak=False)
    # The first of them runs last: after Flask-Login has set its own cookie.
    app.after_request_funcs.setdefault(None, []).insert(0, have_the_last_word)


def is_remembered_only() -> bool:
    """Whether the current user is known by a remember-me cookie alone."""
    current_user._get_current_object()  # loads the user, from a cookie if need be
    return bool(request_state().get("remembered"))


def _quiet(app: Flask, session: cabc.Mapping[str, t.Any] | None) -> QuietSession:
    null_class = app.session_interface.null_session_class
    kind: type[QuietSession] = QuietSession
    if not issubclass(QuietSession, null_class):
        kind = type("QuietSession", (QuietSession, null_class), {})
    return kind(dict(session or {}))
