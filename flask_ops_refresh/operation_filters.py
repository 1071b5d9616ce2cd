"""The filters of the operations list, and the choices they offer, in scope."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

import sqlalchemy as sa
from flask_admin.contrib.sqla import filters

from . import reader_locale
from .formatting import status_label
from .installation import Installation
from .installation import Installed
from .model_mapping import beginning
from .model_mapping import key_value
from .model_mapping import ModelMapping
from .scope import ALL_TENANTS
from .scope import Scope
from .statuses import StatusRules
from .stored_values import decoded
from .stored_values import read_text
from .stored_values import stored_id
from .stored_values import TEXT_LIMIT
from .translation import lazy_gettext

#: Choices offered in one filter.
_MOST_CHOICES = 200

Choices: t.TypeAlias = list[tuple[str, str]]


class PerRequest:
    """Choices that are made anew for each request that shows them."""

    def __init__(self, make: cabc.Callable[[], Choices]) -> None:
        self._make = make

    def __iter__(self) -> cabc.Iterator[tuple[str, str]]:
        return iter(self._make())


class _Equals(filters.BaseSQLAFilter):
    column: t.Any

    def __init__(
        self, column: t.Any, name: str, choices: cabc.Callable[[], Choices]
    ) -> None:
        super().__init__(column, name)
        self._choices = PerRequest(choices)

    def get_options(self, view: t.Any) -> t.Any:
        return self._choices

    def operation(self) -> t.Any:
        return lazy_gettext("equals")

    def apply(self, query: t.Any, value: t.Any, alias: t.Any = None) -> t.Any:
        return query.filter(self.column == value)


class StatusFilter(_Equals):
    """Runs of one normalised status."""

    def __init__(self, runs: ModelMapping, name: str, rules: StatusRules) -> None:
        super().__init__(
            runs.model.status,
            name,
            lambda: [(status, status_label(status)) for status in rules.normalised],
        )
        self._stored = (runs.word("status"), runs.word("outcome"))
        self._rules = rules

    def clean(self, value: str) -> str:
        """Refuse what is not a normalised status."""
        if value not in self._rules.normalised:
            raise ValueError(value)
        return value

    def apply(self, query: t.Any, value: str, alias: t.Any = None) -> t.Any:
        """Keep the runs whose stored words mean this status."""
        return query.filter(self._rules.condition(value, *self._stored))


class ValueFilter(_Equals):
    """Runs with one value of a column."""

    def clean(self, value: str) -> t.Any:
        """Read the value as the column's type has it."""
        read = key_value(self.column.type, value)
        if read is None:
            raise ValueError(value)
        return read


class _InUtc:
    """Times in a filter are in the reader's time zone; the column's may be naive."""

    column: t.Any

    def clean(self, value: str) -> t.Any:
        cleaned = super().clean(value)  # type: ignore[misc]
        if isinstance(cleaned, list):
            return [self._in_utc(moment) for moment in cleaned]
        return self._in_utc(cleaned)

    def _in_utc(self, moment: dt.datetime) -> dt.datetime:
        in_utc = reader_locale.from_reader(moment)
        knows_zone = getattr(self.column.type, "timezone", False)
        return in_utc if knows_zone else in_utc.replace(tzinfo=None)


class CreatedAfterFilter(_InUtc, filters.DateTimeGreaterFilter):
    """Runs created after a time."""


class CreatedBeforeFilter(_InUtc, filters.DateTimeSmallerFilter):
    """Runs created before a time."""


class CreatedBetweenFilter(_InUtc, filters.DateTimeBetweenFilter):
    """Runs created between two times."""


def run_filters(
    installed: Installed, runs: ModelMapping, rules: StatusRules
) -> list[filters.BaseSQLAFilter]:
    """The filters that the model's attributes allow."""
    model = runs.model

    def types() -> Choices:
        kind = runs.type_of("type")
        if isinstance(kind, sa.Enum):
            return [(name, name) for name in kind.enums]
        installation = installed()
        scope = installation.access.require()
        values = _distinct(installation, runs, scope, "type")
        return [(text, text) for text in map(read_text, values) if text]

    def tenants() -> Choices:
        installation = installed()
        return _tenants(installation, runs, installation.access.require())

    found: list[filters.BaseSQLAFilter] = [
        StatusFilter(runs, lazy_gettext("Status"), rules),
        ValueFilter(model.type, lazy_gettext("Type"), types),
    ]
    if runs.has("tenant_id"):
        found.append(ValueFilter(model.tenant_id, lazy_gettext("Tenant"), tenants))
    for kind in (CreatedBetweenFilter, CreatedAfterFilter, CreatedBeforeFilter):
        found.append(kind(model.created_at, lazy_gettext("Created")))
    return found


def _tenants(installation: Installation, runs: ModelMapping, scope: Scope) -> Choices:
    ids = scope.tenant_ids
    if ids is ALL_TENANTS:
        stored = _distinct(installation, runs, scope, "tenant_id")
        kind = runs.type_of("tenant_id")
        ids = [stored_id(kind, decoded(value)) for value in stored]
    names: dict[str, str] = {}
    labels = None
    if ids and runs.is_relationship("tenant"):
        labels = runs.related_labels(
            "tenant", "tenant_id", ids, workspace_id=scope.workspace_id
        )
    if labels is not None:
        rows = installation.get_session().execute(labels)
        names = {str(row[0]): read_text(row[1]) or str(row[0]) for row in rows}
    choices = [(str(each), names.get(str(each), str(each))) for each in ids]
    return sorted(choices[:_MOST_CHOICES], key=lambda choice: choice[1].casefold())


def _distinct(
    installation: Installation, runs: ModelMapping, scope: Scope, name: str
) -> list[t.Any]:
    """The values of a column in scope, each found by one step along its index.

    A plain ``SELECT DISTINCT`` would read every row of the workspace.
    """
    column = getattr(runs.model, name)
    in_scope = [*scope.criteria(runs.model), column.is_not(None)]

    def smallest(*more: sa.ColumnElement[bool]) -> t.Any:
        plain = sa.type_coerce(column, sa.types.NullType())
        select = sa.select(plain).where(*in_scope, *more)
        return select.order_by(column).limit(1).scalar_subquery()

    step = sa.select(smallest().label("value")).cte("step", recursive=True)
    following = smallest(column > step.c.value).label("value")
    step = step.union_all(sa.select(following).where(step.c.value.is_not(None)))
    value: t.Any = step.c.value
    if isinstance(column.type, sa.String):
        value = beginning(value, TEXT_LIMIT)
    found = sa.select(value).where(step.c.value.is_not(None))
    return list(installation.get_session().scalars(found.limit(_MOST_CHOICES)))
