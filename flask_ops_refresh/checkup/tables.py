"""A model beside its table: attributes, columns, statuses, indexes."""

from __future__ import annotations

import collections.abc as cabc

import sqlalchemy as sa

from ..statuses import UNKNOWN
from ..stored_values import read_text
from .findings import Finding
from .findings import ok
from .findings import wrong
from .indexes import look_at_indexes
from .records import Records

#: Rows whose statuses are read: those with the highest primary keys.
_ROWS = 10_000
#: Statuses told in one sentence.
_TOLD = 10


def look_at_table(
    connection: sa.Connection, records: Records
) -> cabc.Iterator[Finding]:
    """How a model and its table stand."""
    yield _attributes(records)
    missing = _missing(connection, records)
    if missing is not None:
        yield missing
        return
    yield _statuses(connection, records)
    yield from look_at_indexes(connection, records)


def _attributes(records: Records) -> Finding:
    mapping = records.mapping
    absent = [name for name in records.optional if not mapping.has(name)]
    told = f"{mapping.model.__name__} has every attribute that is required"
    if absent:
        told += f", and does without {_list(absent)}"
    return ok(f"{records.kind}-model", f"{told}.")


def _missing(connection: sa.Connection, records: Records) -> Finding | None:
    """The table or columns that are in the model and not in the database."""
    inspector, mapping = sa.inspect(connection), records.mapping
    model = mapping.model.__name__
    for table in sa.inspect(mapping.model).tables:
        if not inspector.has_table(table.name, schema=table.schema):
            return wrong(
                f"{records.kind}-table",
                f"The database has no table {table.fullname!r}, which is that of "
                f"{model}.",
                "Create it, as by the app's migrations.",
            )
        columns = inspector.get_columns(table.name, schema=table.schema)
        stored = {column["name"] for column in columns}
        lacking = [column.name for column in table.columns if column.name not in stored]
        if lacking:
            return wrong(
                f"{records.kind}-table",
                f"The table {table.fullname!r} has no column {_list(lacking)}, which "
                f"{model} has.",
                "Add it, as by the app's migrations.",
            )
    return None


def _statuses(connection: sa.Connection, records: Records) -> Finding:
    code, rows = f"{records.kind}-statuses", _stored_statuses(connection, records)
    rules = records.statuses
    unknown = [each for each in rows if rules.normalise(*each) == UNKNOWN]
    read = f"the {_ROWS:,} records of the highest primary keys"
    if not unknown:
        return ok(code, f"Every status among {read} is a known one.")
    told = unknown[:_TOLD]
    words = dict.fromkeys(outcome or status or "..." for status, outcome in told)
    mapped = ", ".join(f'"{word}": "..."' for word in words)
    return wrong(
        code,
        f"Among {read} are statuses that mean nothing here, so they are shown as "
        f"Unknown and never polled: {_list(_in_words(*each) for each in told)}.",
        f"Say what they stand for: OpsRefresh(..., {records.words}={{{mapped}}}). "
        f"Known are {_list(rules.meanings)}.",
    )


def _stored_statuses(
    connection: sa.Connection, records: Records
) -> list[tuple[str | None, str | None]]:
    """The statuses, with their outcomes, of so many rows found by the primary key."""
    mapping = records.mapping
    newest = [column.desc() for column in mapping.primary_key]
    select = sa.select(mapping.value("status"), mapping.value("outcome"))
    rows = connection.execute(select.order_by(*newest).limit(_ROWS))
    found = {(read_text(status), read_text(outcome)) for status, outcome in rows}
    return sorted(found, key=lambda words: [word or "" for word in words])


def _in_words(status: str | None, outcome: str | None) -> str:
    return repr(status) if outcome is None else f"{status!r} with {outcome!r}"


def _list(names: cabc.Iterable[str]) -> str:
    return ", ".join(names)
