from __future__ import annotations

import datetime as dt
import typing as t

import pytest
import sqlalchemy as sa

from .conftest import ADA
from .conftest import BEN
from .conftest import Host
from .conftest import NOW
from .host_app import db
from .host_app import OperationRun
from .pages import poll

RUNS = 200_000


@pytest.fixture
def full(host: Host) -> Host:
    """A host whose workspace has 200,000 runs, one of them running."""
    with host.app.app_context():
        rows = [
            {
                "workspace_id": 1 + number % 3,
                "tenant_id": (1, 2, None)[number % 3 if number % 7 else 0],
                "type": f"kind.{number % 11}",
                "status": "completed" if number < RUNS - 1 else "running",
                "outcome": "succeeded",
                "created_at": NOW + dt.timedelta(seconds=number),
            }
            for number in range(RUNS)
        ]
        rows[-1]["workspace_id"] = 1
        rows[-1]["tenant_id"] = 2
        db.session.execute(sa.insert(OperationRun), rows)
        db.session.commit()
        db.session.execute(sa.text("ANALYZE"))
        db.session.commit()
    return host


def plans(host: Host, user: int, url: str, *, polled: bool) -> list[str]:
    """How the database reads operation runs while a page or poll is answered."""
    ran: list[tuple[str, t.Any]] = []

    def note(
        connection: t.Any, cursor: t.Any, sql: str, given: t.Any, *_: t.Any
    ) -> None:
        ran.append((sql, given))

    client = host.client(user)
    with host.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    response = poll(client, url) if polled else client.get(url)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert response.status_code == 200
    with engine.connect() as connection:
        return [
            step.detail
            for sql, given in ran
            if "operation_runs" in sql
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
        ]


def assert_by_index(steps: list[str]) -> None:
    assert steps
    on_runs = [step for step in steps if "operation_runs" in step]
    assert on_runs
    for step in on_runs:
        assert step.startswith("SEARCH"), steps
        assert "INDEX" in step or "PRIMARY KEY" in step, steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps


@pytest.mark.parametrize("user", [ADA, BEN], ids=["all tenants", "one tenant"])
def test_list_detail_and_their_polls_read_200000_runs_by_index(
    full: Host, user: int
) -> None:
    """No page and no poll scans or sorts the table, for whoever looks."""
    assert_by_index(plans(full, user, "/admin/operations/", polled=False))
    assert_by_index(plans(full, user, "/admin/ops-refresh/operation-list", polled=True))
    detail = f"/admin/ops-refresh/operation-detail?id={RUNS}"
    assert_by_index(plans(full, user, detail, polled=True))
    page = f"/admin/operations/details/?id={RUNS}"
    assert_by_index(plans(full, user, page, polled=False))
