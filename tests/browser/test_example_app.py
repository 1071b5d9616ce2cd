from __future__ import annotations

import hashlib
import json
import pathlib
import re
import zipfile

from playwright.sync_api import expect
from playwright.sync_api import Page

from ..example.processes import address_in
from ..example.processes import demo
from ..example.python_environments import SmallEnvironment
from ..waiting import wait_for


def sign_in(page: Page, line: str, name: str) -> None:
    """Sign in as the demo's one line says."""
    password = re.search(r"password (\S+) ", line)
    assert password is not None
    page.goto(address_in(line))
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password[1])
    # Its buttons open dialogs once its scripts are there.
    with page.expect_event("load"):
        page.get_by_role("button", name="Sign in").click()


def start_verification(page: Page, tenant: str) -> None:
    """Start ``integrity.verify`` through the dialog on the Tenants page."""
    with page.expect_event("load"):
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


def choose_tenant(page: Page, name: str) -> None:
    """Choose a tenant in the menu, which leads to its dashboard."""
    page.locator(".workbench-place .dropdown-toggle", has_text="Tenant").click()
    page.locator(".dropdown-item", has_text=name).click()


def ask_for_pack(page: Page) -> None:
    """Ask for a review pack through the dialog on the dashboard."""
    page.get_by_role("button", name="Generate review pack").click()
    page.get_by_role("dialog").get_by_role("button", name="Generate").click()


def pass_time_until(page: Page, text: str) -> None:
    """Let time pass on the page until the card shows a status."""
    badge = page.locator(".ops-refresh-card .ops-refresh-status")

    def look() -> bool:
        page.clock.run_for(1000)
        return badge.inner_text() == text

    wait_for(look, f"a card that shows {text}", seconds=60)


def pass_time_until_quiet(page: Page) -> None:
    """Let time pass until nothing polls, in steps that let answers arrive."""
    regions = page.locator("[data-ops-refresh-url]")

    def look() -> bool:
        page.clock.run_for(1000)
        return regions.count() == 0

    wait_for(look, "a page on which no region polls", seconds=60)


def test_a_review_pack_from_the_dialog_to_the_verified_file(
    page: Page, tmp_path: pathlib.Path
) -> None:
    """Queued, generating, ready on one load; held by a dialog; silent afterwards."""
    environment = SmallEnvironment(tmp_path / "large-environment")
    environment.install("large", {f"large/{i}.py": "a" for i in range(300)})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def polls() -> int:
        return sum("/review-pack?" in url for url in asked)

    arguments = ("--environment", str(environment.prefix))
    settings = {
        "EXAMPLE_APP_FILES_PER_SECOND": "60",
        "EXAMPLE_APP_WORKER_THREADS": "1",
    }
    with demo(tmp_path / "data", *arguments, **settings) as (_, line):
        page.clock.install()
        sign_in(page, line, "ada")
        # While the only thread of the worker verifies, the pack has to wait.
        start_verification(page, "large-environment")
        page.get_by_role("link", name="Home", exact=True).click()
        choose_tenant(page, "large-environment")
        ask_for_pack(page)
        badge = page.locator(".ops-refresh-card .ops-refresh-status")
        expect(badge).to_have_text("Queued")
        page.evaluate("window.loadedOnce = true")
        page.get_by_role("button", name="Generate review pack").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        before = polls()
        page.clock.run_for(60_000)
        assert polls() == before
        with page.expect_request("**/review-pack?*"):
            dialog.get_by_role("button", name="Cancel").click()
            page.clock.run_for(1000)
        pass_time_until(page, "Generating")
        pass_time_until(page, "Ready")
        assert page.evaluate("window.loadedOnce")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        verify_pack(download.value.path())
        pass_time_until_quiet(page)
        before = len(asked)
        page.clock.run_for(3600 * 1000)
        page.evaluate("0")
        assert len(asked) == before


def verify_pack(path: pathlib.Path) -> None:
    """Compare every file of a pack with its manifest."""
    with zipfile.ZipFile(path) as pack:
        assert pack.testzip() is None
        manifest = json.loads(pack.read("manifest.json"))
        assert sorted([*manifest["files"], "manifest.json"]) == sorted(pack.namelist())
        for name, recorded in manifest["files"].items():
            content = pack.read(name)
            assert hashlib.sha256(content).hexdigest() == recorded["sha256"]
            assert len(content) == recorded["bytes"]
        assert b"large/299.py,in_order" in pack.read("integrity.csv")


def test_a_notice_is_taken_down_under_an_open_page(
    page: Page, tmp_path: pathlib.Path
) -> None:
    """What one person takes down is over on another's page, without a reload."""
    with demo(tmp_path / "data") as (_, line):
        page.clock.install()
        sign_in(page, line, "ada")
        page.get_by_role("button", name="Post a notice").click()
        dialog = page.get_by_role("dialog").filter(visible=True)
        dialog.get_by_label("What they should know").fill("Back at noon.")
        dialog.get_by_role("button", name="Post").click()
        expect(page.get_by_text("Back at noon.")).to_be_visible()
        browser = page.context.browser
        assert browser is not None
        other = browser.new_context().new_page()
        sign_in(other, line, "erin")
        other.get_by_role("button", name="Take the notice down").click()
        expect(other.get_by_text("Back at noon.")).to_have_count(0)
        other.context.close()
        page.clock.run_for(13_000)
        expect(page.locator(".workbench-notice")).to_contain_text("over since")
        expect(page.locator("[data-ops-refresh-url]")).to_have_count(0)


def confirm(page: Page, text: str) -> None:
    """Choose an action on a run's page, and confirm it in its dialog."""
    page.locator(".ops-refresh-actions").get_by_role("button", name=text).click()
    dialog = page.get_by_role("dialog", name=text)
    with page.expect_event("load"):
        dialog.get_by_role("button", name=text).click()


def test_a_run_is_cancelled_and_run_again(page: Page, tmp_path: pathlib.Path) -> None:
    """In dialogs: it is seen to stop in mid-work, and its retry leads back to it."""
    environment = SmallEnvironment(tmp_path / "large-environment")
    environment.install("large", {f"large/{i}.py": "a" for i in range(2000)})
    arguments = ("--environment", str(environment.prefix))
    with demo(tmp_path / "data", *arguments) as (_, line):
        sign_in(page, line, "ada")
        start_verification(page, "large-environment")
        badge = page.locator(".ops-refresh-status")
        expect(badge).to_have_text("Running", timeout=20_000)
        cancelled = page.url
        confirm(page, "Cancel")
        assert page.url == cancelled
        expect(page.locator(".alert")).to_contain_text("is being cancelled")
        page.evaluate("window.loadedOnce = true")
        expect(badge).to_have_text("Failed", timeout=20_000)
        failure = page.locator(".ops-refresh-fold summary").first
        expect(failure).to_contain_text("It was cancelled before it was done.")
        expect(page.locator(".ops-refresh-progress-text").first).not_to_contain_text(
            "100 %"
        )
        actions = page.locator(".ops-refresh-actions button")
        expect(actions).to_have_text(["Run again"])
        # Offered by a poll, on the page that was there.
        assert page.evaluate("window.loadedOnce")
        confirm(page, "Run again")
        assert page.url != cancelled
        expect(badge).to_have_text(re.compile("Queued|Running"))
        again = page.url
        page.get_by_text("Retry of").get_by_role("link").click()
        assert page.url == cancelled
        expect(badge).to_have_text("Failed")
        page.get_by_text("Retried as").get_by_role("link").click()
        assert page.url == again
        confirm(page, "Cancel")
        expect(badge).to_have_text("Failed", timeout=20_000)


def test_the_lists_own_menu_cancels_what_is_ticked(
    page: Page, tmp_path: pathlib.Path
) -> None:
    """Flask-Admin's menu works under the app's policy, with its own question."""
    environment = SmallEnvironment(tmp_path / "large-environment")
    environment.install("large", {f"large/{i}.py": "a" for i in range(2000)})
    arguments = ("--environment", str(environment.prefix))
    with demo(tmp_path / "data", *arguments) as (_, line):
        sign_in(page, line, "ada")
        start_verification(page, "large-environment")
        with page.expect_event("load"):
            page.get_by_role("link", name="List", exact=True).click()
        page.locator("input.action-checkbox").check()
        questions: list[str] = []
        page.on(
            "dialog", lambda asked: (questions.append(asked.message), asked.accept())
        )
        page.get_by_role("button", name="With selected").click()
        page.locator(".dropdown-menu.show").get_by_text("Cancel").click()
        expect(page.locator(".alert")).to_contain_text("is being cancelled")
        assert "stops at its next file" in questions[0]
        expect(page.locator("td .ops-refresh-status")).to_have_text(
            "Failed", timeout=20_000
        )
