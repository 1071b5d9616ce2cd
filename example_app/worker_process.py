"""``python -m example_app.worker_process``: one worker, until it is stopped.

Says ``ready`` on its standard output once it takes work. Both SIGINT and SIGTERM
stop it, and so does the end of its standard input where ``--with-parent`` is given:
a parent that is killed takes its worker with it.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import typing as t

from huey.consumer import Consumer

from . import create_app
from .brief_log import BriefLog
from .worker import Worker

_SHUTDOWN_SECONDS = 8


class OperationConsumer(Consumer):  # type: ignore[misc]
    """Huey's consumer; however it is stopped, operations come to an end first."""

    def __init__(self, worker: Worker, threads: int) -> None:
        super().__init__(
            worker.queue.huey,
            workers=threads,
            periodic=False,
            max_delay=0.5,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            graceful_signal="TERM",
        )
        self._worker = worker

    def start(self) -> None:
        """Start taking work."""
        super().start()
        print("ready", flush=True)

    def stop(self, graceful: bool = False) -> None:
        """Stop taking work and end what is being done."""
        self._worker.stopping.set()
        super().stop(graceful=True)


def main(arguments: t.Sequence[str] | None = None) -> None:
    """Run one worker."""
    parser = argparse.ArgumentParser(prog="example_app.worker_process")
    parser.add_argument("--with-parent", action="store_true")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="worker: %(message)s", level=logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(BriefLog())
    app = create_app()
    worker = Worker(app)
    consumer = OperationConsumer(worker, app.config["WORKER_THREADS"])
    if options.with_parent:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    recovery = threading.Thread(target=worker.keep_recovering)
    recovery.start()
    try:
        consumer.run()
    finally:
        worker.stopping.set()
        recovery.join()
        worker.close()


def _stop_at_end_of_input() -> None:
    # Unbuffered: a reader of sys.stdin holds a lock that the interpreter's end needs.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
