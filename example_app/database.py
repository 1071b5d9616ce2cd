"""The database: SQLite in a file unless configured otherwise."""

from __future__ import annotations

import datetime as dt
import typing as t

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy import exc
from sqlalchemy import orm

from .table_upgrade import add_what_is_missing

#: What is raised while the database is away, or it or its pool is too busy to answer.
DATABASE_AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)

_BUSY_TIMEOUT_MS = 10_000
_CONNECT_SECONDS = 5
#: Held while tables are made: of several processes one makes them.
_TABLES_LOCK = 7_240_531


def why_away(error: BaseException) -> str:
    """What the database said, without the statement and the values in it."""
    return str(getattr(error, "orig", error))


class Base(orm.DeclarativeBase):
    """What all models are made from."""


db = SQLAlchemy(model_class=Base)

if t.TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UtcDateTime(sa.TypeDecorator[dt.datetime]):
    """A point in time, always in UTC and always saying so."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: dt.datetime | None, dialect: sa.Dialect
    ) -> dt.datetime | None:
        """Refuse a time that could be any zone's."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} does not say its time zone.")
        return value.astimezone(dt.UTC)

    def process_result_value(
        self, value: dt.datetime | None, dialect: sa.Dialect
    ) -> dt.datetime | None:
        """Say the zone, which SQLite does not store."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=dt.UTC)


def utc_now() -> dt.datetime:
    """The time that is stored."""
    return dt.datetime.now(dt.UTC)


def init_database(app: Flask) -> None:
    """Connect the app, make the tables that are missing and upgrade the others.

    :raises RuntimeError: the tables are of a version that cannot be upgraded.
    :raises ValueError: the database is of a kind that the app does not know.
    """
    from . import models  # noqa: F401

    kind = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"]).get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise ValueError(
            f"SQLALCHEMY_DATABASE_URI is one of {kind}. Allowed: sqlite, postgresql."
        )
    if kind == "postgresql":
        app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", _server_options())
    db.init_app(app)
    with app.app_context():
        if kind == "sqlite":
            event.listen(db.engine, "connect", _set_pragmas)
        _make_tables(db.engine)


def _server_options() -> dict[str, t.Any]:
    # A server may have been restarted since a connection was last used.
    return {
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": _CONNECT_SECONDS},
    }


def _make_tables(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TABLES_LOCK)))
        db.metadata.create_all(connection)
        add_what_is_missing(connection, db.metadata)


def _set_pragmas(connection: t.Any, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
