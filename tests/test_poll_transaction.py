"""A poll reads what is stored now, writes nothing, and leaves nothing open."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import sqlite3
import typing as t

import pytest
import sqlalchemy as sa
from flask import Response
from sqlalchemy import event
from sqlalchemy import orm

from flask_ops_refresh import LiveState
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import Host
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import User
from .pages import poll

pytestmark = pytest.mark.usefixtures("frozen_clock")

LIST = "/admin/ops-refresh/operation-list"
OWN = "/admin/ops-refresh/own"


def own_region(
    ops: OpsRefresh, work: cabc.Callable[[t.Any], None] = lambda run: None
) -> None:
    """Add a region of the app's own that loads a run as an instance."""

    @ops.live_region("own", template="own.html")
    def own(scope: Scope, *, id: int) -> LiveState | None:
        run = ops.session.scalar(
            scope.select(OperationRun).where(OperationRun.id == id)
        )
        work(run)
        return run and LiveState((run.status,), 5, lambda: {"status": run.status})


def with_template(host: Host, folder: pathlib.Path) -> Host:
    (folder / "own.html").write_text("{{ status }}")
    host.app.template_folder = str(folder)
    return host


WRITES: dict[str, cabc.Callable[[t.Any], None]] = {
    "commit": lambda run: (setattr(run, "status", "mine"), db.session.commit()),
    "flush": lambda run: (setattr(run, "status", "mine"), db.session.flush()),
    "left": lambda run: setattr(run, "status", "mine"),
    "add": lambda run: db.session.add(User(name="Eve", tenant_ids=[])),
    "delete": lambda run: db.session.delete(run),
}  # type: ignore[dict-item]


@pytest.mark.parametrize("write", WRITES)
def test_a_region_that_writes_is_an_error_and_nothing_is_stored(
    make_host: cabc.Callable[..., Host], write: str, tmp_path: pathlib.Path
) -> None:
    """A flush during a poll, or a change left for a later one, stores nothing."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)
    own_region(ops, WRITES[write])
    host = with_template(make_host(ops=ops), tmp_path)
    run = host.add_run(status="running")

    @host.app.after_request
    def commit(response: Response) -> Response:
        db.session.commit()
        return response

    client = host.client(ADA)
    with pytest.raises(RuntimeError, match=r"region 'own' changed .* Polls only read"):
        poll(client, f"{OWN}?id={run}")
    host.app.testing = False
    assert poll(client, f"{OWN}?id={run}").status_code == 500
    with host.app.app_context():
        stored = db.session.execute(sa.select(OperationRun.status)).scalars().all()
        assert stored == ["running"]
        assert db.session.scalar(sa.select(sa.func.count(User.id))) == 4


@pytest.mark.parametrize("flushes", [False, True])
def test_what_the_app_itself_writes_on_every_request_is_written(
    host: Host, flushes: bool
) -> None:
    """An app's last-seen mark, begun before the poll and committed after, survives."""

    @host.app.before_request
    def mark() -> None:
        user = db.session.get(User, ADA)
        assert user is not None
        user.name = user.name + "!"
        if flushes:
            db.session.flush()

    @host.app.after_request
    def commit(response: Response) -> Response:
        db.session.commit()
        return response

    client = host.client(ADA)
    for _ in range(2):
        assert poll(client, LIST).status_code == 200
    with host.app.app_context():
        assert db.session.scalar(sa.select(User.name).where(User.id == ADA)) == "Ada!!"


@contextlib.contextmanager
def long_lived(
    kind: str, folder: pathlib.Path, **options: t.Any
) -> cabc.Iterator[tuple[Host, orm.Session]]:
    """A host whose session outlives every request, as of apps that never remove it."""
    with database(kind, folder) as url:
        engine = sa.create_engine(url, **options)
        session = orm.scoped_session(
            orm.sessionmaker(engine, expire_on_commit=False), scopefunc=lambda: "one"
        )
        ops = OpsRefresh(operation_run=OperationRun, session=session)
        ops.scope_loader(load_scope)
        own_region(ops)
        app = create_host(url, ops=ops)
        try:
            yield with_template(populate(app), folder), session()
        finally:
            session.remove()
            engine.dispose()
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_each_poll_reads_what_is_stored_now(kind: str, tmp_path: pathlib.Path) -> None:
    """Neither an old snapshot nor an instance held in the session hides a change."""
    level = {"sqlite": "SERIALIZABLE"}.get(kind, "REPEATABLE READ")
    with long_lived(kind, tmp_path, isolation_level=level) as (host, session):
        run = host.add_run(status="queued")
        kept = session.get(OperationRun, run)
        client = host.client(ADA)
        urls = (
            LIST,
            f"{OWN}?id={run}",
            f"/admin/ops-refresh/operation-detail?id={run}",
        )
        for status in ("running", "completed"):
            # A page, or a script, leaves a transaction open with its snapshot.
            session.execute(sa.select(OperationRun.status)).all()
            assert session.in_transaction()
            etags = {url: poll(client, url).headers["ETag"] for url in urls}
            session.execute(sa.select(OperationRun.status)).all()
            host.update(OperationRun, run, status=status)
            for url, etag in etags.items():
                session.execute(sa.select(OperationRun.status)).all()
                answer = poll(client, url, etag)
                assert answer.status_code == 200, url
        assert kept is not None
        assert kept.status == "completed"
        # Nor does an instance that no transaction stands behind.
        session.commit()
        etag = poll(client, urls[1]).headers["ETag"]
        session.refresh(kept)
        session.commit()
        host.update(OperationRun, run, status="running")
        assert poll(client, urls[1], etag).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_no_transaction_and_no_connection_outlive_a_poll(
    kind: str, tmp_path: pathlib.Path
) -> None:
    """Answered, refused or broken: a poll leaves nothing open in any session."""
    with long_lived(kind, tmp_path) as (host, session):
        run = host.add_run(status="running")
        host.app.testing = False
        for user, url in (
            (ADA, LIST),
            (ADA, f"{OWN}?id={run}"),
            (ADA, f"{OWN}?id=99"),
            (ADA, "/admin/ops-refresh/operation-detail?id=99999999999999"),
            (None, LIST),
        ):
            assert poll(host.client(user), url).status_code in (200, 401, 404)
            assert not session.in_transaction()
            assert t.cast(sa.QueuePool, session.get_bind().pool).checkedout() == 0
        for begin in (session.begin, session.begin_nested):
            begin()
            session.execute(sa.text("SELECT 1"))
            assert poll(host.client(ADA), LIST).status_code == 200
            assert not session.in_transaction()
            assert not session.in_nested_transaction()


def test_what_others_have_written_in_the_session_is_not_undone(
    tmp_path: pathlib.Path,
) -> None:
    """A poll ends no transaction in which something waits to be committed."""
    with long_lived("sqlite", tmp_path) as (host, session):
        client = host.client(ADA)
        run = host.add_run(status="queued")
        assert poll(client, LIST).status_code == 200
        kept = session.get(OperationRun, run)
        assert kept is not None
        kept.status = "running"
        assert poll(client, LIST).status_code == 200
        assert kept.status == "running"
        session.commit()
        kept.status = "completed"
        session.flush()
        assert poll(client, LIST).status_code == 200
        assert session.in_transaction()
        session.commit()
        with host.app.app_context():
            stored = db.session.scalar(sa.select(OperationRun.status))
        assert stored == "completed"


def test_what_was_written_and_stored_before_is_read_afresh(
    tmp_path: pathlib.Path,
) -> None:
    """A session that has committed what it wrote is no longer the app's to keep."""
    with long_lived("sqlite", tmp_path) as (host, session):
        run = host.add_run(status="queued")
        kept = session.get(OperationRun, run)
        assert kept is not None
        kept.status = "running"
        session.commit()
        host.update(OperationRun, run, status="completed")
        assert poll(host.client(ADA), f"{OWN}?id={run}").text == "completed"


def test_a_transaction_that_begins_another_at_its_end_holds_nobody_up(
    tmp_path: pathlib.Path,
) -> None:
    """A listener that goes on when a transaction ends has its turn once."""
    with long_lived("sqlite", tmp_path) as (host, session):
        host.add_run(status="queued")
        assert poll(host.client(ADA), LIST).status_code == 200

        @event.listens_for(session, "after_transaction_end")
        def go_on(session: orm.Session, ended: object) -> None:
            began.append(session.execute(sa.text("SELECT 1")))
            assert len(began) < 9

        began: list[object] = []
        assert poll(host.client(ADA), LIST).status_code == 200
        event.remove(session, "after_transaction_end", go_on)
        assert began


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_connection_that_cannot_end_its_transaction_is_thrown_away(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, *, is_nested: bool
) -> None:
    """One on which not even a rollback works is neither kept nor lost to the pool."""
    with long_lived("sqlite", tmp_path) as (host, session):
        host.add_run(status="queued")
        broken = []

        def fail(connection: object) -> t.NoReturn:
            broken.append(connection)
            raise sqlite3.OperationalError("gone")

        @host.app.after_request
        def begin(response: Response) -> Response:
            if is_nested:
                session.begin_nested()
            return response

        assert poll(host.client(ADA), LIST).status_code == 200
        with monkeypatch.context() as patch:
            patch.setattr(session.get_bind().dialect, "do_rollback", fail)
            assert poll(host.client(ADA), LIST).status_code == 200
            assert broken
            assert t.cast(sa.QueuePool, session.get_bind().pool).checkedout() == 0
        assert not session.in_transaction()
        assert not session.in_nested_transaction()
        assert poll(host.client(ADA), LIST).status_code == 200
