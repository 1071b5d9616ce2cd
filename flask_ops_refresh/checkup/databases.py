"""The databases that the models are read from."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

import sqlalchemy as sa
from sqlalchemy import exc

from ..installation import Installation
from .findings import advice
from .findings import Finding
from .findings import ok
from .findings import wrong
from .records import all_records
from .records import Records
from .tables import look_at_table


def look_at_databases(installation: Installation) -> cabc.Iterator[Finding]:
    """How each database and its tables stand; one that is away is asked once."""
    session = installation.get_session()
    told: set[sa.Engine] = set()
    away: set[sa.Engine] = set()
    for records in all_records(installation):
        mapper = sa.inspect(records.mapping.model)
        try:
            engine: sa.Engine = session.get_bind(mapper).engine
        except exc.UnboundExecutionError:
            yield _unbound(records)
            continue
        if engine in away:
            continue
        try:
            _require_file(engine.url)
            connection = session.connection(bind_arguments={"mapper": mapper})
            if engine not in told:
                yield from _look_at(connection)
            yield from look_at_table(connection, records)
        except (exc.SQLAlchemyError, FileNotFoundError) as error:
            yield _unreadable(engine, error)
            away.add(engine)
        finally:
            session.rollback()
        told.add(engine)


def _look_at(connection: sa.Connection) -> cabc.Iterator[Finding]:
    """How a database that answers stands."""
    yield ok("database", f"{_name(connection.engine)} answers.")
    if connection.dialect.name == "sqlite":
        yield _journal(connection)


def _journal(connection: sa.Connection) -> Finding:
    code = "sqlite-journal"
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if mode == "wal":
        return ok(code, "SQLite writes ahead (WAL): readers and a writer do not wait.")
    if mode == "memory":
        return ok(code, "SQLite is in memory, where there is no journal to set.")
    return advice(
        code,
        f"SQLite's journal is {mode!r}, so pages and polls wait while a worker writes.",
        "Execute once, the file keeps it: PRAGMA journal_mode = WAL;",
    )


def _unbound(records: Records) -> Finding:
    return wrong(
        "database",
        f"The session knows no database of {records.mapping.model.__name__}.",
        "Bind it to an engine: scoped_session(sessionmaker(engine)).",
    )


def _unreadable(engine: sa.Engine, error: Exception) -> Finding:
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return wrong(
        "database",
        f"{_name(engine)} cannot be read: {reason}",
        "See that it runs and that the app's address, user and rights are right.",
    )


def _require_file(url: sa.URL) -> None:
    """SQLite would make the file that is missing.

    :raises FileNotFoundError: it is missing.
    """
    database = url.database or ":memory:"
    is_file = database != ":memory:" and not database.startswith("file:")
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and is_file and not pathlib.Path(database).is_file():
        raise FileNotFoundError("there is no such file")


def _name(engine: sa.Engine) -> str:
    url = engine.url
    name = url.database or ":memory:"
    if url.get_backend_name() == "sqlite":
        return f"The SQLite database {pathlib.PurePath(name).name}"
    return f"The {url.get_backend_name()} database {name} on {url.host or 'localhost'}"
