"""How long a poll waits for the database: a moment, whatever the app has set.

An ordinary page may well wait half a minute for a connection of the pool, or for
a lock. A poll comes again by itself, so it gives up early and leaves the server's
thread to others. What is limited is waiting, not working: for a connection of the
pool, for a new connection, for a lock. Nothing of this reaches other requests.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
import time
import typing as t
import weakref

import sqlalchemy as sa
from flask import has_request_context
from sqlalchemy import event
from sqlalchemy import exc
from sqlalchemy import pool

from .request_state import request_state

#: Seconds that one poll waits, over all that there is to wait for.
PATIENCE_SECONDS = 0.7

#: Seconds after which an unanswered attempt to connect is given up for another.
GIVEN_UP_SECONDS = 10

_BUSY = "flask_ops_refresh.busy_timeout"
_LOCK = "flask_ops_refresh.lock_timeout"

_watched: weakref.WeakSet[t.Any] = weakref.WeakSet()
_watching = threading.Lock()


def be_impatient() -> None:
    """Let the current request wait no longer than a poll may."""
    request_state()["deadline"] = time.monotonic() + PATIENCE_SECONDS


def patience_left() -> float | None:
    """Seconds that the current request may still wait; ``None`` for any time."""
    deadline = request_state().get("deadline") if has_request_context() else None
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def watch(bind: t.Any) -> None:
    """Make an engine, or a connection's, keep to the patience of polls.

    For every other request it stays as it is.
    """
    engine = bind.engine
    if engine in _watched:
        return
    with _watching:
        if engine in _watched:
            return
        _watched.add(engine)
        _limit_the_wait_for_the_pool(engine.pool)
        limit_locks = _LIMITS.get(engine.dialect.name)
        if limit_locks is not None:
            limit_locks(engine)
        if engine.dialect.name != "sqlite":
            event.listen(engine, "do_connect", _Connector().connect)


def _get_timeout(own: t.Any) -> float:
    seconds: float = vars(own)["_timeout"]
    left = patience_left()
    return seconds if left is None else min(seconds, left)


def _set_timeout(own: t.Any, seconds: float) -> None:
    vars(own)["_timeout"] = seconds


_TIMEOUT = property(_get_timeout, _set_timeout)


def _limit_the_wait_for_the_pool(own: pool.Pool) -> None:
    # No call of a pool says how long to wait, so the pool itself learns it: by its
    # class, which is also that of the pool after it when the engine is disposed.
    kind = type(own)
    if isinstance(own, pool.QueuePool) and getattr(kind, "_timeout", 0) is not _TIMEOUT:
        impatient: t.Any = type(kind.__name__, (kind,), {"_timeout": _TIMEOUT})
        own.__class__ = impatient


class _Connector:
    """Opens new connections for the polls of one engine, each in its own thread.

    Drivers may wait without end for a server that accepts and never answers. An
    attempt that is not answered in time goes on by itself: the poll after it takes
    what has come of it, and meanwhile there is no second one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._late: _Attempt | None = None

    def connect(
        self,
        dialect: t.Any,
        record: t.Any,
        arguments: tuple[t.Any, ...],
        options: dict[str, t.Any],
    ) -> t.Any:
        """A new connection in time; ``None``: as long as it takes, by the dialect."""
        left = patience_left()
        if left is None:
            return None
        attempt = self._attempt(dialect, arguments, options)
        try:
            return attempt.result(left)
        except TimeoutError:
            if attempt.done():
                raise
            self._is_late(attempt)
            raise _not_yet() from None

    def _attempt(self, dialect: t.Any, *arguments: t.Any) -> _Attempt:
        with self._lock:
            late = self._late
            if late is None:
                return _Attempt(dialect, *arguments)
            if late.done():
                self._late = None
                return late if late.is_fresh() else _Attempt(dialect, *arguments)
            if late.age() < GIVEN_UP_SECONDS:
                raise _not_yet()
            late.give_up()
            self._late = _Attempt(dialect, *arguments)
            return self._late

    def _is_late(self, attempt: _Attempt) -> None:
        with self._lock:
            if self._late is None:
                self._late = attempt
            elif self._late is not attempt:
                attempt.give_up()


class _Attempt:
    """One attempt to connect, in a thread of its own."""

    def __init__(
        self, dialect: t.Any, arguments: tuple[t.Any, ...], options: dict[str, t.Any]
    ) -> None:
        self._dialect = dialect
        self._started = time.monotonic()
        self._future: concurrent.futures.Future[t.Any] = concurrent.futures.Future()
        threading.Thread(
            target=self._run,
            args=(arguments, options),
            name="ops-refresh-connect",
            daemon=True,
        ).start()

    def _run(self, arguments: tuple[t.Any, ...], options: dict[str, t.Any]) -> None:
        try:
            self._future.set_result(self._dialect.connect(*arguments, **options))
        except BaseException as error:
            self._future.set_exception(error)

    def result(self, seconds: float) -> t.Any:
        return self._future.result(seconds)

    def done(self) -> bool:
        return self._future.done()

    def age(self) -> float:
        return time.monotonic() - self._started

    def is_fresh(self) -> bool:
        """Whether it brought a connection that can be used; one too old is closed."""
        if self._future.exception() is not None:
            return False
        if self.age() < 3 * GIVEN_UP_SECONDS:
            return True
        self.give_up()
        return False

    def give_up(self) -> None:
        """Close the connection, now or when it comes."""
        self._future.add_done_callback(self._close)

    def _close(self, future: concurrent.futures.Future[t.Any]) -> None:
        if future.exception() is None:
            self._dialect.do_close(future.result())


def _not_yet() -> exc.TimeoutError:
    return exc.TimeoutError("The database has not answered an attempt to connect.")


# Locks: what each database waits for, limited by its own means and only while a
# poll is answered.


def _limit_sqlite(engine: sa.Engine) -> None:
    # At the pool: with events of its own an engine is slower for every statement.
    event.listen(engine, "checkout", _set_busy_timeout)


def _set_busy_timeout(connection: t.Any, record: t.Any, *_: t.Any) -> None:
    """Give a connection the patience of who takes it from the pool.

    That of the app is remembered as long as the last to take it was a poll.
    """
    left, own = patience_left(), record.info.pop(_BUSY, None)
    if left is None and own is None:
        return
    with contextlib.closing(connection.cursor()) as cursor:
        if own is None:
            [own] = cursor.execute("PRAGMA busy_timeout").fetchone()
        milliseconds = own if left is None else min(own, int(left * 1000))
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
    if left is not None:
        record.info[_BUSY] = own


def _limit_postgresql(engine: sa.Engine) -> None:
    event.listen(engine, "begin", _shorten_lock_timeout)


def _shorten_lock_timeout(connection: sa.Connection) -> None:
    left = patience_left()
    if left is None:
        return
    info = connection.connection.info
    if _LOCK not in info:
        # Once for each connection: where the app itself is impatient enough,
        # nothing has to be said before a poll.
        own = "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"
        info[_LOCK] = int(connection.exec_driver_sql(own).scalar() or 0)
    milliseconds = max(1, int(left * 1000))
    if not 0 < info[_LOCK] <= PATIENCE_SECONDS * 1000:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")


def _limit_mariadb(engine: sa.Engine) -> None:
    event.listen(engine, "before_cursor_execute", _wait_for_no_lock, retval=True)


def _wait_for_no_lock(
    connection: t.Any, cursor: t.Any, statement: str, parameters: t.Any, *rest: t.Any
) -> tuple[str, t.Any]:
    # Its limit is in whole seconds, the shortest of them none.
    is_read = statement.startswith(("SELECT", "WITH"))
    if is_read and connection.dialect.is_mariadb and patience_left() is not None:
        statement = f"SET STATEMENT lock_wait_timeout = 0 FOR {statement}"
    return statement, parameters


_LIMITS = {
    "sqlite": _limit_sqlite,
    "postgresql": _limit_postgresql,
    "mysql": _limit_mariadb,
    "mariadb": _limit_mariadb,
}
