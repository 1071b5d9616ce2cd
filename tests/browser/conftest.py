from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import pytest
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import Page

from ..absent import absent
from .chromium import launch
from .chromium import launched
from .chromium import NAMES
from .scripted_server import ScriptedServer
from .scripted_server import Watched
from .thread_server import serving

Open: t.TypeAlias = "cabc.Callable[..., Watched]"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> cabc.Iterator[Browser]:
    """A real Chromium, as the system has it."""
    with launched() as browser:
        if browser is None:
            absent(f"no Chromium on this machine (looked for {', '.join(NAMES)})")
        yield browser


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


@pytest.fixture
def kept_page(chromium: Browser) -> cabc.Iterator[Page]:
    """A page of a Chromium that keeps pages alive when they are left.

    As it does for people; Playwright switches it off.
    """
    browser = launch(
        chromium.browser_type, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser.new_page()
    browser.close()


@pytest.fixture
def serve() -> cabc.Iterator[cabc.Callable[[Flask], str]]:
    """Serve an app from threads of its own; gives the address."""
    with contextlib.ExitStack() as running:
        yield lambda app: running.enter_context(serving(app))


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
