from __future__ import annotations

import pathlib
import re

from playwright.sync_api import expect
from playwright.sync_api import Page

from ..example.python_environments import SmallEnvironment
from ..example.test_processes import address_in
from ..example.test_processes import demo


def sign_in(page: Page, line: str, name: str) -> None:
    """Sign in as the demo's one line says."""
    password = re.search(r"password (\S+) ", line)
    assert password is not None
    page.goto(address_in(line))
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password[1])
    page.get_by_role("button", name="Sign in").click()


def start_verification(page: Page, tenant: str) -> None:
    """Start ``integrity.verify`` through the dialog on the Tenants page."""
    page.get_by_role("link", name="Tenants", exact=True).click()
    card = page.locator(".workbench-tenants .card", has_text=tenant)
    card.get_by_role("button", name="Start an operation").click()
    dialog = page.get_by_role("dialog").filter(visible=True)
    dialog.locator("input[value='integrity.verify']").check(force=True)
    dialog.get_by_role("button", name="Start").click()


def test_real_work_is_watched_from_start_to_end(
    page: Page, tmp_path: pathlib.Path
) -> None:
    """Started in a dialog, a run is seen queued or running, moving, and finished."""
    environment = SmallEnvironment(tmp_path / "large-environment")
    environment.install("large", {f"large/{i}.py": "a" for i in range(299)})
    polls: list[str] = []
    page.on(
        "request",
        lambda request: (
            polls.append(request.url) if "/operation-detail?" in request.url else None
        ),
    )
    page.clock.install()
    arguments = ("--environment", str(environment.prefix))
    with demo(tmp_path / "data", *arguments) as (_, line):
        sign_in(page, line, "ada")
        start_verification(page, "large-environment")
        badge = page.locator(".ops-refresh-status")
        expect(badge).to_have_text(re.compile("Queued|Running"))
        page.evaluate("window.loadedOnce = true")
        expect(badge).to_have_text("Running", timeout=20_000)
        progress = page.locator("progress")
        seen = set()
        while len(seen) < 3:
            value = progress.get_attribute("value")
            seen.add(value)
            expect(progress).not_to_have_attribute("value", value or "", timeout=20_000)
        expect(badge).to_have_text("Succeeded", timeout=60_000)
        expect(page.get_by_role("status").last).to_contain_text("Finished")
        assert page.evaluate("window.loadedOnce === true")
        asked = len(polls)
        page.clock.run_for(3600 * 1000)
        page.evaluate("0")
        assert len(polls) == asked
        page.reload()
        expect(badge).to_have_text("Succeeded")
        assert "data-ops-refresh" not in page.content()
        expect(page.locator("script[src*=ops-refresh]")).to_have_count(0)
        page.clock.run_for(3600 * 1000)
        page.evaluate("0")
        assert len(polls) == asked


def test_others_see_nothing_of_it(page: Page, tmp_path: pathlib.Path) -> None:
    """Another workspace's member finds no run, no address and no script."""
    with demo(tmp_path / "data") as (_, line):
        sign_in(page, line, "ada")
        start_verification(page, "This app")
        expect(page.locator(".ops-refresh-status")).to_be_visible()
        run = page.url
        for name in ("cleo", "dana", "ben"):
            page.context.clear_cookies()
            sign_in(page, line, name)
            response = page.goto(run)
            assert response is not None
            assert response.status == 404
            assert "ops-refresh/operation" not in page.content()
            expect(page.locator("script[src*=ops-refresh]")).to_have_count(0)
