"""Models with nothing but what the extension requires, or less."""

from __future__ import annotations

import datetime as dt
import enum
import typing as t
import uuid

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from .host_app import Model


class SmallPack(Model):
    __tablename__ = "small_packs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int]
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime | None]


class Job(Model):
    """It calls its type otherwise, and belongs to no workspace."""

    __tablename__ = "jobs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


class Kind(enum.Enum):
    BETA = "b"
    ALPHA = "a"


class Office(Model):
    """A tenant known by its workspace and a number within it."""

    __tablename__ = "offices"
    workspace_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class OfficeRun(Model):
    """A run with a UUID key, a native enum, and a tenant with a key of two parts."""

    __tablename__ = "office_runs"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int | None]
    type: orm.Mapped[Kind] = orm.mapped_column(sa.Enum(Kind, name="kind"))
    status: orm.Mapped[str] = orm.mapped_column(
        sa.Enum("queued", "running", "completed", name="run_status")
    )
    created_at: orm.Mapped[dt.datetime]
    context: orm.Mapped[t.Any] = orm.mapped_column(
        sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
    )
    tenant: orm.Mapped[Office | None] = orm.relationship()

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["workspace_id", "tenant_id"], ["offices.workspace_id", "offices.id"]
        ),
    )
