"""A real Chromium, as the system has it."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import shutil
import typing as t

from playwright.sync_api import Browser
from playwright.sync_api import BrowserType
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def path() -> str | None:
    """Where it is, if it is there."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(kind: BrowserType, **options: t.Any) -> Browser:
    """Start the one that is there."""
    return kind.launch(executable_path=path(), args=_ARGUMENTS, **options)


@contextlib.contextmanager
def launched() -> cabc.Iterator[Browser | None]:
    """Start it for a while; gives ``None`` where there is none."""
    if path() is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()
