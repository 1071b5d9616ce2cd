"""The SQL that a page makes, and how a database goes about it."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from werkzeug.test import TestResponse


def statements(
    engine: sa.Engine, ask: cabc.Callable[[str], TestResponse], url: str, table: str
) -> list[tuple[str, t.Any]]:
    """The SQL about a table that a page or poll makes, with its values."""
    ran: list[tuple[str, t.Any]] = []

    def note(
        connection: t.Any, cursor: t.Any, sql: str, values: t.Any, *_: t.Any
    ) -> None:
        if table in sql:
            ran.append((sql, values))

    sa.event.listen(engine, "before_cursor_execute", note)
    response = ask(url)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert response.status_code == 200
    assert ran
    return ran


def plan(connection: sa.Connection, sql: str, values: t.Any) -> str:
    """How the database goes about it, in its own words."""
    explain = {"sqlite": "EXPLAIN QUERY PLAN"}.get(connection.dialect.name, "EXPLAIN")
    rows = connection.exec_driver_sql(f"{explain} {sql}", values)
    return "\n".join(str(tuple(row)) for row in rows)
