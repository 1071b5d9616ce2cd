"""Operation runs as rows: one SELECT that version and page both come from."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import functools
import itertools
import typing as t

import sqlalchemy as sa

from .json_view import read_object
from .model_mapping import ModelMapping
from .operation_tabs import OperationTabs
from .operation_tabs import TabCounts
from .prepared_select import PreparedSelect
from .scope import Scope
from .statuses import StatusRules
from .stored_row import select_list
from .stored_row import StoredRow
from .stored_values import decoded
from .stored_values import printable
from .stored_values import read_count
from .stored_values import read_text
from .stored_values import stored_id

REQUIRED = ("workspace_id", "type", "status", "created_at")
OPTIONAL = (
    "tenant_id",
    "tenant",
    "outcome",
    "context",
    "summary_counts",
    "failure_summary",
    "started_at",
    "completed_at",
    "updated_at",
    "user",
    "retry_of_id",
)

#: Counts shown of one run.
_SHOWN_COUNTS = 30
#: Characters of counts that are read once for many rows and pages.
_SHORT = 500
_TIMES = ("created_at", "started_at", "completed_at", "updated_at")
_DETAIL_JSON = ("context", "failure_summary")
_KNOWN_COUNTS = ("total", "processed", "succeeded", "failed", "skipped")


class RunInstances:
    """The model's own instances of one page's rows, loaded when first asked for.

    Only what an app adds of its own to a page asks for them.

    :param load: takes primary keys, returns the instances that are in scope.
    """

    def __init__(
        self, load: cabc.Callable[[cabc.Sequence[tuple[t.Any, ...]]], dict[str, t.Any]]
    ) -> None:
        self._load = load
        self._rows: list[StoredRow] = []
        #: What rows of the page have in common, and is made once.
        self.shared: dict[t.Any, t.Any] = {}
        self._loaded: dict[str, t.Any] | None = None

    def expect(self, row: StoredRow) -> None:
        """Name a row whose instance may be asked for."""
        self._rows.append(row)

    def get(self, key: str) -> t.Any:
        """The instance of a row; ``None`` if it is gone."""
        if self._loaded is None:
            self._loaded = self._load([row.primary_key for row in self._rows])
        return self._loaded.get(key)


class RunReader:
    """Selects runs raw and reads them.

    :param runs: what the extension uses of the app's model.
    :param statuses: the rules of its statuses.
    """

    def __init__(self, runs: ModelMapping, statuses: StatusRules) -> None:
        self.runs = runs
        self.statuses = statuses
        self.tabs: OperationTabs = OperationTabs(runs, statuses)
        # Made once: to put them together takes longer than to read a row.
        self._columns = {
            (detail, every): self._select_list(detail=detail, every=every)
            for detail, every in itertools.product((False, True), repeat=2)
        }
        self._one = {every: self._prepare_one(every) for every in (False, True)}

    def columns(self, *, detail: bool, every: bool) -> list[sa.Label[t.Any]]:
        """The select list of a surface.

        :param detail: whether to select what only the detail page shows.
        :param every: whether to select every column, for a surface on which the
            app shows more than the extension knows of.
        """
        return self._columns[detail, every]

    def find(
        self, session: t.Any, scope: Scope, id: str, *, every: bool
    ) -> sa.Row[t.Any] | None:
        """The run of this id with what its detail page shows, if it is in scope.

        :param id: as it stands in addresses.
        """
        found = self._one[every].run(session, scope, self.runs.key_parameters(id))
        return found.one_or_none()

    def row(self, stored: sa.Row[t.Any], instances: RunInstances) -> RunRow:
        """A selected row as a run."""
        return RunRow(self, stored, instances)

    def _prepare_one(self, every: bool) -> PreparedSelect:
        columns, runs = self.columns(detail=True, every=every), self.runs
        return PreparedSelect(
            lambda scope: sa.select(*columns).where(
                *scope.criteria(runs.model), runs.named_by_parameters()
            )
        )

    def _select_list(self, *, detail: bool, every: bool) -> list[sa.Label[t.Any]]:
        runs = self.runs
        columns: dict[str, sa.ColumnElement[t.Any]] = {}
        for name in ("status", "outcome", "tenant_id", *_TIMES):
            columns[name] = runs.value(name)
        columns["type"] = runs.text("type")
        columns["tenant"] = runs.label("tenant" if runs.has("tenant") else "tenant_id")
        columns["user"] = runs.label("user")
        for name in ("summary_counts", *(_DETAIL_JSON if detail else ())):
            columns[name] = runs.json_text(name)
            columns[f"{name}_length"] = runs.json_length(name)
        if detail:
            columns["retry_of_id"] = runs.value("retry_of_id")
        if every:
            for i, column in enumerate(runs.every_column()):
                columns[f"every_{i}"] = column
        return select_list(runs, columns)


class RunRow(StoredRow):
    """One operation run as the database stores it, read piece by piece.

    Any attribute that is not listed here is that of the model's own instance.
    """

    _signs_of_life = _TIMES

    def __init__(
        self, reader: RunReader, stored: sa.Row[t.Any], instances: RunInstances
    ) -> None:
        super().__init__(reader.runs, reader.statuses, stored)
        self._instances = instances
        #: What rows of one page have in common, and is made once.
        self.shared: dict[t.Any, t.Any] = instances.shared
        instances.expect(self)
        self._tabs = reader.tabs

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.instance, name)

    @functools.cached_property
    def instance(self) -> t.Any:
        """The model's own instance; ``None`` if it is gone by now."""
        return self._instances.get(self.key)

    @property
    def stored_status(self) -> str | None:
        """The status as it is stored."""
        return read_text(self._raw("status"))

    @functools.cached_property
    def type(self) -> str:
        """What kind of operation this is."""
        return read_text(self._raw("type")) or ""

    @property
    def tenant_id(self) -> t.Any:
        """The tenant's id; ``None`` for a tenantless run."""
        return stored_id(self._mapping.type_of("tenant_id"), self._raw("tenant_id"))

    @property
    def original_key(self) -> str | None:
        """The key of the run that this one repeats, as it would stand in addresses.

        It is known of a run that was read for its detail page.
        """
        held_as = self._mapping.type_of("retry_of_id")
        held = stored_id(held_as, self._raw("retry_of_id"))
        return None if held is None else self._mapping.encode_held_key(held)

    @property
    def stored_tenant(self) -> tuple[t.Any, t.Any]:
        """The tenant's id and name as they are stored."""
        return (self._raw("tenant_id"), self._raw("tenant"))

    @functools.cached_property
    def started_at(self) -> dt.datetime | None:
        """When work on it began."""
        return self._moment("started_at")

    @functools.cached_property
    def completed_at(self) -> dt.datetime | None:
        """When it ended."""
        return self._moment("completed_at")

    @functools.cached_property
    def counts(self) -> dict[str, int]:
        """The counts of ``summary_counts``, those known first, the others as stored."""
        raw, length = self.json("summary_counts")
        raw = decoded(raw)
        is_short = isinstance(raw, str) and len(raw) <= _SHORT
        read = _kept_counts if is_short else _read_counts
        return dict(read(raw, length))

    @property
    def counts_written_at(self) -> dt.datetime | None:
        """When the counts were last brought up to date, as ``updated_at`` tells."""
        return self._moment("updated_at")

    def has_attribute(self, name: str) -> bool:
        """Whether the app's model has this attribute."""
        return self._mapping.has(name)

    @property
    def tab_counts(self) -> TabCounts:
        """How many runs the list's tabs have, which each row of a page tells."""
        return self._tabs.read(self._stored)

    @property
    def duration_seconds(self) -> float | None:
        """Seconds from started to finished; ``None`` while it is not finished.

        They count from when it was created where no start is stored.
        """
        return _seconds_between(self.started_at or self.created_at, self.completed_at)


def _read_counts(raw: object, length: int | None) -> list[tuple[str, int]]:
    stored = read_object(raw, length)
    names = [*(name for name in _KNOWN_COUNTS if name in stored)]
    names += [name for name in stored if name not in _KNOWN_COUNTS]
    counts = {printable(name[:60]): read_count(stored[name]) for name in names}
    known = [(name, count) for name, count in counts.items() if count is not None]
    return known[:_SHOWN_COUNTS]


_kept_counts = functools.lru_cache(2_048)(_read_counts)


def _seconds_between(
    start: dt.datetime | None, end: dt.datetime | None
) -> float | None:
    if start is None or end is None:
        return None
    return max(0.0, (end - start).total_seconds())
