"""Which workers are alive: what a lease is, and which kind an app takes."""

from __future__ import annotations

import typing as t

from flask import Flask

from .database import db
from .database_leases import DatabaseLeases
from .file_leases import FileLeases

#: Rounds of recovery that a worker on several machines may miss.
_ROUNDS = 6


class WorkerLease(t.Protocol):
    """One worker's proof of life."""

    worker_id: str

    def renew(self) -> None:
        """Stay a worker; called in every round of recovery."""

    def release(self) -> None:
        """Stop being a worker."""


class WorkerLeases(t.Protocol):
    """All workers of an app."""

    def take(self) -> WorkerLease:
        """Become a worker."""
        ...

    def is_alive(self, worker_id: str) -> bool:
        """Whether a worker still runs, as far as can be told."""
        ...

    def forget_gone(self) -> None:
        """Remove what workers that are gone have left."""


def worker_leases(app: Flask) -> WorkerLeases:
    """Those of an app: a database in a file is one machine's, others are not."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        return FileLeases(app.config["DATA"] / "workers")
    return DatabaseLeases(engine, _ROUNDS * app.config["RECOVERY_INTERVAL_SECONDS"])
