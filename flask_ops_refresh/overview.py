"""The overview's figures: what is active now, and how the last day's runs ended.

The database counts; there are two SELECTs at most: one for all figures, and one for
the latest failures, where the first has counted any.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import datetime as dt
import functools
import typing as t

import sqlalchemy as sa

from .model_mapping import letter_by_letter
from .narrowing import Narrowing
from .operation_runs import RunInstances
from .operation_runs import RunReader
from .operation_runs import RunRow
from .prepared_select import PreparedSelect
from .scope import own_parameter
from .scope import Scope
from .stored_values import read_datetime
from .stored_values import read_text
from .stored_words import rarely
from .time_expressions import hour_as_text
from .time_expressions import hour_of
from .time_expressions import in_utc
from .time_expressions import knows_zone
from .time_expressions import seconds_between

#: How a run can end, from the foot of a bar upwards.
OUTCOMES = ("failed", "partial", "succeeded")
#: Hours of the chart, the current one among them.
HOURS = 24
#: Types whose durations are shown: those of the most runs.
MOST_TYPES = 12
#: Failures shown, the newest.
MOST_FAILURES = 5

_ACTIVE = ("queued", "running")
_FAILURES = ("failed", "partial")
_HOUR = dt.timedelta(hours=1)
# A run that took longer has a time that is wrong.
_LONGEST = dt.timedelta(days=366)

_SINCE = own_parameter("since")
_UNTIL = own_parameter("until")
_EARLIEST = own_parameter("earliest")
_LATEST = own_parameter("latest")
_AWAITED_AFTER = own_parameter("awaited_after")

# As narrow as the scope, and no narrower.
_AS_IT_IS = Narrowing()


@dataclasses.dataclass(frozen=True)
class Window:
    """The hours of the chart: 24 of the clock in UTC, the last of them under way."""

    now: dt.datetime

    @property
    def hours(self) -> list[dt.datetime]:
        """When each of them began."""
        current = self.now.replace(minute=0, second=0, microsecond=0)
        return [current - ago * _HOUR for ago in reversed(range(HOURS))]

    @property
    def since(self) -> dt.datetime:
        """When the first of them began."""
        return self.hours[0]


class TypeFigures(t.NamedTuple):
    """How long the runs of a type took.

    :param ended: how many ended, those too whose times do not tell how long it took.
    :param slowest_key: the primary key of the slowest as it stands in addresses.
    """

    type: str
    ended: int
    median: float | None = None
    slowest: float | None = None
    slowest_key: str = ""


class Figures:
    """The figures, as the rows of one SELECT have them.

    :param stop_after_seconds: the age from which an active run is not polled for.
    """

    def __init__(
        self,
        reader: RunReader,
        window: Window,
        rows: cabc.Sequence[sa.Row[t.Any]],
        stop_after_seconds: float | None,
    ) -> None:
        self._runs = reader.runs
        self._stops = stop_after_seconds is not None
        self.window = window
        #: All of it: what a version is made of.
        self.stored_values: tuple[t.Any, ...] = tuple(map(tuple, rows))
        self._parts: dict[str, list[sa.Row[t.Any]]] = {}
        for row in rows:
            self._parts.setdefault(str(row.part), []).append(row)

    @functools.cached_property
    def active(self) -> dict[str, int]:
        """How many are queued, and how many run."""
        found = {_ACTIVE[row.place]: row.amount for row in self._part("now")}
        return {status: found.get(status, 0) for status in _ACTIVE}

    @property
    def any_awaited(self) -> bool:
        """Whether any of them is polled for."""
        rows = self._part("now")
        return any(row.measured if self._stops else row.amount for row in rows)

    @functools.cached_property
    def hours(self) -> list[tuple[dt.datetime, dict[str, int]]]:
        """How many ended in which way in each hour."""
        counted: dict[dt.datetime | None, dict[str, int]] = {}
        for row in self._part("hour"):
            ended = counted.setdefault(read_datetime(row.name), {})
            # Two forms of a time may read as one hour.
            name = OUTCOMES[row.place]
            ended[name] = ended.get(name, 0) + row.amount
        none: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
        return [(hour, none | counted.get(hour, {})) for hour in self.window.hours]

    @functools.cached_property
    def ended(self) -> dict[str, int]:
        """How many ended in which way in all of the hours."""
        return {name: sum(each[name] for _, each in self.hours) for name in OUTCOMES}

    @functools.cached_property
    def types(self) -> list[TypeFigures]:
        """The types of the most runs, those of most first."""
        by_place: dict[int, list[sa.Row[t.Any]]] = {}
        for row in self._part("type"):
            by_place.setdefault(row.place, []).append(row)
        return [self._type(by_place[place]) for place in sorted(by_place)[:MOST_TYPES]]

    @property
    def has_more_types(self) -> bool:
        """Whether there are types beside those."""
        return any(row.place > MOST_TYPES for row in self._part("type"))

    def _part(self, name: str) -> list[sa.Row[t.Any]]:
        return self._parts.get(name, [])

    def _type(self, rows: list[sa.Row[t.Any]]) -> TypeFigures:
        """A type by its slowest run, and by those in the middle."""
        slowest = min(rows, key=lambda row: row.nth)
        measured, name = slowest.measured, read_text(slowest.name) or ""
        middle = [row.seconds for row in rows if row.is_middle]
        # MariaDB, which sorts by the first kilobyte, may know none of a long type.
        if not measured or not middle:
            return TypeFigures(name, slowest.amount)
        keys = slowest[-len(self._runs.primary_key) :]
        return TypeFigures(
            name,
            slowest.amount,
            round(sum(middle) / len(middle), 6),
            round(slowest.seconds, 6),
            self._runs.encode_key(self._runs.stored_key(keys)),
        )


class OverviewReader:
    """Counts the runs in a scope.

    :param reader: what reads the app's runs.
    """

    def __init__(self, reader: RunReader) -> None:
        self._reader = reader
        self._runs = reader.runs
        self._ended_at: t.Any = self._runs.moment("completed_at")
        #: Whether the model tells when a run ended, and how.
        self.knows_ends: bool = self._ended_at is not None and any(
            reader.statuses.is_told(name, by_outcome=self._runs.has("outcome"))
            for name in OUTCOMES
        )
        self._figures = PreparedSelect(self._select_figures, self._runs.model)
        self._failures = PreparedSelect(self._select_failures)

    def figures(
        self,
        session: t.Any,
        scope: Scope,
        now: dt.datetime,
        stop_after_seconds: float | None,
        narrowing: Narrowing | None = None,
    ) -> Figures:
        """All figures, by one SELECT.

        :param stop_after_seconds: the age from which an active run is not polled for.
        """
        window = Window(now)
        values = {
            **self._values(window.since, now),
            _EARLIEST: (now - _LONGEST).replace(tzinfo=None),
            _LATEST: now.replace(tzinfo=None),
            _AWAITED_AFTER: _before(now, stop_after_seconds or 0),
        }
        select = self._figures
        if narrowing is not None:
            select = PreparedSelect(
                lambda each: self._select_figures(each, narrowing), self._runs.model
            )
        rows = select.run(session, scope, values).all()
        return Figures(self._reader, window, rows, stop_after_seconds)

    def failures(
        self,
        session: t.Any,
        scope: Scope,
        figures: Figures,
        instances: RunInstances,
        narrowing: Narrowing | None = None,
    ) -> list[RunRow]:
        """The latest failures, by one SELECT; by none where none was counted."""
        since = _latest_failures_since(figures)
        if since is None:
            return []
        values = self._values(since, figures.window.now)
        select = self._failures
        if narrowing is not None:
            select = PreparedSelect(lambda each: self._select_failures(each, narrowing))
        found = select.run(session, scope, values)
        return [self._reader.row(stored, instances) for stored in found]

    def _values(self, since: dt.datetime, until: dt.datetime) -> dict[str, t.Any]:
        zone = dt.UTC if knows_zone(self._ended_at) else None
        return {
            _SINCE: since.replace(tzinfo=zone),
            _UNTIL: until.replace(tzinfo=zone),
        }

    def _select_failures(
        self, scope: Scope, narrowing: Narrowing = _AS_IT_IS
    ) -> sa.Select[t.Any]:
        in_scope = [*scope.criteria(self._runs.model), *narrowing.conditions]
        newest = [self._ended_at, *self._runs.primary_key]
        return (
            sa.select(*self._reader.columns(detail=False, every=False))
            .where(*in_scope, self._is_in_window(), self._is_one_of(_FAILURES))
            .order_by(*(column.desc() for column in newest))
            .limit(MOST_FAILURES)
            .options(*narrowing.options)
        )

    def _select_figures(
        self, scope: Scope, narrowing: Narrowing = _AS_IT_IS
    ) -> sa.SelectBase:
        """The rows of each part below one another, in columns that they share."""
        in_scope = [*scope.criteria(self._runs.model), *narrowing.conditions]
        no_key = [sa.null()] * len(self._runs.primary_key)
        active = (
            sa.select(self._place_among(_ACTIVE), self._is_awaited())
            .where(*in_scope, rarely(self._is_one_of(_ACTIVE)))
            .subquery("active")
        )
        awaited, amount = sa.func.sum(active.c.awaited), sa.func.count()
        now = _row("now", no_key, place=active.c.place, amount=amount, measured=awaited)
        now = now.group_by(active.c.place)
        if not self.knows_ends:
            return now.options(*narrowing.options)
        ended = (
            sa.select(*self._of_ended())
            .where(*in_scope, self._is_in_window())
            .cte("ended")
        )
        counted = _counted(ended)
        # Types come first: of what type the others' missing keys are, nothing says.
        parts = (_types(ended, counted), _hours(counted, no_key), now)
        return sa.union_all(*parts).options(*narrowing.options)

    def _time(self, name: str) -> sa.ColumnElement[t.Any] | None:
        moment = self._runs.moment(name)
        return None if moment is None else in_utc(moment)

    def _is_one_of(self, names: cabc.Collection[str]) -> sa.ColumnElement[bool]:
        stored = (self._runs.word("status"), self._runs.word("outcome"))
        return self._reader.statuses.condition_of_any(names, *stored)

    def _place_among(self, names: cabc.Sequence[str]) -> sa.Label[t.Any]:
        """Where a row's status stands among these; the last is the one to expect."""
        whens = [(self._is_one_of([name]), place) for place, name in enumerate(names)]
        return sa.case(*reversed(whens)).label("place")

    def _is_awaited(self) -> sa.Label[int]:
        """1 of a row that is younger than the age to give up at."""
        created_at = self._time("created_at")
        if created_at is None:
            # As a missing one it is the oldest.
            return sa.literal_column("0").label("awaited")
        # What is later than all times is none.
        is_time = created_at <= sa.literal(dt.datetime.max)
        is_young = sa.and_(created_at > _value(_AWAITED_AFTER), is_time)
        return sa.case((is_young, 1), else_=0).label("awaited")

    def _is_in_window(self) -> sa.ColumnElement[bool]:
        """That a run has ended since a time, and that its end does not lie ahead."""
        ended_at = self._ended_at
        window = (sa.bindparam(name, type_=ended_at.type) for name in (_SINCE, _UNTIL))
        within: sa.ColumnElement[bool] = ended_at.between(*window)
        return within

    def _of_ended(self) -> list[sa.Label[t.Any]]:
        keys = enumerate(self._runs.key_columns())
        return [
            letter_by_letter(_or_empty(self._runs.text("type"))).label("type"),
            hour_of(self._ended_at).label("hour"),
            self._place_among(OUTCOMES),
            self._seconds().label("seconds"),
            *(column.label(f"key_{number}") for number, column in keys),
        ]

    def _seconds(self) -> sa.ColumnElement[t.Any]:
        """How long a run took; less than none where its times do not tell."""
        times = [self._time(name) for name in ("started_at", "created_at")]
        known = [moment for moment in times if moment is not None]
        if not known:
            return _UNTOLD
        start = sa.func.coalesce(*known, type_=sa.DateTime()) if known[1:] else known[0]
        told = sa.func.coalesce(seconds_between(start, in_utc(self._ended_at)), _UNTOLD)
        is_sane = start.between(_value(_EARLIEST), _value(_LATEST))
        return sa.case((is_sane, told), else_=_UNTOLD)


_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_UNTOLD: sa.ColumnElement[float] = sa.literal_column("-1.0", sa.Float())


def _value(name: str) -> sa.BindParameter[dt.datetime]:
    return sa.bindparam(name, type_=sa.DateTime())


def _or_empty(text: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    return sa.func.coalesce(text, sa.literal_column("''"))


def _total(column: sa.ColumnElement[t.Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(column), sa.BigInteger)


def _row(
    part: str, keys: cabc.Iterable[sa.ColumnElement[t.Any]], **values: t.Any
) -> sa.Select[t.Any]:
    """A SELECT of the columns that all parts share."""
    columns: list[sa.Label[t.Any]] = [
        sa.literal_column(f"'{part}'", sa.String()).label("part"),
        *(value.label(name) for name, value in {**_NO_VALUES, **values}.items()),
        *(column.label(f"key_{number}") for number, column in enumerate(keys)),
    ]
    return sa.select(*columns)


_NO_VALUES: dict[str, sa.ColumnElement[t.Any]] = {
    "name": sa.null(),
    "place": _ZERO,
    "amount": _ZERO,
    "measured": _ZERO,
    "nth": _ZERO,
    "is_middle": _ZERO,
    "seconds": sa.null(),
}


def _keys(source: sa.FromClause) -> list[sa.ColumnElement[t.Any]]:
    return [column for column in source.c if column.key.startswith("key_")]


def _counted(ended: sa.CTE) -> sa.CTE:
    """How many of each type ended in which way in each hour, and how many tell more.

    What the other parts add up: few rows, whatever the number of runs.
    """
    by = (ended.c.type, ended.c.hour, ended.c.place)
    amount: sa.ColumnElement[int] = sa.func.count()
    measured = sa.func.sum(sa.case((ended.c.seconds >= 0, 1), else_=0))
    return (
        sa.select(*by, amount.label("amount"), measured.label("measured"))
        .where(ended.c.place.is_not(None))
        .group_by(*by)
        .cte("counted")
    )


def _hours(
    counted: sa.CTE, no_key: cabc.Iterable[sa.ColumnElement[t.Any]]
) -> sa.Select[t.Any]:
    by, amount = (counted.c.hour, counted.c.place), _total(counted.c.amount)
    name = hour_as_text(counted.c.hour)
    row = _row("hour", no_key, name=name, place=counted.c.place, amount=amount)
    return row.group_by(*by)


def _types(ended: sa.CTE, counted: sa.CTE) -> sa.Select[t.Any]:
    """Of each of the types of most runs the slowest run, and those in the middle."""
    most, ranked = _most(counted), _ranked(ended)
    is_middle = (2 * ranked.c.nth).between(most.c.measured, most.c.measured + 2)
    row = _row(
        "type",
        _keys(ranked),
        name=most.c.type,
        place=most.c.place,
        amount=most.c.amount,
        measured=most.c.measured,
        nth=ranked.c.nth,
        is_middle=sa.case((is_middle, 1), else_=0),
        seconds=ranked.c.seconds,
    )
    tells = sa.or_(ranked.c.nth == 1, is_middle)
    both = ranked.join(most, most.c.type == ranked.c.type)
    return row.select_from(both).where(most.c.place <= MOST_TYPES + 1, tells)


def _most(counted: sa.CTE) -> sa.Subquery:
    """The types, each with where it stands among them, that of most runs first."""
    kind, amount = counted.c.type, _total(counted.c.amount)
    place = sa.func.row_number().over(order_by=(amount.desc(), kind))
    measured = _total(counted.c.measured)
    return (
        sa.select(
            kind,
            amount.label("amount"),
            measured.label("measured"),
            place.label("place"),
        )
        .group_by(kind)
        .subquery("most")
    )


def _ranked(ended: sa.CTE) -> sa.Subquery:
    """Each run among those of its type, the slowest first, the untold last."""
    kind, seconds = ended.c.type, ended.c.seconds
    keys = _keys(ended)
    nth = sa.func.row_number().over(partition_by=kind, order_by=(seconds.desc(), *keys))
    return (
        sa.select(kind, seconds, nth.label("nth"), *keys)
        .where(ended.c.place.is_not(None))
        .subquery("ranked")
    )


def _before(now: dt.datetime, seconds: float) -> dt.datetime:
    """So many seconds ago; the beginning of all times where that is before it."""
    try:
        return (now - dt.timedelta(seconds=seconds)).replace(tzinfo=None)
    except OverflowError:
        return dt.datetime.min


def _latest_failures_since(figures: Figures) -> dt.datetime | None:
    """The hour before which none of the latest failures can have been."""
    counted, since = 0, None
    for hour, ended in reversed(figures.hours):
        found = sum(ended[name] for name in _FAILURES)
        if found and counted < MOST_FAILURES:
            counted, since = counted + found, hour
    return since
