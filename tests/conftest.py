from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import os
import pathlib
import sqlite3
import typing as t

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from flask_ops_refresh import clock
from flask_ops_refresh.formatting import exact_time

from .host_app import create_host
from .host_app import db
from .host_app import OperationRun
from .host_app import Tenant
from .host_app import User

hypothesis.settings.register_profile(
    "project", deadline=None, derandomize=bool(os.environ.get("CI"))
)
hypothesis.settings.load_profile("project")

#: What a poll of the extension's own page carries.
POLL = {"Ops-Refresh": "1"}

#: The time at which every test of the host app takes place.
NOW = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def advance(self, **delta: float) -> None:
        self.now += dt.timedelta(**delta)


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> cabc.Iterator[None]:
    """Let the many apps of a run share what they compile of the same templates."""
    cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": cache})
        yield


@sa.event.listens_for(sa.Engine, "connect")
def write_without_waiting(connection: t.Any, record: t.Any) -> None:
    """No test takes the power away: SQLite need not wait for the disk."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    frozen = Clock()
    monkeypatch.setattr(clock, "utc_now", lambda: frozen.now)
    return frozen


class Host:
    """The host app with its people, and what tests do with it."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def add(self, *records: t.Any) -> list[int]:
        """Store records and give their ids."""
        with self.app.app_context():
            db.session.add_all(records)
            db.session.commit()
            return [record.id for record in records]

    def add_run(self, **values: t.Any) -> int:
        """Store a run: Ada's workspace, tenant North, queued now, unless told else."""
        defaults = {
            "workspace_id": 1,
            "tenant_id": 1,
            "type": "integrity.verify",
            "status": "queued",
            "created_at": NOW,
        }
        return self.add(OperationRun(**{**defaults, **values}))[0]

    def update(self, record_type: type[t.Any], id: int, **values: t.Any) -> None:
        """Change a record as somebody else would, in a transaction of its own."""
        with self.app.app_context():
            table = record_type.__table__
            db.session.execute(
                sa.update(table).where(table.c.id == id).values(**values)
            )
            db.session.commit()

    def execute(self, statement: str, **parameters: t.Any) -> None:
        """Write to the database what no model would."""
        with self.app.app_context():
            db.session.execute(sa.text(statement), parameters)
            db.session.commit()

    def client(self, user_id: int | None = None) -> FlaskClient:
        """A browser, signed in if a user is given."""
        client = self.app.test_client()
        if user_id is not None:
            with client.session_transaction() as session:
                session["_user_id"] = str(user_id)
                session["_fresh"] = True
        return client

    def written(self, moment: dt.datetime) -> str:
        """A point in time as the host's pages show it."""
        with self.app.test_request_context():
            return exact_time(moment)

    @contextlib.contextmanager
    def statements(self) -> cabc.Iterator[list[str]]:
        """The SQL that runs meanwhile."""
        seen: list[str] = []

        def note(
            connection: t.Any, cursor: t.Any, statement: str, *rest: t.Any
        ) -> None:
            seen.append(statement)

        with self.app.app_context():
            engine = db.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)


#: Who is who in the host app.
ADA, BEN, CLEO, DANA = 1, 2, 3, 4


def populate(app: Flask) -> Host:
    """Put the people and tenants of the host app in place."""
    host = Host(app)
    host.add(Tenant(id=1, name="North"), Tenant(id=2, name="South"))
    host.add(
        User(id=ADA, name="Ada", workspace_id=1, tenant_ids="*"),
        User(id=BEN, name="Ben", workspace_id=1, tenant_ids=[2]),
        User(id=CLEO, name="Cleo", workspace_id=2, tenant_ids="*"),
        User(id=DANA, name="Dana", workspace_id=None, tenant_ids="*"),
    )
    return host


@pytest.fixture
def make_host(tmp_path: pathlib.Path) -> cabc.Iterator[cabc.Callable[..., Host]]:
    """Make a host app of its own kind; its connections are closed afterwards."""
    made: list[Flask] = []

    def make(**options: t.Any) -> Host:
        path = tmp_path / f"host-{len(made)}.sqlite"
        made.append(create_host(f"sqlite:///{path}", **options))
        return populate(made[-1])

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def host(make_host: cabc.Callable[..., Host]) -> Host:
    """The usual host app."""
    return make_host()
