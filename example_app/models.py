"""The records: who works where, on what, and what was done to it."""

from __future__ import annotations

import datetime as dt
import typing as t

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy import orm

from .database import Model
from .database import utc_now
from .database import UtcDateTime

membership_tenants = sa.Table(
    "membership_tenants",
    Model.metadata,
    sa.Column("membership_id", sa.ForeignKey("memberships.id"), primary_key=True),
    sa.Column("tenant_id", sa.ForeignKey("tenants.id"), primary_key=True),
)


class Workspace(Model):
    """What people are members of."""

    __tablename__ = "workspaces"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80), unique=True)


class Tenant(Model):
    """A Python environment on this machine, looked after in one workspace."""

    __tablename__ = "tenants"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("workspaces.id"))
    name: orm.Mapped[str] = orm.mapped_column(sa.String(400))
    prefix: orm.Mapped[str] = orm.mapped_column(sa.Text)

    workspace: orm.Mapped[Workspace] = orm.relationship()

    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "name"),
        # What a run's foreign key leads to: a tenant of the run's own workspace.
        sa.UniqueConstraint("workspace_id", "id"),
    )


class User(UserMixin, Model):  # type: ignore[misc]
    """A person who can sign in while active."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    sign_in_name: orm.Mapped[str] = orm.mapped_column(sa.String(80), unique=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    password_hash: orm.Mapped[str] = orm.mapped_column(sa.Text)
    active: orm.Mapped[bool] = orm.mapped_column(default=True)

    @property
    def is_active(self) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Whether the person may be signed in, as Flask-Login asks."""
        return self.active


class Membership(Model):
    """A person's place in a workspace: all of its tenants, or those listed."""

    __tablename__ = "memberships"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    workspace_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("workspaces.id"))
    all_tenants: orm.Mapped[bool] = orm.mapped_column(default=False)

    workspace: orm.Mapped[Workspace] = orm.relationship()
    tenants: orm.Mapped[list[Tenant]] = orm.relationship(secondary=membership_tenants)

    __table_args__ = (sa.UniqueConstraint("user_id", "workspace_id"),)


class OperationRun(Model):
    """One piece of work, from being asked for to its end.

    Read it freely; only :class:`~example_app.operation_runs.OperationRunService`
    changes it.

    :param cancel_requested_at: when somebody last asked for it to be cancelled.
    :param retry_of_id: the run whose work is done once more.
    """

    __tablename__ = "operation_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("workspaces.id"))
    tenant_id: orm.Mapped[int | None]
    user_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="queued")
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(30))
    worker_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(120))
    context: orm.Mapped[dict[str, t.Any] | None] = orm.mapped_column(sa.JSON)
    summary_counts: orm.Mapped[dict[str, int] | None] = orm.mapped_column(sa.JSON)
    failure_summary: orm.Mapped[dict[str, t.Any] | None] = orm.mapped_column(sa.JSON)
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        UtcDateTime, default=utc_now
    )
    started_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(UtcDateTime)
    completed_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(UtcDateTime)
    updated_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        UtcDateTime, default=utc_now
    )
    cancel_requested_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(UtcDateTime)
    retry_of_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("operation_runs.id")
    )

    user: orm.Mapped[User | None] = orm.relationship()
    tenant: orm.Mapped[Tenant | None] = orm.relationship(
        primaryjoin=lambda: OperationRun.tenant_id == Tenant.id,
        foreign_keys=lambda: OperationRun.tenant_id,
    )
    review_pack: orm.Mapped[ReviewPack | None] = orm.relationship(
        back_populates="operation_run"
    )

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["workspace_id", "tenant_id"], ["tenants.workspace_id", "tenants.id"]
        ),
        sa.CheckConstraint("status IN ('queued', 'running', 'completed')"),
        sa.CheckConstraint("(status = 'completed') = (outcome IS NOT NULL)"),
        sa.Index("ix_operation_runs_newest", "workspace_id", "created_at", "id"),
        sa.Index(
            "ix_operation_runs_outcome",
            "workspace_id",
            "status",
            "outcome",
            "created_at",
        ),
        sa.Index("ix_operation_runs_ended", "workspace_id", "completed_at", "id"),
        sa.Index("ix_operation_runs_type", "workspace_id", "type", "created_at"),
        sa.Index("ix_operation_runs_tenant", "workspace_id", "tenant_id", "created_at"),
        sa.Index("ix_operation_runs_retries", "retry_of_id", "created_at", "id"),
        sa.Index(
            "ix_operation_runs_one_retry_at_a_time",
            "retry_of_id",
            unique=True,
            sqlite_where=sa.text("status IN ('queued', 'running')"),
            postgresql_where=sa.text("status IN ('queued', 'running')"),
        ),
        # What a worker asks every few seconds, of all workspaces at once.
        sa.Index(
            "ix_operation_runs_active",
            "status",
            sqlite_where=sa.text("status IN ('queued', 'running')"),
            postgresql_where=sa.text("status IN ('queued', 'running')"),
        ),
    )


class ReviewPack(Model):
    """What a review of a tenant has put together: a ZIP to be downloaded.

    Read it freely; :class:`~example_app.operation_runs.OperationRunService` changes
    it together with the run that makes it.

    :param file_name: its file among :class:`~example_app.pack_files.PackFiles`.
    """

    __tablename__ = "review_packs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("workspaces.id"))
    tenant_id: orm.Mapped[int]
    operation_run_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("operation_runs.id"), unique=True
    )
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="queued")
    options: orm.Mapped[dict[str, t.Any]] = orm.mapped_column(sa.JSON)
    summary: orm.Mapped[dict[str, t.Any] | None] = orm.mapped_column(sa.JSON)
    file_name: orm.Mapped[str | None] = orm.mapped_column(sa.String(80))
    file_size: orm.Mapped[int | None] = orm.mapped_column(sa.BigInteger)
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        UtcDateTime, default=utc_now
    )
    generated_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(UtcDateTime)
    expires_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(UtcDateTime)
    updated_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        UtcDateTime, default=utc_now
    )

    operation_run: orm.Mapped[OperationRun] = orm.relationship(
        back_populates="review_pack"
    )
    tenant: orm.Mapped[Tenant] = orm.relationship(
        primaryjoin=lambda: ReviewPack.tenant_id == Tenant.id,
        foreign_keys=lambda: ReviewPack.tenant_id,
    )

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["workspace_id", "tenant_id"], ["tenants.workspace_id", "tenants.id"]
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'generating', 'ready', 'failed', 'expired')"
        ),
        sa.CheckConstraint("status <> 'ready' OR file_name IS NOT NULL"),
        sa.Index(
            "ix_review_packs_newest", "workspace_id", "tenant_id", "created_at", "id"
        ),
        sa.Index(
            "ix_review_packs_one_at_a_time",
            "workspace_id",
            "tenant_id",
            unique=True,
            sqlite_where=sa.text("status IN ('queued', 'generating')"),
            postgresql_where=sa.text("status IN ('queued', 'generating')"),
        ),
        # What a worker asks every few seconds, of all workspaces at once.
        sa.Index("ix_review_packs_expiry", "status", "expires_at"),
    )


class Notice(Model):
    """What somebody wants everyone in a workspace to know, until a time."""

    __tablename__ = "notices"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("workspaces.id"))
    user_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("users.id"))
    text: orm.Mapped[str] = orm.mapped_column(sa.String(300))
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        UtcDateTime, default=utc_now
    )
    ends_at: orm.Mapped[dt.datetime] = orm.mapped_column(UtcDateTime)

    user: orm.Mapped[User] = orm.relationship()

    __table_args__ = (sa.Index("ix_notices_latest", "workspace_id", "ends_at"),)


class Lease(Model):
    """Until when a worker is to be believed alive, where several machines have some."""

    __tablename__ = "worker_leases"
    worker_id: orm.Mapped[str] = orm.mapped_column(sa.String(120), primary_key=True)
    until: orm.Mapped[dt.datetime] = orm.mapped_column(UtcDateTime)
