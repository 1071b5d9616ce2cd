"""Points in time in SQL: compared, counted by the hour and subtracted, in UTC.

Each database does that in its own words, and none of them may fail over a value that
is no time: it has no hour then, and no distance to any other.
"""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from .model_mapping import beginning


def knows_zone(moment: sa.ColumnElement[t.Any] | None) -> bool:
    """Whether values to compare it with are aware; others are naive, in UTC."""
    return bool(getattr(getattr(moment, "type", None), "timezone", False))


def in_utc(moment: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """A point in time without a zone, to be compared with naive values."""
    if not knows_zone(moment):
        return sa.type_coerce(moment, sa.DateTime())
    return _InUtc(moment)


def hour_of(moment: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """The hour of the clock in UTC, in the form that is had in the least time."""
    return _Hour(in_utc(moment))


def hour_as_text(hour: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """An hour of :func:`hour_of` as the text of the time at which it began."""
    return _HourAsText(hour)


def seconds_between(
    start: sa.ColumnElement[t.Any], end: sa.ColumnElement[t.Any]
) -> sa.ColumnElement[float]:
    """Seconds from one time of :func:`in_utc` to another."""
    return _SecondsBetween(start, end)


class _InUtc(FunctionElement[t.Any]):
    """A time with a zone as one without."""

    type = sa.DateTime()
    inherit_cache = True


@compiles(_InUtc)
def _as_it_is(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_InUtc, "postgresql")
def _at_utc(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"({_as_it_is(element, compiler, **options)} AT TIME ZONE 'UTC')"


class _Hour(FunctionElement[t.Any]):
    """What the times of an hour have in common, and no others."""

    type = sa.types.NullType()
    inherit_cache = True


class _HourAsText(FunctionElement[t.Any]):
    """The same as text."""

    type = sa.types.NullType()
    inherit_cache = True


@compiles(_Hour)
def _cut_off(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"date_trunc('hour', {_as_it_is(element, compiler, **options)})"


@compiles(_HourAsText)
def _cast(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return f"CAST({_as_it_is(element, compiler, **options)} AS TEXT)"


@compiles(_Hour, "mysql")
@compiles(_Hour, "mariadb")
def _hours_since_1970(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    moment = _as_it_is(element, compiler, **options)
    return f"TIMESTAMPDIFF(HOUR, '1970-01-01', {moment})"


@compiles(_HourAsText, "mysql")
@compiles(_HourAsText, "mariadb")
def _since_1970(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    hours = _as_it_is(element, compiler, **options)
    return f"CAST(DATE_ADD('1970-01-01', INTERVAL {hours} HOUR) AS CHAR)"


@compiles(_Hour, "sqlite")
def _to_the_hour(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    [moment] = element.clauses
    return str(compiler.process(beginning(moment, 13), **options))


@compiles(_HourAsText, "sqlite")
def _is_text(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    return _as_it_is(element, compiler, **options)


class _SecondsBetween(FunctionElement[float]):
    """How many seconds lie between two times."""

    type = sa.Float()
    inherit_cache = True


def _both(element: t.Any, compiler: t.Any, **options: t.Any) -> tuple[str, str]:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return start, end


@compiles(_SecondsBetween)
def _by_epoch(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    start, end = _both(element, compiler, **options)
    return f"CAST(EXTRACT(EPOCH FROM ({end} - {start})) AS DOUBLE PRECISION)"


@compiles(_SecondsBetween, "mysql")
@compiles(_SecondsBetween, "mariadb")
def _by_difference(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    start, end = _both(element, compiler, **options)
    return f"(TIMESTAMPDIFF(MICROSECOND, {start}, {end}) / 1e6)"


@compiles(_SecondsBetween, "sqlite")
def _by_text(element: t.Any, compiler: t.Any, **options: t.Any) -> str:
    # Its days have milliseconds, and those rounded. "0.25" is what follows a second.
    start, end = _both(element, compiler, **options)
    days = f"{_sqlite_day(end)} - {_sqlite_day(start)}"
    parts = f"{_sqlite_fraction(end)} - {_sqlite_fraction(start)}"
    return f"(round(({days}) * 86400.0) + ({parts}))"


def _sqlite_day(moment: str) -> str:
    return f"julianday(substr({moment}, 1, 19))"


def _sqlite_fraction(moment: str) -> str:
    return f"('0' || substr({moment}, 20))"
