"""The runs before and after one: of its type, in scope, by when they were created."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa

from .model_mapping import ModelMapping
from .narrowing import options_of
from .operation_runs import RunRow
from .prepared_select import PreparedSelect
from .scope import Scope
from .statuses import StatusRules
from .stored_row import select_list
from .stored_row import StoredRow

_PREVIOUS, _NEXT = "previous", "next"


class Neighbours(t.NamedTuple):
    """The two runs beside one, each with its key and when it was created."""

    previous: StoredRow | None = None
    next: StoredRow | None = None


class NeighbourReader:
    """Finds the runs beside one with one SELECT, each by a step along the index.

    Runs follow each other by creation, those of one moment by their keys; those
    without such a time come before all others.

    :param runs: what the extension uses of the app's model.
    :param statuses: the rules of its statuses.
    """

    def __init__(self, runs: ModelMapping, statuses: StatusRules) -> None:
        self._runs = runs
        self._statuses = statuses
        self._columns = select_list(runs, {"created_at": runs.value("created_at")})
        self._timed = PreparedSelect(self._select_beside_timed, runs.model)
        self._any = PreparedSelect(self._select_beside_any, runs.model)

    def read(
        self, session: t.Any, scope: Scope, run: RunRow, query: t.Any = None
    ) -> Neighbours:
        """The runs beside a run.

        :param query: the view's own query, where it shows less than the scope has.
        """
        key = self._runs.key_parameters(run.key)
        is_timed = run.created_at is not None
        if query is None:
            prepared = self._timed if is_timed else self._any
            found = prepared.run(session, scope, key).all()
        else:
            narrowed = query.order_by(None).with_entities(*self._columns).statement
            beside = self._beside(scope, narrowed, is_timed=is_timed)
            beside = beside.options(*options_of(query))
            bind = {"mapper": self._runs.model}
            found = session.execute(beside, key, bind_arguments=bind).all()
        nearest: dict[str, StoredRow] = {}
        for row in sorted(found, key=lambda row: int(row.step)):
            side = _SIDES[int(row.step)]
            nearest.setdefault(side, StoredRow(self._runs, self._statuses, row))
        return Neighbours(nearest.get(_PREVIOUS), nearest.get(_NEXT))

    def _select_beside_timed(self, scope: Scope) -> t.Any:
        return self._beside(scope, self._in_scope(scope), is_timed=True)

    def _select_beside_any(self, scope: Scope) -> t.Any:
        return self._beside(scope, self._in_scope(scope), is_timed=False)

    def _in_scope(self, scope: Scope) -> sa.Select[t.Any]:
        return scope.select(self._runs.model).with_only_columns(*self._columns)

    def _beside(self, scope: Scope, runs: sa.Select[t.Any], *, is_timed: bool) -> t.Any:
        """The nearest among these runs to the one that the parameters name.

        :param is_timed: that one has a time of creation for certain.
        """
        model = self._runs.model
        itself = [*scope.criteria(model), self._runs.named_by_parameters()]

        def own(column: t.Any) -> t.Any:
            found = sa.select(column).where(*itself)
            return found.correlate(None).scalar_subquery()

        of_type = model.type == own(model.type)
        steps = [*self._steps(own(model.created_at))]
        found = []
        for number, (condition, order) in enumerate(steps[:5] if is_timed else steps):
            step = runs.add_columns(sa.literal_column(str(number)).label("step"))
            step = step.where(of_type, condition).order_by(*order).limit(1)
            nearest = step.subquery()
            found.append(sa.select(nearest))
        return sa.union_all(*found)

    def _steps(
        self, created: t.Any
    ) -> cabc.Iterator[tuple[sa.ColumnElement[bool], list[t.Any]]]:
        """Where to look for one, in the order of ``_SIDES``: condition and order.

        One range of one column each, and always the same order, so that the index
        serves in every database.
        """
        column = self._runs.model.created_at
        columns = [column, *self._runs.primary_key]
        falling = [each.desc() for each in columns]
        rising = [each.asc() for each in columns]
        smaller, larger = self._runs.keys_before(), self._runs.keys_after()
        untimed, has_none = column.is_(None), created.is_(None)
        yield sa.and_(column == created, smaller), falling
        yield column < created, falling
        yield sa.and_(column == created, larger), rising
        yield column > created, rising
        yield sa.and_(untimed, created.is_not(None)), falling
        # Those beside one that has no time.
        yield sa.and_(untimed, has_none, smaller), falling
        yield sa.and_(untimed, has_none, larger), rising
        yield sa.and_(column.is_not(None), has_none), rising


_SIDES = (_PREVIOUS, _PREVIOUS, _NEXT, _NEXT, _PREVIOUS, _PREVIOUS, _NEXT, _NEXT)
