"""The life of a run, and that only the service changes it."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from example_app.database import db
from example_app.findings import Failure
from example_app.findings import Findings
from example_app.findings import KEPT_FAILURES
from example_app.models import OperationRun
from example_app.models import Tenant
from example_app.operation_runs import IllegalTransition
from example_app.operation_runs import OperationRunService
from example_app.worker import Worker

from .conftest import Example

WORKER = "worker-1"
REASON = Failure("broken", "It broke.")


def findings(**values: int) -> Findings:
    return Findings(total=sum(values.values()), **values)


def test_request_queues(example: Example) -> None:
    """A requested run is queued, knows who asked, and is on the queue."""
    run = example.run(example.request_run())
    assert (run.status, run.outcome, run.worker_id) == ("queued", None, None)
    assert run.user_id is not None
    assert run.created_at.tzinfo is dt.UTC
    assert example.queue.waiting() == {run.id}


def test_request_is_committed_before_it_is_sent(example: Example) -> None:
    """By the time its message is on the queue, a run can be read by others."""
    seen = []

    def look(run_id: int) -> None:
        with db.engine.connect() as connection:
            seen.append(
                connection.scalar(
                    sa.select(OperationRun.status).where(OperationRun.id == run_id)
                )
            )

    with example.app.app_context():
        OperationRunService(db.session, look).request(
            "integrity.verify", workspace_id=1, tenant=None, user=None
        )
    assert seen == ["queued"]


def test_request_survives_a_broken_queue(
    example: Example, caplog: pytest.LogCaptureFixture
) -> None:
    """A run whose message could not be sent is accepted all the same."""

    def refuse(run_id: int) -> None:
        raise OSError("disk full")

    with example.app.app_context():
        run = OperationRunService(db.session, refuse).request(
            "integrity.verify", workspace_id=1, tenant=None, user=None
        )
        assert run.status == "queued"
    assert "is not on the queue yet" in caplog.text


def test_start(example: Example, service: OperationRunService) -> None:
    """A started run is running, and it is known by which worker and since when."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    run = example.run(run_id)
    assert (run.status, run.worker_id) == ("running", WORKER)
    assert run.started_at is not None
    assert run.started_at >= run.created_at


def test_start_twice(example: Example, service: OperationRunService) -> None:
    """A run that one worker has is not started by another, nor once it has ended."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    with pytest.raises(IllegalTransition, match=f"run {run_id} cannot be started"):
        service.start(run_id, "worker-2")
    assert example.run(run_id).worker_id == WORKER
    service.finish(run_id, WORKER, Findings())
    with pytest.raises(IllegalTransition, match=f"run {run_id} cannot be started"):
        service.start(run_id, WORKER)


def test_delivered_twice_runs_once(example: Example, worker: Worker) -> None:
    """A message that is delivered twice performs its run once."""
    run_id = example.request_run("inventory.collect", "Base interpreter")
    example.queue.send(run_id)
    assert worker.queue.deliver_one()
    first = example.run(run_id)
    assert worker.queue.deliver_one()
    assert not worker.queue.deliver_one()
    assert first.status == "completed"
    assert example.run(run_id).updated_at == first.updated_at


def test_report(example: Example, service: OperationRunService) -> None:
    """A report stores counts and failures of a run that goes on."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    so_far = Findings(total=9, succeeded=2, failed=1, skipped=1)
    so_far.add(Failure("missing_file", "Gone.", "a.py"))
    service.report(run_id, WORKER, so_far)
    run = example.run(run_id)
    assert run.status == "running"
    assert run.summary_counts == {
        "total": 9,
        "processed": 4,
        "succeeded": 2,
        "failed": 1,
        "skipped": 1,
    }
    assert run.failure_summary == {
        "total": 1,
        "entries": [{"code": "missing_file", "message": "Gone.", "subject": "a.py"}],
    }


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (findings(succeeded=3), "succeeded"),
        (findings(succeeded=3, skipped=1), "succeeded"),
        (findings(succeeded=2, failed=1), "partially_succeeded"),
        (findings(failed=3), "failed"),
        (findings(skipped=3), "failed"),
        (findings(), "failed"),
    ],
)
def test_finish_outcome(
    example: Example, service: OperationRunService, found: Findings, outcome: str
) -> None:
    """What a run ends as is by what was found."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    service.finish(run_id, WORKER, found)
    run = example.run(run_id)
    assert (run.status, run.outcome) == ("completed", outcome)
    assert run.completed_at is not None


def test_finish_with_nothing_says_so(
    example: Example, service: OperationRunService
) -> None:
    """A run that found nothing to check failed for that reason."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    service.finish(run_id, WORKER, findings())
    summary = example.run(run_id).failure_summary
    assert summary is not None
    assert summary["entries"][0]["code"] == "nothing_checked"


def test_fail_keeps_what_was_reported(
    example: Example, service: OperationRunService
) -> None:
    """A run that fails for a reason of its own still shows how far it was."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    so_far = findings(succeeded=2, failed=1)
    so_far.add(Failure("missing_file", "Gone.", "a.py"))
    service.report(run_id, WORKER, so_far)
    service.fail(run_id, WORKER, REASON)
    run = example.run(run_id)
    assert (run.status, run.outcome) == ("completed", "failed")
    assert run.summary_counts == so_far.counts()
    assert run.failure_summary is not None
    assert run.failure_summary["total"] == 2
    codes = [entry["code"] for entry in run.failure_summary["entries"]]
    assert codes == ["broken", "missing_file"]


@pytest.mark.parametrize("step", ["report", "finish", "fail"])
def test_no_step_before_the_start(
    example: Example, service: OperationRunService, step: str
) -> None:
    """A queued run can be started and nothing else."""
    run_id = example.request_run()
    take(service, step, run_id, WORKER)
    assert example.run(run_id).status == "queued"


@pytest.mark.parametrize("step", ["start", "report", "finish", "fail"])
def test_no_step_after_the_end(
    example: Example, service: OperationRunService, step: str
) -> None:
    """A completed run never changes again."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    service.finish(run_id, WORKER, findings(succeeded=1))
    before = example.run(run_id)
    take(service, step, run_id, WORKER)
    after = example.run(run_id)
    assert (after.outcome, after.updated_at) == ("succeeded", before.updated_at)


@pytest.mark.parametrize("step", ["report", "finish", "fail"])
def test_no_step_of_another_worker(
    example: Example, service: OperationRunService, step: str
) -> None:
    """A running run listens to the worker that started it and to no other."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    take(service, step, run_id, "worker-2")
    assert example.run(run_id).status == "running"


def take(service: OperationRunService, step: str, run_id: int, worker: str) -> None:
    """Take a step that has to be refused."""
    extra = {
        "start": (),
        "report": (findings(succeeded=1),),
        "finish": (findings(succeeded=1),),
        "fail": (REASON,),
    }[step]
    with pytest.raises(IllegalTransition):
        getattr(service, step)(run_id, worker, *extra)


def test_failures_are_bounded() -> None:
    """However many failures there are, a bounded number is kept and all counted."""
    found = Findings()
    for number in range(KEPT_FAILURES + 50):
        found.add(Failure("missing_file", "x" * 5_000, f"{number}.py"))
    summary = found.failure_summary()
    assert summary is not None
    assert summary["total"] == KEPT_FAILURES + 50
    assert len(summary["entries"]) == KEPT_FAILURES
    assert max(len(entry["message"]) for entry in summary["entries"]) == 500


def test_failures_are_text_any_database_takes() -> None:
    """A file name that is no text is stored in a readable form."""
    stored = Failure("missing_file", "Gone.", "a\udcff\0.py").as_json()
    assert stored["subject"] == "a\\udcff�.py"


def test_tenant_of_another_workspace(example: Example) -> None:
    """The database refuses a run on a tenant of another workspace."""
    with example.app.app_context():
        run = OperationRun(
            type="integrity.verify",
            workspace_id=example.workspace_id("Research"),
            tenant_id=example.tenant_id("Base interpreter", "Platform"),
        )
        db.session.add(run)
        with pytest.raises(sa.exc.IntegrityError):
            db.session.commit()


def test_completed_has_an_outcome(example: Example) -> None:
    """The database refuses a completed run without an outcome."""
    run_id = example.request_run()
    with pytest.raises(sa.exc.IntegrityError):
        example.update(OperationRun, OperationRun.id == run_id, status="completed")


def test_times_say_their_zone(example: Example) -> None:
    """A time that could be any zone's is refused, not stored."""
    with pytest.raises(sa.exc.StatementError, match="does not say its time zone"):
        example.update(OperationRun, sa.true(), created_at=dt.datetime(2026, 3, 14, 12))


def test_newest_first_reads_an_index(example: Example) -> None:
    """A workspace's runs, newest first, come from an index without sorting."""
    with example.app.app_context():
        plan = db.session.execute(
            sa.text(
                "EXPLAIN QUERY PLAN SELECT id FROM operation_runs WHERE "
                "workspace_id = 1 ORDER BY created_at DESC, id DESC LIMIT 5"
            )
        ).all()
    steps = [row[3] for row in plan]
    assert any("ix_operation_runs_newest" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


def test_a_reader_may_write_after_others(example: Example) -> None:
    """One who has read may write although somebody wrote in between."""
    run_id = example.request_run()
    with example.app.app_context():
        tenant = db.session.scalars(sa.select(Tenant).limit(1)).one()
        example.update(OperationRun, OperationRun.id == run_id, type="other")
        tenant.name = "Renamed"
        db.session.commit()
