"""Take the README's pictures from the example app, with a real run on it.

Needs what ``make test`` installs: ``.venv/bin/python docs/take_screenshots.py``.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from playwright.sync_api import expect
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
#: Slow enough for a picture in the middle of a run, and no slower.
PACE = {"EXAMPLE_APP_FILES_PER_SECOND": "600"}


def start_run(page: Page, address: str, password: str) -> None:
    """Sign in as Ada and start a verification."""
    page.goto(address)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Tenants", exact=True).click()
    page.get_by_role("button", name="Start an operation").first.click()
    dialog = page.get_by_role("dialog").filter(visible=True)
    dialog.get_by_role("button", name="Start").click()


def take_review_pack(page: Page) -> None:
    """Make a review pack of the app's own environment and take the dashboard."""
    page.get_by_role("link", name="Home", exact=True).click()
    page.locator(".workbench-place .dropdown-toggle", has_text="Tenant").click()
    page.locator(".dropdown-item", has_text="This app").click()
    page.get_by_role("button", name="Generate review pack").click()
    page.get_by_role("dialog").get_by_role("button", name="Generate").click()
    download = page.get_by_role("link", name="Download")
    expect(download).to_be_visible(timeout=180_000)
    page.screenshot(path=IMAGES / "review-pack.png", animations="disabled")


def take(page: Page, address: str, password: str) -> None:
    """Take a run in the middle of its work, the list, and a review pack."""
    start_run(page, address, password)
    progress = page.get_by_text(re.compile(r"· [2-6]\d %"))
    expect(progress).to_be_visible(timeout=60_000)
    page.screenshot(path=IMAGES / "run-detail.png")
    page.get_by_role("link", name="List", exact=True).click()
    page.screenshot(path=IMAGES / "run-list.png")
    take_review_pack(page)


def main() -> None:
    """Start the demo on data of its own and take every picture."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as data:
        demo = subprocess.Popen(
            [sys.executable, "-m", "example_app", "--port", "0"],
            cwd=ROOT,
            env={**os.environ, "EXAMPLE_APP_DATA": data, **PACE},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert demo.stdout is not None
            line = demo.stdout.readline()
            found = re.match(r"(\S+) .* password (\S+) ", line)
            assert found is not None, line
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=browser_path, args=["--no-sandbox"]
                )
                page = browser.new_page(viewport={"width": 1100, "height": 720})
                take(page, found[1], found[2])
                browser.close()
        finally:
            demo.terminate()
            demo.wait()


if __name__ == "__main__":
    main()
