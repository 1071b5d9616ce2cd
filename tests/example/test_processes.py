"""Real processes: a worker killed in the middle, and the whole demo."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import stat
import urllib.request

import pytest

from example_app.models import OperationRun
from example_app.models import Tenant

from ..process_tree import children_of
from ..process_tree import is_running
from ..waiting import wait_for
from .conftest import Example
from .processes import address_in
from .processes import demo
from .processes import process
from .processes import stop
from .processes import worker_process
from .python_environments import SmallEnvironment


@pytest.fixture
def large(example: Example, small: SmallEnvironment) -> SmallEnvironment:
    """An environment that takes its time, in the place of the app's own."""
    small.install("large", {f"large/{number}.py": "a" for number in range(400)})
    example.update(Tenant, Tenant.name == "This app", prefix=str(small.prefix))
    return small


def under_way(example: Example, run_id: int) -> OperationRun | None:
    run = example.run(run_id)
    processed = (run.summary_counts or {}).get("processed", 0)
    return run if run.status == "running" and processed else None


def completed(example: Example, run_id: int) -> OperationRun | None:
    run = example.run(run_id)
    return run if run.status == "completed" else None


@pytest.mark.usefixtures("large")
def test_killed_worker(example: Example) -> None:
    """The run of a worker killed in the middle fails once a worker is back."""
    run_id = example.request_run()
    with worker_process(example) as worker:
        wait_for(lambda: under_way(example, run_id), "progress")
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert example.run(run_id).status == "running"
    with worker_process(example):
        run = wait_for(lambda: completed(example, run_id), "the end of the run")
    assert run.outcome == "failed"
    assert run.failure_summary is not None
    assert run.failure_summary["entries"][0]["code"] == "worker_lost"
    assert run.summary_counts is not None
    assert 0 < run.summary_counts["processed"] < run.summary_counts["total"]


@pytest.mark.usefixtures("large")
def test_killed_worker_is_noticed_by_another(example: Example) -> None:
    """A worker that is already there ends the run of one that is killed."""
    run_id = example.request_run()
    with worker_process(example) as worker:
        wait_for(lambda: under_way(example, run_id), "progress")
        with worker_process(example):
            assert example.run(run_id).status == "running"
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            run = wait_for(lambda: completed(example, run_id), "the end of the run")
    assert run.outcome == "failed"


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_worker(example: Example, number: signal.Signals) -> None:
    """A worker that is stopped ends its run, says why, and goes quietly."""
    run_id = example.request_run()
    with worker_process(example) as worker:
        wait_for(lambda: under_way(example, run_id), "progress")
        worker.send_signal(number)
        _, said = worker.communicate(timeout=20)
    assert worker.returncode == 0
    assert "Traceback" not in said
    summary = example.run(run_id).failure_summary
    assert summary is not None
    assert summary["entries"][0]["code"] == "worker_stopped"
    assert list((example.app.config["DATA"] / "workers").iterdir()) == []


def test_queued_without_a_message(example: Example, small: SmallEnvironment) -> None:
    """A run accepted while its message was lost is done by the next worker."""
    small.install("one")
    example.update(Tenant, Tenant.name == "This app", prefix=str(small.prefix))
    run_id = example.request_run()
    example.queue.huey.dequeue()
    with worker_process(example):
        run = wait_for(lambda: completed(example, run_id), "the end of the run")
    assert run.outcome == "succeeded"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    """The demo says one line, answers, and stops with all its children."""
    with demo(tmp_path) as (started, line):
        for name in ("ada", "ben", "cleo", "dana"):
            assert name in line
        with urllib.request.urlopen(address_in(line)) as page:
            assert "Sign in" in page.read().decode()
        children = children_of(started.pid)
        assert len(children) == 1
        assert stop(started, number) == ""
    assert started.returncode == 0
    assert not any(map(is_running, children))


def test_demo_keeps_its_data(tmp_path: pathlib.Path) -> None:
    """Started again, the demo has the same people, password and key."""
    lines, keys = [], []
    for _ in range(2):
        with demo(tmp_path) as (started, line):
            lines.append(line.partition(" ")[2])
            keys.append((tmp_path / "secret-key").read_text())
            stop(started)
    assert lines[0] == lines[1]
    assert keys[0] == keys[1]
    for name in ("secret-key", "sample-password"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_demo_restarts_its_worker(tmp_path: pathlib.Path) -> None:
    """A worker that dies is started again, and the pages stay up meanwhile."""
    with demo(tmp_path) as (started, line):
        first = children_of(started.pid)
        os.kill(first[0], signal.SIGKILL)
        second = wait_for(
            lambda: [pid for pid in children_of(started.pid) if pid not in first],
            "another worker",
        )
        with urllib.request.urlopen(address_in(line)) as page:
            assert page.status == 200
        assert "starting another" in stop(started)
    assert not any(map(is_running, second))


def test_killed_demo_leaves_no_worker(tmp_path: pathlib.Path) -> None:
    """A demo that is killed outright takes its worker with it."""
    with demo(tmp_path) as (started, _):
        children = children_of(started.pid)
        started.kill()
        started.wait()
    wait_for(lambda: not any(map(is_running, children)), "the worker's end")


def test_taken_port(tmp_path: pathlib.Path) -> None:
    """A taken port is an error that names the option to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with process("example_app", "--port", port, data=tmp_path) as started:
            out, errors = started.communicate(timeout=30)
    assert (started.returncode, out) == (2, "")
    assert "--port" in errors
    assert "Traceback" not in errors


def test_missing_environment(tmp_path: pathlib.Path) -> None:
    """An environment that is no folder is an error, not a tenant."""
    arguments = ("--environment", str(tmp_path / "nowhere"))
    with process("example_app", *arguments, data=tmp_path) as started:
        _, errors = started.communicate(timeout=30)
    assert started.returncode == 2
    assert "nowhere is not a folder" in errors
