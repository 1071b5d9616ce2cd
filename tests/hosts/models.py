"""Hosts whose models are not as the contract names them."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t
import uuid

import sqlalchemy as sa
from flask_admin import Admin
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from .site import add_people
from .site import bare_app
from .site import make_ops
from .site import Person
from .site import Site


class Base(orm.DeclarativeBase):
    """The models of all these apps."""


db = SQLAlchemy(model_class=Base)

if t.TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def _site(folder: pathlib.Path, run: t.Any, pack: t.Any, **options: t.Any) -> Site:
    words = options.pop("words", {})
    app = bare_app(folder)
    db.init_app(app)
    add_people(app)
    Admin(app)
    make_ops(operation_run=run, review_pack=pack, **options).init_app(app)
    with app.app_context():
        db.create_all()
    return Site(app, run=run, pack=pack, session=lambda: db.session, words=words)


class Task(Model):
    """Each column has another name, and synonyms say which it is."""

    __tablename__ = "tasks"
    task_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int]
    customer_id: orm.Mapped[int | None]
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    state: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    result: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    meta: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)
    enqueued: orm.Mapped[dt.datetime]
    id: orm.Mapped[int] = orm.synonym("task_id")
    workspace_id: orm.Mapped[int] = orm.synonym("org_id")
    tenant_id: orm.Mapped[int | None] = orm.synonym("customer_id")
    type: orm.Mapped[str] = orm.synonym("kind")
    status: orm.Mapped[str] = orm.synonym("state")
    outcome: orm.Mapped[str | None] = orm.synonym("result")
    context: orm.Mapped[t.Any] = orm.synonym("meta")
    created_at: orm.Mapped[dt.datetime] = orm.synonym("enqueued")


class Bundle(Model):
    """A pack of other names."""

    __tablename__ = "bundles"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int]
    customer_id: orm.Mapped[int]
    state: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    enqueued: orm.Mapped[dt.datetime]
    workspace_id: orm.Mapped[int] = orm.synonym("org_id")
    tenant_id: orm.Mapped[int] = orm.synonym("customer_id")
    status: orm.Mapped[str] = orm.synonym("state")
    created_at: orm.Mapped[dt.datetime] = orm.synonym("enqueued")


def with_synonyms(folder: pathlib.Path) -> Site:
    """Every attribute is mapped by a synonym."""
    return _site(folder, Task, Bundle)


class Export(Model):
    """Two flags and a pair of times tell what the contract calls status."""

    __tablename__ = "exports"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org_id: orm.Mapped[int]
    account: orm.Mapped[int | None]
    format: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    started: orm.Mapped[bool] = orm.mapped_column(default=False)
    done: orm.Mapped[bool] = orm.mapped_column(default=False)
    born: orm.Mapped[dt.datetime]

    @hybrid_property
    def workspace_id(self) -> int:
        return self.org_id

    @workspace_id.inplace.setter
    def _set_workspace_id(self, value: int) -> None:
        self.org_id = value

    @hybrid_property
    def tenant_id(self) -> int | None:
        return self.account

    @tenant_id.inplace.setter
    def _set_tenant_id(self, value: int | None) -> None:
        self.account = value

    @hybrid_property
    def created_at(self) -> dt.datetime:
        return self.born

    @created_at.inplace.setter
    def _set_created_at(self, value: dt.datetime) -> None:
        self.born = value

    @hybrid_property
    def type(self) -> str:
        return "integrity." + self.format

    @type.inplace.setter
    def _set_type(self, value: str) -> None:
        self.format = value.removeprefix("integrity.")

    @type.inplace.expression
    @classmethod
    def _type(cls) -> sa.ColumnElement[str]:
        return "integrity." + cls.format

    @hybrid_property
    def status(self) -> str:
        return "completed" if self.done else "running" if self.started else "queued"

    @status.inplace.setter
    def _set_status(self, value: str) -> None:
        self.started, self.done = value != "queued", value == "completed"

    @status.inplace.expression
    @classmethod
    def _status(cls) -> sa.ColumnElement[str]:
        return sa.case(
            (cls.done, "completed"), (cls.started, "running"), else_="queued"
        )

    @hybrid_property
    def outcome(self) -> str | None:
        return "succeeded" if self.done else None

    @outcome.inplace.setter
    def _set_outcome(self, value: str | None) -> None:
        self.done = value is not None

    @outcome.inplace.expression
    @classmethod
    def _outcome(cls) -> sa.ColumnElement[str | None]:
        return sa.case((cls.done, "succeeded"))


def with_hybrids(folder: pathlib.Path) -> Site:
    """What the contract asks for is computed, in Python and in SQL."""
    return _site(folder, Export, Bundle)


class Words(Model):
    """One column says what the contract says in two, in Celery's words."""

    __tablename__ = "celery_like"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int | None]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


def with_other_status_words(folder: pathlib.Path) -> Site:
    """PENDING, STARTED and SUCCESS, and packs that are IN_PROGRESS or DONE."""
    return _site(
        folder,
        Words,
        Bundle,
        statuses={"PENDING": "queued", "STARTED": "running", "SUCCESS": "succeeded"},
        pack_statuses={"IN_PROGRESS": "generating", "DONE": "ready"},
        words={
            "running": "STARTED",
            "completed": "SUCCESS",
            "generating": "IN_PROGRESS",
            "ready": "DONE",
        },
    )


class Record(Model):
    """What every record of the app has."""

    __tablename__ = "records"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    record_kind: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    workspace_id: orm.Mapped[int]
    created_at: orm.Mapped[dt.datetime]
    __mapper_args__: t.ClassVar[t.Any] = {
        "polymorphic_on": "record_kind",
        "polymorphic_identity": "record",
    }


class RecordRun(Record):
    """A run is such a record, and more in a table of its own."""

    __tablename__ = "record_runs"
    id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("records.id"), primary_key=True
    )
    tenant_id: orm.Mapped[int | None]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(30))
    __mapper_args__: t.ClassVar[t.Any] = {"polymorphic_identity": "run"}


class RecordPack(Record):
    """A pack is another."""

    __tablename__ = "record_packs"
    id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("records.id"), primary_key=True
    )
    tenant_id: orm.Mapped[int]
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    __mapper_args__: t.ClassVar[t.Any] = {"polymorphic_identity": "pack"}


def with_joined_inheritance(folder: pathlib.Path) -> Site:
    """Runs and packs share a table, and each has one of its own."""
    return _site(folder, RecordRun, RecordPack)


class UuidRun(Model):
    """Every key is a UUID."""

    __tablename__ = "uuid_runs"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid.uuid4)
    workspace_id: orm.Mapped[uuid.UUID]
    tenant_id: orm.Mapped[uuid.UUID | None]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(30))
    created_at: orm.Mapped[dt.datetime]


class UuidPack(Model):
    """A pack like it."""

    __tablename__ = "uuid_packs"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid.uuid4)
    workspace_id: orm.Mapped[uuid.UUID]
    tenant_id: orm.Mapped[uuid.UUID]
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


def with_uuid_keys(folder: pathlib.Path) -> Site:
    """Runs, packs, workspaces and tenants have UUIDs."""
    people = tuple(Person(name, uuid.uuid4(), uuid.uuid4()) for name in ("ada", "cleo"))
    app = bare_app(folder)
    db.init_app(app)
    LoginManager(app).user_loader({each.id: each for each in people}.get)
    Admin(app)
    make_ops(operation_run=UuidRun, review_pack=UuidPack).init_app(app)
    with app.app_context():
        db.create_all()
    return Site(
        app,
        run=UuidRun,
        pack=UuidPack,
        session=lambda: db.session,
        people=(people[0], people[1]),
    )


HOSTS = [
    with_synonyms,
    with_hybrids,
    with_other_status_words,
    with_joined_inheritance,
    with_uuid_keys,
]
