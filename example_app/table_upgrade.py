"""Tables that an earlier version of the app has made, brought to what it is now."""

from __future__ import annotations

import collections.abc as cabc

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn


def add_what_is_missing(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Add the columns and indexes that the tables do not have yet.

    Only what older rows can do without is added: columns that may be null.

    :raises RuntimeError: a column is missing that may not be null.
    """
    if next(_missing(connection, metadata), None) is None:
        return
    if connection.dialect.name == "sqlite":
        # Of several processes one does it, and the others find nothing to do.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    for each in _missing(connection, metadata):
        if isinstance(each, sa.Index):
            each.create(connection)
        else:
            _add_column(connection, each)


def _missing(
    connection: sa.Connection, metadata: sa.MetaData
) -> cabc.Iterator[sa.Column[object] | sa.Index]:
    inspector = sa.inspect(connection)
    for table in metadata.sorted_tables:
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        yield from (each for each in table.columns if each.name not in columns)
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        yield from (each for each in table.indexes if each.name not in indexes)


def _add_column(connection: sa.Connection, column: sa.Column[object]) -> None:
    table = column.table.name
    if not column.nullable:
        raise RuntimeError(
            f"The table {table} has no column {column.name}: the database was made by "
            "a version of this app that is too old. Move it out of the way to begin "
            "with an empty one."
        )
    definition = str(CreateColumn(column).compile(dialect=connection.dialect))
    for key in column.foreign_keys:
        definition += f" REFERENCES {key.column.table.name} ({key.column.name})"
    connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {definition}")
