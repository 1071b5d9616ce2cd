"""The database: SQLite in a file unless configured otherwise."""

from __future__ import annotations

import datetime as dt
import typing as t

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy import orm

_BUSY_TIMEOUT_MS = 10_000


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
    """Connect the app and make the tables that are missing."""
    from . import models  # noqa: F401

    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _set_pragmas)
        db.create_all()


def _set_pragmas(connection: t.Any, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
