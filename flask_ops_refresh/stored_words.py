"""Stored words compared with others, letter by letter, so that an index serves."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def holds(column: sa.ColumnElement[t.Any], word: str) -> sa.ColumnElement[bool]:
    """Whether a column holds this word."""
    kind = _Exactly if _may_hold(column, word) else _ExactlyForeign
    return kind(column, sa.literal(word))


def holds_one_of(
    column: sa.ColumnElement[t.Any], words: cabc.Iterable[str]
) -> sa.ColumnElement[bool]:
    """Whether a column holds one of some words, which an index finds in one go."""
    words = list(words)
    own = [word for word in words if _may_hold(column, word)]
    foreign = [holds(column, word) for word in words if word not in own]
    among = [_Among(column, *map(sa.literal, own))] if own else []
    return sa.or_(sa.false(), *among, *foreign)


def rarely(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A condition that few rows meet, so that its index is the one to use.

    SQLite knows how many words there are, and not how often each of them is stored:
    of an index of few words it expects little.
    """
    return _Rarely(condition)


def _may_hold(column: sa.ColumnElement[t.Any], word: str) -> bool:
    return not isinstance(column, EnumWord) or word in column.labels


class EnumWord(FunctionElement[str]):
    """The stored word of a column whose type is an Enum.

    Compared with one of its labels, an index of the column serves.
    """

    type: t.Any = sa.String()
    inherit_cache: bool | None = True

    def __init__(self, column: t.Any) -> None:
        super().__init__(column)
        self.labels: frozenset[str] = frozenset(column.type.enums)

    @property
    def column(self) -> t.Any:
        """The column itself."""
        return next(iter(self.clauses))

    @property
    def is_native(self) -> bool:
        """Whether it is a type of the database's own, where that has such types."""
        return bool(self.column.type.native_enum)


@compiles(EnumWord)
def _bare(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return str(compiler.process(element.column, **options))


@compiles(EnumWord, "postgresql")
def _as_text(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    bare = _bare(element, compiler, **options)
    return f"CAST({bare} AS VARCHAR)" if element.is_native else bare


def _compared_as_labels(
    element: t.Any, compiler: t.Any, options: t.Any
) -> list[str] | None:
    """Column and words for PostgreSQL, whose own Enums equal nothing but labels."""
    column, *words = element.clauses
    if not isinstance(column, EnumWord) or not column.is_native:
        return None
    kind = column.column.type
    compared = (column.column, *(sa.cast(word, kind) for word in words))
    return [compiler.process(each, **options) for each in compared]


class _Condition(FunctionElement[bool]):
    """A condition in each database's own words."""

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: t.Any = None) -> t.Any:
        """Stand as it is: "(a = b) = 1", as SQLAlchemy would have it, uses no index."""
        return self


class _Exactly(_Condition):
    """A column holds a word, letter by letter."""

    inherit_cache = True


class _Among(_Condition):
    """A column holds one of some words, letter by letter."""

    inherit_cache = True


class _Rarely(_Condition):
    """A condition that few rows meet."""

    inherit_cache = True


@compiles(_Among)
def _in(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    column, *words = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN ({', '.join(words)})"


@compiles(_Among, "postgresql")
def _in_labels(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    compared = _compared_as_labels(element, compiler, options)
    if compared is None:
        return _in(element, compiler, **options)
    column, *labels = compared
    return f"{column} IN ({', '.join(labels)})"


@compiles(_Among, "mysql")
@compiles(_Among, "mariadb")
def _in_bytes(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    column, *words = (
        f"CONVERT({compiler.process(each, **options)} USING utf8mb4)"
        for each in element.clauses
    )
    in_bytes = f"BINARY {column} IN ({', '.join(words)})"
    return f"({_in(element, compiler, **options)} AND {in_bytes})"


@compiles(_Rarely)
def _as_it_is(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


@compiles(_Rarely, "sqlite")
def _unlikely(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"likelihood({compiler.process(element.clauses, **options)}, 0.0001)"


@compiles(_Exactly)
def _equals(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    column, word = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = {word}"


@compiles(_Exactly, "postgresql")
def _equals_label(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    compared = _compared_as_labels(element, compiler, options)
    return " = ".join(compared) if compared else _equals(element, compiler, **options)


class _ExactlyForeign(_Exactly):
    """A column of an Enum holds a word that is none of its labels."""

    inherit_cache = True


@compiles(_ExactlyForeign, "postgresql")
def _equals_no_label(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    column, _ = element.clauses
    return "false" if column.is_native else _equals(element, compiler, **options)


@compiles(_Exactly, "mysql")
@compiles(_Exactly, "mariadb")
def _equals_in_bytes(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    # Their collations overlook case and trailing blanks; an index still serves
    # the first half. Bytes tell nothing unless both sides are encoded alike.
    equals = _equals(element, compiler, **options)
    column, word = (
        f"CONVERT({compiler.process(each, **options)} USING utf8mb4)"
        for each in element.clauses
    )
    return f"({equals} AND BINARY {column} = {word})"
