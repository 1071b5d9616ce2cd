"""Columns and indexes for apps that have no such models yet.

Mix one into a model of the app's own and let the app's migration create the
table. Foreign keys and relationships are the app's to add, ``user`` and
``tenant`` among them.
"""

from __future__ import annotations

import datetime as dt
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm

from .clock import utc_now
from .needed_indexes import KEY
from .needed_indexes import LATEST_PACK
from .needed_indexes import NeededIndex
from .needed_indexes import NEWEST_RUNS
from .needed_indexes import PACK_OF_RUN
from .needed_indexes import RUNS_BY_END
from .needed_indexes import RUNS_BY_STATUS
from .needed_indexes import RUNS_BY_TENANT
from .needed_indexes import RUNS_BY_TYPE


class OperationRunMixin:
    """What the Operations view shows of a run, with the indexes its queries need.

    Give the class a ``__tablename__``; override ``workspace_id`` and ``tenant_id``
    where they are not integers.
    """

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int] = orm.mapped_column()
    tenant_id: orm.Mapped[int | None] = orm.mapped_column()
    type: orm.Mapped[str] = orm.mapped_column(sa.String(120))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="queued")
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(30))
    context: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    summary_counts: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    failure_summary: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        sa.DateTime(timezone=True), default=utc_now
    )
    started_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    completed_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    updated_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True), default=utc_now, onupdate=utc_now
    )

    @orm.declared_attr.directive
    def __table_args__(cls) -> tuple[t.Any, ...]:
        """Indexes for the list, for each of its filters, and for the overview."""
        needed = (NEWEST_RUNS, RUNS_BY_STATUS, RUNS_BY_END, RUNS_BY_TYPE)
        return _indexes(cls, *needed, RUNS_BY_TENANT)


class ReviewPackMixin:
    """What the review pack card shows of a pack, with the indexes its queries need.

    Give the class a ``__tablename__``; override ``workspace_id``, ``tenant_id``
    and ``operation_run_id`` where they are not integers.
    """

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int] = orm.mapped_column()
    tenant_id: orm.Mapped[int] = orm.mapped_column()
    operation_run_id: orm.Mapped[int | None] = orm.mapped_column()
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="queued")
    summary: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    options: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    file_path: orm.Mapped[str | None] = orm.mapped_column(sa.Text)
    file_size: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        sa.DateTime(timezone=True), default=utc_now
    )
    generated_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    expires_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    updated_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True), default=utc_now, onupdate=utc_now
    )

    @orm.declared_attr.directive
    def __table_args__(cls) -> tuple[t.Any, ...]:
        """An index for the latest pack of a tenant, and one for that of a run."""
        return _indexes(cls, LATEST_PACK, PACK_OF_RUN)


def _indexes(cls: t.Any, *needed: NeededIndex) -> tuple[t.Any, ...]:
    table = getattr(cls, "__tablename__", None)
    if not isinstance(table, str):
        raise TypeError(
            f"{cls.__name__} mixes in a model of Flask-Ops-Refresh and has no table "
            f'name. Give it one: __tablename__ = "{cls.__name__.lower()}s".'
        )
    columns = [
        tuple("id" if name == KEY else name for name in index.attributes)
        for index in needed
    ]
    return tuple(
        sa.Index(f"ix_{table}_{'_'.join(names[1:] or names)}", *names)
        for names in columns
    )
