"""Where the session that reads the models comes from."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import Flask
from sqlalchemy import orm
from werkzeug.local import LocalProxy

_SESSIONS = (orm.Session, orm.scoped_session, LocalProxy)


def session_source(app: Flask, given: t.Any) -> t.Any:
    """A session, or an object with one as ``session``.

    :param given: what the app says; ``None`` for its Flask-SQLAlchemy.
    :raises RuntimeError: nothing is given, and there is no Flask-SQLAlchemy.
    :raises TypeError: what is given is neither.
    """
    if given is None:
        source = app.extensions.get("sqlalchemy")
        if source is None:
            raise RuntimeError(
                "Flask-Ops-Refresh found no Flask-SQLAlchemy on this app. Initialise "
                "it first, or give the session: OpsRefresh(..., session=session)."
            )
        return source
    if not _is_session(given) and not _has_session(given):
        raise TypeError(
            f"OpsRefresh(session={given!r}) is no session. Give a SQLAlchemy session, "
            "such as scoped_session(sessionmaker(engine)), or an object with one as "
            "its attribute session, such as Flask-SQLAlchemy's db."
        )
    return given


def session_getter(source: t.Any) -> cabc.Callable[[], t.Any]:
    """What gives the session of a source when it is asked for."""
    return lambda: getattr(source, "session", source)


def _is_session(given: object) -> bool:
    return isinstance(given, _SESSIONS)


def _has_session(given: object) -> bool:
    """Whether it has one. A property is not asked: it may need a request."""
    if isinstance(given, type):
        return False
    if "session" in getattr(given, "__dict__", {}):
        return _is_session(vars(given)["session"])
    return hasattr(type(given), "session")
