"""The life of an operation run: queued, running, completed, and nothing else.

The review pack that a run makes lives with it: each of its steps is stored in the
same transaction as the step of the run that it belongs to.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import datetime as dt
import logging
import typing as t

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import exc
from sqlalchemy import orm

from .database import db
from .database import utc_now
from .findings import Failure
from .findings import Findings
from .models import OperationRun
from .models import ReviewPack
from .models import Tenant
from .models import User
from .operation_catalogue import makes_pack
from .pack_files import StoredFile
from .work_queue import WorkQueue

_log = logging.getLogger(__name__)

_Session: t.TypeAlias = "orm.scoped_session[t.Any]"

_PACK_FAILED = {"status": "failed"}

CANCELLED = Failure("cancelled", "It was cancelled before it was done.")

_Conditions: t.TypeAlias = "cabc.Sequence[sa.ColumnElement[bool]]"

#: Days for which a review pack is offered unless somebody chooses.
KEEP_DAYS = 7


class AlreadyUnderWay(Exception):
    """The work is under way already: a tenant's review pack, or a run's retry."""


@dataclasses.dataclass(frozen=True)
class MadePack:
    """A review pack as its work leaves it.

    :param figures: what the card shows of it.
    """

    file: StoredFile
    figures: cabc.Mapping[str, int]


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
        self,
        type: str,
        *,
        workspace_id: int,
        tenant: Tenant | None,
        user: User | None,
        keep_days: int = KEEP_DAYS,
        retry_of: OperationRun | None = None,
    ) -> OperationRun:
        """Accept work: it is stored first, so that it cannot get lost.

        :param keep_days: how long the review pack is offered, if it makes one.
        :param retry_of: the run whose work it is once more.
        :raises AlreadyUnderWay: a review pack of the tenant is being made, or that
            run is being run again.
        """
        now = self._now()
        run = OperationRun(
            type=type,
            workspace_id=workspace_id,
            tenant_id=tenant.id if tenant else None,
            user_id=user.id if user else None,
            retry_of_id=retry_of.id if retry_of else None,
            created_at=now,
            updated_at=now,
        )
        if makes_pack(type) and tenant is not None:
            run.review_pack = _asked_for(tenant, keep_days, now)
        self._store(run)
        try:
            self._send(run.id)
        except Exception as error:
            # It is accepted all the same: the worker finds it in the database.
            _log.error("Operation run %s is not on the queue yet: %s", run.id, error)
        return run

    def run_again(
        self, run_id: int, *, user: User | None, within: _Conditions = ()
    ) -> OperationRun:
        """Accept the work of a run that has ended once more, as a run of its own.

        :param within: what the run has to meet as well, such as a scope.
        :raises AlreadyUnderWay: it is being run again, or what it makes is made.
        :raises IllegalTransition: it has not ended, or is not within.
        """
        ended = sa.select(OperationRun).where(
            OperationRun.id == run_id, OperationRun.status == "completed", *within
        )
        run = self._session.scalars(ended).one_or_none()
        if run is None:
            raise IllegalTransition(run_id, "run again")
        return self.request(
            run.type,
            workspace_id=run.workspace_id,
            tenant=run.tenant,
            user=user,
            keep_days=run.review_pack.options["keep_days"]
            if run.review_pack
            else KEEP_DAYS,
            retry_of=run,
        )

    def cancel(self, run_id: int, *, within: _Conditions = ()) -> None:
        """End a queued run; have a running one stop at its next file.

        Should that be done before the worker hears of it, it ends as what it is.

        :param within: what the run has to meet as well, such as a scope.
        :raises IllegalTransition: it has ended, or is not within.
        """
        now = self._now()
        asked = {"cancel_requested_at": now}
        ended = {
            **asked,
            **_completed("failed", now),
            "failure_summary": Findings().led_by(CANCELLED).failure_summary(),
        }
        queued, running = (
            [OperationRun.status == status, *within] for status in ("queued", "running")
        )
        # In this order: what is no longer queued is running, and never the reverse.
        try:
            self._change(
                run_id, queued, ended, now, wanted="cancelled", pack=_PACK_FAILED
            )
        except IllegalTransition:
            self._change(run_id, running, asked, now, wanted="cancelled")

    def start(self, run_id: int, worker_id: str) -> OperationRun:
        """Take a queued run to work on it.

        A worker that took it and was not told so, as when the connection was lost
        while it was stored, takes it again.

        :raises IllegalTransition: another worker has it, or it has ended, as when
            its message was delivered twice.
        """
        now = self._now()
        is_free = sa.or_(OperationRun.status == "queued", sa.and_(*_running(worker_id)))
        self._change(
            run_id,
            [is_free],
            {"status": "running", "worker_id": worker_id, "started_at": now},
            now,
            wanted="started",
            pack={"status": "generating"},
        )
        return self._session.get_one(OperationRun, run_id)

    def report(self, run_id: int, worker_id: str, findings: Findings) -> bool:
        """Store how far a running run is; whether it is to be cancelled."""
        cancel_requested_at = self._change(
            run_id,
            _running(worker_id),
            _found(findings),
            self._now(),
            wanted="reported on",
        )
        return cancel_requested_at is not None

    def finish(
        self,
        run_id: int,
        worker_id: str,
        findings: Findings,
        made: MadePack | None = None,
    ) -> None:
        """Complete a running run; its outcome is by what was found.

        :param made: the review pack it has made: offered from now on, unless
            nothing was found at all.
        """
        if not findings.succeeded and not findings.failures_total:
            findings.add(Failure("nothing_checked", "There was nothing to check."))
        outcome = findings.outcome
        if made is None or outcome == "failed":
            self._complete(run_id, worker_id, findings, outcome, _PACK_FAILED)
        else:
            pack = self._offered(run_id, made)
            self._complete(run_id, worker_id, findings, outcome, pack)

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
        run = self._session.get_one(OperationRun, run_id, populate_existing=True)
        if run.cancel_requested_at is not None:
            # It was to end, whatever took its worker.
            reason = CANCELLED
        if findings is not None:
            found = findings.led_by(reason)
            self._complete(run_id, worker_id, found, "failed", _PACK_FAILED)
            return
        known = run.failure_summary or {}
        summary = {
            "total": known.get("total", 0) + 1,
            "entries": [reason.as_json(), *known.get("entries", ())],
        }
        now = self._now()
        self._change(
            run_id,
            _running(worker_id),
            {**_completed("failed", now), "failure_summary": summary},
            now,
            wanted="failed",
            pack=_PACK_FAILED,
        )

    def send_again(self, run_id: int) -> None:
        """Put a queued run on the queue once more; it is started once all the same."""
        self._send(run_id)

    def expire_packs(self) -> None:
        """Offer no review pack any longer whose time is over."""
        now = self._now()
        self._session.execute(
            sa.update(ReviewPack)
            .where(ReviewPack.status == "ready", ReviewPack.expires_at <= now)
            .values(status="expired", updated_at=now)
            .execution_options(synchronize_session=False)
        )
        self._session.commit()

    def _store(self, run: OperationRun) -> None:
        self._session.add(run)
        try:
            self._session.commit()
        except exc.IntegrityError as error:
            self._session.rollback()
            if not self._is_under_way(run):
                raise
            raise AlreadyUnderWay from error

    def _is_under_way(self, run: OperationRun) -> bool:
        ways = []
        if run.retry_of_id is not None:
            ways.append(
                sa.select(OperationRun.id).where(
                    OperationRun.retry_of_id == run.retry_of_id,
                    OperationRun.status.in_(("queued", "running")),
                )
            )
        if (pack := run.review_pack) is not None:
            ways.append(
                sa.select(ReviewPack.id).where(
                    ReviewPack.workspace_id == pack.workspace_id,
                    ReviewPack.tenant_id == pack.tenant_id,
                    ReviewPack.status.in_(("queued", "generating")),
                )
            )
        return any(self._session.scalar(way) is not None for way in ways)

    def _offered(self, run_id: int, made: MadePack) -> dict[str, t.Any]:
        """The values of a pack from now until it expires."""
        options = sa.select(ReviewPack.options).where(
            ReviewPack.operation_run_id == run_id
        )
        keep_days = self._session.scalars(options).one()["keep_days"]
        now = self._now()
        return {
            "status": "ready",
            "summary": dict(made.figures),
            "file_name": made.file.name,
            "file_size": made.file.size_bytes,
            "generated_at": now,
            "expires_at": now + dt.timedelta(days=keep_days),
        }

    def _complete(
        self,
        run_id: int,
        worker_id: str | None,
        findings: Findings,
        outcome: str,
        pack: cabc.Mapping[str, t.Any],
    ) -> None:
        now = self._now()
        self._change(
            run_id,
            _running(worker_id),
            {**_completed(outcome, now), **_found(findings)},
            now,
            wanted="completed",
            pack=pack,
        )

    def _change(
        self,
        run_id: int,
        conditions: _Conditions,
        values: cabc.Mapping[str, t.Any],
        now: dt.datetime,
        *,
        wanted: str,
        pack: cabc.Mapping[str, t.Any] | None = None,
    ) -> dt.datetime | None:
        """Take a step; gives when somebody asked for the run to be cancelled."""
        changed = self._session.scalars(
            sa.update(OperationRun)
            .where(OperationRun.id == run_id, *conditions)
            .values(**values, updated_at=now)
            .returning(OperationRun.cancel_requested_at)
            .execution_options(synchronize_session=False)
        ).all()
        if changed and pack:
            self._session.execute(
                sa.update(ReviewPack)
                .where(ReviewPack.operation_run_id == run_id)
                .values(**pack, updated_at=now)
                .execution_options(synchronize_session=False)
            )
        self._session.commit()
        if not changed:
            raise IllegalTransition(run_id, wanted)
        return changed[0]


def operation_run_service() -> OperationRunService:
    """The service of the current app."""
    queue: WorkQueue = current_app.extensions["work_queue"]
    return OperationRunService(db.session, queue.send)


def _asked_for(tenant: Tenant, keep_days: int, now: dt.datetime) -> ReviewPack:
    return ReviewPack(
        workspace_id=tenant.workspace_id,
        tenant_id=tenant.id,
        options={"keep_days": keep_days},
        created_at=now,
        updated_at=now,
    )


def _running(worker_id: str | None) -> list[sa.ColumnElement[bool]]:
    return [
        OperationRun.status == "running",
        OperationRun.worker_id.is_not_distinct_from(worker_id),
    ]


def _found(findings: Findings) -> dict[str, t.Any]:
    return {
        "summary_counts": findings.counts(),
        "failure_summary": findings.failure_summary(),
        "context": findings.facts,
    }


def _completed(outcome: str, now: dt.datetime) -> dict[str, t.Any]:
    return {"status": "completed", "outcome": outcome, "completed_at": now}
