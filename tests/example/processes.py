"""The example app's processes, as its users start them."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import typing as t

from .conftest import Example

#: Slow enough that 400 files are not done before a test is.
SLOW = "20"


@contextlib.contextmanager
def process(
    *arguments: str, data: pathlib.Path, **settings: str
) -> cabc.Iterator[subprocess.Popen[str]]:
    """A process of the app, which does not outlive the test."""
    environment = {
        **os.environ,
        "EXAMPLE_APP_DATA": str(data),
        "EXAMPLE_APP_FILES_PER_SECOND": SLOW,
        "EXAMPLE_APP_RECOVERY_INTERVAL_SECONDS": "0.2",
        **settings,
    }
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


@contextlib.contextmanager
def worker_process(example: Example, **settings: str) -> cabc.Iterator[t.Any]:
    """A worker that takes work."""
    data = example.app.config["DATA"]
    with process("example_app.worker_process", data=data, **settings) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        yield worker


@contextlib.contextmanager
def demo(
    data: pathlib.Path, *arguments: str, **settings: str
) -> cabc.Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo, and the one line that it says."""
    command = ("example_app", "--port", "0", *arguments)
    with process(*command, data=data, **settings) as started:
        assert started.stdout is not None
        line = started.stdout.readline()
        if not line:
            raise AssertionError(started.communicate()[1])
        yield started, line


def stop(started: subprocess.Popen[str], number: int = signal.SIGINT) -> str:
    """Stop the demo and give what it said since its one line."""
    started.send_signal(number)
    out, errors = started.communicate(timeout=30)
    assert out == ""
    return errors


def address_in(line: str) -> str:
    found = re.match(r"(http://127\.0\.0\.1:\d+/) ", line)
    assert found is not None, line
    return found[1]
