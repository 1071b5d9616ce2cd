"""Servers for the time of a measurement."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_WORKERS = 2
_THREADS = 4


@contextlib.contextmanager
def serving(app: str, **settings: str) -> cabc.Iterator[str]:
    """Serve an app with gunicorn on two processes; gives its address.

    :param app: where it is, as gunicorn takes it.
    :param settings: what its processes have in their environment.
    """
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(_WORKERS), "--threads", str(_THREADS)]
    command += ["--keep-alive", "30", "--log-level", "warning", app]
    process = subprocess.Popen(command, cwd=_ROOT, env={**os.environ, **settings})
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The server did not come up; see above.")
