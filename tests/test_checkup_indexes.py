from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import functools
import json
import pathlib
import typing as t
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_admin import Admin
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OperationRunMixin
from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import ReviewPackMixin
from flask_ops_refresh import Scope
from flask_ops_refresh.checkup.command import ops_refresh
from flask_ops_refresh.model_mapping import ModelMapping

from .conftest import NOW
from .databases import database
from .databases import KINDS
from .host_app import add_translations
from .pages import poll
from .query_plans import plan
from .query_plans import statements

ROWS = 12_000


class Base(orm.DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)

if t.TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class Person(UserMixin):
    id = "1"


class Customer(Model):
    """A tenant that runs know by its short name."""

    __tablename__ = "customers"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    short: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class Job(Model):
    """A run in the app's own words, with names that have to be quoted, no index."""

    __tablename__ = "Jobs"
    uid: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid.uuid4)
    org: orm.Mapped[int]
    customer: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    kind: orm.Mapped[str] = orm.mapped_column("order", sa.String(80))
    state: orm.Mapped[str] = orm.mapped_column("State", sa.String(20))
    queued_at: orm.Mapped[dt.datetime] = orm.mapped_column("queued at")
    workspace_id = orm.synonym("org")
    tenant_id = orm.synonym("customer")
    type = orm.synonym("kind")
    created_at = orm.synonym("queued_at")
    tenant: orm.Mapped[Customer | None] = orm.relationship(
        primaryjoin=lambda: Job.customer == Customer.short,
        foreign_keys=lambda: Job.customer,
    )

    @hybrid_property
    def status(self) -> str:
        return self.state


class Bundle(Model):
    """A pack in the app's own words, no index."""

    __tablename__ = "bundles"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    org: orm.Mapped[int]
    customer: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    made: orm.Mapped[dt.datetime]
    workspace_id = orm.synonym("org")
    tenant_id = orm.synonym("customer")
    created_at = orm.synonym("made")


class Task(Model):
    """A run of an app without workspaces and tenants, no index."""

    __tablename__ = "tasks"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


class Chore(Model):
    """A run whose type and status are Enums, and whose date is computed."""

    __tablename__ = "chores"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.Enum("a", "b", name="chore_type"))
    status: orm.Mapped[str] = orm.mapped_column(sa.Enum("queued", name="chore_status"))
    made: orm.Mapped[dt.datetime | None]

    @hybrid_property
    def created_at(self) -> dt.datetime | None:
        return self.made

    @created_at.inplace.expression
    @classmethod
    def _created_at(cls) -> sa.ColumnElement[t.Any]:
        return sa.func.coalesce(cls.made, sa.func.current_timestamp())


class Essay(Model):
    """A run whose type is a text of any length."""

    __tablename__ = "essays"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.Text)
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


class Mixed(OperationRunMixin, Model):
    __tablename__ = "mixed_runs"


class MixedPack(ReviewPackMixin, Model):
    __tablename__ = "mixed_packs"


class Again(OperationRunMixin, Model):
    """A run that may repeat another."""

    __tablename__ = "again_runs"
    parent: orm.Mapped[int | None] = orm.mapped_column()
    retry_of_id: orm.Mapped[int | None] = orm.synonym("parent")


DONE = [f"done.{number}" for number in range(9)]
WORDS = {"statuses": dict.fromkeys(DONE, "succeeded")}
NAMED: dict[str, t.Any] = {
    "operation_run": Job,
    "review_pack": Bundle,
    "pack_statuses": dict.fromkeys(DONE, "ready"),
    **WORDS,
}
PLAIN: dict[str, t.Any] = {"operation_run": Task, "workspaces": False, **WORDS}
MIXED: dict[str, t.Any] = {"operation_run": Mixed, "review_pack": MixedPack}


def scope_of(options: dict[str, t.Any]) -> Scope:
    tenants: dict[str, t.Any] = {"tenant_ids": ALL_TENANTS, "tenant_id": "north"}
    return Scope(**tenants) if "workspaces" in options else Scope(1, **tenants)


class Work(orm.DeclarativeBase):
    """Of models in a schema of their own, and spread over two tables."""

    metadata = sa.MetaData(schema="work")


class Piece(Work):
    __tablename__ = "pieces"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


class Import(Piece):
    __tablename__ = "imports"
    id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey(Piece.id), primary_key=True)
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class OwnOrder(OperationsView):
    column_default_sort = "type"


class OwnFilters(OperationsView):
    column_filters = ("type",)


class OwnFiltersAlone(OwnFilters):
    show_overview = False


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> cabc.Iterator[str]:
    """An empty database of each kind."""
    with database(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def make_app(url: str) -> cabc.Iterator[cabc.Callable[..., Flask]]:
    """Make an app on it, with its tables."""
    made = []

    def make(**options: t.Any) -> Flask:
        app = Flask("unindexed")
        app.config.update(
            SECRET_KEY="x" * 32, SQLALCHEMY_DATABASE_URI=url, TESTING=True
        )
        add_translations(app)
        db.init_app(app)
        LoginManager(app).user_loader(lambda id: Person())
        Admin(app)
        ops = OpsRefresh(**options)
        ops.scope_loader(lambda user: scope_of(options))
        ops.init_app(app)
        made.append(app)
        with app.app_context():
            db.create_all()
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def checked(app: Flask) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit status, and what is found about indexes, by its code."""
    result = app.test_cli_runner().invoke(ops_refresh, ["check", "--json"])
    assert isinstance(result.exception, SystemExit | None), result.output
    found = json.loads(result.stdout)["findings"]
    indexes = {each["code"]: each for each in found if "-index-" in each["code"]}
    return result.exit_code, indexes


def levels(app: Flask) -> dict[str, str]:
    return {code: each["level"] for code, each in checked(app)[1].items()}


def execute(app: Flask, line: str) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(line)


def fill(app: Flask, *models: t.Any) -> None:
    """Store so many rows that their indexes are worth it; few of them are running."""
    with app.app_context():
        shorts = ("north", "south", "east", *(f"c{number}" for number in range(4_000)))
        for short in shorts:
            db.session.add(Customer(short=short, name=short.title()))
        db.session.flush()
        for model in models:
            mapping = ModelMapping(model, required=(), optional=())
            rows = [row(mapping, number) for number in range(ROWS)]
            db.session.execute(sa.insert(model.__table__), rows)
        db.session.commit()


def row(mapping: ModelMapping, number: int) -> dict[str, t.Any]:
    """A row in the names of its table."""
    values = {
        "workspace_id": 1 + number % 3,
        "tenant_id": ("north", "south", "east")[number % 7 % 3],
        "type": f"kind.{number % 11}",
        "status": "queued" if number % 997 == 0 else DONE[number % 9],
        "created_at": (NOW + dt.timedelta(seconds=number)).replace(tzinfo=None),
    }
    columns = {name: mapping.column(name) for name in values}
    return {
        column.key: values[name]
        for name, column in columns.items()
        if column is not None
    }


@pytest.mark.parametrize("columns", [None, "parent, created_at", "parent"])
def test_retries_are_found_by_an_index(
    make_app: cabc.Callable[..., Flask], columns: str | None
) -> None:
    """Asked for where runs repeat others; the line given serves, and longer ones."""
    app = make_app(operation_run=Again)
    found = checked(app)[1]["run-index-retries"]
    assert found["level"] == "wrong"
    line = f"CREATE INDEX own ON again_runs ({columns})" if columns else found["mend"]
    execute(app, line)
    assert set(levels(app).values()) == {"ok"}


@pytest.mark.parametrize(
    ("options", "missing", "pages"),
    [
        (
            NAMED,
            {
                "run-index-newest": "wrong",
                "run-index-type": "wrong",
                "run-index-tenant": "wrong",
                "run-index-status": "wrong",
                "run-index-tenant-name": "wrong",
                "pack-index-latest": "wrong",
            },
            [
                ("/admin/operations/", "Jobs"),
                ("/admin/operations/?flt0_0=queued", "Jobs"),
                ("/admin/", "bundles"),
            ],
        ),
        (
            PLAIN,
            {
                "run-index-newest": "wrong",
                "run-index-type": "wrong",
                "run-index-status": "wrong",
            },
            [
                ("/admin/operations/", "tasks"),
                ("/admin/operations/?flt0_0=queued", "tasks"),
            ],
        ),
    ],
    ids=["own names", "no workspaces, no tenants"],
)
def test_the_lines_work_and_then_the_queries_use_the_indexes(
    make_app: cabc.Callable[..., Flask],
    options: dict[str, t.Any],
    missing: dict[str, str],
    pages: list[tuple[str, str]],
) -> None:
    """Each printed CREATE INDEX runs; the check is green, and each index is used."""
    app = make_app(**options)
    fill(app, *(each for each in options.values() if isinstance(each, type)))
    status, found = checked(app)
    assert {code: each["level"] for code, each in found.items()} == missing
    assert status == 1
    with app.app_context():
        engine = db.engine
    with engine.begin() as connection:
        for each in found.values():
            assert each["mend"].startswith("CREATE INDEX ")
            connection.exec_driver_sql(each["mend"])
    status, found = checked(app)
    assert {each["level"] for each in found.values()} == {"ok"}
    assert status == 0
    refresh_statistics(engine)
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "1"
    plans = []
    for page, table in pages:
        for sql, values in statements(engine, client.get, page, table):
            with engine.connect() as connection:
                plans.append(plan(connection, sql, values))
    polled = functools.partial(poll, client)
    for sql, values in statements(
        engine, polled, "/admin/ops-refresh/operation-list", pages[0][1]
    ):
        with engine.connect() as connection:
            plans.append(plan(connection, sql, values))
    made = created(engine)
    assert len(made) == len(missing)
    assert [name for name in made if name not in "\n".join(plans)] == [], "\n".join(
        plans
    )


def refresh_statistics(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as each:
        quote = engine.dialect.identifier_preparer.quote
        tables = ", ".join(map(quote, sa.inspect(each).get_table_names()))
        kinds = {"sqlite": "ANALYZE", "postgresql": f"ANALYZE {tables}"}
        each.exec_driver_sql(kinds.get(engine.dialect.name, f"ANALYZE TABLE {tables}"))


def created(engine: sa.Engine) -> list[str]:
    """The names of the indexes that were made by the printed lines."""
    inspector = sa.inspect(engine)
    return [
        str(index["name"])
        for table in ("Jobs", "bundles", "tasks", "customers")
        for index in inspector.get_indexes(table)
    ]


def test_the_mixins_have_every_index(make_app: cabc.Callable[..., Flask]) -> None:
    """Models of the mixins need no index more."""
    assert set(levels(make_app(**MIXED)).values()) == {"ok"}


only_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@only_sqlite
@pytest.mark.parametrize(
    ("index", "level"),
    [
        ("INDEX i ON bundles (org, customer, made)", "ok"),
        ("INDEX i ON bundles (org, customer, made, status)", "ok"),
        ("INDEX i ON bundles (customer, org, made DESC)", "ok"),
        ("UNIQUE INDEX i ON bundles (customer, org)", "ok"),
        ("INDEX i ON bundles (customer, org)", "wrong"),
        ("INDEX i ON bundles (org, made, customer)", "wrong"),
        ("INDEX i ON bundles (made)", "wrong"),
        ("INDEX i ON bundles (org, customer, lower(made))", "wrong"),
        ("INDEX i ON bundles (org, customer, made) WHERE status = 'ready'", "wrong"),
    ],
)
def test_an_index_serves_if_it_begins_as_the_query_reads(
    make_app: cabc.Callable[..., Flask], index: str, level: str
) -> None:
    """Neither names nor resemblance count, but what the index can be used for."""
    app = make_app(**NAMED)
    execute(app, f"CREATE {index}")
    assert levels(app)["pack-index-latest"] == level


def test_a_line_whose_name_is_taken_works_all_the_same(
    make_app: cabc.Callable[..., Flask],
) -> None:
    """An index of that name that does not serve is no obstacle."""
    app = make_app(**PLAIN)
    line = checked(app)[1]["run-index-newest"]["mend"]
    execute(app, line.replace("(created_at, id)", "(type)"))
    other = checked(app)[1]["run-index-newest"]["mend"]
    assert other != line
    execute(app, other)
    assert levels(app)["run-index-newest"] == "ok"


@only_sqlite
def test_no_index_is_asked_for_that_no_query_would_use(
    make_app: cabc.Callable[..., Flask],
) -> None:
    """Enums, computed attributes, and an order or filters of the app's own."""
    chores = levels(make_app(operation_run=Chore))
    assert chores == {
        "run-index-newest": "advice",
        "run-index-type": "advice",
        "run-index-status": "advice",
    }
    own = levels(make_app(operation_run=Mixed, operations_view=OwnOrder))
    assert "run-index-newest" not in own
    own = levels(make_app(operation_run=Mixed, operations_view=OwnFilters))
    overview = {"run-index-status": "ok", "run-index-ended": "ok"}
    others = {"run-index-newest": "ok", "run-index-type": "ok"}
    assert own == {**others, **overview}
    own = levels(make_app(operation_run=Mixed, operations_view=OwnFiltersAlone))
    assert own == {**others, "run-index-status": "ok"}


@only_sqlite
def test_a_view_of_the_database_is_told_as_one(
    make_app: cabc.Callable[..., Flask],
) -> None:
    """What is a view cannot have an index, so none is asked for."""
    app = make_app(**PLAIN)
    execute(app, "ALTER TABLE tasks RENAME TO stored")
    execute(app, "CREATE VIEW tasks AS SELECT * FROM stored")
    assert set(levels(app).values()) == {"advice"}


@pytest.mark.parametrize("url", ["mariadb"], indirect=True)
def test_mariadb_is_told_to_shorten_what_it_cannot_order_by(
    make_app: cabc.Callable[..., Flask],
) -> None:
    """A text of any length has to become shorter first; then the line works."""
    app = make_app(operation_run=Essay)
    mend = checked(app)[1]["run-index-type"]["mend"]
    assert "make type a VARCHAR of 255 characters or less" in mend
    execute(app, "ALTER TABLE essays MODIFY type VARCHAR(255)")
    execute(app, mend.split(": ")[-1])
    assert levels(app)["run-index-type"] == "ok"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_schemas_and_inheritance_are_followed(url: str) -> None:
    """Lines name the schema, and the table of the two that has the columns."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA work")
        Work.metadata.create_all(connection)
    session = orm.scoped_session(orm.sessionmaker(engine))
    app = Flask("work")
    app.config.update(SECRET_KEY="x" * 32)
    LoginManager(app)
    Admin(app)
    OpsRefresh(app, operation_run=Import, session=session)
    found = checked(app)[1]
    assert found["run-index-newest"]["mend"] == (
        "CREATE INDEX ix_pieces_workspace_id_created_at_id ON work.pieces "
        "(workspace_id, created_at, id);"
    )
    assert found["run-index-type"]["level"] == "advice"
    assert (
        "workspace_id, type, created_at of Import are not all columns of one"
        in (found["run-index-type"]["sentence"])
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(found["run-index-newest"]["mend"])
    assert levels(app)["run-index-newest"] == "ok"
    session.remove()
    engine.dispose()
