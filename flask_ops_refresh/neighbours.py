"""The runs before and after one: of its type, in scope, by when they were created."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa

from .model_mapping import ModelMapping
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
        self._prepared = PreparedSelect(self._select)

    def read(
        self, session: t.Any, scope: Scope, run: RunRow, query: t.Any = None
    ) -> Neighbours:
        """The runs beside a run.

        :param query: the view's own query, where it shows less than the scope has.
        """
        key = dict(self._runs.key_parameters(run.key))
        if query is None:
            found = self._prepared.run(session, scope, key).all()
        else:
            narrowed = query.order_by(None).with_entities(*self._columns).statement
            found = session.execute(self._beside(scope, narrowed), key).all()
        nearest: dict[str, StoredRow] = {}
        for row in sorted(found, key=lambda row: int(row.step)):
            side = _SIDES[int(row.step)]
            nearest.setdefault(side, StoredRow(self._runs, self._statuses, row))
        return Neighbours(nearest.get(_PREVIOUS), nearest.get(_NEXT))

    def _select(self, scope: Scope) -> t.Any:
        in_scope = scope.select(self._runs.model)
        return self._beside(scope, in_scope.with_only_columns(*self._columns))

    def _beside(self, scope: Scope, runs: sa.Select[t.Any]) -> t.Any:
        """The nearest among these runs to the one that the parameters name."""
        model = self._runs.model
        itself = [*scope.criteria(model), self._runs.named_by_parameters()]

        def own(column: t.Any) -> t.Any:
            found = sa.select(column).where(*itself)
            return found.correlate(None).scalar_subquery()

        of_type = model.type == own(model.type)
        found = []
        for number, (condition, order) in enumerate(self._steps(own(model.created_at))):
            step = runs.add_columns(sa.literal_column(str(number)).label("step"))
            step = step.where(of_type, condition).order_by(*order).limit(1)
            nearest = step.subquery()
            found.append(sa.select(nearest))
        return sa.union_all(*found)

    def _steps(
        self, created: t.Any
    ) -> cabc.Iterator[tuple[sa.ColumnElement[bool], list[t.Any]]]:
        """Where to look for one, in the order of ``_SIDES``: condition and order.

        An equality, or a range, of one column each, so that any index serves.
        """
        column = self._runs.model.created_at
        keys = self._runs.primary_key
        falling, rising = [key.desc() for key in keys], [key.asc() for key in keys]
        smaller, larger = self._runs.keys_before(), self._runs.keys_after()
        untimed = column.is_(None)
        yield sa.and_(column == created, smaller), falling
        yield column < created, [column.desc(), *falling]
        yield sa.and_(untimed, created.is_not(None)), falling
        yield sa.and_(untimed, created.is_(None), smaller), falling
        yield sa.and_(column == created, larger), rising
        yield column > created, [column.asc(), *rising]
        yield sa.and_(untimed, created.is_(None), larger), rising
        yield sa.and_(column.is_not(None), created.is_(None)), [column.asc(), *rising]


_SIDES = (_PREVIOUS,) * 4 + (_NEXT,) * 4
