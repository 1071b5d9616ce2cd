from __future__ import annotations

import enum
import math
import pathlib
import typing as t
import uuid

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from flask_ops_refresh.model_mapping import key_value
from flask_ops_refresh.model_mapping import ModelMapping
from flask_ops_refresh.stored_values import decoded
from flask_ops_refresh.stored_values import JSON_LIMIT

from ..databases import database
from ..databases import KINDS


class Base(orm.DeclarativeBase):
    pass


class Colour(enum.Enum):
    RED = "r"


class Owner(Base):
    __tablename__ = "owners"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    email: orm.Mapped[str]


class Plain(Base):
    __tablename__ = "plain"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str]
    type = orm.synonym("kind")
    colour: orm.Mapped[Colour]
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("owners.id"))
    user: orm.Mapped[Owner] = orm.relationship()
    data: orm.Mapped[dict[str, int]] = orm.mapped_column(sa.JSON)

    @hybrid_property
    def status(self) -> str:
        return self.kind


class ByUuid(Base):
    __tablename__ = "by_uuid"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)


class ByText(Base):
    __tablename__ = "by_text"
    id: orm.Mapped[str] = orm.mapped_column(primary_key=True)


class ByTwo(Base):
    __tablename__ = "by_two"
    one: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    other: orm.Mapped[str] = orm.mapped_column(primary_key=True)


def mapping(model: type[Base], *names: str) -> ModelMapping:
    return ModelMapping(model, required=names, optional=())


def test_a_missing_attribute_says_how_to_mend_it() -> None:
    """The error names model, attribute, the columns there are, and synonym."""
    message = r"Plain has no attribute 'tenant'.*tenant = sqlalchemy.orm.synonym.*kind"
    with pytest.raises(TypeError, match=message):
        mapping(Plain, "tenant")


def test_synonyms_hybrids_enums_and_json_are_read_raw() -> None:
    """Whatever the attribute is, its stored text comes out."""
    plain = mapping(Plain, "type", "status", "colour", "data", "user")
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Owner(id=1, email="ada@example.org"))
        session.add(Plain(id=1, kind="k", colour=Colour.RED, owner_id=1, data={"a": 1}))
        session.commit()
        session.execute(sa.text("UPDATE plain SET data = '{broken'"))
        row = session.execute(
            sa.select(
                plain.value("type"),
                plain.text("status"),
                plain.value("colour"),
                plain.json_text("data"),
                plain.json_length("data"),
                plain.label("user"),
                plain.value("nothing"),
            )
        ).one()
    engine.dispose()
    shown = ("k", "k", "RED", "{broken", 7, "ada@example.org", None)
    assert tuple(map(decoded, row)) == shown


letters = st.characters(codec="utf-8", exclude_characters="\0")
keys = {
    Plain: st.tuples(st.integers(-(2**63), 2**63 - 1)),
    ByUuid: st.tuples(st.uuids()),
    ByText: st.tuples(
        st.text(
            st.characters(codec="utf-8", exclude_characters="\0"),
            min_size=1,
            max_size=200,
        )
    ),
    ByTwo: st.tuples(st.integers(0, 99), st.text("ab.,", min_size=1)),
}


@pytest.mark.parametrize("model", keys, ids=lambda model: model.__name__)
@given(data=st.data())
def test_keys_go_into_addresses_and_come_back(
    model: type[Base], data: st.DataObject
) -> None:
    """Any key of any kind is the same after a trip through an address."""
    known = mapping(model)
    key = data.draw(keys[model])
    assert known.decode_key(known.encode_key(key)) == key


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Plain, ""),
        (Plain, "x"),
        (Plain, "1,2"),
        (Plain, str(2**63)),
        (ByUuid, "x"),
        (ByText, ""),
        (ByText, "a\0"),
        (ByText, "\ud800"),
        (ByText, "x" * 501),
        (ByTwo, "1"),
        (ByTwo, "x,y"),
        (ByTwo, "1,2,3"),
    ],
)
def test_what_is_no_key_is_none(model: type[Base], text: str) -> None:
    """Malformed keys are told without asking the database."""
    assert mapping(model).decode_key(text) is None


@pytest.mark.parametrize("model", keys, ids=lambda model: model.__name__)
@given(text=st.text())
def test_any_text_is_a_key_or_none(model: type[Base], text: str) -> None:
    """Whatever an address holds, it makes no exception and not half a key."""
    known = mapping(model)
    key = known.decode_key(text)
    assert key is None or len(key) == len(known.primary_key)


@pytest.mark.parametrize("model", [int, None, "Plain", object()])
def test_what_is_no_model_is_refused(model: object) -> None:
    """The error shows what was given in place of a mapped class."""
    with pytest.raises(TypeError, match="is not a mapped SQLAlchemy model"):
        ModelMapping(model, required=(), optional=())  # type: ignore[arg-type]


def test_only_a_missing_workspace_hints_at_apps_without() -> None:
    """The hint stands where it helps."""
    with pytest.raises(TypeError, match="workspaces=False"):
        mapping(Plain, "workspace_id")
    with pytest.raises(TypeError, match="no attribute 'tenant'") as caught:
        mapping(Plain, "tenant")
    assert "workspaces=False" not in str(caught.value)


def test_every_column_is_bounded_text(tmp_path: pathlib.Path) -> None:
    """All columns come out as stored, none longer than the limit."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/columns.sqlite")
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(Owner).values(id=7, email="x" * 100_000))
        columns = mapping(Owner).every_column()
        row = connection.execute(sa.select(*columns)).one()
    engine.dispose()
    assert tuple(map(decoded, row)) == ("7", "x" * JSON_LIMIT)


@pytest.mark.parametrize("kind", KINDS)
def test_the_length_of_json_is_in_characters(kind: str, tmp_path: pathlib.Path) -> None:
    """No database counts bytes: a text that is whole must not pass for cut."""
    stored = "é€😀"
    with database(kind, tmp_path) as url:
        engine = sa.create_engine(url)

        class Own(orm.DeclarativeBase):
            pass

        class Note(Own):
            __tablename__ = "notes"
            id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
            text: orm.Mapped[str | None] = orm.mapped_column(sa.Text)

        Own.metadata.create_all(engine)
        notes = ModelMapping(Note, required=("text",), optional=())
        with engine.begin() as connection:
            rows = [{"id": 1, "text": stored}, {"id": 2, "text": None}]
            connection.execute(sa.insert(Note), rows)
            select = sa.select(notes.json_length("text"), notes.json_text("text"))
            found = connection.execute(select.order_by(Note.id)).all()
        engine.dispose()
    read = [tuple(map(decoded, row)) for row in found]
    assert read == [(3, stored), (None, None)]


@pytest.mark.parametrize("text", ["nan", "sNaN", "inf", "-Infinity", "1e400"])
@pytest.mark.parametrize("kind", [sa.Float(), sa.Numeric(10, 2)], ids=repr)
def test_a_number_that_no_row_has_is_no_key(kind: t.Any, text: str) -> None:
    """Infinite numbers, and what is not a number, are malformed to every database."""
    value = key_value(kind, text)
    assert value is None or math.isfinite(value)
    assert key_value(kind, "1.5") == 1.5
