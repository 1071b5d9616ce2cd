"""The life of an operation run: queued, running, completed, and nothing else.

Each step is one UPDATE whose condition is the step before: of two workers that
are handed the same run, one performs it.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from .app import db
from .app import OperationRun
from .jobs import JOBS


def start(send, type, workspace_id, **context):
    """Store a run and send its id to the workers; the id."""
    run = OperationRun(type=type, workspace_id=workspace_id, context=context)
    db.session.add(run)
    # Before it is sent: a worker may be faster than the next line.
    db.session.commit()
    run_id = run.id
    try:
        send(run_id)
    except Exception as error:
        _step(run_id, "queued", **_failed(error))
        raise
    return run_id


def perform(run_id):
    """Do what a run asks for, and write down how it ended."""
    if not _step(run_id, "queued", status="running", started_at=_now()):
        return  # Sent twice, or given up meanwhile.
    try:
        run = db.session.get(OperationRun, run_id)
        JOBS[run.type](run)
    except BaseException as error:  # Also when the worker is told to stop.
        db.session.rollback()
        _step(run_id, "running", **_failed(error))
        raise
    _step(
        run_id,
        "running",
        status="completed",
        outcome="succeeded",
        completed_at=_now(),
    )


def fail_lost(silent_for):
    """Fail the runs whose worker was killed: they are running, and silent for so long.

    Call it every minute, and when a worker starts.
    """
    lost = sa.select(OperationRun.id).where(
        OperationRun.status == "running",
        OperationRun.updated_at < _now() - silent_for,
    )
    for run_id in db.session.scalars(lost).all():
        _step(run_id, "running", **_failed(RuntimeError("Its worker was lost.")))


def _step(run_id, from_status, **values):
    """Whether the run was in that status, and took the step."""
    step = (
        sa.update(OperationRun)
        .where(OperationRun.id == run_id, OperationRun.status == from_status)
        .values(values)
    )
    took_place = db.session.execute(step).rowcount == 1
    db.session.commit()
    return took_place


def _failed(error):
    return {
        "status": "completed",
        "outcome": "failed",
        "completed_at": _now(),
        "failure_summary": [{"code": type(error).__name__, "message": str(error)}],
    }


def _now():
    return dt.datetime.now(dt.UTC)
