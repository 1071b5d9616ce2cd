"""Databases for the time of a measurement."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import tempfile
import uuid

import sqlalchemy as sa
from sqlalchemy import event

POSTGRESQL = "postgresql+psycopg://postgres@127.0.0.1/postgres"


@contextlib.contextmanager
def sqlite() -> cabc.Iterator[str]:
    """A file in a folder of its own, with a write-ahead log, as its users should."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{pathlib.Path(folder) / 'measured.sqlite'}"
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            connection.execute(sa.text("PRAGMA journal_mode = WAL"))
        engine.dispose()
        yield url


@contextlib.contextmanager
def postgresql() -> cabc.Iterator[str]:
    """A database of the server on this machine."""
    name = f"ops_refresh_benchmark_{uuid.uuid4().hex}"
    server = sa.create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        # With the setting that spares each poll a statement (docs/performance.md).
        patience = {"options": "-c lock_timeout=500"}
        url = sa.make_url(POSTGRESQL).set(database=name).update_query_dict(patience)
        yield url.render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


KINDS = {"SQLite": sqlite, "PostgreSQL": postgresql}


@contextlib.contextmanager
def counting(engine: sa.Engine) -> cabc.Iterator[list[str]]:
    """The statements that an engine is given meanwhile."""
    told: list[str] = []

    def tell(connection: object, cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    event.listen(engine, "before_cursor_execute", tell)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", tell)
