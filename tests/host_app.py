"""A small Flask-Admin app of the usual kind, with the extension in it."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import importlib
import importlib.util
import typing as t

import sqlalchemy as sa
from flask import Flask
from flask import session
from flask_admin import Admin
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope


class Base(orm.DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)

if t.TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class Tenant(Model):
    __tablename__ = "tenants"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class User(UserMixin, Model):
    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    workspace_id: orm.Mapped[int | None]
    tenant_ids: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, default=list)
    active: orm.Mapped[bool] = orm.mapped_column(default=True)

    # Flask-Login's own says "authenticated" of those who are active.
    is_authenticated = True

    @property
    def is_active(self) -> bool:
        return self.active


class OperationRun(Model):
    __tablename__ = "operation_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("tenants.id"))
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(30))
    context: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    summary_counts: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    failure_summary: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    created_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    started_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    completed_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    user_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    user: orm.Mapped[User | None] = orm.relationship()
    tenant: orm.Mapped[Tenant | None] = orm.relationship()

    __table_args__ = (
        sa.Index("ix_runs_newest", "workspace_id", "created_at", "id"),
        sa.Index("ix_runs_status", "workspace_id", "status", "outcome", "created_at"),
        sa.Index("ix_runs_ended", "workspace_id", "completed_at"),
        sa.Index("ix_runs_type", "workspace_id", "type", "created_at", "id"),
        sa.Index("ix_runs_tenant", "workspace_id", "tenant_id", "created_at"),
    )


class ReviewPack(Model):
    __tablename__ = "review_packs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("tenants.id"))
    operation_run_id: orm.Mapped[int | None]
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    summary: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    file_size: orm.Mapped[int | None]
    created_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    generated_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    expires_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )
    tenant: orm.Mapped[Tenant | None] = orm.relationship()


def load_scope(user: User) -> Scope | None:
    """The scope of a host app's user: one workspace, a list of tenants or ``"*"``.

    The current tenant is the one chosen in the session.
    """
    if user.workspace_id is None:
        return None
    tenant_ids = ALL_TENANTS if user.tenant_ids == "*" else user.tenant_ids
    return Scope(
        workspace_id=user.workspace_id,
        tenant_ids=tenant_ids,
        tenant_id=session.get("tenant_id"),
    )


def add_sign_in(app: Flask) -> None:
    """Let Flask-Login know the users."""
    login_manager = LoginManager(app)

    @login_manager.user_loader
    def load_user(user_id: str) -> User | None:
        return db.session.get(User, int(user_id))


def add_translations(app: Flask) -> None:
    """Initialise Flask-Babel where it is installed, as Flask-Admin then wants it."""
    if importlib.util.find_spec("flask_babel"):
        importlib.import_module("flask_babel").Babel(app)


def create_host(
    database_url: str = "sqlite://",
    *,
    config: dict[str, t.Any] | None = None,
    ops: OpsRefresh | None = None,
    prepare: cabc.Callable[[Flask], object] | None = None,
    **admin_options: t.Any,
) -> Flask:
    """Make the host app with its tables.

    :param ops: the extension, if not the usual one with the usual scope loader.
    :param prepare: called with the app before the extension joins it.
    :param admin_options: passed to ``Admin``.
    """
    app = Flask("host")
    app.config.update(
        SECRET_KEY="host secret", SQLALCHEMY_DATABASE_URI=database_url, TESTING=True
    )
    app.config.update(config or {})
    add_translations(app)
    db.init_app(app)
    add_sign_in(app)
    Admin(app, name="Host", **admin_options)
    if ops is None:
        ops = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)
        ops.scope_loader(load_scope)
        ops.review_pack_download_url(lambda pack: f"/packs/{pack.id}")
    if prepare is not None:
        prepare(app)
    ops.init_app(app)
    with app.app_context():
        db.create_all()
    return app
