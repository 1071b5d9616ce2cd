"""Review packs as rows: the latest of a tenant or of a run, in one SELECT."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

import sqlalchemy as sa

from .model_mapping import key_value
from .model_mapping import ModelMapping
from .prepared_select import PreparedSelect
from .scope import own_parameter
from .scope import Scope
from .statuses import StatusRules
from .stored_row import select_list
from .stored_row import StoredRow
from .stored_values import read_count
from .stored_values import read_text

REQUIRED = ("workspace_id", "tenant_id", "status", "created_at")
OPTIONAL = (
    "tenant",
    "operation_run_id",
    "summary",
    "options",
    "generated_at",
    "expires_at",
    "file_size",
    "updated_at",
    "user",
)

_VALUES = (
    "status",
    "created_at",
    "generated_at",
    "expires_at",
    "file_size",
    "updated_at",
)


_TENANT = own_parameter("pack_of_tenant_id")
_RUN = own_parameter("pack_of_run_id")

#: Times of a pack's run that tell that work on the pack goes on.
_OF_RUN = ("started_at", "updated_at")
_SIGNS = tuple(f"run_{name}" for name in _OF_RUN)


class PackReader:
    """Selects review packs raw and reads them.

    :param packs: what the extension uses of the app's model.
    :param statuses: the rules of its statuses.
    :param runs: the operation runs that packs are made by, if the app shows them.
    :param signs_of_life: whether to read when a pack's run last wrote something.
    """

    def __init__(
        self,
        packs: ModelMapping,
        statuses: StatusRules,
        runs: ModelMapping | None,
        *,
        signs_of_life: bool,
    ) -> None:
        self._signs_of_life = _OF_RUN if signs_of_life else ()
        self.packs = packs
        self.statuses = statuses
        has_one_key = runs is not None and len(runs.primary_key) == 1
        self.runs: ModelMapping | None = runs if has_one_key else None
        self._latest = PreparedSelect(self._select_latest)
        self._of_one_run = PreparedSelect(self._select_of_run)

    def latest(self, session: t.Any, scope: Scope, tenant: str) -> PackRow | None:
        """The newest pack in scope of a tenant.

        :param tenant: its id as it stands in addresses; a malformed one has none.
        """
        # Null, where it is malformed, is what no tenant's id equals.
        tenant_id = key_value(self.packs.model.tenant_id.type, tenant)
        found = self._latest.run(session, scope, {_TENANT: tenant_id})
        stored = found.one_or_none()
        return None if stored is None else PackRow(self, stored)

    def of_run(
        self, session: t.Any, scope: Scope, run_key: tuple[t.Any, ...]
    ) -> PackRow | None:
        """The newest pack in scope that a run has made.

        :param run_key: the run's primary key; packs name no run by several values.
        """
        if self.runs is None or not self.packs.has("operation_run_id"):
            return None
        kind = self.packs.model.operation_run_id.type
        run_id = key_value(kind, str(run_key[0]))
        found = self._of_one_run.run(session, scope, {_RUN: run_id})
        stored = found.one_or_none()
        return None if stored is None else PackRow(self, stored)

    def _select_latest(self, scope: Scope) -> sa.Select[t.Any]:
        is_theirs = self.packs.model.tenant_id == sa.bindparam(_TENANT)
        return self._select_newest(scope, is_theirs)

    def _select_of_run(self, scope: Scope) -> sa.Select[t.Any]:
        is_its = self.packs.model.operation_run_id == sa.bindparam(_RUN)
        return self._select_newest(scope, is_its)

    def _select_newest(
        self, scope: Scope, condition: sa.ColumnElement[bool]
    ) -> sa.Select[t.Any]:
        model = self.packs.model
        newest = [model.created_at.desc(), *(key.desc() for key in self._keys)]
        return (
            sa.select(*self._columns(scope))
            .where(*scope.criteria(model), condition)
            .order_by(*newest)
            .limit(1)
        )

    @property
    def _keys(self) -> tuple[t.Any, ...]:
        return self.packs.primary_key

    def _columns(self, scope: Scope) -> list[sa.Label[t.Any]]:
        packs = self.packs
        columns = {name: packs.value(name) for name in _VALUES}
        columns["tenant"] = packs.label(
            "tenant" if packs.has("tenant") else "tenant_id"
        )
        for name in ("summary", "options"):
            columns[name] = packs.json_text(name)
            columns[f"{name}_length"] = packs.json_length(name)
        columns["run"] = self._of_run(scope, lambda runs: runs.key_columns()[0])
        for name in self._signs_of_life:
            columns[f"run_{name}"] = self._of_run(scope, _reads(name))
        by_run = self._of_run(scope, lambda runs: runs.label("user"))
        columns["user"] = packs.label("user") if packs.has("user") else by_run
        return select_list(packs, columns)

    def _of_run(self, scope: Scope, column: t.Any) -> sa.ColumnElement[t.Any]:
        """A column of the pack's run, ``NULL`` where that run is out of scope."""
        if self.runs is None or not self.packs.has("operation_run_id"):
            return sa.null()
        made_by = self.runs.primary_key[0] == self.packs.model.operation_run_id
        select = sa.select(column(self.runs)).where(
            made_by, *scope.criteria(self.runs.model)
        )
        return select.limit(1).scalar_subquery()


def _reads(name: str) -> cabc.Callable[[ModelMapping], sa.ColumnElement[t.Any]]:
    return lambda mapping: mapping.value(name)


class PackRow(StoredRow):
    """One review pack as the database stores it."""

    _signs_of_life = ("created_at", "generated_at", "updated_at", *_SIGNS)

    def __init__(self, reader: PackReader, stored: sa.Row[t.Any]) -> None:
        super().__init__(reader.packs, reader.statuses, stored)
        self._runs = reader.runs
        # A run that goes on changes nothing that is shown of its pack.
        self.stored_values: tuple[t.Any, ...] = tuple(
            value
            for name, value in stored._mapping.items()
            if name.removeprefix("stored_") not in _SIGNS
        )

    @property
    def run_key(self) -> str | None:
        """The key of the run that made it; ``None`` if that is out of scope."""
        runs, raw = self._runs, self._raw("run")
        if runs is None or raw is None:
            return None
        return runs.encode_key(runs.stored_key([raw]))

    @property
    def generated_at(self) -> dt.datetime | None:
        """When it was made."""
        return self._moment("generated_at")

    @property
    def expires_at(self) -> dt.datetime | None:
        """Until when it is offered."""
        return self._moment("expires_at")

    @property
    def file_size(self) -> int | None:
        """Bytes of its file."""
        return read_count(self._raw("file_size"))

    def is_offered(self, now: dt.datetime) -> bool:
        """Whether it may be downloaded: ready and not expired."""
        if self.status != "ready":
            return False
        if read_text(self._raw("expires_at")) in (None, "infinity"):
            return True
        return self.expires_at is not None and now < self.expires_at
