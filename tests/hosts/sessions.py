"""Hosts that read and write their records in other ways."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import datetime as dt
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from flask_admin import Admin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_ops_refresh import OperationRunMixin
from flask_ops_refresh import ReviewPackMixin

from .site import add_people
from .site import bare_app
from .site import make_ops
from .site import Site


class Base(orm.DeclarativeBase):
    """The models of apps that have no Flask-SQLAlchemy."""


class Run(OperationRunMixin, Base):
    __tablename__ = "runs"


class Pack(ReviewPackMixin, Base):
    __tablename__ = "packs"


OWN = {"operation_run": Run, "review_pack": Pack}


def _in_a_thread(coroutine: t.Any) -> t.Callable[..., t.Any]:
    """Run it where no loop is: Playwright's may be in the thread of the tests."""

    def call(*args: t.Any) -> t.Any:
        context = contextvars.copy_context()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(context.run, asyncio.run, coroutine(*args)).result()

    return call


def on_flask_sqlalchemy_lite(folder: pathlib.Path) -> Site:
    """The sessions are those of Flask-SQLAlchemy-Lite."""
    reason = "this Flask-Admin knows no Flask-SQLAlchemy-Lite"
    lite = pytest.importorskip("flask_sqlalchemy_lite", reason=reason)
    db = lite.SQLAlchemy()
    app = bare_app(folder, SQLALCHEMY_ENGINES={"default": f"sqlite:///{folder}/lite"})
    app.async_to_sync = _in_a_thread  # type: ignore[method-assign]
    db.init_app(app)
    add_people(app)
    Admin(app)
    make_ops(**OWN).init_app(app)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    return Site(app, run=Run, pack=Pack, session=lambda: db.session)


def on_a_plain_scoped_session(folder: pathlib.Path) -> Site:
    """SQLAlchemy alone, with a scoped_session that each request removes."""
    engine = sa.create_engine(f"sqlite:///{folder}/plain.sqlite")
    session = orm.scoped_session(orm.sessionmaker(engine))
    Base.metadata.create_all(engine)
    app = bare_app(folder)

    @app.teardown_appcontext
    def remove(error: BaseException | None) -> None:
        session.remove()

    add_people(app)
    Admin(app)
    make_ops(session=session, **OWN).init_app(app)
    return Site(app, run=Run, pack=Pack, session=session, last=engine.dispose)


class BoundBase(orm.DeclarativeBase):
    """The models of an app with several databases."""


bound = SQLAlchemy(model_class=BoundBase)


class BoundRun(OperationRunMixin, bound.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "runs"
    __bind_key__ = "jobs"


class BoundPack(ReviewPackMixin, bound.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "packs"
    __bind_key__ = "jobs"


def with_binds(folder: pathlib.Path) -> Site:
    """Runs and packs lie in another database than everything else."""
    app = bare_app(folder, SQLALCHEMY_BINDS={"jobs": f"sqlite:///{folder}/jobs.sqlite"})
    bound.init_app(app)
    add_people(app)
    Admin(app)
    make_ops(operation_run=BoundRun, review_pack=BoundPack).init_app(app)
    with app.app_context():
        bound.create_all()
    return Site(app, run=BoundRun, pack=BoundPack, session=lambda: bound.session)


class SchemaBase(orm.DeclarativeBase):
    """The models of an app whose tables lie in a schema."""


schema = SQLAlchemy(model_class=SchemaBase)


class Team(schema.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "teams"
    __table_args__: t.ClassVar[t.Any] = {"schema": "people"}
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class SchemaRun(schema.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "runs"
    __table_args__: t.ClassVar[t.Any] = {"schema": "work"}
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("people.teams.id")
    )
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(30))
    created_at: orm.Mapped[dt.datetime]
    tenant: orm.Mapped[Team | None] = orm.relationship()


class SchemaPack(schema.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "packs"
    __table_args__: t.ClassVar[t.Any] = {"schema": "work"}
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int]
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


def with_schemas(folder: pathlib.Path) -> Site:
    """Every table lies in a schema, and they lead from one to another."""
    app = bare_app(folder)
    schema.init_app(app)
    add_people(app)
    Admin(app)
    make_ops(operation_run=SchemaRun, review_pack=SchemaPack).init_app(app)
    with app.app_context():
        _attach(schema.engine, folder, "work", "people")
        schema.create_all()
    return Site(app, run=SchemaRun, pack=SchemaPack, session=lambda: schema.session)


def _attach(engine: sa.Engine, folder: pathlib.Path, *names: str) -> None:
    """SQLite's schemas are files that each connection attaches."""

    @sa.event.listens_for(engine, "connect")
    def attach(connection: t.Any, record: t.Any) -> None:
        for name in names:
            connection.execute(f"ATTACH '{folder}/{name}.sqlite' AS {name}")


HOSTS = [
    on_flask_sqlalchemy_lite,
    on_a_plain_scoped_session,
    with_binds,
    with_schemas,
]
