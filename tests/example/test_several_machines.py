"""Which workers are believed alive, and where the queue may be."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import sys

import pytest
import sqlalchemy as sa

from example_app import create_app
from example_app.database import db
from example_app.database_leases import DatabaseLeases
from example_app.file_leases import FileLeases
from example_app.models import Lease

from ..databases import database

TERM = 30.0


class Machine:
    """A machine with a clock that is moved by hand, and the leases it sees."""

    def __init__(self, engine: sa.Engine) -> None:
        self.now = 1000.0
        self.leases = DatabaseLeases(engine, TERM, clock=lambda: self.now)


@pytest.fixture
def engine(tmp_path: pathlib.Path) -> cabc.Iterator[sa.Engine]:
    """A PostgreSQL with the table of leases."""
    with database("postgresql", tmp_path) as url:
        engine = sa.create_engine(url)
        db.metadata.tables[Lease.__tablename__].create(engine)
        yield engine
        engine.dispose()


def outdate(engine: sa.Engine, worker_id: str) -> None:
    """Let a worker's last sign of life be too old."""
    with engine.begin() as connection:
        connection.execute(
            sa.update(Lease)
            .where(Lease.worker_id == worker_id)
            .values(until=sa.func.now() - sa.text("interval '1 second'"))
        )


def test_lease_ends_with_its_holder(tmp_path: pathlib.Path) -> None:
    """A worker is alive while it holds its lock, to any number of askers."""
    leases = FileLeases(tmp_path / "workers")
    lease = leases.take()
    assert leases.is_alive(lease.worker_id)
    assert leases.is_alive(lease.worker_id)
    lease.release()
    assert not leases.is_alive(lease.worker_id)
    assert not leases.is_alive("never-was")


def test_lease_file_left_behind(tmp_path: pathlib.Path) -> None:
    """A file that nobody locks is that of a dead worker."""
    leases = FileLeases(tmp_path / "workers")
    (tmp_path / "workers" / "dead").touch()
    assert not leases.is_alive("dead")


def test_what_dead_workers_leave_is_removed(tmp_path: pathlib.Path) -> None:
    """Files of workers that are gone do not pile up; that of a living one stays."""
    leases = FileLeases(tmp_path / "workers")
    lease = leases.take()
    for number in range(5):
        (tmp_path / "workers" / f"dead-{number}").touch()
    leases.forget_gone()
    assert [path.name for path in (tmp_path / "workers").iterdir()] == [lease.worker_id]
    assert leases.is_alive(lease.worker_id)
    lease.release()


def test_rows_of_dead_workers_are_removed(engine: sa.Engine) -> None:
    """So it is with rows, though not while everyone is believed alive."""
    here, there = Machine(engine), Machine(engine)
    mine, other = here.leases.take(), there.leases.take()
    outdate(engine, other.worker_id)
    here.leases.forget_gone()
    count = sa.select(sa.func.count()).select_from(Lease)
    with engine.connect() as connection:
        assert connection.scalar(count) == 2
    for _ in range(4):
        here.now += 10
        mine.renew()
    here.leases.forget_gone()
    with engine.connect() as connection:
        assert connection.scalars(sa.select(Lease.worker_id)).all() == [mine.worker_id]


def test_silent_worker_of_another_machine(engine: sa.Engine) -> None:
    """A worker without a sign of life for a term is lost to one who showed some."""
    here, there = Machine(engine), Machine(engine)
    mine, other = here.leases.take(), there.leases.take()
    outdate(engine, other.worker_id)
    for _ in range(4):
        here.now += 10
        mine.renew()
    assert not here.leases.is_alive(other.worker_id)
    other.renew()
    assert here.leases.is_alive(other.worker_id)


def test_nobody_is_lost_to_a_newcomer(engine: sa.Engine) -> None:
    """Who just came waits for a term before it calls anybody lost."""
    here = Machine(engine)
    mine = here.leases.take()
    assert here.leases.is_alive("never-was")
    for _ in range(4):
        mine.renew()
        here.now += 10
    assert not here.leases.is_alive("never-was")


def test_nobody_is_lost_right_after_an_outage(engine: sa.Engine) -> None:
    """Who could show no sign of life itself believes that others could not either."""
    here = Machine(engine)
    mine = here.leases.take()
    for _ in range(4):
        here.now += 10
        mine.renew()
    here.now += 20
    mine.renew()
    assert here.leases.is_alive("silent-for-as-long")
    for _ in range(4):
        here.now += 10
        mine.renew()
    assert not here.leases.is_alive("silent-for-as-long")


def test_worker_that_goes(engine: sa.Engine) -> None:
    """A worker that is stopped leaves nothing behind."""
    here = Machine(engine)
    here.leases.take().release()
    with engine.connect() as connection:
        assert connection.execute(sa.select(Lease.worker_id)).all() == []


def test_worker_that_was_taken_for_lost(engine: sa.Engine) -> None:
    """A worker that comes back is one again."""
    here = Machine(engine)
    lease = here.leases.take()
    here.leases.release(lease.worker_id)
    lease.renew()
    here.now += 2 * TERM
    assert here.leases.is_alive(lease.worker_id)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SQLALCHEMY_DATABASE_URI", "mysql+pymysql://x/y", "Allowed: sqlite"),
        ("WORK_QUEUE_URL", "amqp://someone:secret@there/", "Allowed: sqlite:///"),
    ],
)
def test_places_the_app_does_not_know(
    tmp_path: pathlib.Path, name: str, value: str, told: str
) -> None:
    """A kind of database or queue that is not known is named, without its password."""
    with pytest.raises(ValueError, match=told) as raised:
        create_app({"DATA": tmp_path, name: value})
    assert name in str(raised.value)
    assert "secret" not in str(raised.value)


def test_redis_without_its_client(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue in a Redis says which package it needs."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ValueError, match="pip install redis"):
        create_app({"DATA": tmp_path, "WORK_QUEUE_URL": "redis://127.0.0.1"})
