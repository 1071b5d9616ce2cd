"""Polls over a database that is locked, gone, silent, or has no connection left."""

from __future__ import annotations

import collections.abc as cabc
import concurrent.futures
import contextlib
import pathlib
import socket
import sqlite3
import threading
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from werkzeug.test import TestResponse

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .conftest import POLL
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .own_servers import own_postgresql
from .pages import poll

pytestmark = pytest.mark.usefixtures("frozen_clock")

#: A poll answers within one second. This is what a crowded machine may add; each
#: of the waits that a poll is spared (10 s, 30 s, without end) is longer.
SECONDS = 9.0
LIST = "/admin/ops-refresh/operation-list"
OVERVIEW = "/admin/ops-refresh/operations-overview"
LOG_LINE = "Poll refused, database unavailable: "


def watched_poll(host: Host, url: str = LIST) -> TestResponse:
    """The answer to a poll, which must come while what blocks it goes on blocking."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    try:
        return pool.submit(poll, host.client(ADA), url).result(SECONDS)
    finally:
        pool.shutdown(wait=False)


def assert_refused(
    host: Host, answer: TestResponse, caplog: pytest.LogCaptureFixture
) -> None:
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.data == b""
    assert "Set-Cookie" not in answer.headers
    [message] = caplog.messages
    assert message.startswith(LOG_LINE)
    caplog.clear()


def engine_of(host: Host) -> sa.Engine:
    with host.app.app_context():
        return db.engine


def held(host: Host) -> int:
    """How many connections the app has out of its pool."""
    return t.cast(sa.QueuePool, engine_of(host).pool).checkedout()


@contextlib.contextmanager
def host_on(url: str, **config: t.Any) -> cabc.Iterator[Host]:
    """The host app with one running run, on a database."""
    app = create_host(url, config=config)
    host = populate(app)
    host.add_run(status="running", created_at=NOW)
    try:
        yield host
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def sqlite_host(tmp_path: pathlib.Path) -> cabc.Iterator[Host]:
    with database("sqlite", tmp_path) as url, host_on(url) as host:
        yield host


def busy_timeout(host: Host) -> int:
    with engine_of(host).connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA busy_timeout").scalar() or 0)


def test_a_locked_sqlite_file_is_503_while_the_lock_lasts(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A poll does not sit out SQLite's busy timeout, and leaves it as it was."""
    options = {"connect_args": {"timeout": 30}}
    with (
        database("sqlite", tmp_path) as url,
        host_on(url, SQLALCHEMY_ENGINE_OPTIONS=options) as host,
    ):
        path = engine_of(host).url.database
        assert path is not None
        before = busy_timeout(host)
        with contextlib.closing(sqlite3.connect(path)) as writer:
            writer.execute("BEGIN EXCLUSIVE")
            assert_refused(host, watched_poll(host), caplog)
            assert held(host) == 0
            writer.rollback()
        assert watched_poll(host).status_code == 200
        assert before == busy_timeout(host) == 30_000


def test_an_app_that_waits_less_than_a_poll_keeps_its_own_limit(
    sqlite_host: Host,
) -> None:
    """A busy timeout below a poll's patience is never raised."""
    engine = engine_of(sqlite_host)
    seen = []

    @event.listens_for(engine, "connect")
    def set_pragma(connection: t.Any, record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 10")

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection: t.Any, *_: t.Any) -> None:
        cursor = connection.connection.driver_connection.execute("PRAGMA busy_timeout")
        seen.extend(cursor.fetchone())

    engine.dispose()
    assert watched_poll(sqlite_host).status_code == 200
    assert seen
    assert set(seen) == {10}
    assert busy_timeout(sqlite_host) == 10


def test_each_request_has_the_busy_timeout_that_is_its_own(sqlite_host: Host) -> None:
    """Polls in a row, and pages between them, wait as each of them may."""
    engine, client = engine_of(sqlite_host), sqlite_host.client(ADA)
    page, seen = "/admin/operations/", []

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection: t.Any, *_: t.Any) -> None:
        cursor = connection.connection.driver_connection.execute("PRAGMA busy_timeout")
        seen.extend(cursor.fetchone())

    def longest_waits(*urls: str) -> list[int]:
        waits = []
        for url in urls:
            seen.clear()
            assert client.get(url, headers=POLL).status_code == 200
            waits.append(max(seen))
        return waits

    *polls, first, second = longest_waits(LIST, LIST, page, page)
    assert max(polls) <= 700
    assert (first, second) == (5000, 5000)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 3000")
    *polls, first = longest_waits(LIST, LIST, page)
    assert max(polls) <= 700
    assert first == 3000


def test_an_app_that_sets_its_limit_again_and_again_has_impatient_polls(
    sqlite_host: Host,
) -> None:
    """A busy timeout set whenever a connection is taken does not last in polls."""
    engine, client = engine_of(sqlite_host), sqlite_host.client(ADA)
    seen = []

    @event.listens_for(engine, "checkout")
    def set_pragma(connection: t.Any, *_: t.Any) -> None:
        connection.execute("PRAGMA busy_timeout = 30000")

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection: t.Any, *_: t.Any) -> None:
        cursor = connection.connection.driver_connection.execute("PRAGMA busy_timeout")
        seen.extend(cursor.fetchone())

    for _ in range(3):
        assert poll(client, LIST).status_code == 200
    assert max(seen) <= 700
    assert busy_timeout(sqlite_host) == 30000


LOCKS = {
    "postgresql": "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
    "mariadb": "LOCK TABLES {} WRITE",
}


@pytest.mark.parametrize("table", ["operation_runs", "users"])
@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("poll_url", [LIST, OVERVIEW], ids=["list", "overview"])
def test_a_locked_table_is_503_while_the_lock_lasts(
    kind: str,
    table: str,
    poll_url: str,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The extension's table or the user loader's: a poll waits for no migration."""
    with database(kind, tmp_path) as url, host_on(url) as host:
        assert watched_poll(host, poll_url).status_code == 200
        migration = sa.create_engine(url)
        with migration.connect() as connection:
            connection.exec_driver_sql(LOCKS[kind].format(table))
            try:
                assert_refused(host, watched_poll(host, poll_url), caplog)
                assert held(host) == 0
            finally:
                connection.invalidate()
        migration.dispose()
        assert watched_poll(host, poll_url).status_code == 200
        with engine_of(host).connect() as connection:
            own = "SHOW VARIABLES LIKE 'lock_wait_timeout'"
            if kind == "postgresql":
                own = "SELECT 'lock_timeout', current_setting('lock_timeout')"
            [(_, limit)] = connection.exec_driver_sql(own)
        assert limit == {"postgresql": "0", "mariadb": "86400"}[kind]


def test_an_app_that_sets_its_own_lock_timeout_is_told_nothing(
    tmp_path: pathlib.Path,
) -> None:
    """Where every connection has a short lock timeout, a poll sets none."""
    said: list[str] = []
    options = {"connect_args": {"options": "-c lock_timeout=500"}}
    with (
        database("postgresql", tmp_path) as url,
        host_on(url, SQLALCHEMY_ENGINE_OPTIONS=options) as host,
    ):
        assert watched_poll(host).status_code == 200
        with host.statements() as said:
            assert watched_poll(host).status_code == 200
    assert said
    assert not [each for each in said if "lock_timeout" in each]


@pytest.mark.parametrize("kind", KINDS)
def test_an_exhausted_pool_is_503_while_it_is_exhausted(
    kind: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A poll does not wait the pool's 30 seconds; an ordinary request still does."""
    options = {"pool_size": 1, "max_overflow": 0}
    with (
        database(kind, tmp_path) as url,
        host_on(url, SQLALCHEMY_ENGINE_OPTIONS=options) as host,
    ):
        engine = engine_of(host)
        for _ in range(2):
            with engine.connect():
                assert_refused(host, watched_poll(host), caplog)
                assert held(host) == 1
            assert held(host) == 0
            assert watched_poll(host).status_code == 200
            assert t.cast(sa.QueuePool, engine.pool).timeout() == 30
            engine.dispose()  # the pool that follows is just as impatient


def test_connections_are_given_back_by_crowds_of_polls(sqlite_host: Host) -> None:
    """Twelve threads of polls on the usual pool leave no connection taken."""
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        client = sqlite_host.client
        answers = [pool.submit(lambda: poll(client(ADA), LIST)) for _ in range(96)]
        codes = {answer.result(60).status_code for answer in answers}
    assert codes == {200}
    assert held(sqlite_host) == 0


def test_a_killed_postgresql_is_503_until_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Killed and started again five times, the first poll after each start works."""
    with own_postgresql() as (cluster, url), host_on(url) as host:
        for _ in range(5):
            assert watched_poll(host).status_code == 200
            cluster.kill()
            assert_refused(host, watched_poll(host), caplog)  # a dead connection
            assert_refused(host, watched_poll(host), caplog)  # no new one
            assert held(host) == 0
            cluster.start()
        assert watched_poll(host).status_code == 200
        assert caplog.messages == []
        open_transactions = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE state NOT IN ('idle', 'active')"
        )
        other = sa.create_engine(url)
        with other.connect() as connection:
            assert connection.exec_driver_sql(open_transactions).scalar() == 0
        other.dispose()


@contextlib.contextmanager
def silent_listener() -> cabc.Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def connecting() -> list[threading.Thread]:
    """The attempts to connect that are not answered yet."""
    return [each for each in threading.enumerate() if "ops-refresh" in each.name]


@pytest.mark.parametrize("kind", LOCKS)
def test_a_silent_server_is_503_and_is_not_asked_by_many(
    kind: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One attempt to connect at a time goes on; polls do not wait for its end."""
    with database(kind, tmp_path) as url, host_on(url) as host:
        engine = engine_of(host)
        target: dict[str, int] = {}

        def redirect(dialect: t.Any, record: t.Any, _: t.Any, options: t.Any) -> None:
            # Before SQLAlchemy 2.1 these are the same for every connection.
            options.pop("port", None)
            options.update(target)

        event.listen(engine, "do_connect", redirect)
        engine.dispose()
        with silent_listener() as port:
            target["port"] = port
            for _ in range(4):
                assert_refused(host, watched_poll(host), caplog)
            assert len(connecting()) == 1
            assert held(host) == 0
        for thread in connecting():
            thread.join(20)
        target.clear()
        assert watched_poll(host).status_code == 200
        assert connecting() == []
