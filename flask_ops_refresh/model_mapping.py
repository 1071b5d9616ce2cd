"""What the extension reads of an app's model, and how it reads it raw.

Values are selected as the database stores them, never through the model's own
types: a row that those types cannot read must not take its page down.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import decimal
import math
import typing as t
import uuid

import sqlalchemy as sa
from flask_admin.tools import iterdecode
from flask_admin.tools import iterencode
from sqlalchemy import orm
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from .scope import own_parameter
from .stored_values import JSON_LIMIT
from .stored_values import stored_id
from .stored_values import TEXT_LIMIT
from .stored_values import whole_number
from .stored_words import EnumWord

#: How a record of another model is named: its first attribute of these.
_LABELS = ("display_name", "name", "full_name", "title", "username", "email")


class ModelMapping:
    """The attributes of one model that the extension uses.

    :param model: the app's mapped class.
    :param required: attribute names without which nothing works.
    :param optional: attribute names used where present.
    :raises TypeError: ``model`` is not a mapped class, or a required attribute is
        missing; the message names model, attribute and the mend.
    """

    def __init__(
        self,
        model: type[t.Any],
        *,
        required: cabc.Iterable[str],
        optional: cabc.Iterable[str],
    ) -> None:
        mapper = sa.inspect(model, raiseerr=False)
        if not isinstance(mapper, orm.Mapper):
            raise TypeError(
                f"{model!r} is not a mapped SQLAlchemy model. Give the class of the "
                "app's own model."
            )
        self.model = model
        self._mapper: orm.Mapper[t.Any] = mapper
        names = set(mapper.all_orm_descriptors.keys())
        for name in required:
            if name not in names:
                raise TypeError(_missing(model, name, mapper))
        self._names = names & {*required, *optional}
        self.primary_key: tuple[t.Any, ...] = tuple(
            getattr(model, mapper.get_property_by_column(column).key)
            for column in mapper.primary_key
        )
        self._key_types = tuple(column.type for column in self.primary_key)
        self._key_names = [
            own_parameter(f"key_{i}") for i in range(len(self.primary_key))
        ]

    def has(self, name: str) -> bool:
        """Whether the model has this attribute."""
        return name in self._names

    def is_relationship(self, name: str) -> bool:
        """Whether the attribute leads to records of another model."""
        return self.has(name) and name in self._mapper.relationships

    def type_of(self, name: str) -> t.Any:
        """The SQL type of an attribute; ``None`` where it is absent."""
        column = getattr(self.model, name) if self.has(name) else None
        return getattr(column, "type", None)

    def column(self, name: str) -> sa.Column[t.Any] | None:
        """The table's column behind an attribute; ``None`` where there is no one such.

        A synonym or a hybrid may stand for a column, an expression does not.
        """
        attribute = getattr(self.model, name, None)
        clause = getattr(attribute, "__clause_element__", lambda: attribute)()
        return clause if isinstance(clause, sa.Column) else None

    def value(self, name: str) -> sa.ColumnElement[t.Any]:
        """The attribute as the driver gives it, or ``NULL`` where it is absent.

        Words and times come as text: their own types refuse what they do not know.
        """
        if isinstance(self.type_of(name), sa.Enum | sa.String | sa.DateTime):
            return self.text(name)
        if not self.has(name):
            return sa.null()
        return _AsStored(getattr(self.model, name))

    def word(self, name: str) -> sa.ColumnElement[t.Any]:
        """A column of words, to be compared with what is stored in it."""
        if not self.has(name):
            return sa.null()
        column = getattr(self.model, name)
        if isinstance(self.type_of(name), sa.Enum):
            return EnumWord(column)
        return sa.type_coerce(column, sa.String)

    def moment(self, name: str) -> t.Any:
        """A column of times, to be compared with one; ``None`` where it holds others.

        A type of the app's own that stores times as they are is compared as they are.
        """
        kind = self.type_of(name)
        while isinstance(kind, sa.types.TypeDecorator):
            kind = kind.impl
        if not isinstance(kind, sa.DateTime):
            return None
        plain = sa.DateTime(timezone=kind.timezone)
        return sa.type_coerce(getattr(self.model, name), plain)

    def text(self, name: str) -> sa.ColumnElement[t.Any]:
        """The attribute's text, at most :data:`TEXT_LIMIT` characters."""
        if not self.has(name):
            return sa.null()
        return beginning(getattr(self.model, name), TEXT_LIMIT)

    def json_text(self, name: str) -> sa.ColumnElement[t.Any]:
        """Stored JSON as raw text, at most :data:`JSON_LIMIT` characters."""
        if not self.has(name):
            return sa.null()
        return beginning(getattr(self.model, name), JSON_LIMIT)

    def json_length(self, name: str) -> sa.ColumnElement[t.Any]:
        """Characters of the stored JSON."""
        if not self.has(name):
            return sa.null()
        return _Characters(sa.cast(getattr(self.model, name), sa.Text))

    def label(self, name: str) -> sa.ColumnElement[t.Any]:
        """The name of the record behind a relationship; else the attribute's text."""
        if not self.is_relationship(name):
            return self.text(name)
        relationship = self._mapper.relationships[name]
        target = orm.aliased(relationship.mapper.class_)
        conditions = [
            _by_column(target, relationship.mapper, remote)
            == _by_column(self.model, self._mapper, local)
            for local, remote in relationship.local_remote_pairs or ()
        ]
        text = beginning(getattr(target, self.label_attribute(name)), TEXT_LIMIT)
        return sa.select(text).where(*conditions).limit(1).scalar_subquery()

    def label_attribute(self, name: str) -> str:
        """The attribute of the related model that names its records."""
        mapper = self._mapper.relationships[name].mapper
        descriptors = mapper.all_orm_descriptors
        plain = [each for each in _LABELS if each in descriptors]
        if plain:
            return plain[0]
        return str(mapper.get_property_by_column(mapper.primary_key[0]).key)

    def related_labels(
        self,
        name: str,
        by: str,
        ids: cabc.Collection[t.Any],
        **known: t.Any,
    ) -> t.Any:
        """A SELECT of id and label of the related records that have these ids.

        :param by: the attribute of this model that holds such an id.
        :param known: the values of other attributes that lead to those records.
        :returns: ``None`` where the relationship goes by anything else.
        """
        relationship = self._mapper.relationships[name]
        target = relationship.mapper.class_
        remote = {
            self._mapper.get_property_by_column(local).key: _by_column(
                target, relationship.mapper, far
            )
            for local, far in relationship.local_remote_pairs or ()
        }
        if by not in remote or not remote.keys() <= {by, *known}:
            return None
        key = remote.pop(by)
        label = beginning(getattr(target, self.label_attribute(name)), TEXT_LIMIT)
        narrowed = [column == known[local] for local, column in remote.items()]
        return sa.select(key, label).where(key.in_(ids), *narrowed)

    def key_led_to(self, by: str, target: type[t.Any]) -> t.Any:
        """The attribute of ``target`` that this model's attribute ``by`` holds ids of.

        :returns: ``None`` where no relationship nor foreign key leads there.
        """
        held_in = getattr(getattr(self.model, by, None), "property", None)
        columns = getattr(held_in, "columns", ())
        for relationship in self._mapper.relationships:
            for local, far in relationship.local_remote_pairs or ():
                if local in columns and relationship.mapper.class_ is target:
                    return _by_column(target, relationship.mapper, far)
        mapper = sa.inspect(target)
        for key in (key for column in columns for key in column.foreign_keys):
            if key.column.table is mapper.local_table:
                return _by_column(target, mapper, key.column)
        return None

    def every_column(self) -> list[sa.ColumnElement[t.Any]]:
        """All columns of the model as text, each cut at :data:`JSON_LIMIT`."""
        return [
            beginning(getattr(self.model, attribute.key), JSON_LIMIT)
            for attribute in self._mapper.column_attrs
        ]

    def left_to_read(self) -> list[t.Any]:
        """Loader options for an instance without the columns that are read raw.

        A value among them that the model's own type cannot read does no harm
        then, unless somebody asks the instance for it.
        """
        keys = {column.key for column in self.primary_key}
        names = self._names & set(self._mapper.column_attrs.keys()) - keys
        return [orm.defer(getattr(self.model, name)) for name in sorted(names)]

    def encode_key(self, values: cabc.Sequence[t.Any]) -> str:
        """A primary key as the text that stands in addresses."""
        return iterencode(map(str, values))

    def encode_held_key(self, value: t.Any) -> str:
        """A key that another attribute holds, as the text that stands in addresses.

        Keys of several columns are held as that text.
        """
        return self.encode_key((value,)) if len(self.primary_key) == 1 else str(value)

    def holds_key(self, name: str, key: str) -> sa.ColumnElement[bool]:
        """The condition that an attribute holds a key.

        :param key: as it stands in addresses.
        """
        text = key
        if len(self.primary_key) == 1:
            [text] = iterdecode(key)
        value = key_value(self.type_of(name), text)
        if value is None:
            return sa.false()
        condition: sa.ColumnElement[bool] = getattr(self.model, name) == value
        return condition

    def decode_key(self, text: str) -> tuple[t.Any, ...] | None:
        """The primary key that :meth:`encode_key` wrote, ``None`` for anything else."""
        parts = iterdecode(text)
        if len(parts) != len(self.primary_key):
            return None
        values = []
        for key_type, part in zip(self._key_types, parts, strict=True):
            value = key_value(key_type, part)
            if value is None:
                return None
            values.append(value)
        return tuple(values)

    def named(self, text: object) -> sa.ColumnElement[bool]:
        """The condition that a row has the primary key that this text stands for.

        Nothing meets it where the text is no key: what is malformed is looked for
        as what is missing is.
        """
        key = self.decode_key(text) if isinstance(text, str) else None
        return sa.false() if key is None else self.key_condition(key)

    def named_by_parameters(self) -> sa.ColumnElement[bool]:
        """The condition of :meth:`named`, with parameters as its values."""
        return self.key_condition([sa.bindparam(name) for name in self._key_names])

    def keys_before(self) -> sa.ColumnElement[bool]:
        """The condition that a row's primary key is smaller than that of parameters."""
        return self._keys_beside(lambda column, value: column < value)

    def keys_after(self) -> sa.ColumnElement[bool]:
        """The condition that a row's primary key is larger than that of parameters."""
        return self._keys_beside(lambda column, value: column > value)

    def _keys_beside(
        self, compare: cabc.Callable[[t.Any, t.Any], sa.ColumnElement[bool]]
    ) -> sa.ColumnElement[bool]:
        pairs: list[tuple[t.Any, t.Any]] = [
            (column, sa.bindparam(name))
            for column, name in zip(self.primary_key, self._key_names, strict=True)
        ]
        return sa.or_(
            *(
                sa.and_(*(c == v for c, v in pairs[:place]), compare(*pairs[place]))
                for place in range(len(pairs))
            )
        )

    def key_parameters(self, text: str) -> dict[str, t.Any]:
        """The values of the parameters of :meth:`named_by_parameters`.

        They are null where the text is no key, which no row's key equals.
        """
        key = self.decode_key(text) or (None,) * len(self._key_names)
        return dict(zip(self._key_names, key, strict=True))

    def among(
        self, keys: cabc.Collection[cabc.Sequence[t.Any]]
    ) -> sa.ColumnElement[bool]:
        """The condition that a row has one of these primary keys.

        It is the same statement for any number of them.
        """
        if len(self.primary_key) == 1:
            column: sa.ColumnElement[t.Any] = self.primary_key[0]
            return column.in_([key[0] for key in keys])
        return sa.tuple_(*self.primary_key).in_([tuple(key) for key in keys])

    def key_condition(self, key: cabc.Sequence[t.Any]) -> sa.ColumnElement[bool]:
        """The condition that a row has this primary key."""
        return sa.and_(
            *(
                column == value
                for column, value in zip(self.primary_key, key, strict=True)
            )
        )

    def key_columns(self) -> list[sa.ColumnElement[t.Any]]:
        """The primary key's columns as the driver gives them."""
        return [_AsStored(column) for column in self.primary_key]

    def stored_key(self, values: cabc.Sequence[t.Any]) -> tuple[t.Any, ...]:
        """Raw values of :meth:`key_columns` as people and addresses know them."""
        return tuple(map(stored_id, self._key_types, values))


class _AsStored(FunctionElement[t.Any]):
    """A value as the driver gives it."""

    type = sa.types.NullType()
    inherit_cache = True


@compiles(_AsStored)
def _bare(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_AsStored, "sqlite")
def _bare_in_bytes(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    # Any column may hold text, and the driver refuses what is not UTF-8.
    bare = _bare(element, compiler, **options)
    return f"CASE typeof({bare}) WHEN 'text' THEN CAST({bare} AS BLOB) ELSE {bare} END"


class _Beginning(FunctionElement[t.Any]):
    """The first characters of a text, as the driver gives them."""

    type = sa.types.NullType()
    inherit_cache = True


@compiles(_Beginning)
def _substr(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)})"


@compiles(_Beginning, "sqlite")
def _substr_in_bytes(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    # The driver refuses text that is not UTF-8, and the whole result with it.
    return f"CAST({_substr(element, compiler, **options)} AS BLOB)"


def beginning(column: t.Any, characters: int) -> sa.ColumnElement[t.Any]:
    """The first characters of a column as text, whatever its bytes."""
    limits: t.Any = (sa.literal_column("1"), sa.literal_column(str(characters)))
    return _Beginning(sa.cast(column, sa.Text), *limits)


class _LetterByLetter(FunctionElement[t.Any]):
    """A text as something that is equal to no other text."""

    type = sa.types.NullType()
    inherit_cache = True


@compiles(_LetterByLetter)
def _as_text(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_LetterByLetter, "sqlite")
def _as_blob(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"CAST({_as_text(element, compiler, **options)} AS BLOB)"


@compiles(_LetterByLetter, "postgresql")
def _by_code_point(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f'({_as_text(element, compiler, **options)} COLLATE "C")'


@compiles(_LetterByLetter, "mysql")
@compiles(_LetterByLetter, "mariadb")
def _as_bytes(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    text = _as_text(element, compiler, **options)
    return f"CAST(CONVERT({text} USING utf8mb4) AS BINARY)"


def letter_by_letter(text: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """A text to be grouped and sorted by, whatever a collation overlooks."""
    return _LetterByLetter(text)


class _Characters(FunctionElement[int]):
    """How many characters a text has."""

    type = sa.Integer()
    inherit_cache = True


@compiles(_Characters)
def _length(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"length({compiler.process(element.clauses, **options)})"


@compiles(_Characters, "mysql")
@compiles(_Characters, "mariadb")
def _char_length(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    # Their length() counts bytes.
    return f"char_length({compiler.process(element.clauses, **options)})"


def _by_column(entity: t.Any, mapper: orm.Mapper[t.Any], column: t.Any) -> t.Any:
    return getattr(entity, mapper.get_property_by_column(column).key)


def key_value(column_type: t.Any, text: str) -> t.Any:
    """An id as a column of this type has it; ``None`` for what cannot be one."""
    if not text or len(text) > TEXT_LIMIT or "\0" in text:
        return None
    try:
        text.encode()
        return _reader_of(column_type)(text)
    except (ArithmeticError, ValueError):
        return None


def _reader_of(column_type: t.Any) -> cabc.Callable[[str], t.Any]:
    if isinstance(column_type, sa.Uuid):
        return uuid.UUID if column_type.as_uuid else lambda text: str(uuid.UUID(text))
    if isinstance(column_type, sa.Enum):
        return lambda text: column_type.enums[column_type.enums.index(text)]
    for kind, reader in _READERS.items():
        if isinstance(column_type, kind):
            return reader
    return str


def _finite(number: t.Any) -> t.Any:
    """The number, unless it is none that a row can have.

    :raises ValueError: it is infinite, or not a number.
    """
    if not math.isfinite(number):
        raise ValueError(number)
    return number


_READERS: dict[type[t.Any], cabc.Callable[[str], t.Any]] = {
    sa.Integer: whole_number,
    sa.Float: lambda text: _finite(float(text)),
    sa.Numeric: lambda text: _finite(decimal.Decimal(text)),
    sa.DateTime: dt.datetime.fromisoformat,
    sa.Date: dt.date.fromisoformat,
}


def _missing(model: type[t.Any], name: str, mapper: orm.Mapper[t.Any]) -> str:
    columns = ", ".join(sorted(mapper.column_attrs.keys()))
    hint = (
        " An app without workspaces says so: OpsRefresh(..., workspaces=False)."
        if name == "workspace_id"
        else ""
    )
    return (
        f"{model.__name__} has no attribute {name!r}. If the app calls it otherwise, "
        f"map it: {name} = sqlalchemy.orm.synonym('...') on {model.__name__}, whose "
        f"columns are {columns}.{hint}"
    )
