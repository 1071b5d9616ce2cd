"""A worker: takes runs from the queue and performs them."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import logging
import threading
import time
import typing as t

from flask import Flask

from .database import DATABASE_AWAY
from .database import db
from .database import utc_now
from .database import why_away
from .environments import Environment
from .findings import Failure
from .findings import Findings
from .models import OperationRun
from .operation_catalogue import Operation
from .operation_catalogue import OPERATIONS
from .operation_runs import CANCELLED
from .operation_runs import IllegalTransition
from .operation_runs import MadePack
from .operation_runs import operation_run_service
from .operation_runs import OperationRunService
from .pacing import Pacer
from .pack_files import pack_files
from .progress import OperationCancelled
from .progress import OperationStopped
from .progress import Progress
from .recovery import fail_lost_runs
from .recovery import remove_unneeded_files
from .recovery import send_unheard_runs
from .review_pack import PackOrder
from .work_queue import WorkQueue
from .worker_leases import worker_leases

_log = logging.getLogger(__name__)

_Value = t.TypeVar("_Value")

_STOPPED = Failure("worker_stopped", "The worker was stopped before it was done.")
_NO_ENVIRONMENT = Failure("no_environment", "There is no Python environment here.")

_PATIENCE_SECONDS = 1


@dataclasses.dataclass(frozen=True)
class _Job:
    """What a worker needs to know of a run to do its work."""

    run_id: int
    type: str
    prefix: str | None
    workspace: str
    tenant: str
    asked_for_by: str | None


class Worker:
    """One process that performs operations.

    :param app: whose runs these are.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._leases = worker_leases(app)
        self._lease = self._leases.take()
        self._performing: set[int] = set()
        self._claiming = threading.Lock()
        self.id = self._lease.worker_id
        self.stopping = threading.Event()
        self.queue: WorkQueue = app.extensions["work_queue"]
        self.queue.deliver_to(self.perform)

    def perform(self, run_id: int) -> None:
        """Perform a run, unless it was started before."""
        with self._claiming:
            if run_id in self._performing:
                return
            self._performing.add(run_id)
        try:
            with self._app.app_context():
                self._perform(operation_run_service(), run_id)
        finally:
            self._performing.discard(run_id)

    def recover(self) -> None:
        """Look after work that was lost, by this worker or another, and old packs.

        :raises ExceptionGroup: steps that failed; those after them were taken.
        """
        errors = []
        with self._app.app_context():
            for step in self._recovery(operation_run_service()):
                try:
                    step()
                except Exception as error:
                    db.session.rollback()
                    errors.append(error)
        if errors:
            raise ExceptionGroup("lost work is not looked after", errors)

    def _recovery(
        self, service: OperationRunService
    ) -> cabc.Iterator[cabc.Callable[[], object]]:
        yield self._lease.renew
        yield lambda: fail_lost_runs(service, self._leases, self._may_perform)
        yield service.expire_packs
        if not self.stopping.is_set():
            yield lambda: send_unheard_runs(service, self.queue)
        yield lambda: remove_unneeded_files(pack_files())

    def keep_recovering(self) -> None:
        """Do so at once and time and again, until the worker stops."""
        while True:
            try:
                self.recover()
            except ExceptionGroup as failed:
                # Whatever it is, the next round may do better; there must be one.
                for error in failed.exceptions:
                    _log.warning("Lost work is looked after later: %s", why_away(error))
                _log.debug("", exc_info=True)
            if self.stopping.wait(self._app.config["RECOVERY_INTERVAL_SECONDS"]):
                return

    def close(self) -> None:
        """Stop being a worker."""
        self.queue.close()
        self._lease.release()

    def _may_perform(self, worker_id: str, run_id: int) -> bool:
        # Of its own runs a worker knows; others, as long as they live, are trusted.
        return worker_id != self.id or run_id in self._performing

    def _perform(self, service: OperationRunService, run_id: int) -> None:
        if self.stopping.is_set():
            # Still queued: the next worker finds it in the database.
            return
        try:
            job = self._patiently(lambda: _job_of(service.start(run_id, self.id)))
        except IllegalTransition as refused:
            _log.info("%s", refused)
            return
        progress = Progress(
            lambda findings: self._report(service, run_id, findings),
            interval=self._app.config["PROGRESS_INTERVAL_SECONDS"],
            is_stopping=self.stopping.is_set,
        )
        # Should the run be ended by somebody else, then that is its end.
        with contextlib.suppress(IllegalTransition):
            ended = self._work(job, progress)
            self._patiently(lambda: self._end(service, run_id, progress, ended))

    def _end(
        self,
        service: OperationRunService,
        run_id: int,
        progress: Progress,
        ended: Failure | MadePack | None,
    ) -> None:
        if isinstance(ended, Failure):
            service.fail(run_id, self.id, ended, progress.findings)
        else:
            service.finish(run_id, self.id, progress.findings, ended)

    def _report(
        self, service: OperationRunService, run_id: int, findings: Findings
    ) -> None:
        try:
            is_cancelled = service.report(run_id, self.id, findings)
        except DATABASE_AWAY:
            # The next report says all that this one would have said.
            db.session.rollback()
        else:
            if is_cancelled:
                raise OperationCancelled

    def _patiently(self, step: cabc.Callable[[], _Value]) -> _Value:
        """Take a step that needs the database, however long that is away."""
        told = False
        while True:
            try:
                return step()
            except DATABASE_AWAY as error:
                db.session.rollback()
                if not told:
                    _log.warning("The database is away: %s", why_away(error))
                told = True
                if self.stopping.wait(_PATIENCE_SECONDS):
                    raise

    def _work(self, job: _Job, progress: Progress) -> Failure | MadePack | None:
        """Do the work; gives the pack it made, or why it came to no end of its own."""
        operation = OPERATIONS.get(job.type)
        if operation is None:
            return Failure("unknown_type", f"Nobody knows how to do {job.type}.")
        environment = job.prefix and Environment(job.prefix)
        if not environment or not environment.exists():
            return _NO_ENVIRONMENT
        pacer = Pacer(
            self._app.config["FILES_PER_SECOND"],
            clock=time.monotonic,
            sleep=self.stopping.wait,
            each=progress.check_in,
        )
        try:
            if operation.makes_pack:
                return _make_pack(operation, job, environment, progress, pacer)
            operation.work(environment, progress, pacer)
        except OperationStopped:
            return _STOPPED
        except OperationCancelled:
            return CANCELLED
        except IllegalTransition:
            raise
        except Exception as error:
            _log.exception("Operation run %s failed.", job.run_id)
            db.session.rollback()
            kind = type(error).__name__
            return Failure("crashed", f"It ended in an unexpected {kind}; see the log.")
        return None


def _job_of(run: OperationRun) -> _Job:
    tenant = run.tenant
    job = _Job(
        run_id=run.id,
        type=run.type,
        prefix=tenant.prefix if tenant else None,
        workspace=tenant.workspace.name if tenant else "",
        tenant=tenant.name if tenant else "",
        asked_for_by=run.user.name if run.user else None,
    )
    # The work may take hours: no transaction is held open for it.
    db.session.rollback()
    return job


def _make_pack(
    operation: Operation,
    job: _Job,
    environment: Environment,
    progress: Progress,
    pacer: Pacer,
) -> MadePack:
    with pack_files().draft(job.run_id) as draft:
        order = PackOrder(
            file=draft.file,
            workspace=job.workspace,
            tenant=job.tenant,
            asked_for_by=job.asked_for_by,
            made_at=utc_now(),
        )
        figures = operation.work(environment, progress, pacer, order)
        return MadePack(draft.keep(), figures)
