"""A database that an earlier version of the app has made."""

from __future__ import annotations

import collections.abc as cabc
import concurrent.futures
import pathlib

import pytest
import sqlalchemy as sa

from example_app.database import db
from example_app.models import OperationRun
from example_app.operation_runs import operation_run_service
from example_app.table_upgrade import add_what_is_missing

from ..databases import database
from .conftest import Example

#: The table of runs as it was before runs could be cancelled and run again.
BEFORE = """
CREATE TABLE operation_runs (
    id {key} NOT NULL PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    tenant_id INTEGER,
    user_id INTEGER,
    type VARCHAR(80) NOT NULL,
    status VARCHAR(20) NOT NULL,
    outcome VARCHAR(30),
    worker_id VARCHAR(120),
    context JSON,
    summary_counts JSON,
    failure_summary JSON,
    created_at {time} NOT NULL,
    started_at {time},
    completed_at {time},
    updated_at {time} NOT NULL,
    CHECK (status IN ('queued', 'running', 'completed')),
    CHECK ((status = 'completed') = (outcome IS NOT NULL))
)
"""
OLD_RUN = """
INSERT INTO operation_runs (workspace_id, type, status, created_at, updated_at)
VALUES (1, 'integrity.verify', 'queued', '2026-03-14 12:00:00', '2026-03-14 12:00:00')
"""
WORDS = {
    "sqlite": {"key": "INTEGER", "time": "DATETIME"},
    "postgresql": {"key": "SERIAL", "time": "TIMESTAMP WITH TIME ZONE"},
}


@pytest.fixture(params=WORDS)
def old(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> cabc.Iterator[str]:
    """The address of such a database, with a run in it."""
    with database(request.param, tmp_path) as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(BEFORE.format(**WORDS[request.param]))
            connection.exec_driver_sql(OLD_RUN)
        engine.dispose()
        yield url


def columns_and_indexes(connection: sa.Connection) -> tuple[set[str], set[str | None]]:
    inspector = sa.inspect(connection)
    columns = {column["name"] for column in inspector.get_columns("operation_runs")}
    indexes = {index["name"] for index in inspector.get_indexes("operation_runs")}
    return columns, indexes


def test_an_older_database_goes_on(
    old: str, make_example: cabc.Callable[..., Example]
) -> None:
    """Its runs stay, and can be cancelled and run again like new ones."""
    example = make_example(SQLALCHEMY_DATABASE_URI=old)
    with example.app.app_context():
        columns, indexes = columns_and_indexes(db.session.connection())
        table = db.metadata.tables["operation_runs"]
        assert columns == set(table.columns.keys())
        assert indexes == {index.name for index in table.indexes}
        service = operation_run_service()
        service.cancel(1)
        again = service.run_again(1, user=None)
        assert again.retry_of_id == 1
        with pytest.raises(sa.exc.IntegrityError):
            db.session.execute(sa.update(OperationRun).values(retry_of_id=999))
        db.session.remove()
        db.engine.dispose()


def test_it_is_upgraded_once(
    old: str, make_example: cabc.Callable[..., Example]
) -> None:
    """Started again, nothing is left to do."""
    for _ in range(2):
        example = make_example(SQLALCHEMY_DATABASE_URI=old)
        with example.app.app_context():
            seen: list[str] = []
            sa.event.listen(
                db.engine,
                "before_cursor_execute",
                lambda *args, seen=seen: seen.append(args[2]),
            )
            with db.engine.begin() as connection:
                add_what_is_missing(connection, db.metadata)
            assert not [each for each in seen if "ALTER" in each or "CREATE" in each]
            db.engine.dispose()


def test_several_processes_upgrade_it_together(old: str) -> None:
    """Whoever comes first does it, and the others find it done."""
    engine = sa.create_engine(old)
    db.metadata.create_all(engine)
    table = db.metadata.tables["operation_runs"]

    def upgrade(_: int) -> None:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # As the app does before it makes tables.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(1)))
            add_what_is_missing(connection, db.metadata)
            columns, _ = columns_and_indexes(connection)
            assert columns == set(table.columns.keys())

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, range(4)))
    engine.dispose()


def test_what_cannot_be_upgraded_says_so(tmp_path: pathlib.Path) -> None:
    """A column that older rows would need a value for is named, and what to do."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/ancient.sqlite")
    table = sa.Table(
        "tenants", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True)
    )
    table.create(engine)
    now = sa.MetaData()
    sa.Table(
        "tenants",
        now,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    with (
        pytest.raises(RuntimeError, match="tenants has no column name"),
        engine.begin() as connection,
    ):
        add_what_is_missing(connection, now)
    engine.dispose()
