"""The list as most people leave it open: the newest runs in scope, a page of them."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import functools
import typing as t

import sqlalchemy as sa

from .operation_runs import RunReader
from .prepared_select import PreparedSelect
from .scope import own_parameter
from .scope import Scope

_LIMIT = own_parameter("limit")
_OFFSET = own_parameter("offset")


class NewestRuns:
    """Reads a page of a list that nobody has sorted, searched or filtered.

    Its SELECT is put together once for each tab, as most of the polls of a list make
    it.

    :param reader: what reads the app's runs.
    :param every: whether to select every column of a run.
    """

    def __init__(self, reader: RunReader, *, every: bool) -> None:
        self._reader = reader
        self._columns = reader.columns(detail=False, every=every)
        self._selects = {
            tab: PreparedSelect(functools.partial(self._select, tab))
            for tab in reader.tabs.names
        }

    def page(
        self,
        session: t.Any,
        scope: Scope,
        now: dt.datetime,
        *,
        tab: str,
        page: int,
        size: int,
    ) -> cabc.Sequence[sa.Row[t.Any]]:
        """The runs of a page, with the tabs' counts."""
        counted = self._reader.tabs.parameters(scope, now)
        values = {_LIMIT: size, _OFFSET: page * size, **counted}
        return self._selects[tab].run(session, scope, values).all()

    def _select(self, tab: str, scope: Scope) -> sa.Select[t.Any]:
        runs, tabs = self._reader.runs, self._reader.tabs
        shown = [tabs.condition(tab)] if tab else []
        newest = (runs.model.created_at, *runs.primary_key)
        return (
            sa.select(*self._columns, *tabs.counts(scope))
            .where(*scope.criteria(runs.model), *shown)
            .order_by(*(column.desc() for column in newest))
            .limit(sa.bindparam(_LIMIT, type_=sa.Integer))
            .offset(sa.bindparam(_OFFSET, type_=sa.Integer))
        )
