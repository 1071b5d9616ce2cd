"""``python -m example_app``: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import pathlib
import signal
import sys
import threading
import typing as t

from flask import Flask
from flask import url_for

from . import create_app
from .people import PEOPLE
from .people import sample_password
from .people import settle_in
from .supervisor import WorkerDidNotStart
from .supervisor import WorkerSupervisor
from .web_server import WebServer

_LOOK_AFTER_SECONDS = 0.5


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Run web server and worker; gives the exit status."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    logging.basicConfig(format="example_app: %(message)s", level=logging.WARNING)
    options = _parse(arguments)
    try:
        web = WebServer(options.host, options.port)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        reason = error.strerror or error
        print(
            f"example_app: cannot serve on {where} ({reason}). "
            "Choose another port with --port.",
            file=sys.stderr,
        )
        return 2
    try:
        return _run(web, options, stopping)
    finally:
        web.stop()


def _parse(arguments: t.Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m example_app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=int, default=5000, help="default: %(default)s; 0 takes any"
    )
    parser.add_argument(
        "--environment",
        metavar="PATH",
        type=_environment,
        action="append",
        default=[],
        help="a Python environment to look after as well; may be repeated",
    )
    return parser.parse_args(arguments)


def _environment(path: str) -> pathlib.Path:
    folder = pathlib.Path(path).expanduser().resolve()
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is not a folder")
    return folder


def _run(web: WebServer, options: argparse.Namespace, stopping: threading.Event) -> int:
    app = create_app()
    with app.app_context():
        settle_in(options.environment)
    supervisor = WorkerSupervisor({"EXAMPLE_APP_DATA": str(app.config["DATA"])})
    supervisor.start()
    try:
        web.start(app)
        supervisor.wait_until_ready()
        if not web.answers(_sign_in_path(app)):
            print("example_app: the web server does not answer.", file=sys.stderr)
            return 1
        if not stopping.is_set():
            print(_welcome(app, web.url), flush=True)
        while not stopping.wait(_LOOK_AFTER_SECONDS):
            supervisor.look_after()
    except WorkerDidNotStart:
        if not stopping.is_set():
            print("example_app: the worker did not start.", file=sys.stderr)
            return 1
    finally:
        supervisor.stop()
    return 0


def _sign_in_path(app: Flask) -> str:
    with app.test_request_context():
        return url_for("sign_in.sign_in")


def _welcome(app: Flask, url: str) -> str:
    names = [person.sign_in_name for person in PEOPLE]
    people = f"{', '.join(names[:-1])} or {names[-1]}"
    password = sample_password(app)
    return f"{url} – sign in as {people}, password {password} (Ctrl-C stops)"


if __name__ == "__main__":
    sys.exit(main())
