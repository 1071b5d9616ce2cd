"""What a reader of the documentation has before its code: an app, models, names."""

from __future__ import annotations

import ast
import datetime as dt
import typing as t

import flask
import flask_login
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import Admin
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy import orm

import flask_ops_refresh
from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .host_app import add_translations


class Membership(t.NamedTuple):
    workspace_id: int = 1
    is_owner: bool = True
    tenants: tuple[t.Any, ...] = ()


class Person(flask_login.UserMixin):
    """A user whom every recipe lets see workspace 1."""

    id = 1
    workspace_id: int | None = 1
    is_admin = True
    tenants: tuple[t.Any, ...] = ()
    memberships: tuple[Membership, ...] = (Membership(),)
    roles: tuple[str, ...] = ("operator", "superuser")

    def has_role(self, name: str) -> bool:
        return name in self.roles


class Stranger(Person):
    """A user whom no recipe lets see anything."""

    workspace_id = None
    is_admin = False
    memberships = ()
    roles = ()


class Reader:
    """An app with everything but what one block of code brings.

    :param code: the block. A model that it defines is not given beforehand.
    :param person: who is signed in.
    """

    def __init__(self, code: str, person: Person | None = None) -> None:
        self.code = code
        person = person or Person()
        self.app = Flask("reader")
        self.app.config.update(
            SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://", TESTING=True
        )
        self.app.jinja_loader = DictLoader({"imports/_progress.html": "{{ job.done }}"})
        add_translations(self.app)
        self.db = SQLAlchemy(self.app, model_class=new_base())
        manager = flask_login.LoginManager(self.app)
        manager.user_loader(lambda user_id: person)
        Admin(self.app)
        self.names = self._names()

    def run(self) -> dict[str, t.Any]:
        """Run the block, finish what a reader would, and give its names."""
        exec(compile(self.code, "block", "exec", dont_inherit=True), self.names)
        ops = self.names["ops"]
        if "scope_loader" not in self.code:
            ops.scope_loader(self._scope)
        if "flask_ops_refresh" not in self.app.extensions:
            ops.init_app(self.app)
        with self.app.app_context():
            self.db.create_all()
        return self.names

    def client(self) -> FlaskClient:
        """A browser in which the person is signed in, and has chosen workspace 1."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            session.update({"_user_id": "1", "_fresh": True, "workspace_id": 1})
        return client

    def store_run(self, model: t.Any, **given: t.Any) -> None:
        """Store a queued run, as far as the model lets its values be set."""
        values = {"type": "import", "status": "queued", "workspace_id": 1, "user_id": 1}
        values.update(given)
        mapper = orm.class_mapper(model)
        settable = {*mapper.column_attrs.keys(), *mapper.synonyms.keys()}
        known = {name: value for name, value in values.items() if name in settable}
        with self.app.app_context():
            self.db.session.add(model(created_at=dt.datetime.now(dt.UTC), **known))
            self.db.session.commit()

    def _scope(self, user: Person) -> Scope:
        if "workspaces=False" in self.code:
            return Scope(tenant_ids=ALL_TENANTS)
        return Scope(workspace_id=1, tenant_ids=ALL_TENANTS)

    def _names(self) -> dict[str, t.Any]:
        names: dict[str, t.Any] = {
            **{name: getattr(flask_ops_refresh, name) for name in EXPORTED},
            "app": self.app,
            "db": self.db,
            "dt": dt,
            "url_for": flask.url_for,
        }
        models = dict(zip(MODELS, models_of(self.db), strict=True))
        own = {
            node.name
            for node in ast.walk(ast.parse(self.code))
            if isinstance(node, ast.ClassDef)
        }
        names.update({name: models[name] for name in MODELS if name not in own})
        runs, packs = models["OperationRun"], models["ReviewPack"]
        names["ops"] = OpsRefresh(operation_run=runs, review_pack=packs)
        return names


EXPORTED = flask_ops_refresh.__all__
MODELS = ("OperationRun", "ReviewPack", "Job", "ImportJob", "Tenant", "Country")


def new_base() -> type[orm.DeclarativeBase]:
    class Base(orm.DeclarativeBase):
        pass

    return Base


def models_of(db: SQLAlchemy) -> tuple[t.Any, ...]:
    """The models of :data:`MODELS`, on tables that no page names.

    Their classes are called otherwise, so that a page may define its own.
    """
    kind: t.Any = db.Model

    class GivenRun(flask_ops_refresh.OperationRunMixin, kind):
        __tablename__ = "given_runs"
        user_id: orm.Mapped[int | None] = orm.mapped_column()

    class GivenPack(flask_ops_refresh.ReviewPackMixin, kind):
        __tablename__ = "given_packs"

    class GivenJob(kind):
        __tablename__ = "given_jobs"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        type: orm.Mapped[str] = orm.mapped_column()
        status: orm.Mapped[str] = orm.mapped_column()
        created_at: orm.Mapped[dt.datetime] = orm.mapped_column()

    class GivenImport(kind):
        __tablename__ = "given_imports"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        workspace_id: orm.Mapped[int] = orm.mapped_column()
        state: orm.Mapped[str] = orm.mapped_column()
        done: orm.Mapped[int] = orm.mapped_column()

    class GivenTenant(kind):
        __tablename__ = "tenants"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        name: orm.Mapped[str] = orm.mapped_column()

    class GivenCountry(kind):
        __tablename__ = "given_countries"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    return GivenRun, GivenPack, GivenJob, GivenImport, GivenTenant, GivenCountry
