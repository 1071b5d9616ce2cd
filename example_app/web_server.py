"""The demo's web server: Werkzeug's, threaded, without a reloader or a log."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import threading

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave the terminal to what matters."""


class WebServer:
    """Serves an app from threads of this process.

    :raises OSError: the address cannot be had.
    """

    def __init__(self, host: str, port: int) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, *_, address = found[0]
        self._socket = socket.create_server(address[:2], family=family)
        self._host = host
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Where people find it."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}/"

    def start(self, app: Flask) -> None:
        """Serve the app."""
        self._server = make_server(
            self._host,
            self.port,
            app,
            threaded=True,
            request_handler=_QuietHandler,
            fd=self._socket.fileno(),
        )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def answers(self, path: str) -> bool:
        """Whether a page is there."""
        connection = http.client.HTTPConnection(
            _reachable(self._host), self.port, timeout=10
        )
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop serving."""
        if hasattr(self, "_server"):
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self._socket.close()


def _reachable(host: str) -> str:
    """The address itself, or this machine's where it stands for all of them."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "::1" if address.version == 6 else "127.0.0.1"
    return host
