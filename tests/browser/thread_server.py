"""A server that runs in threads of the process it is used in."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import threading

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def serving(app: Flask) -> cabc.Iterator[str]:
    """Serve an app meanwhile; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
