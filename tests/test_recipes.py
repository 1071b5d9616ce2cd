"""The recipes of docs/workers.md, each with its real worker."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import typing as t

import pytest
import sqlalchemy as sa

from .own_servers import own_redis
from .process_tree import children_of
from .waiting import wait_for

ROOT = pathlib.Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "workers.md").read_text()

#: Starts three runs: one that can be done, one that cannot, one that never ends.
START = """
import sys
from shop.app import app
from shop.app import db
from shop.with_{queue} import start

with app.app_context():
    db.create_all()
    for path in sys.argv[1:]:
        start("file.import", workspace_id=1, path=path)
"""


class Shop:
    """The recipes' app, with a database, a queue and files of its own."""

    def __init__(self, queue: str, folder: pathlib.Path, redis_url: str) -> None:
        self.queue = queue
        self.folder = folder
        self._database = sa.create_engine(f"sqlite:///{folder / 'shop.sqlite'}")
        programs = pathlib.Path(sys.executable).parent
        self._environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "docs" / "recipes"),
            "SECRET_KEY": "the recipes' secret",
            "DATABASE_URL": str(self._database.url),
            "QUEUE_FILE": str(folder / "queue.sqlite"),
            "REDIS_URL": redis_url,
        }

    def run(self, code: str, *arguments: str) -> None:
        """Run Python code in a process of the app."""
        subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=self._environment,
            check=True,
        )

    @contextlib.contextmanager
    def worker(self) -> cabc.Iterator[subprocess.Popen[bytes]]:
        """The worker, started by the command that the page gives."""
        log = self.folder / "worker.log"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                ["sh", "-c", f"exec {command_of(self.queue)}"],
                env=self._environment,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield worker
        finally:
            kill_with_descendants(worker)

    def row(self, run_id: int) -> t.Any:
        """What is stored of a run."""
        with self._database.connect() as connection:
            found = connection.execute(
                sa.text("SELECT * FROM operation_runs WHERE id = :id"), {"id": run_id}
            )
            return found.mappings().one()

    def wait_for(
        self, run_id: int, status: str, worker: subprocess.Popen[t.Any]
    ) -> None:
        """Wait until a run has a status; a worker that has ended is an error."""

        def has_it() -> bool:
            assert worker.poll() is None, (self.folder / "worker.log").read_text()
            return bool(self.row(run_id)["status"] == status)

        wait_for(has_it, f"run {run_id}: {status}", 120)

    def close(self) -> None:
        self._database.dispose()


def command_of(queue: str) -> str:
    """The command in the page's section on a queue."""
    section = re.search(rf"^## {queue}$(.*?)^## ", PAGE, re.M | re.S | re.I)
    assert section is not None
    [command] = re.findall(r"^```\n(.+)\n```$", section[1], re.M)
    return str(command)


def kill_with_descendants(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker and every process that it has started, at once."""
    found = [worker.pid]
    for pid in found:
        with contextlib.suppress(OSError):
            found += children_of(pid)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    worker.wait()


@pytest.fixture(scope="module")
def redis_url() -> cabc.Iterator[str]:
    with own_redis() as (_, url):
        yield url


@pytest.fixture
def open_shop(
    tmp_path: pathlib.Path, redis_url: str
) -> cabc.Iterator[cabc.Callable[[str], Shop]]:
    with contextlib.ExitStack() as closing:

        def open_it(queue: str) -> Shop:
            shop = Shop(queue, tmp_path, redis_url)
            closing.callback(shop.close)
            return shop

        yield open_it


@pytest.mark.parametrize("queue", ["celery", "rq", "huey", "dramatiq"])
def test_a_worker_leaves_no_run_unfinished(
    open_shop: cabc.Callable[[str], Shop], queue: str
) -> None:
    """Work that is done, that raises and whose worker is killed ends its run."""
    shop = open_shop(queue)
    lines, endless = shop.folder / "lines.txt", shop.folder / "endless"
    lines.write_text("line\n" * 250)
    os.mkfifo(endless)
    missing = shop.folder / "missing.txt"
    shop.run(START.format(queue=shop.queue), str(lines), str(missing), str(endless))
    assert shop.row(1)["status"] == "queued"

    with shop.worker() as worker:
        for run_id, status in ((1, "completed"), (2, "completed"), (3, "running")):
            shop.wait_for(run_id, status, worker)
    assert shop.row(1)["outcome"] == "succeeded"
    assert shop.row(1)["summary_counts"] == '{"processed": 250, "total": 250}'
    assert shop.row(1)["started_at"] <= shop.row(1)["completed_at"]
    assert shop.row(2)["outcome"] == "failed"
    assert "FileNotFoundError" in shop.row(2)["failure_summary"]

    [sweep] = re.findall(r"```python\n(import datetime.*?)```", PAGE, re.S)
    shop.run(sweep)
    assert shop.row(3)["status"] == "running"
    shop.run(sweep.replace("minutes=15", "0"))
    assert (shop.row(3)["status"], shop.row(3)["outcome"]) == ("completed", "failed")
    assert "worker was lost" in shop.row(3)["failure_summary"]


def test_a_run_that_cannot_be_sent_has_failed(
    open_shop: cabc.Callable[[str], Shop],
) -> None:
    """It does not stay queued for ever."""
    shop = open_shop("huey")
    shop.run(REFUSED)
    assert shop.row(1)["outcome"] == "failed"
    assert "ConnectionError" in shop.row(1)["failure_summary"]


def test_a_message_that_comes_twice_does_no_harm(
    open_shop: cabc.Callable[[str], Shop],
) -> None:
    """A run that has ended does not begin again."""
    shop = open_shop("huey")
    shop.run(TWICE)
    assert shop.row(1)["outcome"] == "succeeded"
    assert shop.row(1)["context"] == '{"times": 1}'


REFUSED = """
from shop import runs
from shop.app import app
from shop.app import db


def refuse(run_id):
    raise ConnectionError("no queue")


with app.app_context():
    db.create_all()
    try:
        runs.start(refuse, "file.import", 1)
    except ConnectionError:
        pass
"""

TWICE = """
from shop import runs
from shop.app import app
from shop.app import db


def count(run):
    run.context = {"times": run.context["times"] + 1}
    db.session.commit()


runs.JOBS["count"] = count
with app.app_context():
    db.create_all()
    run_id = runs.start(print, "count", 1, times=0)
    runs.perform(run_id)
    runs.perform(run_id)
"""
