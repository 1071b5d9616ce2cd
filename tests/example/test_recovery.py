"""Work whose worker or message is lost, seen from within one process."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import os

import pytest
from huey.api import Task
from sqlalchemy.exc import OperationalError

from example_app import worker as worker_module
from example_app.database import db
from example_app.environments import Environment
from example_app.findings import Failure
from example_app.models import Tenant
from example_app.operation_runs import operation_run_service
from example_app.pacing import Pacer
from example_app.progress import Progress
from example_app.worker import Worker

from .conftest import Example
from .conftest import Work
from .python_environments import SmallEnvironment


def start(example: Example, worker_id: str) -> int:
    run_id = example.request_run()
    with example.app.app_context():
        operation_run_service().start(run_id, worker_id)
    return run_id


def reason(example: Example, run_id: int) -> str | None:
    run = example.run(run_id)
    if run.outcome != "failed" or run.failure_summary is None:
        return None
    return str(run.failure_summary["entries"][0]["code"])


def test_run_of_a_dead_worker(example: Example, worker: Worker) -> None:
    """A running run whose worker is gone fails for that reason."""
    run_id = start(example, "dead-worker")
    worker.recover()
    assert reason(example, run_id) == "worker_lost"


def test_run_of_a_living_worker(example: Example, worker: Worker) -> None:
    """A running run whose worker lives is left alone."""
    other = Worker(example.app)
    run_id = start(example, other.id)
    worker.recover()
    assert example.run(run_id).status == "running"
    other.close()
    worker.recover()
    assert reason(example, run_id) == "worker_lost"


def test_run_its_own_worker_gave_up(example: Example, worker: Worker) -> None:
    """A worker that lives but no longer works on a run does not keep it running."""
    run_id = start(example, worker.id)
    worker.recover()
    assert reason(example, run_id) == "worker_lost"


def test_run_its_own_worker_works_on(
    example: Example, worker: Worker, work_as: cabc.Callable[[Work], None]
) -> None:
    """A worker that looks after lost work leaves its own alone."""
    seen: list[str] = []

    def look(environment: Environment, progress: Progress, pacer: Pacer) -> None:
        worker.recover()
        seen.append(example.run(run_id).status)
        progress.succeeded()

    work_as(look)
    run_id = example.request_run()
    worker.queue.deliver_one()
    assert seen == ["running"]
    assert example.run(run_id).outcome == "succeeded"


def test_message_delivered_twice(
    example: Example, worker: Worker, work_as: cabc.Callable[[Work], None]
) -> None:
    """A second message of a run neither starts it again nor takes it for lost."""
    seen: list[str] = []

    def deliver_again(environment: Environment, progress: Progress, _: Pacer) -> None:
        seen.append("started")
        worker.perform(run_id)
        worker.recover()
        seen.append(example.run(run_id).status)
        progress.succeeded()

    work_as(deliver_again)
    run_id = example.request_run()
    worker.queue.deliver_one()
    assert seen == ["started", "running"]
    assert example.run(run_id).outcome == "succeeded"


@pytest.mark.parametrize("is_stored", [True, False])
@pytest.mark.parametrize("nth", [1, 2, 3], ids=["start", "report", "end"])
def test_connection_lost_at_a_commit(
    example: Example,
    worker: Worker,
    work_as: cabc.Callable[[Work], None],
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
    is_stored: bool,
) -> None:
    """Whether or not it was stored, the work is done, and done once."""
    done: list[str] = []

    def work(environment: Environment, progress: Progress, pacer: Pacer) -> None:
        progress.expect(1)
        progress.succeeded()
        done.append("once")

    work_as(work)
    example.app.config["PROGRESS_INTERVAL_SECONDS"] = 0
    run_id = example.request_run()
    commits = itertools.count(1)
    commit = db.session.commit

    def lose_connection() -> None:
        is_lost = next(commits) == nth
        if is_stored or not is_lost:
            commit()
        if is_lost:
            raise OperationalError("COMMIT", None, Exception("connection lost"))

    monkeypatch.setattr(worker_module, "_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(db.session, "commit", lose_connection)
    assert worker.queue.deliver_one()
    assert done == ["once"]
    assert next(commits) > nth
    run = example.run(run_id)
    assert (run.outcome, run.summary_counts["processed"]) == ("succeeded", 1)


def test_lost_message(example: Example, worker: Worker) -> None:
    """A queued run whose message is lost is put on the queue again, and runs."""
    run_id = example.request_run("inventory.collect", "Base interpreter")
    assert isinstance(example.queue.huey.dequeue(), Task)
    assert example.queue.waiting() == set()
    worker.recover()
    assert worker.queue.deliver_one()
    assert example.run(run_id).status == "completed"


def test_one_step_that_fails_holds_no_other_up(
    example: Example, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files cannot be removed or runs not be ended, lost messages still are."""
    run_id = example.request_run()
    example.queue.huey.flush()

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(worker_module, "fail_lost_runs", fail)
    monkeypatch.setattr(worker_module, "remove_unneeded_files", fail)
    with pytest.raises(ExceptionGroup) as raised:
        worker.recover()
    assert len(raised.value.exceptions) == 2
    assert example.queue.waiting() == {run_id}


def test_message_that_waits_is_not_doubled(example: Example, worker: Worker) -> None:
    """A queued run whose message still waits gets no second one."""
    example.request_run()
    worker.recover()
    worker.recover()
    assert len(example.queue.huey.pending()) == 1


def test_stopping_worker_starts_nothing(example: Example, worker: Worker) -> None:
    """A message taken by a worker that is going away is left for the next one."""
    run_id = example.request_run()
    worker.stopping.set()
    worker.queue.deliver_one()
    worker.recover()
    assert example.run(run_id).status == "queued"
    assert example.queue.waiting() == set()
    worker.stopping.clear()
    worker.recover()
    assert example.queue.waiting() == {run_id}


def test_stopped_in_the_middle(
    example: Example, worker: Worker, work_as: cabc.Callable[[Work], None]
) -> None:
    """An operation that its worker is stopped in fails and says so."""

    def stop_worker(environment: Environment, progress: Progress, pacer: Pacer) -> None:
        progress.expect(2)
        progress.succeeded()
        worker.stopping.set()
        progress.succeeded()

    work_as(stop_worker)
    run_id = example.request_run()
    worker.queue.deliver_one()
    assert reason(example, run_id) == "worker_stopped"
    assert example.run(run_id).summary_counts is not None


def test_crash(
    example: Example,
    worker: Worker,
    work_as: cabc.Callable[[Work], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An operation that crashes fails; what it said goes to the log, not the page."""

    def crash(environment: Environment, progress: Progress, pacer: Pacer) -> None:
        raise ValueError("a secret")

    work_as(crash)
    run_id = example.request_run()
    worker.queue.deliver_one()
    assert reason(example, run_id) == "crashed"
    assert "a secret" not in str(example.run(run_id).failure_summary)
    assert "a secret" in caplog.text


def test_run_ended_by_somebody_else(
    example: Example,
    worker: Worker,
    work_as: cabc.Callable[[Work], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A worker whose run was ended meanwhile lets go of it without a word."""

    def lose_the_run(
        environment: Environment, progress: Progress, pacer: Pacer
    ) -> None:
        lost = Failure("lost", "Ended by somebody else.")
        operation_run_service().fail(run_id, worker.id, lost)
        progress.succeeded()

    work_as(lose_the_run)
    run_id = example.request_run()
    worker.queue.deliver_one()
    assert reason(example, run_id) == "lost"
    assert caplog.records == []


@pytest.mark.parametrize("prefix", ["/no/such/folder", os.devnull])
def test_no_environment(example: Example, worker: Worker, prefix: str) -> None:
    """A tenant whose environment is gone fails for that reason."""
    example.update(Tenant, Tenant.name == "This app", prefix=prefix)
    run_id = example.request_run()
    worker.queue.deliver_one()
    assert reason(example, run_id) == "no_environment"


def test_unknown_type(example: Example, worker: Worker) -> None:
    """A run of a type that nobody knows any more fails, and says so."""
    run_id = example.request_run("of.old")
    worker.queue.deliver_one()
    assert reason(example, run_id) == "unknown_type"


def test_real_operation(
    example: Example, worker: Worker, small: SmallEnvironment
) -> None:
    """A run takes the whole way, from the queue over real files to its outcome."""
    small.install("one", {"one/a.py": "a", "one/b.py": "b"})
    (small.packages / "one/b.py").unlink()
    example.update(Tenant, Tenant.name == "This app", prefix=str(small.prefix))
    run_id = example.request_run()
    worker.queue.deliver_one()
    run = example.run(run_id)
    assert (run.status, run.outcome) == ("completed", "partially_succeeded")
    assert run.summary_counts == {
        "total": 4,
        "processed": 4,
        "succeeded": 2,
        "failed": 1,
        "skipped": 1,
    }
    assert run.failure_summary is not None
    assert run.failure_summary["entries"][0]["subject"] == "one/b.py"
    assert run.context is not None
    assert run.context["environment"] == str(small.prefix)


def test_worker_leaves_no_transaction(example: Example, worker: Worker) -> None:
    """After its work a worker holds no connection."""
    example.request_run("inventory.collect", "Base interpreter")
    worker.queue.deliver_one()
    with example.app.app_context():
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
