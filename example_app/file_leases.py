"""Which workers of one machine are alive, told by locks that the kernel lets go of.

A worker holds a lock on a file of its own for as long as its process lives,
however it ends: there is no sign of life to miss and no time to wait.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import secrets


class FileLeases:
    """The workers that share a data folder.

    :param folder: where their files are.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def take(self) -> FileLease:
        """Become a worker."""
        worker_id = f"{os.getpid()}-{secrets.token_hex(6)}"
        path = self._folder / worker_id
        # It gets its name only once it is locked: nobody ever takes it for dead.
        unlocked = self._folder / f".{worker_id}"
        descriptor = os.open(unlocked, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.rename(unlocked, path)
        return FileLease(worker_id, path, descriptor)

    def is_alive(self, worker_id: str) -> bool:
        """Whether the process that took this lease still runs."""
        try:
            descriptor = os.open(self._folder / worker_id, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two who ask at once do not see each other.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def forget_gone(self) -> None:
        """Remove what workers that are gone have left."""
        for worker_id in os.listdir(self._folder):
            if not worker_id.startswith(".") and not self.is_alive(worker_id):
                (self._folder / worker_id).unlink(missing_ok=True)


class FileLease:
    """One worker's proof of life."""

    def __init__(self, worker_id: str, path: pathlib.Path, descriptor: int) -> None:
        self.worker_id = worker_id
        self._path = path
        self._descriptor = descriptor

    def renew(self) -> None:
        """Stay a worker: the lock sees to that."""

    def release(self) -> None:
        """Stop being a worker."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
