"""A PostgreSQL cluster of a test's own, to be killed and started again."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import getpass
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import typing as t

import pytest

_PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


class Cluster:
    """A server on a port of its own."""

    def __init__(self, folder: pathlib.Path, programs: pathlib.Path) -> None:
        self._folder, self._programs = folder, programs
        self._server: subprocess.Popen[str] | None = None
        self.port = _free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it, and come back when it takes connections."""
        self._server = subprocess.Popen(
            [
                *self._command("postgres"),
                *("-p", str(self.port), "-k", "", "-c", "fsync=off"),
            ],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self._as_user(),
        )
        assert self._server.stderr is not None
        said = []
        for line in self._server.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                return
        raise AssertionError("".join(said))

    def kill(self) -> None:
        """End every process of it at once, as a crash does."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.communicate()
            self._server = None

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._command(program), *arguments]
        subprocess.run(command, check=True, capture_output=True, **self._as_user())

    def _command(self, program: str) -> list[str]:
        return [str(self._programs / program), "-D", str(self._folder)]

    @staticmethod
    def _as_user() -> dict[str, t.Any]:
        # It refuses to run as root.
        return {"user": "postgres", "cwd": "/"} if os.geteuid() == 0 else {}


@contextlib.contextmanager
def own_postgres() -> cabc.Iterator[Cluster]:
    """A running cluster, which is gone afterwards.

    Skips where PostgreSQL is not installed; in CI that is a failure.
    """
    if not _PROGRAMS:
        reason = "no PostgreSQL under /usr/lib/postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ops-refresh-postgres-"))
    owner = "postgres" if os.geteuid() == 0 else getpass.getuser()
    os.chown(folder, pwd.getpwnam(owner).pw_uid, -1)
    cluster = None
    try:
        cluster = Cluster(folder, _PROGRAMS[-1])
        yield cluster
    finally:
        if cluster is not None:
            cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
