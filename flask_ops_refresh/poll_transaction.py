"""A poll is a unit of work of its own, and it only reads.

It begins by ending what an earlier request left open in a session that outlives
requests, so that it sees what is stored now; it ends without a transaction. What
the app itself is about to write in the session is never touched.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t
import weakref

from flask import current_app
from flask import Flask
from flask import has_request_context
from flask import request
from flask import request_started
from sqlalchemy import event
from sqlalchemy import exc
from sqlalchemy import orm

from .database_patience import be_impatient
from .database_patience import watch
from .installation import Installation
from .request_state import request_state

_WROTE = "flask_ops_refresh.wrote"


class PollWroteError(RuntimeError):
    """A live region tried to change what is stored."""

    def __init__(self) -> None:
        region = (request.view_args or {}).get("region")
        super().__init__(
            f"The live region {region!r} changed records in the session while a "
            "poll was answered. Polls only read: make the change where the work is "
            "done. Nothing of it was stored."
        )


def separate_polls(
    app: Flask,
    is_poll: cabc.Callable[[str | None], bool],
    installation: Installation,
    models: cabc.Sequence[type[t.Any]],
) -> None:
    """Give every poll a transaction of its own and little patience.

    :param is_poll: whether an endpoint is one that answers polls.
    :param models: what the polls read.
    """

    def begin(sender: Flask, **_: t.Any) -> None:
        if is_poll(request.endpoint):
            be_impatient()
            session = _session(installation)
            for bind in _binds(session, models):
                watch(bind)
            _start_afresh(session)

    def end(error: BaseException | None) -> None:
        if is_poll(request.endpoint):
            _end(_session(installation))

    request_started.connect(begin, app, weak=False)
    app.teardown_request(end)


@contextlib.contextmanager
def reading_only(installation: Installation) -> cabc.Iterator[None]:
    """While it lasts, a flush is an error, and so is a change left in the session.

    :raises PollWroteError: there was one.
    """
    session = _session(installation)
    had_changes = _has_changes(session)
    request_state()["reading"] = True
    try:
        # What the app has yet to write is for the app to flush.
        with session.no_autoflush:
            yield
    except PollWroteError:
        session.rollback()
        raise
    finally:
        del request_state()["reading"]
    if not had_changes and _has_changes(session):
        session.rollback()
        raise PollWroteError()


@event.listens_for(orm.Session, "before_flush")
def _refuse(*_: t.Any) -> None:
    if has_request_context() and request_state().get("reading"):
        raise PollWroteError()


@event.listens_for(orm.Session, "after_flush")
def _note(session: orm.Session, *_: t.Any) -> None:
    transaction = session.get_transaction()
    session.info[_WROTE] = transaction and weakref.ref(transaction)


def _session(installation: Installation) -> t.Any:
    found = installation.get_session()
    return found() if isinstance(found, orm.scoped_session) else found


def _binds(session: t.Any, models: cabc.Sequence[type[t.Any]]) -> list[t.Any]:
    """Every engine that a poll may wait for, the app's user loader's too."""
    engines = getattr(current_app.extensions.get("sqlalchemy"), "engines", {})
    return [*engines.values(), *map(session.get_bind, models)]


def _start_afresh(session: t.Any) -> None:
    """End the transaction that somebody left open, and forget what was read in it."""
    is_fresh = not session.in_transaction() and not session.identity_map
    if is_fresh or _is_in_use(session):
        return
    _roll_back(session)
    session.expire_all()


def _end(session: t.Any) -> None:
    """End the poll's own transaction, unless the app has written in it."""
    transaction = session.get_transaction()
    if transaction is None or _is_in_use(session):
        return
    if session.in_nested_transaction():
        _roll_back(session)
    else:
        _close(transaction)
    session.expire_all()


def _roll_back(session: t.Any) -> None:
    try:
        session.rollback()
    except exc.SQLAlchemyError:
        session.invalidate()


def _close(transaction: orm.SessionTransaction) -> None:
    """End it where there is nothing to undo, in less time than a rollback takes."""
    try:
        transaction.close()
    except exc.SQLAlchemyError:
        transaction.close(invalidate=True)


def _has_changes(session: t.Any) -> bool:
    return bool(session.new or session.dirty or session.deleted)


def _is_in_use(session: t.Any) -> bool:
    """Whether the app has something in it that is not committed yet."""
    transaction, wrote_in = session.get_transaction(), session.info.get(_WROTE)
    is_written = wrote_in is not None and wrote_in() is transaction is not None
    return is_written or _has_changes(session)
