"""Each process of an installation killed in the middle of an operation and a pack."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import os
import pathlib
import signal
import typing as t
import zipfile

import pytest
import sqlalchemy as sa

from example_app.database import db
from example_app.models import ReviewPack
from example_app.operation_runs import operation_run_service

from ..own_servers import own_postgresql
from ..own_servers import own_redis
from ..own_servers import OwnServer
from ..process_tree import children_of
from ..waiting import wait_for
from .conftest import Example
from .processes import demo
from .python_environments import SmallEnvironment

#: Fast enough to end soon, slow enough to be killed in the middle.
PACE = {
    "EXAMPLE_APP_FILES_PER_SECOND": "80",
    "EXAMPLE_APP_RECOVERY_INTERVAL_SECONDS": "0.5",
    "EXAMPLE_APP_PROGRESS_INTERVAL_SECONDS": "0.1",
}

_HISTORY = {
    "sqlite": (
        "CREATE TRIGGER history AFTER UPDATE OF status ON operation_runs BEGIN"
        " INSERT INTO history VALUES (new.id, new.status); END",
    ),
    "postgresql": (
        "CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
        " INSERT INTO history VALUES (new.id, new.status); RETURN new; END'",
        "CREATE TRIGGER history AFTER UPDATE OF status ON operation_runs"
        " FOR EACH ROW EXECUTE FUNCTION remember()",
    ),
}


@dataclasses.dataclass
class Installation:
    """The example app as it is installed, and what it runs on."""

    example: Example
    environment: SmallEnvironment
    settings: dict[str, str]
    servers: dict[str, OwnServer]

    def demo(self) -> contextlib.AbstractContextManager[t.Any]:
        """Web server and worker."""
        arguments = ("--environment", str(self.environment.prefix))
        data = self.example.app.config["DATA"]
        return demo(data, *arguments, **{**PACE, **self.settings})

    def request_run(self, type: str) -> int:
        """Accept a run, as a web server would that is still there."""
        return self.example.request_run(type, str(self.environment.prefix))

    def is_under_way(self, run_id: int) -> bool:
        """Whether a run is in the middle of its work."""
        run = self.example.run(run_id)
        return run.status == "running" and bool(run.summary_counts)

    def is_completed(self, run_id: int) -> bool:
        """Whether a run has ended."""
        return self.example.run(run_id).status == "completed"

    def history(self) -> dict[int, list[str]]:
        """The statuses that every run was given, in order."""
        found: dict[int, list[str]] = {}
        with self.example.app.app_context(), db.engine.connect() as connection:
            for run_id, status in connection.execute(sa.text("SELECT * FROM history")):
                found.setdefault(run_id, []).append(status)
        return found

    def pack(self, run_id: int) -> ReviewPack:
        """The review pack of a run as it is stored now."""
        with self.example.app.app_context():
            found = sa.select(ReviewPack).where(ReviewPack.operation_run_id == run_id)
            pack = db.session.scalars(found).one()
            db.session.expunge(pack)
            return pack

    def files(self) -> list[pathlib.Path]:
        """What lies in the folder of the packs."""
        return list((self.example.app.config["DATA"] / "review-packs").iterdir())


@contextlib.contextmanager
def _own_servers() -> cabc.Iterator[tuple[dict[str, str], dict[str, OwnServer]]]:
    with own_redis() as (redis, queue), own_postgresql() as (postgresql, database):
        settings = {"SQLALCHEMY_DATABASE_URI": database, "WORK_QUEUE_URL": queue}
        yield settings, {"redis": redis, "postgresql": postgresql}


@pytest.fixture
def installation(
    request: pytest.FixtureRequest,
    make_example: cabc.Callable[..., Example],
    small: SmallEnvironment,
) -> cabc.Iterator[Installation]:
    """SQLite with a queue in SQLite, or PostgreSQL with a queue in Redis."""
    small.install("large", {f"large/{number}.py": "a" for number in range(200)})
    with contextlib.ExitStack() as stack:
        settings: dict[str, str] = {}
        servers: dict[str, OwnServer] = {}
        if request.param == "postgresql and redis":
            settings, servers = stack.enter_context(_own_servers())
        example = make_example(ENVIRONMENTS=(str(small.prefix),), **settings)
        with example.app.app_context(), db.engine.begin() as connection:
            connection.execute(
                sa.text("CREATE TABLE history (id INTEGER, status TEXT)")
            )
            for statement in _HISTORY[connection.dialect.name]:
                connection.execute(sa.text(statement))
        given = {f"EXAMPLE_APP_{name}": value for name, value in settings.items()}
        yield Installation(example, small, given, servers)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def start_both(installation: Installation) -> tuple[int, int]:
    """An operation and a pack, both in the middle of their work."""
    verified = installation.request_run("integrity.verify")
    packed = installation.request_run("review_pack.generate")
    for run_id in (verified, packed):
        wait_for(lambda run_id=run_id: installation.is_under_way(run_id), "progress")
    return verified, packed


def wait_for_the_end(installation: Installation, run_ids: cabc.Iterable[int]) -> None:
    """Wait until each of these runs has ended."""
    for run_id in run_ids:
        wait_for(lambda run_id=run_id: installation.is_completed(run_id), "an end")


def assert_done(installation: Installation, run_ids: cabc.Iterable[int]) -> None:
    """Runs have succeeded."""
    for run_id in run_ids:
        run = installation.example.run(run_id)
        assert run.outcome == "succeeded", run.failure_summary


def assert_failed(
    installation: Installation, run_ids: cabc.Iterable[int], code: str
) -> None:
    """Runs failed, and say why."""
    for run_id in run_ids:
        run = installation.example.run(run_id)
        assert run.outcome == "failed"
        assert run.failure_summary is not None
        assert run.failure_summary["entries"][0]["code"] == code


def assert_offered_whole(installation: Installation, run_id: int) -> None:
    """A pack is ready, and its file is all there."""
    pack = installation.pack(run_id)
    assert pack.status == "ready"
    (path,) = [path for path in installation.files() if path.name == pack.file_name]
    assert path.stat().st_size == pack.file_size
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert b"large/199.py,in_order" in archive.read("integrity.csv")


def assert_once(installation: Installation, run_ids: cabc.Iterable[int]) -> None:
    """Every run was started once, and ended once."""
    assert installation.history() == {
        run_id: ["running", "completed"] for run_id in run_ids
    }


on_both = pytest.mark.parametrize(
    "installation", ["sqlite", "postgresql and redis"], indirect=True
)
on_servers = pytest.mark.parametrize(
    "installation", ["postgresql and redis"], indirect=True
)


@on_both
def test_killed_worker(installation: Installation) -> None:
    """Both runs end as failed, no pack is offered, and what is accepted is done."""
    with installation.demo() as (web, _):
        lost = start_both(installation)
        kill(children_of(web.pid)[0])
        kept = installation.request_run("inventory.collect")
        wait_for_the_end(installation, (*lost, kept))
        wait_for(lambda: installation.files() == [], "the end of the draft")
    assert_failed(installation, lost, "worker_lost")
    assert installation.pack(lost[1]).status == "failed"
    assert_done(installation, [kept])
    assert_once(installation, (*lost, kept))


def cancel(installation: Installation, run_ids: cabc.Iterable[int]) -> None:
    """Cancel runs, as a web server would."""
    with installation.example.app.app_context():
        for run_id in run_ids:
            operation_run_service().cancel(run_id)


@on_both
def test_cancelled_in_the_middle(installation: Installation) -> None:
    """Both stop with what they have, what waits never begins, and the rest is done."""
    with installation.demo():
        begun = start_both(installation)
        waiting = installation.request_run("inventory.collect")
        # First what waits: whatever is stopped lets it begin.
        cancel(installation, (waiting, *begun))
        kept = installation.request_run("inventory.collect")
        wait_for_the_end(installation, (*begun, waiting, kept))
        wait_for(lambda: installation.files() == [], "the end of the draft")
    assert_failed(installation, (*begun, waiting), "cancelled")
    for run_id, least in zip(begun, (1, 0), strict=True):
        counts = installation.example.run(run_id).summary_counts
        assert counts is not None
        assert least <= counts["processed"] < counts["total"]
    assert installation.pack(begun[1]).status == "failed"
    assert_done(installation, [kept])
    history = installation.history()
    assert history.pop(waiting) == ["completed"]
    assert history == {id: ["running", "completed"] for id in (*begun, kept)}


@on_both
def test_killed_worker_that_was_to_cancel(installation: Installation) -> None:
    """Cancelled is what they end as, though their worker never heard of it."""
    # It says once how far it is, and by then nobody has asked.
    installation.settings["EXAMPLE_APP_PROGRESS_INTERVAL_SECONDS"] = "600"
    installation.settings["EXAMPLE_APP_FILES_PER_SECOND"] = "10"
    with installation.demo() as (web, _):
        lost = start_both(installation)
        cancel(installation, lost)
        kill(children_of(web.pid)[0])
        wait_for_the_end(installation, lost)
        wait_for(lambda: installation.files() == [], "the end of the draft")
    assert_failed(installation, lost, "cancelled")
    assert installation.pack(lost[1]).status == "failed"
    assert_once(installation, lost)


@on_both
def test_killed_web_server(installation: Installation) -> None:
    """Its worker stops what it does; the next one does what was accepted."""
    with installation.demo() as (web, _):
        lost = start_both(installation)
        kept = installation.request_run("inventory.collect")
        kill(web.pid)
        web.wait()
    with installation.demo():
        wait_for_the_end(installation, (*lost, kept))
        wait_for(lambda: installation.files() == [], "the end of the draft")
    assert_failed(installation, lost, "worker_stopped")
    assert installation.pack(lost[1]).status == "failed"
    assert_done(installation, [kept])
    assert_once(installation, (*lost, kept))


@on_servers
def test_killed_redis(installation: Installation) -> None:
    """What runs goes on; messages that are lost, or never were, cost nothing."""
    redis = installation.servers["redis"]
    with installation.demo():
        kept = start_both(installation)
        waiting = installation.request_run("inventory.collect")
        redis.kill()
        accepted = installation.request_run("inventory.collect")
        redis.start()
        everything = (*kept, waiting, accepted)
        wait_for_the_end(installation, everything)
    assert_done(installation, everything)
    assert_offered_whole(installation, kept[1])
    assert_once(installation, everything)


@on_servers
def test_killed_postgresql(installation: Installation) -> None:
    """What runs goes on meanwhile and is written down once the database is back."""
    postgresql = installation.servers["postgresql"]
    client = installation.example.client("ada")
    with installation.demo():
        kept = start_both(installation)
        waiting = installation.request_run("inventory.collect")
        postgresql.kill()
        page = client.get("/admin/")
        postgresql.start()
        assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
        assert "Back in a moment" in page.text
        everything = (*kept, waiting)
        wait_for_the_end(installation, everything)
    assert_done(installation, everything)
    assert_offered_whole(installation, kept[1])
    assert_once(installation, everything)


@on_servers
def test_postgresql_is_away_when_work_ends(installation: Installation) -> None:
    """Work that ends while the database is away is completed once it is back."""
    postgresql = installation.servers["postgresql"]
    with installation.demo():
        kept = start_both(installation)
        postgresql.kill()
        wait_for(
            lambda: [path for path in installation.files() if path.suffix == ".zip"],
            "a file that is whole",
        )
        postgresql.start()
        wait_for_the_end(installation, kept)
    assert_done(installation, kept)
    assert_offered_whole(installation, kept[1])
    assert_once(installation, kept)
