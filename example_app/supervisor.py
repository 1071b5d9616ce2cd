"""Keeps one worker process running beside this one."""

from __future__ import annotations

import collections.abc as cabc
import logging
import os
import pathlib
import selectors
import subprocess
import sys
import time

_log = logging.getLogger(__name__)

_READY_SECONDS = 30
_STOP_SECONDS = 12
_LONGEST_PAUSE_SECONDS = 30
_ROOT = pathlib.Path(__file__).resolve().parent.parent


class WorkerDidNotStart(Exception):
    """The worker process ended, or said nothing, before it was ready."""


class WorkerSupervisor:
    """Starts a worker, starts it again when it dies, and stops it.

    :param environment: what the worker is told beyond what this process was.
    """

    def __init__(self, environment: cabc.Mapping[str, str]) -> None:
        path = os.pathsep.join(filter(None, (str(_ROOT), os.getenv("PYTHONPATH"))))
        self._environment = {**os.environ, **environment, "PYTHONPATH": path}
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.0
        self._started_at = 0.0
        self._start_again_at = 0.0

    def start(self) -> None:
        """Start the worker, without waiting for it."""
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "example_app.worker_process", "--with-parent"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A Ctrl-C is for this process, which then sees to the worker.
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until the worker takes work.

        :raises WorkerDidNotStart: it does not.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            spoke = selector.select(_READY_SECONDS)
        if not spoke or self._process.stdout.readline() != b"ready\n":
            raise WorkerDidNotStart

    def look_after(self) -> None:
        """Start the worker again if it died, ever more slowly if it keeps dying."""
        if self._process is not None and self._process.poll() is not None:
            code = self._process.returncode
            _log.warning("The worker ended unexpectedly (%s); starting another.", code)
            self._let_go()
            now = time.monotonic()
            lived_long = now - self._started_at > _LONGEST_PAUSE_SECONDS
            self._pause = 0 if lived_long else self._pause * 2 + 0.5
            self._start_again_at = now + min(self._pause, _LONGEST_PAUSE_SECONDS)
        if self._process is None and time.monotonic() >= self._start_again_at:
            self.start()

    def stop(self) -> None:
        """Stop the worker and wait until it is gone."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        assert self._process is not None
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None
