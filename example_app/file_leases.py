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
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
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

    def forget(self, worker_id: str) -> None:
        """Remove what a worker that is gone has left."""
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
