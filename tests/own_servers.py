"""Servers that a test starts for itself, to be killed in the middle."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import typing as t

import psycopg
import redis

from .absent import absent
from .process_tree import children_of
from .process_tree import is_running
from .waiting import wait_for


class OwnServer:
    """A server on a port of its own, with data that outlives it.

    :param command: starts it; it stays in the foreground.
    :param answers: whether it does.
    """

    def __init__(
        self,
        command: cabc.Sequence[str],
        answers: cabc.Callable[[], bool],
        user: str | None = None,
    ) -> None:
        self._command = command
        self._answers = answers
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        wait_for(self._started_and_answers, f"an answer of {self._command[0]}")

    def kill(self) -> None:
        """Kill it, as a machine without power would; all of it is gone after that."""
        if self._process is not None:
            children = children_of(self._process.pid)
            self._process.kill()
            self._process.wait()
            # They end by themselves, and may answer once more before they do.
            wait_for(lambda: not any(map(is_running, children)), "the end of a server")
            self._process = None

    def _started_and_answers(self) -> bool:
        # One that was killed may leave children that keep the next from starting.
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command,
                user=self._user,
                cwd="/",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._answers()


@contextlib.contextmanager
def own_postgresql() -> cabc.Iterator[tuple[OwnServer, str]]:
    """A PostgreSQL that runs, and the URL of its database."""
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(programs[-1]) if programs else program("initdb")
    # It refuses to run as root, and to have its data where others may write.
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if user is not None:
            shutil.chown(data, user)
        subprocess.run(
            [initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
            user=user,
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
        )
        port = free_port()
        dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        command = [str(pathlib.Path(initdb).with_name("postgres")), "-D", str(data)]
        command += ["-p", str(port), "-k", "", "-h", "127.0.0.1", "-F"]
        server = OwnServer(command, lambda: _answers(lambda: _select_one(dsn)), user)
        with _running(server):
            yield server, dsn.replace("postgresql:", "postgresql+psycopg:")


@contextlib.contextmanager
def own_redis() -> cabc.Iterator[tuple[OwnServer, str]]:
    """A Redis that runs and keeps nothing on the disk, and its URL."""
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--save", ""]
    command += ["--bind", "127.0.0.1"]
    client = redis.Redis(port=port, socket_timeout=1)
    server = OwnServer(command, lambda: _answers(client.ping))
    with _running(server):
        yield server, f"redis://127.0.0.1:{port}/0"
    client.close()


@contextlib.contextmanager
def _running(server: OwnServer) -> cabc.Iterator[None]:
    try:
        server.start()
        yield
    finally:
        server.kill()


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        absent(f"{name} is not installed")
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def _answers(ask: cabc.Callable[[], t.Any]) -> bool:
    try:
        ask()
    except (psycopg.OperationalError, redis.RedisError):
        return False
    return True


def _select_one(dsn: str) -> None:
    with psycopg.connect(dsn, connect_timeout=2) as connection:
        connection.execute("SELECT 1")
