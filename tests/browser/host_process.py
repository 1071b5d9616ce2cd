"""The host app in a process of its own, to be stopped and killed under a page."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import typing as t

from flask import session
from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler

from ..conftest import ADA
from ..host_app import create_host
from ..own_servers import free_port
from ..waiting import wait_for

# Children of a process that has imported everything: one starts in no time.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


class _KeepAlive(WSGIRequestHandler):
    """Keeps connections open, as servers in production do."""

    protocol_version = "HTTP/1.1"


def _serve(database_url: str, port: int, config: dict[str, t.Any]) -> None:
    logging.disable(logging.CRITICAL)
    app = create_host(database_url, config=config)

    @app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)

    make_server(
        "127.0.0.1", port, app, threaded=True, request_handler=_KeepAlive
    ).serve_forever()


class HostProcess:
    """A server of the host app, in which whoever asks is Ada.

    :param config: of the app.
    """

    def __init__(self, database_url: str, config: dict[str, t.Any]) -> None:
        self._port = free_port()
        self._arguments = (database_url, self._port, config)
        self.address = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, at the port it always has, and wait until it listens."""
        self._process = _PROCESSES.Process(
            target=_serve, args=self._arguments, daemon=True
        )
        self._process.start()
        wait_for(self._listens, f"a server at {self.address}")

    def freeze(self) -> None:
        """Stop it where it is: connections are taken, and nothing is answered."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """Kill it in the middle of whatever it does, and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except ConnectionRefusedError:
            return False
        return True


@contextlib.contextmanager
def running(server: HostProcess) -> cabc.Iterator[HostProcess]:
    """Start it, and see that in the end it is gone."""
    server.start()
    try:
        yield server
    finally:
        server.kill()
