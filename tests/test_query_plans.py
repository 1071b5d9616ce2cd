from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import functools
import json
import pathlib
import re
import typing as t

import pytest
import sqlalchemy as sa

from .conftest import ADA
from .conftest import BEN
from .conftest import Clock
from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import OperationRun
from .pages import poll
from .query_plans import plan
from .query_plans import statements

RUNS = 200_000


@pytest.fixture(params=["sqlite", "postgresql"])
def full(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> cabc.Iterator[Host]:
    """A host with 200,000 runs in three workspaces, the last of them running."""
    with database(request.param, tmp_path) as url:
        app = create_host(url)
        host = populate(app)
        with app.app_context():
            _fill()
        yield host
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _fill(of: cabc.Callable[[int], dict[str, t.Any]] = lambda number: {}) -> None:
    """Store a sixteenth of the runs, then double them until all are there.

    :param of: the values of one of them beside the usual ones.
    """
    runs = OperationRun.__table__
    some = [
        {
            "workspace_id": 1 + number % 3,
            "tenant_id": (1, 2, None)[number % 7 % 3],
            "type": f"kind.{number % 11}",
            "status": "completed",
            "outcome": "succeeded",
            "created_at": NOW + dt.timedelta(seconds=number),
            **of(number),
        }
        for number in range(RUNS // 16)
    ]
    db.session.execute(sa.insert(runs), some)
    columns = [runs.c[name] for name in some[0]]
    for _ in range(4):
        db.session.execute(sa.insert(runs).from_select(columns, sa.select(*columns)))
    last = {"workspace_id": 1, "tenant_id": 2, "status": "running", "outcome": None}
    db.session.execute(sa.update(runs).where(runs.c.id == RUNS).values(last))
    db.session.commit()
    analyze = "ANALYZE TABLE operation_runs" if db.engine.name == "mysql" else "ANALYZE"
    db.session.execute(sa.text(analyze))
    db.session.commit()
    db.session.remove()
    # What it has found is known to a connection that is new.
    db.engine.dispose()


def assert_by_index(host: Host, sql: str, values: t.Any) -> None:
    with host.app.app_context():
        if db.engine.dialect.name == "sqlite":
            explain = f"EXPLAIN QUERY PLAN {sql}"
            found = db.session.connection().exec_driver_sql(explain, values).all()
            _check_sqlite([step.detail for step in found])
        else:
            explain = f"EXPLAIN (FORMAT JSON) {sql}"
            [[plan]] = db.session.connection().exec_driver_sql(explain, values).all()
            plan = json.loads(plan) if isinstance(plan, str) else plan
            _check_postgresql(list(_nodes(plan[0]["Plan"])))


def _check_sqlite(steps: list[str]) -> None:
    on_runs = [step for step in steps if "operation_runs" in step]
    assert on_runs
    for step in on_runs:
        assert step.startswith("SEARCH"), steps
        assert "INDEX" in step or "PRIMARY KEY" in step, steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps


def _check_postgresql(nodes: list[dict[str, t.Any]]) -> None:
    on_runs = [node for node in nodes if node.get("Relation Name") == "operation_runs"]
    assert on_runs
    for node in on_runs:
        assert "Index" in node["Node Type"], nodes
    assert not [node for node in nodes if node["Node Type"] == "Sort"], nodes


def _nodes(plan: dict[str, t.Any]) -> cabc.Iterator[dict[str, t.Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def test_list_detail_and_their_polls_read_200000_runs_by_index(full: Host) -> None:
    """No page and no poll scans or sorts the table, for whoever looks.

    The overview, which the list's first view has beside it, has a test of its own.
    """
    for user in (ADA, BEN):
        for path, polled in [
            ("/admin/operations/?page_size=50", False),
            ("/admin/ops-refresh/operation-list", True),
            (f"/admin/operations/details/?id={RUNS}", False),
            (f"/admin/ops-refresh/operation-detail?id={RUNS}", True),
        ]:
            client = full.client(user)
            ask = functools.partial(poll, client) if polled else client.get
            with full.app.app_context():
                engine = db.engine
            for sql, values in statements(engine, ask, path, "operation_runs"):
                assert_by_index(full, sql, values)


DAYS = 30


@pytest.fixture(params=KINDS)
def month(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path, frozen_clock: Clock
) -> cabc.Iterator[Host]:
    """A host whose 200,000 runs ended over a month; one in ten failed."""
    with database(request.param, tmp_path) as url:
        app = create_host(url)
        host = populate(app)
        with app.app_context():
            _fill(
                lambda number: {
                    "status": "completed",
                    "outcome": "succeeded" if number % 10 else "failed",
                    "completed_at": NOW
                    - dt.timedelta(days=DAYS) * number / (RUNS // 16),
                    "created_at": NOW
                    - dt.timedelta(days=DAYS) * number / (RUNS // 16)
                    - dt.timedelta(seconds=number % 600),
                }
            )
        yield host
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_the_overview_reads_what_is_active_and_what_ended_lately(month: Host) -> None:
    """Both of its SELECTs go by index to the last day's runs, for whoever looks."""
    with month.app.app_context():
        engine = db.engine
    for user in (ADA, BEN):
        client = month.client(user)
        ran = statements(engine, client.get, "/admin/", "operation_runs")
        assert len(ran) == 2
        for sql, values in ran:
            steps = _plan_of(engine, sql, values)
            assert "ix_runs_ended" in steps
            assert not _READS_ALL.search(steps), steps
        assert "ix_runs_status" in _plan_of(engine, *ran[0])


def test_the_lists_tabs_count_what_is_active_by_index(month: Host) -> None:
    """The tabs count along the index of statuses, however few words they are."""
    with month.app.app_context():
        engine = db.engine
    for user in (ADA, BEN):
        url = "/admin/operations/?tab=active"
        ran = statements(engine, month.client(user).get, url, "operation_runs")
        steps = _plan_of(engine, *ran[0])
        assert "ix_runs_status" in steps
        assert not _READS_ALL.search(steps), steps


#: As SQLite, PostgreSQL and MariaDB say that each row of the table is read.
_READS_ALL = re.compile(
    r"SCAN operation_runs|Seq Scan on operation_runs"
    r"|'operation_runs', '(?:ALL|index)'"
)


def _plan_of(engine: sa.Engine, sql: str, values: t.Any) -> str:
    with engine.connect() as connection:
        return plan(connection, sql, values)
