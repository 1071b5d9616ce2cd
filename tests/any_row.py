"""Rows as broken workers write them, and tables that take them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t
import uuid

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy import orm

from .conftest import NOW
from .host_app import Model


class AnyRow:
    """What every run here has beside its key."""

    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int | None]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(800), nullable=True)
    status: orm.Mapped[str] = orm.mapped_column(sa.String(800), nullable=True)
    outcome: orm.Mapped[str] = orm.mapped_column(sa.String(800), nullable=True)
    context: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    summary_counts: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    failure_summary: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    #: Naive in the database, aware in the next.
    created_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(sa.DateTime())
    started_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    completed_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(sa.DateTime())
    updated_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )


class NumberRun(AnyRow, Model):
    __tablename__ = "number_runs"
    id: orm.Mapped[int] = orm.mapped_column(
        sa.BigInteger, primary_key=True, autoincrement=False
    )


class UuidRun(AnyRow, Model):
    __tablename__ = "uuid_runs"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)


class TextRun(AnyRow, Model):
    __tablename__ = "text_runs"
    id: orm.Mapped[str] = orm.mapped_column(sa.String(120), primary_key=True)


class PairRun(AnyRow, Model):
    __tablename__ = "pair_runs"
    shard: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    id: orm.Mapped[str] = orm.mapped_column(sa.String(120), primary_key=True)


class AnyPack(Model):
    __tablename__ = "any_packs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int]
    status: orm.Mapped[str] = orm.mapped_column(sa.String(800), nullable=True)
    summary: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    file_size: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    created_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(sa.DateTime())
    generated_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    expires_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )


RUNS: dict[str, type[t.Any]] = {
    "number": NumberRun,
    "uuid": UuidRun,
    "text": TextRun,
    "pair": PairRun,
}


class Batch(list[t.Any]):
    """Rows that say no more of themselves than a person reads."""

    def __repr__(self) -> str:
        return super().__repr__()[:20_000]


@dataclasses.dataclass(frozen=True)
class Stored:
    """Bytes that are to lie in a text column as they are."""

    content: bytes


# What stands in the database is written past the models: text as bytes, so that
# nothing between here and there mends it.

_WORDS = st.sampled_from(
    ["queued", "running", "completed", "succeeded", "failed", "partially_succeeded"]
)
_PACK_WORDS = st.sampled_from(["queued", "generating", "ready", "failed", "expired"])
_PLAIN = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40
)
_LONG = st.sampled_from(["a" * 700, "🙂" * 600, "\u202e" * 501, "\ufdfd" * 499 + "é"])
_WILD_BYTES = st.one_of(
    st.binary(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "Cf"]), max_size=10).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ),
)
_ODD_JSON = st.sampled_from(
    [
        *("", " ", "null", "{bad", '{"a": ', '["', "NaN", "Infinity", "-1e999", "{}{}"),
        *("[" * 5000, '{"a":' * 3000 + "1" + "}" * 3000, "9" * 5000, '"\\ud800"'),
        *('{"total": 1e400}', '{"total": -1, "processed": NaN}', '{"": {"": []}}'),
        *('{"total": 9007199254740993, "processed": 1e308}', '{"total": true}'),
        *('{"password": "p", "a": {"token": ["t"]}}', '[{"code": null}, 1, [[]]]'),
        json.dumps({f"key {number}": number for number in range(3000)}),
        json.dumps([{"code": "c", "message": "m" * 50}] * 2000),
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_PLAIN, inner, max_size=3)
    ),
    max_leaves=6,
).map(lambda value: json.dumps(value, ensure_ascii=False))
_COUNTS = st.dictionaries(
    st.sampled_from(["total", "processed", "succeeded", "failed", "skipped", "own"]),
    st.integers() | st.floats() | st.none() | _PLAIN,
    max_size=4,
).map(lambda value: json.dumps(value, ensure_ascii=False))
_CALENDAR = st.one_of(
    st.datetimes(),
    st.sampled_from([dt.datetime.min, dt.datetime.max, NOW.replace(tzinfo=None)]),
    st.timedeltas(dt.timedelta(-2), dt.timedelta(2)).map(
        lambda delta: NOW.replace(tzinfo=None) + delta
    ),
).map(str)
_WHOLE = st.integers(-(2**63), 2**63 - 1)
_OFFSETS = st.sampled_from(["", "Z", "+00:00", "+05:45", "-12", "+23:59"])


def _times(kind: str) -> st.SearchStrategy[t.Any]:
    """Points in time as text that this database takes."""
    if kind == "sqlite":
        anything = st.one_of(
            _WHOLE, st.floats(), st.sampled_from(["", "now", "0000-00-00"])
        )
        moment = st.tuples(_CALENDAR, _OFFSETS).map("".join)
        return st.none() | moment | anything | _bytes(kind)
    if kind == "postgresql":
        ends = ["infinity", "-infinity", "4713-01-01 BC", "290000-12-31 23:59:59"]
        return st.none() | st.sampled_from(ends) | _CALENDAR
    return st.none() | st.just("0000-00-00 00:00:00") | _CALENDAR


def _bytes(kind: str) -> st.SearchStrategy[t.Any]:
    return _WILD_BYTES.map(Stored) if kind == "sqlite" else st.nothing()


def _text(kind: str, *usual: st.SearchStrategy[str]) -> st.SearchStrategy[t.Any]:
    return st.one_of(st.none(), *usual, _PLAIN, _LONG, _bytes(kind))


def _number(kind: str) -> st.SearchStrategy[t.Any]:
    whole = st.none() | _WHOLE
    return whole | st.floats() | _PLAIN | _bytes(kind) if kind == "sqlite" else whole


def runs(kind: str) -> st.SearchStrategy[dict[str, t.Any]]:
    """The values of a run without its key."""
    jsons = _text(kind, _ODD_JSON, _JSON)
    times = _times(kind)
    return st.fixed_dictionaries(
        {
            "tenant_id": st.sampled_from([None, 1, 2]),
            "type": _text(kind),
            "status": _text(kind, _WORDS, _WORDS),
            "outcome": _text(kind, _WORDS),
            "context": jsons,
            "summary_counts": jsons | _COUNTS,
            "failure_summary": jsons,
            **dict.fromkeys(
                ("created_at", "started_at", "completed_at", "updated_at"), times
            ),
        }
    )


def packs(kind: str) -> st.SearchStrategy[dict[str, t.Any]]:
    """The values of a review pack without its key."""
    times = _times(kind)
    return st.fixed_dictionaries(
        {
            "status": _text(kind, _PACK_WORDS, _PACK_WORDS),
            "summary": _text(kind, _ODD_JSON, _JSON, _COUNTS),
            "file_size": _number(kind),
            **dict.fromkeys(("created_at", "generated_at", "expires_at"), times),
        }
    )


# SQLAlchemy stores UUIDs as such there, elsewhere as text without hyphens.
_KNOW_UUIDS = {"postgresql"}
if sa.__version__ >= "2.1":
    _KNOW_UUIDS.add("mariadb")


def keys(kind: str, key: str) -> st.SearchStrategy[tuple[t.Any, ...]]:
    """Primary keys; those of text are made unique by a number at their end."""
    if key == "number":
        return st.tuples(_WHOLE)
    if key == "uuid":
        form = "{}" if kind in _KNOW_UUIDS else "{0.hex}"
        return st.tuples(st.uuids(version=4).map(form.format))
    text = st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30
    ) | _bytes(kind)
    return st.tuples(st.integers(-5, 5), text) if key == "pair" else st.tuples(text)


def make_room(connection: sa.Connection) -> None:
    """Let the tables take what their columns' own types would refuse."""
    columns = [
        *((model.__tablename__, name) for model in RUNS.values() for name in _JSONS),
        ("any_packs", "summary"),
    ]
    change = {
        "postgresql": "ALTER TABLE {} ALTER COLUMN {} TYPE TEXT",
        "mysql": "ALTER TABLE {} MODIFY {} LONGTEXT",
    }.get(connection.dialect.name)
    for table, column in columns if change else ():
        connection.exec_driver_sql(t.cast(str, change).format(table, column))
    if connection.dialect.name == "mysql":
        for table, column in (("text_runs", "id"), ("pair_runs", "id")):
            connection.exec_driver_sql(
                f"ALTER TABLE {table} MODIFY {column} VARCHAR(120) COLLATE utf8mb4_bin"
            )


_JSONS = ("context", "summary_counts", "failure_summary")


def insert(connection: sa.Connection, table: str, rows: list[dict[str, t.Any]]) -> None:
    """Store rows as they are given."""
    if connection.dialect.name == "mysql":
        connection.exec_driver_sql("SET sql_mode = ''")
    for row in rows:
        given, parameters = [], {}
        for name, value in row.items():
            if isinstance(value, Stored):
                given.append(f"CAST(:{name} AS TEXT)")
                parameters[name] = value.content
            else:
                given.append(_as_timestamp(connection, name))
                parameters[name] = value
        connection.execute(
            sa.text(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(given)})"
            ),
            parameters,
        )


def _as_timestamp(connection: sa.Connection, name: str) -> str:
    if connection.dialect.name == "postgresql" and name.endswith("_at"):
        return f"CAST(CAST(:{name} AS TEXT) AS TIMESTAMP)"
    return f":{name}"
