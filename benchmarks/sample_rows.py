"""The rows that are measured on."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy import orm

from .measured_app import Base
from .measured_app import grants
from .measured_app import Pack
from .measured_app import Run
from .measured_app import User

_CONTEXT = {"path": "/srv/data", "options": {"dry_run": False, "batch": 500}}
_COUNTS = {"total": 5000, "processed": 1200, "succeeded": 1190, "failed": 10}
_FAILURES = {
    "total": 2,
    "entries": [
        {"code": "hash_mismatch", "message": "It was altered.", "subject": "a/b.py"},
        {"code": "missing_file", "message": "It is gone.", "subject": "a/c.py"},
    ],
}
#: People of workspace 1, by their ids.
PEOPLE = range(1, 51)
_WORKSPACES = 4
_TENANTS = 8
_ONE_FAILS_OF = 100
#: Runs that differ, and the fewest there can be; more are repetitions of them.
FEWEST = 10_000


def fill(engine: sa.Engine, runs: int, active: int) -> int:
    """Make tables with runs, the newest of them active; gives an active run's id.

    :param runs: how many there are, over all workspaces: 10,000 or a multiple.
    :param active: how many of the newest of workspace 1 still run.
    """
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    now = dt.datetime.now(dt.UTC)
    with engine.begin() as connection:
        _add_people(connection)
        connection.execute(sa.insert(Run.__table__), _completed_runs(now))
        if runs > FEWEST:
            connection.execute(_copies(runs // FEWEST - 1))
        running = [
            _row(number, now - dt.timedelta(seconds=active - number), status="running")
            for number in range(active)
        ]
        inserted = sa.insert(Run.__table__).returning(Run.__table__.c.id)
        ids = sorted(connection.scalars(inserted, running))
        connection.execute(sa.insert(Pack), [_pack(ids[-1], now)])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    return int(ids[-1])


def _add_people(connection: sa.Connection) -> None:
    people = [{"id": id, "name": f"P{id}", "workspace_id": 1} for id in PEOPLE]
    connection.execute(sa.insert(User), people)
    tenants = range(1, _TENANTS + 1)
    granted = [{"user_id": id, "tenant_id": each} for id in PEOPLE for each in tenants]
    connection.execute(sa.insert(grants), granted)


def completed_run(engine: sa.Engine) -> int:
    """The id of a run of workspace 1 that is over."""
    table = Run.__table__
    over = sa.select(sa.func.min(table.c.id)).where(
        table.c.workspace_id == 1, table.c.status == "completed"
    )
    with engine.connect() as connection:
        return int(connection.scalar(over) or 0)


def change(engine: sa.Engine, run_id: int, processed: int) -> None:
    """Let a run be changed by its worker.

    :param processed: how far it is now.
    """
    with orm.Session(engine) as session:
        session.get_one(Run, run_id).summary_counts = {
            **_COUNTS,
            "processed": processed,
        }
        session.commit()


def _row(number: int, created_at: dt.datetime, **values: object) -> dict[str, object]:
    return {
        "workspace_id": 1,
        "tenant_id": number % _TENANTS + 1,
        "type": f"import.{number % 12}",
        "context": _CONTEXT,
        "summary_counts": _COUNTS,
        "failure_summary": _FAILURES,
        "created_at": created_at,
        "started_at": created_at,
        "updated_at": created_at,
        **values,
    }


def _completed_runs(now: dt.datetime) -> list[dict[str, object]]:
    rows = []
    for number in range(FEWEST):
        at = now - dt.timedelta(hours=1, minutes=FEWEST - number)
        workspace = number % _WORKSPACES + 1
        outcome = "succeeded" if number % _ONE_FAILS_OF else "failed"
        ended = {"status": "completed", "outcome": outcome, "completed_at": at}
        rows.append(_row(number, at, workspace_id=workspace, **ended))
    return rows


def _copies(times: int) -> sa.Insert:
    """Every run there is, so many times more."""
    number = sa.select(sa.literal(1).label("n")).cte("number", recursive=True)
    number = number.union_all(sa.select(number.c.n + 1).where(number.c.n < times))
    columns = [column for column in Run.__table__.c if column.name != "id"]
    everything = sa.select(*columns).join_from(Run.__table__, number, sa.true())
    return sa.insert(Run).from_select(columns, everything)


def _pack(run_id: int, now: dt.datetime) -> dict[str, object]:
    return {
        "workspace_id": 1,
        "tenant_id": 1,
        "operation_run_id": run_id,
        "status": "generating",
        "created_at": now,
        "updated_at": now,
    }
