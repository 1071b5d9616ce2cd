"""The indexes that the queries need, beside those that the database has."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import hashlib
import typing as t

import sqlalchemy as sa
from sqlalchemy.sql.ddl import CreateIndex

from ..model_mapping import ModelMapping
from ..needed_indexes import KEY
from ..needed_indexes import NeededIndex
from .findings import advice
from .findings import Finding
from .findings import ok
from .findings import wrong
from .records import Records

#: Bytes of a key in MariaDB and MySQL, of which a character may take four.
_MOST_BYTES = 3072
#: Bytes in it for columns that are no text.
_OTHER_BYTES = 64


@dataclasses.dataclass(frozen=True)
class _Wanted:
    """A needed index in the names of the app's table."""

    code: str
    purpose: str
    table: t.Any
    equal: tuple[str, ...]
    then: tuple[str, ...]
    on_every_page: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.equal, *self.then)


def look_at_indexes(
    connection: sa.Connection, records: Records
) -> cabc.Iterator[Finding]:
    """How the indexes stand, with the statement that adds each that is missing."""
    for needed in records.needed:
        code = f"{records.kind}-index-{needed.name}"
        wanted = _in_columns(code, records.mapping, needed)
        if wanted is None:
            yield _by_no_index(code, records.mapping, needed)
        else:
            yield _look_at(connection, wanted)
    for wanted in _by_name(records):
        yield _look_at(connection, wanted)


def _in_columns(
    code: str, mapping: ModelMapping, needed: NeededIndex
) -> _Wanted | None:
    """The columns behind the attributes, if all are those of one table."""
    names = [name for name in needed.attributes if name != KEY]
    known = {
        name: found for name in names if (found := mapping.column(name)) is not None
    }
    tables = {column.table for column in known.values()}
    if len(known) < len(names) or len(tables) > 1:
        return None
    [table] = tables
    equal = [known[name].name for name in needed.equal]
    then: list[str] = []
    for name in needed.then:
        columns = table.primary_key.columns if name == KEY else [known[name]]
        then += [each.name for each in columns if each.name not in (*equal, *then)]
    return _Wanted(
        code, needed.purpose, table, tuple(equal), tuple(then), needed.on_every_page
    )


def _by_no_index(code: str, mapping: ModelMapping, needed: NeededIndex) -> Finding:
    attributes = ", ".join(name for name in needed.attributes if name != KEY)
    return advice(
        code,
        f"No one index can serve {needed.purpose}: {attributes} of "
        f"{mapping.model.__name__} are not all columns of one table.",
        "Store what is computed or lies elsewhere in a column of its own, if the table "
        "is to hold many rows.",
    )


def _by_name(records: Records) -> cabc.Iterator[_Wanted]:
    """How the names of tenant and user are looked up."""
    for name in ("tenant", "user"):
        if not records.mapping.is_relationship(name):
            continue
        relationship = sa.inspect(records.mapping.model).relationships[name]
        columns = [far for _, far in relationship.local_remote_pairs]
        yield _Wanted(
            f"{records.kind}-index-{name}-name",
            f"the name of a {records.kind}'s {name}",
            columns[0].table,
            tuple(dict.fromkeys(column.name for column in columns)),
            (),
            on_every_page=True,
        )


def _look_at(connection: sa.Connection, wanted: _Wanted) -> Finding:
    table, columns = wanted.table, ", ".join(wanted.columns)
    inspector = sa.inspect(connection)
    if table.name in inspector.get_view_names(schema=table.schema):
        return advice(
            wanted.code,
            f"{table.fullname} is a view, so what serves {wanted.purpose} are the "
            "indexes of the tables behind it.",
            f"See that its table has an index on {columns}.",
        )
    if any(_serves(index, wanted) for index in _existing(inspector, table)):
        return ok(wanted.code, f"An index of {table.fullname} serves {wanted.purpose}.")
    level = wrong if wanted.on_every_page else advice
    reader = "each page" if wanted.on_every_page else "each use of it"
    return level(
        wanted.code,
        f"No index of {table.fullname} serves {wanted.purpose}: {reader} reads more "
        "rows as the table grows.",
        _mend(connection, wanted),
    )


@dataclasses.dataclass(frozen=True)
class _Existing:
    columns: tuple[str | None, ...]
    unique: bool


def _existing(inspector: sa.Inspector, table: t.Any) -> cabc.Iterator[_Existing]:
    """The indexes that can serve any query: of every row, in order, of whole values."""
    where = {"table_name": table.name, "schema": table.schema}
    yield _Existing(
        tuple(inspector.get_pk_constraint(**where)["constrained_columns"]), True
    )
    for constraint in inspector.get_unique_constraints(**where):
        yield _Existing(tuple(constraint["column_names"]), True)
    for index in inspector.get_indexes(**where):
        options = index.get("dialect_options", {})
        is_partial = any(option.endswith("_where") for option in options)
        is_ordered = options.get("postgresql_using", "btree") == "btree"
        if is_partial or not is_ordered or index.get("type"):
            continue
        cut = set(options.get("mysql_length") or options.get("mariadb_length") or ())
        columns = tuple(None if name in cut else name for name in index["column_names"])
        yield _Existing(columns, bool(index["unique"]))


def _serves(index: _Existing, wanted: _Wanted) -> bool:
    equal, count = set(wanted.equal), len(wanted.equal)
    if index.unique and index.columns and equal.issuperset(index.columns):
        return True
    following = index.columns[count : count + 1] if wanted.then else ()
    return set(index.columns[:count]) == equal and following == wanted.then[:1]


def _mend(connection: sa.Connection, wanted: _Wanted) -> str:
    """The statement that adds the index, in the words of the database."""
    too_long = _too_long(connection, wanted)
    statement = _statement(connection, wanted)
    if too_long:
        return (
            f"Here an index can order only by shorter text: make {', '.join(too_long)} "
            f"a VARCHAR of 255 characters or less. Then: {statement}"
        )
    return statement


def _statement(connection: sa.Connection, wanted: _Wanted) -> str:
    table = sa.Table(
        wanted.table.name,
        sa.MetaData(),
        *(sa.Column(name, sa.Integer) for name in wanted.columns),
        schema=wanted.table.schema,
    )
    index = sa.Index(_free_name(connection, wanted), *table.columns)
    return f"{CreateIndex(index).compile(dialect=connection.dialect)};"


def _free_name(connection: sa.Connection, wanted: _Wanted) -> str:
    """A name that is no longer than allowed, and not that of another index."""
    dialect, table = connection.dialect, wanted.table
    longest = dialect.max_index_name_length or dialect.max_identifier_length
    name = f"ix_{table.name}_{'_'.join(wanted.columns)}"
    existing = sa.inspect(connection).get_indexes(table.name, schema=table.schema)
    if len(name) <= longest and name not in {index["name"] for index in existing}:
        return name
    told_apart = hashlib.blake2b(repr((name, existing)).encode(), digest_size=4)
    return f"{name[: longest - 9]}_{told_apart.hexdigest()}"


def _too_long(connection: sa.Connection, wanted: _Wanted) -> list[str]:
    """Columns of text that MariaDB and MySQL do not take whole into an index."""
    if connection.dialect.name not in ("mariadb", "mysql"):
        return []
    inspector, table = sa.inspect(connection), wanted.table
    stored = inspector.get_columns(table.name, schema=table.schema)
    lengths: dict[str, int | None] = {
        column["name"]: getattr(column["type"], "length", None)
        for column in stored
        if column["name"] in wanted.columns
        and isinstance(column["type"], sa.String | sa.LargeBinary)
    }
    bytes_taken = sum(4 * (length or _MOST_BYTES) for length in lengths.values())
    if bytes_taken <= _MOST_BYTES - _OTHER_BYTES:
        return []
    return [name for name, length in lengths.items() if (length or _MOST_BYTES) > 255]
