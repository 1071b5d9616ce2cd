"""The list's quick filters: which runs each of them shows, and how many there are."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

import sqlalchemy as sa

from .model_mapping import ModelMapping
from .scope import own_parameter
from .scope import Scope
from .scope import ScopeKind
from .statuses import is_active
from .statuses import StatusRules
from .stored_words import rarely

ACTIVE = "active"
FAILED = "failed"

#: Runs that are looked at to tell how many a tab has.
MOST_COUNTED = 100

#: How old a run may be to be counted among those that failed.
RECENTLY = dt.timedelta(hours=24)

TabCounts: t.TypeAlias = "dict[str, int]"
_Columns: t.TypeAlias = "list[sa.Label[t.Any]]"

_SINCE = own_parameter("failed_since")
_ONE: sa.ColumnElement[int] = sa.literal_column("1")
_STORED = "stored_count_%s"


class OperationTabs:
    """What the tabs of one model's runs stand for.

    :param runs: what the extension uses of the model.
    :param statuses: the rules of its statuses.
    """

    def __init__(self, runs: ModelMapping, statuses: StatusRules) -> None:
        self._runs = runs
        stored = (runs.word("status"), runs.word("outcome"))
        active = tuple(filter(is_active, statuses.normalised))
        self._shown = {
            ACTIVE: statuses.condition_of_any(active, *stored),
            FAILED: statuses.condition_of_any(("failed",), *stored),
        }
        # A page of a backlog, newest first, is read along the other index.
        self._counted = {ACTIVE: [rarely(self._shown[ACTIVE])]}
        created_at = runs.moment("created_at")
        if created_at is not None:
            is_recent = created_at >= sa.bindparam(_SINCE, type_=created_at.type)
            self._counted[FAILED] = [self._shown[FAILED], is_recent]
            self._knows_zone = created_at.type.timezone
        self._prepared: dict[ScopeKind, _Columns] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All tabs; that of all runs has no name."""
        return ("", *self._shown)

    def chosen(self, args: cabc.Mapping[str, str]) -> str:
        """The tab that an address names; empty for all runs, and for any other word."""
        name = args.get("tab", "")
        return name if name in self._shown else ""

    def condition(self, name: str) -> sa.ColumnElement[bool]:
        """Whether a run stands on this tab."""
        return self._shown[name]

    def counts(self, scope: Scope) -> _Columns:
        """Columns that tell how many runs in scope the tabs have.

        They are read with the rows of a page, and no more than :data:`MOST_COUNTED`
        runs are looked at for each. Their values are those of :meth:`parameters`.
        """
        columns = self._prepared.get(scope.kind)
        if columns is None:
            criteria = scope.with_parameters().criteria(self._runs.model)
            each = sa.select(_ONE).select_from(self._runs.model).where(*criteria)
            columns = self._prepared[scope.kind] = [
                _how_many(name, each.where(*self._counted[name]))
                for name in self._counted
            ]
        return columns

    def counts_within(self, get_query: cabc.Callable[[], t.Any]) -> _Columns:
        """The columns of :meth:`counts` of what a view's own query leaves."""
        each = get_query().with_entities(*self._runs.primary_key)
        return [
            _how_many(name, each.filter(*conditions))
            for name, conditions in self._counted.items()
        ]

    def parameters(self, scope: Scope, now: dt.datetime) -> dict[str, t.Any]:
        """The values of the parameters of :meth:`counts`."""
        values = scope.parameters()
        if FAILED in self._counted:
            since = now - RECENTLY
            values[_SINCE] = since if self._knows_zone else since.replace(tzinfo=None)
        return values

    def read(self, stored: cabc.Mapping[t.Any, t.Any]) -> TabCounts:
        """How many runs the tabs have, of a row with the columns of :meth:`counts`."""
        return {name: int(stored.get(_STORED % name) or 0) for name in self._counted}


def only(columns: _Columns) -> sa.Select[t.Any]:
    """A SELECT of the counts alone, for a page that has no row."""
    return sa.select(*columns)


def _how_many(name: str, matching: t.Any) -> sa.Label[t.Any]:
    """The number of some runs, by adding up a bounded number of them."""
    some = matching.limit(MOST_COUNTED).subquery()
    added_up = sa.select(sa.func.sum(_ONE)).select_from(some).scalar_subquery()
    return added_up.label(_STORED % name)
