"""What becomes of work whose worker, or whose message, is lost, and of its files."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging

import sqlalchemy as sa

from .database import db
from .findings import Failure
from .models import OperationRun
from .models import ReviewPack
from .operation_runs import IllegalTransition
from .operation_runs import OperationRunService
from .pack_files import PackFiles
from .work_queue import WorkQueue
from .worker_leases import WorkerLeases

_log = logging.getLogger(__name__)

WORKER_LOST = Failure(
    "worker_lost", "The worker was killed or crashed before it was done."
)


def fail_lost_runs(
    service: OperationRunService,
    leases: WorkerLeases,
    is_performing: cabc.Callable[[str, int], bool],
) -> None:
    """End the running runs that nobody works on any more.

    :param is_performing: whether a living worker, if it is the one that asks,
        still works on a run.
    """
    for run_id, worker_id in _runs("running"):
        if (
            worker_id
            and leases.is_alive(worker_id)
            and is_performing(worker_id, run_id)
        ):
            continue
        with contextlib.suppress(IllegalTransition):
            service.fail(run_id, worker_id, WORKER_LOST)
            _log.warning("Operation run %s lost its worker %s.", run_id, worker_id)
    leases.forget_gone()


def send_unheard_runs(service: OperationRunService, queue: WorkQueue) -> None:
    """Put queued runs that no message names on the queue again.

    A message may have been taken by a worker a moment ago: then the run is named
    twice, and started once.
    """
    queued = _runs("queued")
    waiting = queue.waiting() if queued else set()
    for run_id, _ in queued:
        if run_id not in waiting:
            service.send_again(run_id)
            _log.warning("Operation run %s was put on the queue again.", run_id)


def remove_unneeded_files(files: PackFiles) -> None:
    """Remove the files of packs that expired, and what a killed worker has left.

    Those of a run that is under way stay: it may offer them any moment.
    """
    names = files.names()
    if not names:
        return
    needed = sa.select(ReviewPack.file_name, ReviewPack.operation_run_id).where(
        ReviewPack.operation_run_id.in_(set(names.values())),
        ReviewPack.status.in_(("queued", "generating", "ready")),
    )
    rows = db.session.execute(needed).all()
    db.session.rollback()
    offered = {row.file_name for row in rows}
    under_way = {row.operation_run_id for row in rows if row.file_name is None}
    for name, run_id in names.items():
        if name not in offered and run_id not in under_way:
            files.remove(name)


def _runs(status: str) -> list[tuple[int, str | None]]:
    found = (
        sa.select(OperationRun.id, OperationRun.worker_id)
        .where(OperationRun.status == status)
        .order_by(OperationRun.created_at)
    )
    rows = [(row.id, row.worker_id) for row in db.session.execute(found)]
    db.session.rollback()
    return rows
