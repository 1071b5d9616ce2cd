"""The life of an operation run: queued, running, completed, and nothing else."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import logging
import typing as t

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import orm

from .database import db
from .database import utc_now
from .findings import Failure
from .findings import Findings
from .models import OperationRun
from .models import Tenant
from .models import User
from .work_queue import WorkQueue

_log = logging.getLogger(__name__)

_Session: t.TypeAlias = "orm.scoped_session[t.Any]"


class IllegalTransition(Exception):
    """A run is not in the state that a transition starts from."""

    def __init__(self, run_id: int, wanted: str) -> None:
        super().__init__(f"Operation run {run_id} cannot be {wanted} any more.")
        self.run_id = run_id
        self.wanted = wanted


class OperationRunService:
    """The only owner of transitions.

    Each is one ``UPDATE`` whose condition is the state it starts from, so that
    of two that come at once only one takes place. Each commits.

    :param send: puts a run's id on the queue.
    """

    def __init__(
        self,
        session: _Session,
        send: cabc.Callable[[int], object],
        now: cabc.Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._session = session
        self._send = send
        self._now = now

    def request(
        self, type: str, *, workspace_id: int, tenant: Tenant | None, user: User | None
    ) -> OperationRun:
        """Accept work: it is stored first, so that it cannot get lost."""
        now = self._now()
        run = OperationRun(
            type=type,
            workspace_id=workspace_id,
            tenant_id=tenant.id if tenant else None,
            user_id=user.id if user else None,
            created_at=now,
            updated_at=now,
        )
        self._session.add(run)
        self._session.commit()
        try:
            self._send(run.id)
        except Exception:
            # It is accepted all the same: the worker finds it in the database.
            _log.exception("Operation run %s could not be put on the queue.", run.id)
        return run

    def start(self, run_id: int, worker_id: str) -> OperationRun:
        """Take a queued run to work on it.

        :raises IllegalTransition: it is not queued any more, as when its message
            was delivered twice.
        """
        now = self._now()
        self._change(
            [OperationRun.id == run_id, OperationRun.status == "queued"],
            {"status": "running", "worker_id": worker_id, "started_at": now},
            now,
            illegal=IllegalTransition(run_id, "started"),
        )
        return self._session.get_one(OperationRun, run_id)

    def report(self, run_id: int, worker_id: str, findings: Findings) -> None:
        """Store how far a running run is."""
        self._change(
            _running(run_id, worker_id),
            {
                "summary_counts": findings.counts(),
                "failure_summary": findings.failure_summary(),
                "context": findings.facts,
            },
            self._now(),
            illegal=IllegalTransition(run_id, "reported on"),
        )

    def finish(self, run_id: int, worker_id: str, findings: Findings) -> None:
        """Complete a running run; its outcome is by what was found."""
        if not findings.succeeded and not findings.failures_total:
            findings.add(Failure("nothing_checked", "There was nothing to check."))
        self._complete(run_id, worker_id, findings, findings.outcome)

    def fail(
        self,
        run_id: int,
        worker_id: str | None,
        reason: Failure,
        findings: Findings | None = None,
    ) -> None:
        """Complete a running run as failed, for a reason of its own.

        :param findings: what there was until then, if it is still known; what
            was reported stays otherwise.
        """
        if findings is not None:
            findings.failures.insert(0, reason)
            findings.failures_total += 1
            self._complete(run_id, worker_id, findings, "failed")
            return
        run = self._session.get_one(OperationRun, run_id, populate_existing=True)
        known = run.failure_summary or {}
        summary = {
            "total": known.get("total", 0) + 1,
            "entries": [reason.as_json(), *known.get("entries", ())],
        }
        now = self._now()
        self._change(
            _running(run_id, worker_id),
            {**_completed("failed", now), "failure_summary": summary},
            now,
            illegal=IllegalTransition(run_id, "failed"),
        )

    def send_again(self, run_id: int) -> None:
        """Put a queued run on the queue once more; it is started once all the same."""
        self._send(run_id)

    def _complete(
        self, run_id: int, worker_id: str | None, findings: Findings, outcome: str
    ) -> None:
        now = self._now()
        self._change(
            _running(run_id, worker_id),
            {
                **_completed(outcome, now),
                "summary_counts": findings.counts(),
                "failure_summary": findings.failure_summary(),
                "context": findings.facts,
            },
            now,
            illegal=IllegalTransition(run_id, "completed"),
        )

    def _change(
        self,
        conditions: cabc.Iterable[sa.ColumnElement[bool]],
        values: cabc.Mapping[str, t.Any],
        now: dt.datetime,
        *,
        illegal: IllegalTransition,
    ) -> None:
        changed = self._session.execute(
            sa.update(OperationRun)
            .where(*conditions)
            .values(**values, updated_at=now)
            .returning(OperationRun.id)
            .execution_options(synchronize_session=False)
        ).all()
        self._session.commit()
        if not changed:
            raise illegal


def operation_run_service() -> OperationRunService:
    """The service of the current app."""
    queue: WorkQueue = current_app.extensions["work_queue"]
    return OperationRunService(db.session, queue.send)


def _running(run_id: int, worker_id: str | None) -> list[sa.ColumnElement[bool]]:
    return [
        OperationRun.id == run_id,
        OperationRun.status == "running",
        OperationRun.worker_id.is_not_distinct_from(worker_id),
    ]


def _completed(outcome: str, now: dt.datetime) -> dict[str, t.Any]:
    return {"status": "completed", "outcome": outcome, "completed_at": now}
