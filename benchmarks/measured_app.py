"""The app that is measured: one host, with every way of keeping its pages fresh.

Ours; a floor written by hand that does no more than any poll must; Flask-Admin's own
pages, to be reloaded; and fragments that are rendered anew on every tick. All share
the same people, scope, rows and database.
"""

from __future__ import annotations

import os

import sqlalchemy as sa
from flask import Flask
from flask import render_template
from flask.typing import ResponseReturnValue
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel
from flask_login import current_user
from flask_login import login_user
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_ops_refresh import LiveState
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope
from flask_ops_refresh.mixins import OperationRunMixin
from flask_ops_refresh.mixins import ReviewPackMixin

#: Where the rows are; a setting, so that the processes of a server share it.
DATABASE_URL = "BENCHMARK_DATABASE_URL"

#: Set to anything: the app without the extension.
WITHOUT = "BENCHMARK_WITHOUT_EXTENSION"

PAGE_SIZE = 50


class Base(orm.DeclarativeBase):
    """What all models are made from."""


db = SQLAlchemy(model_class=Base)

grants = sa.Table(
    "grants",
    db.Model.metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("tenant_id", sa.Integer, primary_key=True),
)


class User(UserMixin, db.Model):
    """Somebody with some tenants of a workspace."""

    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    workspace_id: orm.Mapped[int]


class Run(OperationRunMixin, db.Model):
    """A run, with the columns and indexes of the mixin."""

    __tablename__ = "runs"


class Pack(ReviewPackMixin, db.Model):
    """A review pack, likewise."""

    __tablename__ = "packs"


class PlainRuns(ModelView):
    """Flask-Admin's own pages of runs, as they come."""

    can_create = can_edit = can_delete = False
    can_view_details = True
    page_size = PAGE_SIZE
    column_default_sort = ("created_at", True)

    def is_accessible(self) -> bool:
        """Whether somebody is signed in."""
        return bool(current_user.is_authenticated)


def scope_of(user: User) -> Scope:
    """What somebody may see: one more query, as in most apps."""
    tenants = sa.select(grants.c.tenant_id).where(grants.c.user_id == user.id)
    return Scope(
        workspace_id=user.workspace_id,
        tenant_ids=tuple(db.session.scalars(tenants)),
        tenant_id=1,
    )


def create_app() -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="for measuring only",
        SQLALCHEMY_DATABASE_URI=os.environ[DATABASE_URL],
    )
    Babel(app)
    app.config.from_prefixed_env("BENCHMARK")
    Babel(app)
    db.init_app(app)
    login_manager = LoginManager(app)
    login_manager.user_loader(lambda id: db.session.get(User, int(id)))
    admin = Admin(app, name="Measured")
    admin.add_view(PlainRuns(Run, db.session, endpoint="plain_runs"))
    if WITHOUT not in os.environ:
        _add_extension(app, admin)
    _add_floor(app)
    _add_fragments(app)

    @app.get("/sign-in/<int:id>")
    def sign_in(id: int) -> ResponseReturnValue:
        login_user(db.session.get_one(User, id))
        return "", 204

    return app


def _add_extension(app: Flask, admin: Admin) -> None:
    ops = OpsRefresh(operation_run=Run, review_pack=Pack)
    ops.scope_loader(scope_of)

    @ops.live_region("run", template="detail_fragment.html")
    def run_region(scope: Scope, *, id: int) -> LiveState | None:
        run = ops.session.scalar(scope.select(Run).where(Run.id == id))
        if run is None:
            return None
        version = (run.status, run.outcome, run.summary_counts, run.completed_at)
        interval = None if run.status == "completed" else 5
        return LiveState(version, interval, lambda: {"run": run})

    ops.init_app(app, admin=admin)

    @app.get("/page/live/<int:id>")
    def live_page(id: int) -> ResponseReturnValue:
        return render_template("page.html", id=id)


def _in_scope(columns: tuple[sa.ColumnElement[object], ...]) -> sa.Select[object]:
    scope = scope_of(current_user)
    return sa.select(*columns).where(
        Run.workspace_id == scope.workspace_id,
        sa.or_(Run.tenant_id.in_(scope.tenant_ids), Run.tenant_id.is_(None)),
    )


def _add_floor(app: Flask) -> None:
    """What any poll must do: who asks, what may they see, how is it now."""
    columns = tuple(Run.__table__.c)

    @app.get("/floor/detail/<int:id>")
    def floor_detail(id: int) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return "", 401
        row = db.session.execute(_in_scope(columns).where(Run.id == id)).first()
        return ("", 204) if row else ("", 404)

    @app.get("/floor/list")
    def floor_list() -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return "", 401
        newest = _in_scope(columns).order_by(Run.created_at.desc(), Run.id.desc())
        db.session.execute(newest.limit(PAGE_SIZE)).all()
        return "", 204


def _add_fragments(app: Flask) -> None:
    """A fragment on every tick, without a conditional answer."""

    @app.get("/fragment/detail/<int:id>")
    def fragment_detail(id: int) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return "", 401
        run = db.session.scalars(_in_scope((Run,)).where(Run.id == id)).one()
        return render_template("detail_fragment.html", run=run)

    @app.get("/page/plain/<int:id>")
    def plain_page(id: int) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return "", 401
        run = db.session.scalars(_in_scope((Run,)).where(Run.id == id)).one()
        return render_template("page.html", run=run)

    @app.get("/fragment/list")
    def fragment_list() -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return "", 401
        newest = _in_scope((Run,)).order_by(Run.created_at.desc(), Run.id.desc())
        runs = db.session.scalars(newest.limit(PAGE_SIZE)).all()
        return render_template("list_fragment.html", runs=runs)
