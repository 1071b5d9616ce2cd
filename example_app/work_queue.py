"""The queue between the pages that accept work and the workers that do it.

A message is no more than a run's id. What is to be done, and whether it still is,
stands in the database.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from flask import Flask
from huey import Huey
from huey import RedisHuey
from huey import SqliteHuey

_NAME = "example_app"
#: More than the second for which a worker waits for a message.
_REDIS_SECONDS = 3


class WorkQueue:
    """Messages that name operation runs.

    :param url: where they are kept: ``sqlite:///`` and the path of a file, or
        ``redis://`` and the address of a server.
    """

    def __init__(self, url: str) -> None:
        self.huey = _open(url)
        self._perform: cabc.Callable[[int], object] | None = None
        self._message = self.huey.task(name="perform")(self._deliver)

    def send(self, run_id: int) -> None:
        """Ask for a run to be performed by whichever worker is free first."""
        self._message(run_id)

    def waiting(self) -> set[int]:
        """The runs named by messages that no worker has taken yet."""
        return {task.args[0] for task in self.huey.pending()}

    def deliver_to(self, perform: cabc.Callable[[int], object]) -> None:
        """Say what this process does with the messages it takes."""
        self._perform = perform

    def deliver_one(self) -> bool:
        """Take one message and perform it; whether there was one."""
        task = self.huey.dequeue()
        if task is not None:
            self.huey.execute(task)
        return task is not None

    def close(self) -> None:
        """Let go of the file, or of the connections."""
        storage: t.Any = self.huey.storage
        if isinstance(self.huey, RedisHuey):
            storage.pool.disconnect()
        else:
            storage.close()

    def _deliver(self, run_id: int) -> None:
        if self._perform is None:
            raise RuntimeError("This process takes messages but performs none.")
        self._perform(run_id)


def init_work_queue(app: Flask) -> None:
    """Open the queue of an app."""
    app.extensions["work_queue"] = WorkQueue(app.config["WORK_QUEUE_URL"])


def _open(url: str) -> Huey:
    parts = sa.make_url(url)
    if parts.drivername == "sqlite" and parts.database:
        # Accepted is accepted: a message is on the disk before its page is answered.
        return SqliteHuey(_NAME, filename=parts.database, fsync=True, results=False)
    if parts.drivername in ("redis", "rediss", "unix"):
        return RedisHuey(_NAME, connection_pool=_redis_pool(url), results=False)
    raise ValueError(
        f"WORK_QUEUE_URL is {parts.render_as_string()!r}. "
        "Allowed: sqlite:///path/of/file, redis://host:port/number."
    )


def _redis_pool(url: str) -> t.Any:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise ValueError(
            "WORK_QUEUE_URL names a Redis, which needs: pip install redis"
        ) from error
    # A page that sends a message does not wait long for a server that is away; once
    # more is for a connection that has gone stale.
    return redis.ConnectionPool.from_url(
        url,
        socket_connect_timeout=_REDIS_SECONDS,
        socket_timeout=_REDIS_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
