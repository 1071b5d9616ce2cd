"""Cancelling a run and running it again: what the service makes of it."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import threading
import typing as t

import pytest
import sqlalchemy as sa

from example_app.database import db
from example_app.environments import Environment
from example_app.findings import Failure
from example_app.findings import Findings
from example_app.models import OperationRun
from example_app.models import ReviewPack
from example_app.models import Tenant
from example_app.operation_runs import AlreadyUnderWay
from example_app.operation_runs import IllegalTransition
from example_app.operation_runs import operation_run_service
from example_app.operation_runs import OperationRunService
from example_app.pacing import Pacer
from example_app.progress import Progress
from example_app.worker import Worker

from ..databases import database
from .conftest import Example
from .conftest import Work
from .python_environments import SmallEnvironment

WORKER = "worker-1"


def cancel(example: Example, run_id: int) -> None:
    """Cancel a run as another process would."""
    with example.app.app_context():
        operation_run_service().cancel(run_id)


def codes(run: OperationRun) -> list[str]:
    return [entry["code"] for entry in (run.failure_summary or {}).get("entries", ())]


def is_cancelled(run: OperationRun) -> bool:
    ended = (run.status, run.outcome) == ("completed", "failed")
    return ended and codes(run)[0] == "cancelled"


def ended_run(service: OperationRunService, run_id: int) -> int:
    service.start(run_id, WORKER)
    service.finish(run_id, WORKER, Findings(total=1, succeeded=1))
    return run_id


def pack_of(run_id: int) -> ReviewPack:
    found = sa.select(ReviewPack).where(ReviewPack.operation_run_id == run_id)
    return db.session.scalars(found.execution_options(populate_existing=True)).one()


def test_a_queued_run_ends_at_once_and_never_starts(
    example: Example, worker: Worker
) -> None:
    """Its message, which is still on the queue, starts nothing."""
    run_id = example.request_run()
    cancel(example, run_id)
    run = example.run(run_id)
    assert is_cancelled(run)
    assert run.completed_at is not None
    assert run.started_at is None
    assert worker.queue.deliver_one()
    worker.recover()
    assert not worker.queue.deliver_one()
    assert example.run(run_id).updated_at == run.updated_at


def test_a_running_run_stops_at_its_next_file(
    example: Example, worker: Worker, work_as: cabc.Callable[[Work], None]
) -> None:
    """What was done until then stays, and so do its failures."""
    done = []

    def work(environment: Environment, progress: Progress, pacer: Pacer) -> None:
        progress.expect(9)
        progress.describe(environment="north")
        progress.succeeded()
        cancel(example, run_id)
        for number in range(8):
            done.append(number)
            progress.failed(Failure("missing_file", "Gone.", f"{number}.py"))

    example.app.config["PROGRESS_INTERVAL_SECONDS"] = 0
    work_as(work)
    run_id = example.request_run()
    worker.queue.deliver_one()
    run = example.run(run_id)
    assert done == [0]
    assert is_cancelled(run)
    assert codes(run) == ["cancelled", "missing_file"]
    assert run.summary_counts is not None
    assert (run.summary_counts["processed"], run.summary_counts["total"]) == (2, 9)
    assert run.context == {"environment": "north"}


@pytest.mark.parametrize("type", ["inventory.collect", "integrity.verify"])
def test_it_stops_within_a_distribution(
    example: Example,
    worker: Worker,
    small: SmallEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    type: str,
) -> None:
    """However many files one has, the next of them is the last."""
    small.install("large", {f"large/{number}.py": "a" for number in range(50)})
    example.update(Tenant, Tenant.name == "This app", prefix=str(small.prefix))
    example.app.config["PROGRESS_INTERVAL_SECONDS"] = 0
    rounds = []
    wait = Pacer.wait

    def cancel_at_the_third(pacer: Pacer) -> None:
        rounds.append(1)
        if len(rounds) == 3:
            cancel(example, run_id)
        wait(pacer)

    monkeypatch.setattr(Pacer, "wait", cancel_at_the_third)
    run_id = example.request_run(type)
    worker.queue.deliver_one()
    assert is_cancelled(example.run(run_id))
    assert len(rounds) == 3


def test_a_cancelled_pack_is_none(
    example: Example,
    worker: Worker,
    small: SmallEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pack and run end together, no file is left, and another can be asked for."""
    small.install("large", {f"large/{number}.py": "a" for number in range(50)})
    example.update(Tenant, Tenant.name == "This app", prefix=str(small.prefix))
    example.app.config["PROGRESS_INTERVAL_SECONDS"] = 0
    wait = Pacer.wait
    monkeypatch.setattr(
        Pacer, "wait", lambda pacer: (cancel(example, run_id), wait(pacer))
    )
    run_id = example.request_run("review_pack.generate")
    worker.queue.deliver_one()
    assert is_cancelled(example.run(run_id))
    with example.app.app_context():
        assert pack_of(run_id).status == "failed"
    folder: pathlib.Path = example.app.config["DATA"] / "review-packs"
    assert list(folder.iterdir()) == []
    queued = example.request_run("review_pack.generate")
    cancel(example, queued)
    with example.app.app_context():
        assert pack_of(queued).status == "failed"
    assert example.request_run("review_pack.generate")


def test_work_that_is_done_first_is_done(
    example: Example, service: OperationRunService
) -> None:
    """Asked too late, it ends as what it is; and it does not end twice."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    service.cancel(run_id)
    service.finish(run_id, WORKER, Findings(total=1, succeeded=1))
    before = example.run(run_id)
    assert before.outcome == "succeeded"
    with pytest.raises(IllegalTransition, match="cannot be cancelled any more"):
        service.cancel(run_id)
    assert example.run(run_id).updated_at == before.updated_at


def test_asked_twice_is_asked_once(
    example: Example, service: OperationRunService
) -> None:
    """A second click, or a second admin, changes nothing about how it ends."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    service.cancel(run_id)
    service.cancel(run_id)
    assert service.report(run_id, WORKER, Findings()) is True
    assert example.run(run_id).status == "running"


@pytest.mark.parametrize("findings", [None, Findings(total=3, succeeded=1)])
def test_a_worker_stopped_after_it_was_asked(
    example: Example, service: OperationRunService, findings: Findings | None
) -> None:
    """It was to end, whatever the worker says that it ended of."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    service.cancel(run_id)
    stopped = Failure("worker_stopped", "The worker was stopped.")
    service.fail(run_id, WORKER, stopped, findings)
    assert is_cancelled(example.run(run_id))


def test_a_report_says_that_nobody_has_asked(
    example: Example, service: OperationRunService
) -> None:
    """As long as nobody does, the work goes on."""
    run_id = example.request_run()
    service.start(run_id, WORKER)
    assert service.report(run_id, WORKER, Findings()) is False


def test_a_worker_killed_after_it_was_asked(
    example: Example, worker: Worker, service: OperationRunService
) -> None:
    """The run that was to be cancelled ends as cancelled, with what was reported."""
    run_id = example.request_run()
    service.start(run_id, "dead-worker")
    service.report(run_id, "dead-worker", Findings(total=3, succeeded=1))
    service.cancel(run_id)
    worker.recover()
    run = example.run(run_id)
    assert is_cancelled(run)
    assert run.summary_counts is not None
    assert run.summary_counts["processed"] == 1


def test_what_is_not_within_is_not_touched(
    example: Example, service: OperationRunService
) -> None:
    """Who asks can only reach what their conditions hold for."""
    for do in (
        lambda id: service.cancel(id, within=[OperationRun.tenant_id == 999]),
        lambda id: service.run_again(
            id, user=None, within=[OperationRun.tenant_id == 999]
        ),
    ):
        for step in (lambda id: None, lambda id: ended_run(service, id)):
            run_id = example.request_run()
            step(run_id)
            before = example.run(run_id)
            with pytest.raises(IllegalTransition):
                do(run_id)
            assert example.run(run_id).updated_at == before.updated_at


def test_run_again(example: Example, service: OperationRunService) -> None:
    """The same work for the same tenant, queued as at first, by who asks now."""
    first = ended_run(service, example.request_run("inventory.collect"))
    example.queue.huey.flush()
    again = service.run_again(first, user=None)
    old, new = example.run(first), example.run(again.id)
    assert (new.type, new.workspace_id, new.tenant_id) == (
        old.type,
        old.workspace_id,
        old.tenant_id,
    )
    assert (new.status, new.retry_of_id, new.user_id) == ("queued", first, None)
    assert new.summary_counts is None
    assert example.queue.waiting() == {new.id}
    assert old.updated_at == example.run(first).updated_at


def test_a_pack_made_again_is_offered_for_as_long(
    example: Example, service: OperationRunService
) -> None:
    """What was chosen at first holds for the second."""
    tenant = db.session.get(Tenant, example.tenant_id("This app"))
    assert tenant is not None
    first = service.request(
        "review_pack.generate",
        workspace_id=tenant.workspace_id,
        tenant=tenant,
        user=None,
        keep_days=30,
    )
    service.cancel(first.id)
    again = service.run_again(first.id, user=None)
    assert pack_of(again.id).options == {"keep_days": 30}
    service.cancel(again.id)
    service.run_again(first.id, user=None)
    with pytest.raises(AlreadyUnderWay):
        service.run_again(again.id, user=None)


@pytest.mark.parametrize("is_started", [True, False])
def test_only_what_has_ended_is_run_again(
    example: Example, service: OperationRunService, is_started: bool
) -> None:
    """A run that may still change is not."""
    run_id = example.request_run()
    if is_started:
        service.start(run_id, WORKER)
    with pytest.raises(IllegalTransition):
        service.run_again(run_id, user=None)


def test_there_is_one_retry_at_a_time(
    example: Example, service: OperationRunService
) -> None:
    """A second click starts nothing; once the retry has ended there may be another."""
    first = ended_run(service, example.request_run())
    again = service.run_again(first, user=None)
    for step in (lambda: None, lambda: service.start(again.id, WORKER)):
        step()
        with pytest.raises(AlreadyUnderWay):
            service.run_again(first, user=None)
    service.finish(again.id, WORKER, Findings(total=1, succeeded=1))
    assert service.run_again(first, user=None).retry_of_id == first


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest,
    tmp_path: pathlib.Path,
    make_example: cabc.Callable[..., Example],
) -> cabc.Iterator[Example]:
    """The app on each database it knows."""
    with database(request.param, tmp_path) as url:
        example = make_example(SQLALCHEMY_DATABASE_URI=url)
        yield example
        with example.app.app_context():
            db.session.remove()
            db.engine.dispose()


def at_once(
    example: Example, *steps: cabc.Callable[[OperationRunService], object]
) -> list[t.Any]:
    """Take steps in threads that begin together; gives results and refusals."""
    together = threading.Barrier(len(steps))
    results: list[t.Any] = [None] * len(steps)

    def take(place: int) -> None:
        with example.app.app_context():
            together.wait()
            try:
                results[place] = steps[place](operation_run_service())
            except (AlreadyUnderWay, IllegalTransition) as refused:
                results[place] = refused

    threads = [threading.Thread(target=take, args=(n,)) for n in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_who_run_it_again_at_once(shared: Example) -> None:
    """One run comes of it, on every database."""
    for _ in range(5):
        run_id = shared.request_run()
        with shared.app.app_context():
            ended_run(operation_run_service(), run_id)
        results = at_once(
            shared,
            *[lambda service, id=run_id: service.run_again(id, user=None).id] * 3,
        )
        refused = [each for each in results if isinstance(each, AlreadyUnderWay)]
        assert len(refused) == 2


def test_cancelled_and_started_at_once(shared: Example) -> None:
    """Either it never starts, or its worker is told; on every database."""
    for _ in range(5):
        run_id = shared.request_run()
        cancelled, _ = at_once(
            shared,
            lambda service, id=run_id: service.cancel(id),
            lambda service, id=run_id: service.start(id, WORKER),
        )
        assert cancelled is None
        run = shared.run(run_id)
        assert is_cancelled(run) == (run.started_at is None)
        assert run.cancel_requested_at is not None


def test_cancelled_and_finished_at_once(shared: Example) -> None:
    """It has ended once, as what it is, whoever came first; on every database."""
    found = Findings(total=1, succeeded=1)
    for _ in range(5):
        run_id = shared.request_run()
        with shared.app.app_context():
            operation_run_service().start(run_id, WORKER)
        at_once(
            shared,
            lambda service, id=run_id: service.cancel(id),
            lambda service, id=run_id: service.finish(id, WORKER, found),
        )
        assert shared.run(run_id).outcome == "succeeded"
