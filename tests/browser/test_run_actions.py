"""Actions on a run in a real browser: their dialogs, and what rests under them."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import pytest
from flask import flash
from flask import Flask
from flask import session
from flask_admin.actions import action
from flask_admin.theme import Bootstrap4Theme
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_ops_refresh import OperationsView

from ..conftest import ADA
from ..everything_on import make_ops
from ..host_app import db
from ..host_app import OperationRun
from .tabs import now
from .test_accessibility import violations
from .test_hosts import answer_for_the_cdn
from .test_hosts import CDN
from .test_operations_live import Live

ENDED = {"status": "completed", "outcome": "failed"}


class Actions(OperationsView):
    def is_action_offered(self, name: str, run: t.Any) -> bool:
        return bool(run.active == (name == "cancel"))

    @action("cancel", "Cancel", "It stops at the next file.")
    def action_cancel(self, ids: list[str]) -> None:
        for id in ids:
            run = db.session.get(OperationRun, int(id))
            run.status, run.outcome = "completed", "failed"
        db.session.commit()
        flash("Cancelled.")

    @action("again", "Run again")
    def action_again(self, ids: list[str]) -> None:
        for id in ids:
            run = db.session.get(OperationRun, int(id))
            run.status, run.outcome = "running", None
        db.session.commit()
        flash("Started again.")


def tabler() -> t.Any:
    reason = "flask-admin-tabler needs Flask-Admin 2.0.2"
    return pytest.importorskip("flask_admin_tabler", reason=reason).TablerTheme()


THEMES: dict[str, cabc.Callable[[], t.Any]] = {
    "Bootstrap 4": Bootstrap4Theme,
    "Bootstrap 5": tabler,
}


@pytest.fixture
def acting(
    make_host: cabc.Callable[..., t.Any],
    page: Page,
    serve: cabc.Callable[[Flask], str],
) -> cabc.Callable[..., Live]:
    """Serve a host that has actions, in a theme, to Ada."""

    def make(theme: t.Any = None) -> Live:
        def prepare(app: Flask) -> None:
            if hasattr(theme, "init_app"):
                theme.init_app(app)

        options = {"theme": theme} if theme else {}
        host = make_host(ops=make_ops(Actions), prepare=prepare, **options)

        @host.app.before_request
        def sign_in() -> None:
            session["_user_id"] = str(ADA)

        page.route(f"{CDN}**", answer_for_the_cdn)
        return Live(host, page, serve(host.app))

    return make


def open_run(live: Live, **values: t.Any) -> int:
    run: int = live.host.add_run(**{"status": "running", "created_at": now(), **values})
    live.open(f"/admin/operations/details/?id={run}")
    return run


def let_it_fade(live: Live) -> None:
    """Let time pass as it does for whoever opens or closes a dialog."""
    live.page.clock.run_for(1_000)


@pytest.mark.parametrize("theme", THEMES)
def test_by_keyboard_into_the_dialog_and_back(
    acting: cabc.Callable[..., Live], page: Page, theme: str
) -> None:
    """It takes the focus, rests the page, and gives both back when it is closed."""
    live = acting(THEMES[theme]())
    open_run(live)
    live.pass_time(2)
    button = page.locator(".ops-refresh-actions").get_by_role("button", name="Cancel")
    button.focus()
    page.keyboard.press("Enter")
    let_it_fade(live)
    dialog = page.get_by_role("dialog", name="Cancel")
    expect(dialog).to_be_visible()
    expect(dialog).to_have_accessible_description("It stops at the next file.")
    assert dialog.evaluate("(node) => node.contains(document.activeElement)")
    live.host.update(OperationRun, 1, type="changed.kind")
    asked = len(live.polls)
    live.pass_time(60)
    assert len(live.polls) == asked
    expect(page.get_by_text("changed.kind")).to_have_count(0)
    for name in ("Go back", "Cancel"):
        page.keyboard.press("Tab")
        expect(dialog.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Escape")
    let_it_fade(live)
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    expect(page.get_by_text("changed.kind").first).to_be_visible()
    assert live.is_the_same_page


@pytest.mark.parametrize("theme", THEMES)
def test_confirmed_it_is_done_and_seen(
    acting: cabc.Callable[..., Live], page: Page, theme: str
) -> None:
    """The fresh page says what was done, and offers what is possible now."""
    live = acting(THEMES[theme]())
    open_run(live)
    actions = page.locator(".ops-refresh-actions button")
    for text, status, following in (
        ("Cancel", "Failed", "Run again"),
        # On a page without a script of the extension.
        ("Run again", "Running", "Cancel"),
    ):
        actions.get_by_text(text).click()
        let_it_fade(live)
        with page.expect_event("load"):
            page.get_by_role("dialog").get_by_role("button", name=text).click()
        expect(page.locator(".ops-refresh-status")).to_have_text(status)
        expect(page.locator(".alert")).to_be_visible()
        expect(actions).to_have_text([following])
    assert not live.is_the_same_page


def test_a_run_that_ends_under_the_dialog(
    acting: cabc.Callable[..., Live], page: Page
) -> None:
    """Nothing moves beneath it; confirmed, nothing is done, and the page says so."""
    live = acting()
    run = open_run(live)
    page.get_by_role("button", name="Cancel").click()
    let_it_fade(live)
    values = {"status": "completed", "outcome": "succeeded"}
    live.host.update(OperationRun, run, **values)
    live.pass_time(30)
    expect(page.locator(".ops-refresh-status")).to_have_text("Running")
    with page.expect_event("load"):
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".ops-refresh-status")).to_have_text("Succeeded")
    expect(page.locator(".alert")).to_contain_text("is not possible for operation")


def test_a_poll_offers_what_the_dialogs_are_there_for(
    acting: cabc.Callable[..., Live], page: Page
) -> None:
    """Ended on an open page, a run can be started again from that page."""
    live = acting()
    run = open_run(live)
    live.host.update(OperationRun, run, **ENDED)
    live.pass_time(2)
    actions = page.locator(".ops-refresh-actions button")
    expect(actions).to_have_text(["Run again"])
    assert live.is_the_same_page
    actions.click()
    let_it_fade(live)
    dialog = page.get_by_role("dialog", name="Run again")
    expect(dialog).to_contain_text("Do you want to do this?")
    dialog.get_by_role("button", name="Go back").click()
    let_it_fade(live)
    expect(dialog).to_be_hidden()


def test_what_may_not_be_seen_takes_its_dialogs_along(
    acting: cabc.Callable[..., Live], page: Page
) -> None:
    """When the run goes out of scope, neither region nor dialogs stay."""
    live = acting()
    run = open_run(live)
    expect(page.locator(".ops-refresh-dialog")).to_have_count(2)
    live.host.update(OperationRun, run, workspace_id=2)
    live.pass_time(3)
    expect(page.locator(".ops-refresh-dialog, .ops-refresh-actions")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["default", "darkly", "slate", "forced colours"])
def test_axe_finds_nothing_against_buttons_and_dialog(
    acting: cabc.Callable[..., Live], page: Page, scheme: str
) -> None:
    """Roles, names and contrast, in light, dark and the system's own colours."""
    if scheme == "forced colours":
        page.emulate_media(forced_colors="active")
    swatch = "default" if scheme == "forced colours" else scheme
    live = acting(Bootstrap4Theme(swatch=swatch))
    open_run(live)
    live.pass_time(1)
    assert violations(page) == []
    page.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_css("opacity", "1")
    expect(dialog.locator(".modal-dialog")).to_have_css("transform", "none")
    assert violations(page, ".ops-refresh-dialog.show") == []


def test_on_a_phone_all_of_it_can_be_reached(
    acting: cabc.Callable[..., Live], page: Page
) -> None:
    """Long names wrap, and nothing is wider than the window."""
    page.set_viewport_size({"width": 320, "height": 500})
    live = acting()
    open_run(live, type="integrity." + "verify" * 12)
    page.get_by_role("button", name="Cancel").click()
    let_it_fade(live)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("Go back", "Cancel"):
        button = page.get_by_role("dialog").get_by_role("button", name=name)
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
