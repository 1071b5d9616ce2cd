"""A worker: takes runs from the queue and performs them."""

from __future__ import annotations

import contextlib
import logging
import threading
import time

from flask import Flask

from .database import db
from .database import utc_now
from .environments import Environment
from .findings import Failure
from .models import OperationRun
from .operation_catalogue import Operation
from .operation_catalogue import OPERATIONS
from .operation_runs import IllegalTransition
from .operation_runs import MadePack
from .operation_runs import operation_run_service
from .operation_runs import OperationRunService
from .pacing import Pacer
from .pack_files import pack_files
from .progress import OperationStopped
from .progress import Progress
from .recovery import fail_lost_runs
from .recovery import remove_unneeded_files
from .recovery import send_unheard_runs
from .review_pack import PackOrder
from .work_queue import WorkQueue
from .worker_leases import WorkerLeases

_log = logging.getLogger(__name__)

_STOPPED = Failure("worker_stopped", "The worker was stopped before it was done.")
_NO_ENVIRONMENT = Failure("no_environment", "There is no Python environment here.")


class Worker:
    """One process that performs operations.

    :param app: whose runs these are.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._leases = WorkerLeases(app.config["DATA"] / "workers")
        self._lease = self._leases.take()
        self._performing: set[int] = set()
        self.id = self._lease.worker_id
        self.stopping = threading.Event()
        self.queue: WorkQueue = app.extensions["work_queue"]
        self.queue.deliver_to(self.perform)

    def perform(self, run_id: int) -> None:
        """Perform a run, unless it was started before."""
        self._performing.add(run_id)
        try:
            with self._app.app_context():
                self._perform(operation_run_service(), run_id)
        finally:
            self._performing.discard(run_id)

    def recover(self) -> None:
        """Look after work that was lost, by this worker or another, and old packs."""
        with self._app.app_context():
            service = operation_run_service()
            fail_lost_runs(service, self._leases, self._may_perform)
            service.expire_packs()
            remove_unneeded_files(pack_files())
            if not self.stopping.is_set():
                send_unheard_runs(service, self.queue)

    def keep_recovering(self) -> None:
        """Do so time and again, until the worker stops."""
        while not self.stopping.wait(self._app.config["RECOVERY_INTERVAL_SECONDS"]):
            try:
                self.recover()
            except Exception:
                _log.exception("Lost work could not be looked after; trying again.")

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
            run = service.start(run_id, self.id)
        except IllegalTransition as refused:
            _log.info("%s", refused)
            return
        progress = Progress(
            lambda findings: service.report(run_id, self.id, findings),
            interval=self._app.config["PROGRESS_INTERVAL_SECONDS"],
            is_stopping=self.stopping.is_set,
        )
        # Should the run be ended by somebody else, then that is its end.
        with contextlib.suppress(IllegalTransition):
            ended = self._work(run, progress)
            if isinstance(ended, Failure):
                service.fail(run_id, self.id, ended, progress.findings)
            else:
                service.finish(run_id, self.id, progress.findings, ended)

    def _work(self, run: OperationRun, progress: Progress) -> Failure | MadePack | None:
        """Do the work; gives the pack it made, or why it came to no end of its own."""
        run_id, operation = run.id, OPERATIONS.get(run.type)
        if operation is None:
            return Failure("unknown_type", f"Nobody knows how to do {run.type}.")
        environment = run.tenant and Environment(run.tenant.prefix)
        if not environment or not environment.exists():
            return _NO_ENVIRONMENT
        pacer = Pacer(
            self._app.config["FILES_PER_SECOND"],
            clock=time.monotonic,
            sleep=self.stopping.wait,
        )
        try:
            if operation.makes_pack:
                return _make_pack(operation, run, environment, progress, pacer)
            operation.work(environment, progress, pacer)
        except OperationStopped:
            return _STOPPED
        except IllegalTransition:
            raise
        except Exception as error:
            _log.exception("Operation run %s failed.", run_id)
            db.session.rollback()
            kind = type(error).__name__
            return Failure("crashed", f"It ended in an unexpected {kind}; see the log.")
        return None


def _make_pack(
    operation: Operation,
    run: OperationRun,
    environment: Environment,
    progress: Progress,
    pacer: Pacer,
) -> MadePack:
    assert run.tenant is not None
    with pack_files().draft(run.id) as draft:
        order = PackOrder(
            file=draft.file,
            workspace=run.tenant.workspace.name,
            tenant=run.tenant.name,
            asked_for_by=run.user.name if run.user else None,
            made_at=utc_now(),
        )
        figures = operation.work(environment, progress, pacer, order)
        return MadePack(draft.keep(), figures)
