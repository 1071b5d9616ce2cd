from __future__ import annotations

import collections.abc as cabc
import os
import shutil
import threading
import typing as t

import pytest
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler

from .scripted_server import ScriptedServer
from .scripted_server import Watched

Open: t.TypeAlias = "cabc.Callable[..., Watched]"

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> cabc.Iterator[Browser]:
    """A real Chromium, as the system has it."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        reason = f"no Chromium on this machine (looked for {', '.join(_NAMES)})"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> cabc.Iterator[Page]:
    """A fresh browser window; a script error in it fails the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@pytest.fixture
def serve() -> cabc.Iterator[cabc.Callable[[Flask], str]]:
    """Serve an app from threads of its own; gives the address."""
    running = []

    def start(app: Flask) -> str:
        server = make_server(
            "127.0.0.1", 0, app, threaded=True, request_handler=_Silent
        )
        server.daemon_threads = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def watch(page: Page, serve: cabc.Callable[[Flask], str]) -> cabc.Iterator[Open]:
    """Open a page with one region, or with those of the server given.

    When the test is done the page is checked against the contract.
    """
    opened = []

    def open_(server: ScriptedServer | None = None, **options: str) -> Watched:
        server = server or ScriptedServer({"one": "<p>first</p>"}, **options)
        opened.append(Watched(page, serve, server))
        return opened[-1]

    yield open_
    for watched in opened:
        watched.check()
