"""Which workers of several machines are alive, told by rows with a time in them.

Every worker says, again and again, until when it is to be believed alive, by the
database's clock: the only one that all of them share.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import os
import secrets
import socket
import time

import sqlalchemy as sa

from .models import Lease


class DatabaseLeases:
    """The workers that share a database.

    While the database was away nobody could show a sign of life. Whoever could not
    do so for half a term therefore believes everyone alive for a whole one.

    :param term: seconds that one sign of life is good for.
    :param clock: seconds of this machine.
    """

    def __init__(
        self,
        engine: sa.Engine,
        term: float,
        clock: cabc.Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._term = term
        self._clock = clock
        self._renewed_at = -term
        self._believing_until = 0.0

    def take(self) -> DatabaseLease:
        """Become a worker."""
        name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(6)}"
        self.renew(name)
        return DatabaseLease(self, name)

    def renew(self, worker_id: str) -> None:
        """Be a worker for one term from now."""
        until = sa.func.now() + dt.timedelta(seconds=self._term)
        with self._engine.begin() as connection:
            renewed = connection.execute(
                sa.update(Lease).where(Lease.worker_id == worker_id).values(until=until)
            )
            if not renewed.rowcount:
                connection.execute(
                    sa.insert(Lease).values(worker_id=worker_id, until=until)
                )
        now = self._clock()
        if now - self._renewed_at > self._term / 2:
            self._believing_until = now + self._term
        self._renewed_at = now

    def is_alive(self, worker_id: str) -> bool:
        """Whether a worker has shown a sign of life lately."""
        if self._clock() < self._believing_until:
            return True
        lives = sa.select(Lease.worker_id).where(
            Lease.worker_id == worker_id, Lease.until > sa.func.now()
        )
        with self._engine.connect() as connection:
            return connection.scalar(lives) is not None

    def forget_gone(self) -> None:
        """Remove what workers that are gone have left."""
        if self._clock() < self._believing_until:
            return
        with self._engine.begin() as connection:
            connection.execute(sa.delete(Lease).where(Lease.until <= sa.func.now()))

    def release(self, worker_id: str) -> None:
        """Stop being a worker."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(Lease).where(Lease.worker_id == worker_id))


class DatabaseLease:
    """One worker's proof of life."""

    def __init__(self, leases: DatabaseLeases, worker_id: str) -> None:
        self._leases = leases
        self.worker_id = worker_id

    def renew(self) -> None:
        """Stay a worker for another term."""
        self._leases.renew(self.worker_id)

    def release(self) -> None:
        """Stop being a worker."""
        self._leases.release(self.worker_id)
