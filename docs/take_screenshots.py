"""Take the documentation's pictures from the example app, with real runs on it.

Needs what ``make test`` installs: ``.venv/bin/python docs/take_screenshots.py``. Every
page is taken light and dark, at a desk and on a phone.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
import venv

from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import expect
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
#: An environment in which files were altered, under a name that is fit to be seen.
PLANT = pathlib.Path(tempfile.gettempdir()) / "plants" / "north"
#: Slow enough for pictures in the middle of a run, and no slower.
PACE = {"EXAMPLE_APP_FILES_PER_SECOND": "600"}
SWATCHES = {"light": "default", "dark": "darkly"}
DEVICES: dict[str, t.Any] = {
    "desktop": {"width": 1200, "height": 770},
    "phone": {"width": 390, "height": 844},
}


class Photographer:
    """Takes pages as somebody signed in sees them, on each device."""

    def __init__(
        self, browser: Browser, context: BrowserContext, address: str, theme: str
    ) -> None:
        self._browser, self._context = browser, context
        self._address, self._theme = address, theme

    def take(
        self, name: str, path: str, prepare: cabc.Callable[[Page], object] | None = None
    ) -> None:
        """Take a page.

        :param prepare: what is done on it first.
        """
        for device, viewport in DEVICES.items():
            state = self._context.storage_state()
            context = self._browser.new_context(viewport=viewport, storage_state=state)
            page = context.new_page()
            page.goto(self._address + path)
            if prepare is not None:
                prepare(page)
            page.evaluate("document.fonts.ready")
            file = IMAGES / f"{name}-{self._theme}-{device}.png"
            page.screenshot(path=file, animations="disabled")
            context.close()


@contextlib.contextmanager
def altered_environment() -> cabc.Iterator[pathlib.Path]:
    """A Python environment of which somebody has altered and lost files."""
    PLANT.parent.mkdir()
    try:
        venv.create(PLANT, with_pip=True)
        [pip] = PLANT.glob("lib/python*/site-packages/pip")
        for file in sorted(pip.rglob("*.py"))[3:400:11]:
            file.write_text("# altered\n")
        for file in sorted(pip.rglob("*.py"))[5:400:37]:
            file.unlink()
        yield PLANT
    finally:
        shutil.rmtree(PLANT.parent)


@contextlib.contextmanager
def demo(swatch: str, environment: pathlib.Path) -> cabc.Iterator[tuple[str, str]]:
    """The demo on data of its own; gives its address and the password."""
    with tempfile.TemporaryDirectory() as data:
        settings = {"EXAMPLE_APP_DATA": data, "EXAMPLE_APP_SWATCH": swatch, **PACE}
        command = [sys.executable, "-m", "example_app", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--environment", str(environment)],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.match(r"(\S+?)/? .* password (\S+) ", line)
            assert found is not None, line
            yield found[1], found[2]
        finally:
            process.terminate()
            process.wait()


def sign_in(page: Page, address: str, password: str) -> None:
    """Sign in as Ada."""
    page.goto(address)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Tenants", exact=True)).to_be_visible()


def start(page: Page, tenant: str, operation: str) -> str:
    """Start an operation on a tenant; gives the path of the run's page."""
    page.get_by_role("link", name="Tenants", exact=True).click()
    card = page.locator("li.card").filter(has_text=tenant)
    card.get_by_role("button", name="Start an operation").click()
    dialog = page.get_by_role("dialog").filter(visible=True)
    dialog.get_by_text(operation).click()
    dialog.get_by_role("button", name="Start").click()
    return path_of(page)


def make_review_pack(page: Page) -> str:
    """Make a pack of the app's own environment; gives the path of its run's page."""
    page.get_by_role("link", name="Home", exact=True).click()
    page.locator(".workbench-place .dropdown-toggle", has_text="Tenant").click()
    page.locator(".dropdown-item", has_text="This app").click()
    page.get_by_role("button", name="Generate review pack").click()
    page.get_by_role("dialog").get_by_role("button", name="Generate").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=180_000)
    page.goto(page.url.partition("/admin/")[0] + "/admin/operations/?tab=")
    page.get_by_role("link", name="review_pack.generate").first.click()
    return path_of(page)


def path_of(page: Page) -> str:
    """The address of a run's page, once it is there, without its host."""
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    return re.sub(r"^https?://[^/]+", "", page.url)


def wait_for_end(page: Page) -> None:
    """Wait until the run on the page is over, which its page tells by itself."""
    status = page.locator(".ops-refresh-headline .ops-refresh-status")
    expect(status).to_have_text(
        re.compile("Succeeded|Partially|Failed"), timeout=180_000
    )


def photograph(page: Page, camera: Photographer) -> None:
    """Take every page, in the order in which work makes them worth it."""
    inventory = start(page, "This app", "Collect inventory")
    wait_for_end(page)
    altered = start(page, str(PLANT), "Verify integrity")
    wait_for_end(page)
    camera.take("run-failures", altered)
    pack = make_review_pack(page)
    camera.take("run-pack", pack)
    camera.take("run-finished", inventory)
    running = start(page, "Base interpreter", "Verify integrity")
    expect(page.get_by_text(re.compile(r"· [1-6]\d %"))).to_be_visible(timeout=60_000)
    camera.take("run-detail", running)
    camera.take("run-list", "/admin/operations/?tab=")
    camera.take("overview", "/admin/operations/")
    camera.take("wallboard", "/admin/operations/?wallboard=1")
    camera.take("cancel", running, ask_to_cancel)
    camera.take("keys", running, lambda page: page.keyboard.press("?"))
    camera.take("dashboard", "/admin/")


def ask_to_cancel(page: Page) -> None:
    """Open the dialog of the action."""
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog").filter(visible=True)).to_be_visible()


def main() -> None:
    """Take every picture."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, altered_environment() as environment:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        for theme, swatch in SWATCHES.items():
            with demo(swatch, environment) as (address, password):
                context = browser.new_context(viewport=DEVICES["desktop"])
                page = context.new_page()
                sign_in(page, address, password)
                photograph(page, Photographer(browser, context, address, theme))
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
