"""Models with nothing but what the extension requires."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import orm

from .host_app import Model


class SmallPack(Model):
    __tablename__ = "small_packs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int]
    status: orm.Mapped[str]
    created_at: orm.Mapped[dt.datetime | None]
