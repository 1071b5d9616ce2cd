from __future__ import annotations

import collections.abc as cabc
import threading
import typing as t

import pytest
from flask import Flask
from sqlalchemy import exc

from flask_ops_refresh import database_patience


class SlowDialect:
    """It connects when it is told to, and remembers what it closed."""

    def __init__(self) -> None:
        self.attempts: list[int] = []
        self.answers = threading.Event()
        self.closed: list[object] = []
        self.error: Exception | None = None

    def connect(self, number: int) -> object:
        self.attempts.append(number)
        assert self.answers.wait(20)
        if self.error is not None:
            raise self.error
        return f"connection {number}"

    def do_close(self, connection: object) -> None:
        self.closed.append(connection)

    def answer(self) -> None:
        """Answer every attempt made so far, and see their threads end."""
        self.answers.set()
        for thread in threading.enumerate():
            if "ops-refresh" in thread.name:
                thread.join(20)
        self.answers.clear()


@pytest.fixture
def dialect() -> cabc.Iterator[SlowDialect]:
    slow = SlowDialect()
    yield slow
    slow.answer()


@pytest.fixture
def connector() -> database_patience._Connector:
    return database_patience._Connector()


@pytest.fixture(autouse=True)
def impatient_request(monkeypatch: pytest.MonkeyPatch) -> cabc.Iterator[None]:
    monkeypatch.setattr(database_patience, "PATIENCE_SECONDS", 0.02)
    with Flask("some").test_request_context():
        database_patience.be_impatient()
        yield


def refuse(connector: t.Any, dialect: SlowDialect, number: int) -> None:
    database_patience.be_impatient()
    with pytest.raises(exc.TimeoutError, match="not answered"):
        connector.connect(dialect, None, (number,), {})


def test_a_late_connection_is_for_the_next_poll(
    connector: t.Any, dialect: SlowDialect
) -> None:
    """What one poll did not wait for is neither asked for twice nor lost."""
    refuse(connector, dialect, 1)
    refuse(connector, dialect, 2)
    dialect.answer()
    assert connector.connect(dialect, None, (3,), {}) == "connection 1"
    assert dialect.attempts == [1]
    assert dialect.closed == []


def test_a_late_error_is_forgotten(connector: t.Any, dialect: SlowDialect) -> None:
    """An attempt that failed long after it was made is followed by another."""
    refuse(connector, dialect, 1)
    dialect.error = OSError("refused")
    dialect.answer()
    refuse(connector, dialect, 2)
    dialect.answer()
    assert dialect.attempts == [1, 2]


def test_an_error_in_time_is_the_drivers_own(
    connector: t.Any, dialect: SlowDialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll hears why it got no connection, even of a driver's own time-out."""
    monkeypatch.setattr(database_patience, "PATIENCE_SECONDS", 20)
    database_patience.be_impatient()
    for error in (OSError("refused"), TimeoutError("by the driver")):
        dialect.connect = lambda *_, error=error: (_ for _ in ()).throw(error)  # type: ignore[method-assign]
        with pytest.raises(type(error), match=str(error)):
            connector.connect(dialect, None, (1,), {})


def test_an_attempt_without_an_answer_gives_way_to_another(
    connector: t.Any, dialect: SlowDialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is back is found, and what comes too late is closed."""
    refuse(connector, dialect, 1)
    monkeypatch.setattr(database_patience, "GIVEN_UP_SECONDS", 0)
    refuse(connector, dialect, 2)
    dialect.answer()
    assert sorted(dialect.attempts) == [1, 2]
    assert dialect.closed == ["connection 1"]
    monkeypatch.setattr(database_patience, "GIVEN_UP_SECONDS", 10)
    assert connector.connect(dialect, None, (3,), {}) == "connection 2"


def test_a_connection_that_lay_too_long_is_closed(
    connector: t.Any, dialect: SlowDialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late connection is not kept for a poll that comes minutes later."""
    refuse(connector, dialect, 1)
    dialect.answer()
    monkeypatch.setattr(database_patience, "GIVEN_UP_SECONDS", 0)
    refuse(connector, dialect, 2)
    assert dialect.closed == ["connection 1"]


def test_of_many_late_attempts_one_is_kept(
    connector: t.Any, dialect: SlowDialect
) -> None:
    """Polls that asked at the same time leave one connection, not one each."""
    attempts = [
        database_patience._Attempt(t.cast(t.Any, dialect), (number,), {})
        for number in (1, 2)
    ]
    for attempt in attempts:
        connector._is_late(attempt)
    dialect.answer()
    assert dialect.closed == ["connection 2"]
    assert connector.connect(dialect, None, (3,), {}) == "connection 1"
