"""What the list has beside its rows: tabs, titles, keys, copying, the wallboard."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import re
import typing as t

import pytest
from flask import Flask
from flask import Response
from flask import session
from flask_admin.theme import Bootstrap4Theme
from playwright.sync_api import expect
from playwright.sync_api import Locator
from playwright.sync_api import Page

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh

from ..conftest import ADA
from ..conftest import Host
from ..host_app import load_scope
from ..host_app import OperationRun
from ..host_app import User
from .conftest import Open
from .scripted_server import Answer
from .scripted_server import ScriptedServer
from .tabs import now
from .test_accessibility import AXE
from .test_operations_live import Live

LIST = "/admin/operations/"
SUCCEEDED = {"status": "completed", "outcome": "succeeded"}

#: Only under a policy like this is what a module imports let in by its nonce alone.
POLICY = (
    "default-src 'self'; script-src 'nonce-n0nce' 'strict-dynamic'; "
    "style-src 'self' 'nonce-n0nce'; object-src 'none'; base-uri 'none'; font-src *"
)


class ListAlone(OperationsView):
    show_overview = False


@pytest.fixture
def live(
    make_host: cabc.Callable[..., Host],
    page: Page,
    serve: cabc.Callable[[Flask], str],
) -> Live:
    """The host app under a strict policy, signed in as Ada."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=ListAlone)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops, csp_nonce_generator=lambda: "n0nce")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    @host.app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)

    @host.app.after_request
    def add_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return Live(host, page, serve(host.app))


def ago(**delta: float) -> dt.datetime:
    return now() - dt.timedelta(**delta)


def tab(page: Page, name: str) -> Locator:
    return page.locator(".ops-refresh-tabs a").filter(has_text=name)


def state(page: Page) -> Locator:
    return page.locator("[data-part=state]")


# Tabs and titles


def test_tabs_and_title_follow_what_is_active(live: Live) -> None:
    """Counts and title change in place, focus stays on a tab; at the end all rests."""
    host, page = live.host, live.page
    first = host.add_run(status="running", created_at=ago(minutes=2))
    second = host.add_run(created_at=ago(minutes=1))
    live.open(f"{LIST}?tab=active")
    plain = "Monitoring - Operations - Host"
    expect(page).to_have_title(f"▶ 2 active · {plain}")
    tab(page, "Failed").focus()
    host.update(OperationRun, first, status="completed", outcome="failed")
    live.pass_time(7)
    expect(tab(page, "Active")).to_have_text("Active 1")
    expect(tab(page, "Failed")).to_have_text("Failed 1 in the last 24 hours")
    expect(tab(page, "Failed")).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_title(f"▶ 1 active · {plain}")
    host.update(OperationRun, second, **SUCCEEDED)
    live.pass_time(7)
    expect(page.get_by_text("No operation is queued or running.")).to_be_visible()
    expect(page).to_have_title(plain)
    assert "data-ops-refresh" not in page.content()
    asked = len(live.polls)
    live.pass_an_hour()
    assert len(live.polls) == asked
    assert live.is_the_same_page


def test_a_title_says_nothing_of_what_may_no_longer_be_seen(live: Live) -> None:
    """Where access ends, the browser's tab is called as the page was."""
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(LIST)
    expect(live.page).to_have_title(re.compile("▶ 1 active"))
    live.host.update(User, ADA, workspace_id=None)
    live.pass_time(7)
    expect(live.page.get_by_text("No longer available")).to_be_visible()
    expect(live.page).to_have_title("Monitoring - Operations - Host")


@pytest.mark.parametrize("query", ["", "?tab=active"])
def test_a_new_run_does_not_move_what_the_pointer_is_on(live: Live, query: str) -> None:
    """On every tab new rows wait for the pointer to go, and it is told how many do."""
    host, page = live.host, live.page
    host.add_run(status="running", created_at=ago(minutes=2), type="kind.old")
    live.open(LIST + query)
    old = page.get_by_role("link", name="kind.old")
    old.hover()
    host.add_run(status="running", created_at=ago(minutes=1), type="kind.new")
    live.pass_time(7)
    shown = page.locator("tbody tr")
    expect(page.get_by_role("button", name="1 new – show")).to_be_visible()
    expect(shown).to_have_count(1)
    expect(tab(page, "Active")).to_have_text("Active 2")
    page.mouse.move(0, 0)
    expect(shown).to_have_count(2)
    expect(shown.first).to_contain_text("kind.new")


@pytest.mark.parametrize("query", ["", "?tab=active"])
def test_a_new_run_leaves_the_focus_and_what_is_read_in_place(
    live: Live, query: str
) -> None:
    """At the top it appears at once; who has gone on reading sees nothing move."""
    host, page = live.host, live.page
    for minutes in range(2, 42):
        host.add_run(
            status="running", created_at=ago(minutes=minutes), type=f"kind.{minutes}"
        )
    live.open(LIST + query)
    link = page.get_by_role("link", name="kind.2", exact=True)
    link.focus()
    page.mouse.move(0, 0)
    host.add_run(status="running", created_at=ago(minutes=1), type="kind.new")
    live.pass_time(7)
    expect(page.locator("tbody tr").first).to_contain_text("kind.new")
    expect(link).to_be_focused()
    far = page.get_by_role("link", name="kind.30", exact=True)
    far.focus()
    page.evaluate("scrollBy(0, 300)")
    before = far.bounding_box()
    host.add_run(status="running", created_at=ago(seconds=30), type="kind.newest")
    live.pass_time(7)
    expect(page.locator("tbody tr").first).to_contain_text("kind.newest")
    after = far.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    expect(far).to_be_focused()


# Keys


def test_r_asks_at_once_and_p_rests_and_goes_on(live: Live) -> None:
    """The keys do what the buttons do, and what they have done is read out."""
    host, page = live.host, live.page
    run = host.add_run(status="running", created_at=ago(minutes=2), type="kind.a")
    live.open(LIST)
    host.update(OperationRun, run, type="kind.b")
    page.keyboard.press("r")
    expect(page.get_by_role("link", name="kind.b")).to_be_visible()
    asked = len(live.polls)
    page.keyboard.press("p")
    expect(state(page)).to_have_text("Paused")
    expect(page.get_by_role("status")).to_have_text("Paused")
    live.pass_time(20)
    assert len(live.polls) == asked
    host.update(OperationRun, run, type="kind.c")
    page.keyboard.press("r")
    expect(page.get_by_role("link", name="kind.c")).to_be_visible()
    expect(state(page)).to_have_text("Paused")
    page.keyboard.press("p")
    expect(state(page)).to_have_text("Live · every 5 s")
    live.pass_time(7)
    assert len(live.polls) > asked + 1


FIELD = """
  (kind) => {
    const field = document.createElement(kind === "editable" ? "div" : kind);
    if (kind === "editable") field.contentEditable = "true";
    field.id = "field";
    const host = document.body.appendChild(document.createElement("section"));
    host.attachShadow({ mode: "open" }).append(field.cloneNode(true));
    document.body.prepend(field);
    window.inShadow = host.shadowRoot.firstChild;
    field.focus();
  }
"""


@pytest.mark.parametrize("kind", ["input", "textarea", "select", "editable"])
def test_keys_are_left_to_who_types(live: Live, kind: str) -> None:
    """In a field, in the page or in a widget's own tree, letters are letters."""
    page = live.page
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(LIST)
    page.evaluate(FIELD, kind)
    for _ in range(2):
        page.keyboard.press("p")
        page.keyboard.press("r")
        page.keyboard.press("?")
        page.evaluate("inShadow.focus()")
    page.evaluate("document.activeElement.blur()")
    # What had been under way for the keys before is done when this one is.
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(state(page)).to_have_text(re.compile("^Live"))
    assert live.polls == []


def test_keys_with_others_or_held_down_are_not_ours(live: Live) -> None:
    """Ctrl, Alt and Meta are the browser's, and a key that is held acts once."""
    page = live.page
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(LIST)
    page.evaluate(
        """() => {
          for (const more of [{ ctrlKey: true }, { altKey: true }, { metaKey: true },
            { repeat: true }, { isComposing: true }])
            document.body.dispatchEvent(
              new KeyboardEvent("keydown", { key: "p", bubbles: true, ...more }));
        }"""
    )
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(state(page)).to_have_text(re.compile("^Live"))


def test_help_says_the_keys_and_rests_while_it_is_open(live: Live) -> None:
    """? shows what there is; nothing refreshes under it, and only Escape acts in it."""
    host, page = live.host, live.page
    host.add_run(status="running", created_at=ago(minutes=2))
    live.open(LIST)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    help = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help).to_be_visible()
    for text in ("Refresh now", "Pause or resume", "Show this help"):
        expect(help.get_by_text(text)).to_be_visible()
    asked = len(live.polls)
    help.get_by_role("button", name="Close").focus()
    page.keyboard.press("p")
    page.keyboard.press("r")
    live.pass_time(20)
    assert len(live.polls) == asked
    page.keyboard.press("Escape")
    expect(help).to_have_count(0)
    expect(state(page)).to_have_text(re.compile("^Live"))
    live.pass_time(1)
    assert len(live.polls) == asked + 1
    page.get_by_role("button", name="Keys: ?").click()
    expect(help).to_be_visible()
    help.get_by_role("button", name="Close").click()
    expect(help).to_have_count(0)
    expect(page.get_by_role("button", name="Keys: ?")).to_be_focused()


def test_keys_can_be_switched_off_for_good(live: Live) -> None:
    """Who has switched them off finds them off on the next visit, and the button on."""
    page = live.page
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(LIST)
    page.get_by_role("button", name="Keys: ?").click()
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    for _ in range(2):
        page.keyboard.press("?")
        page.keyboard.press("p")
        page.get_by_role("button", name="Keys: ?").click()
        expect(page.get_by_label("Use these keys")).not_to_be_checked()
        expect(state(page)).to_have_text(re.compile("^Live"))
        page.keyboard.press("Escape")
        page.reload()
    page.get_by_role("button", name="Keys: ?").click()
    page.get_by_label("Use these keys").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("p")
    expect(state(page)).to_have_text("Paused")


def test_keys_act_on_every_region_of_a_page(watch: Open) -> None:
    """One key rests them all, also where one rested before, and one wakes them."""
    watched = watch(ScriptedServer({"one": "<p>1</p>", "two": "<p>2</p>"}))
    page = watched.page
    page.get_by_role("button", name="Pause").first.click()
    page.keyboard.press("p")
    expect(state(page)).to_have_text(["Paused", "Paused"])
    watched.server.polls.clear()
    page.keyboard.press("r")
    watched.server.wait_for(2)
    watched.idle()
    assert sorted(name for name, _ in watched.server.polls) == ["one", "two"]
    page.keyboard.press("p")
    expect(state(page)).to_have_text(["Live · every 1 s"] * 2)


def test_keys_still_act_when_another_region_has_ended(watch: Open) -> None:
    """What listens to keys is not bound to one region's life."""
    watched = watch(ScriptedServer({"one": "<p>1</p>", "two": "<p>2</p>"}))
    watched.server.then(Answer(200, "<p>done</p>", None))
    watched.advance(1)
    expect(state(watched.page)).to_have_count(1)
    watched.page.keyboard.press("p")
    expect(state(watched.page)).to_have_text("Paused")


def test_a_page_without_a_live_region_has_no_keys(live: Live) -> None:
    """Where nothing is live, no key of ours does anything, and nothing is fetched."""
    page = live.page
    live.host.add_run(**SUCCEEDED, created_at=ago(minutes=2))
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    live.open(LIST)
    page.keyboard.press("?")
    page.keyboard.press("r")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not [url for url in fetched if url.endswith(".js") and "ops-refresh" in url]


# Copying


def test_the_link_to_a_view_is_copied_and_said(live: Live) -> None:
    """A click copies the view's address, says so, and leaves the page where it is."""
    page = live.page
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(f"{LIST}?tab=active")
    link = page.get_by_role("link", name="Link to this view")
    address = link.evaluate("link => link.href")
    link.click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    expect(page.locator(".ops-refresh-share")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert "tab=active" in address
    live.pass_time(3)
    expect(link).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("")
    assert live.is_the_same_page


def test_a_link_that_is_downloaded_is_not_copied(live: Live) -> None:
    """With Alt a browser does what it does with any link."""
    page = live.page
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(f"{LIST}?tab=active")
    link = page.get_by_role("link", name="Link to this view")
    expect(page.locator("[data-part=updated]")).not_to_have_text("")
    heard = link.evaluate(
        """link => {
          let isOurs = null;
          const last = (event) => {
            isOurs = event.defaultPrevented;
            event.preventDefault();
          };
          window.addEventListener("click", last, { once: true });
          const options = { altKey: true, bubbles: true, cancelable: true };
          link.dispatchEvent(new MouseEvent("click", options));
          return isOurs;
        }"""
    )
    assert heard is False


def test_a_link_that_is_opened_elsewhere_is_not_copied(live: Live) -> None:
    """With Ctrl a link opens in a tab of its own, as any link."""
    page = live.page
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(LIST)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Link to this view").click(modifiers=["Control"])
    expect(opened.value).to_have_title(re.compile("Operations"))
    expect(page.get_by_role("status")).to_have_text("")


COPYABLE = (
    '<p id="text">{}</p>'
    '<button type="button" data-ops-refresh-copy="text" hidden>Copy</button>'
)


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_a_copy_button_outlives_patches(watch: Open, has_clipboard: bool) -> None:
    """It is shown where a script runs, copies what is there now, stays as it is."""
    watched = watch(ScriptedServer({"one": COPYABLE.format("first")}))
    page = watched.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy", exact=True)
    expect(button).to_be_visible()
    button.evaluate("button => { button.isTheSame = true; }")
    watched.server.then(Answer(200, COPYABLE.format("second\n  line")))
    watched.advance(1)
    expect(button).to_be_visible()
    assert button.evaluate("button => button.isTheSame")
    if not has_clipboard:
        page.evaluate(
            """Object.defineProperty(navigator, "clipboard", { value: undefined })"""
        )
        # Heard after what writes it, which listens to the document.
        page.evaluate(
            """addEventListener("copy", (event) => {
              if (!event.defaultPrevented) return;
              window.written = event.clipboardData.getData("text/plain");
            })"""
        )
    button.click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    written = "navigator.clipboard.readText()" if has_clipboard else "window.written"
    assert page.evaluate(written) == "second\n  line"


def test_a_click_that_two_regions_hear_copies_once(watch: Open) -> None:
    """Each live region listens to the page, and the text is written once."""
    watched = watch(ScriptedServer({"one": COPYABLE.format("first"), "two": "other"}))
    page = watched.page
    page.evaluate(
        """() => {
          window.written = [];
          const writeText = async (text) => { window.written.push(text); };
          Object.defineProperty(navigator, "clipboard", { value: { writeText } });
        }"""
    )
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status").first).to_have_text("Copied")
    assert page.evaluate("window.written") == ["first"]


# The wallboard


def test_a_wallboard_is_live_and_left_by_escape(live: Live) -> None:
    """Rows and figures follow; Pause is the one control; Escape leads back."""
    host, page = live.host, live.page
    run = host.add_run(status="running", created_at=ago(minutes=2), type="kind.a")
    live.open(LIST)
    page.get_by_role("link", name="Wallboard").click()
    page.evaluate("window.loadedOnce = true")
    expect(page.get_by_role("heading", name="Operations")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(1)
    expect(page.get_by_role("button")).to_have_count(1)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    tab(page, "Active").click()
    expect(page).to_have_url(
        re.compile("wallboard=1.*tab=active|tab=active.*wallboard=1")
    )
    # Once the script is there.
    expect(page.locator("[data-part=updated]")).not_to_have_text("")
    page.evaluate("window.loadedOnce = true")
    host.update(OperationRun, run, type="kind.b")
    live.pass_time(7)
    expect(page.get_by_role("link", name="kind.b")).to_be_visible()
    assert live.is_the_same_page
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # It was the dialog's.
    live.pass_time(7)
    assert live.is_the_same_page
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Refresh now")).to_be_visible()
    expect(page).to_have_url(re.compile("tab=active"))
    assert "wallboard" not in page.url


def test_a_wallboard_is_large_and_fits_its_screen(live: Live) -> None:
    """On a screen of any size its text is larger than the list's, and none is cut."""
    page = live.page
    live.host.add_run(
        status="running",
        created_at=ago(minutes=2),
        summary_counts={"total": 9000, "processed": 4500},
    )
    size = "() => parseFloat(getComputedStyle(document.querySelector('td')).fontSize)"
    for width in (390, 1280, 1920, 3840):
        page.set_viewport_size({"width": width, "height": 1080})
        page.goto(live.address + LIST)
        usual = page.evaluate(size)
        page.goto(f"{live.address}{LIST}?wallboard=1")
        assert page.evaluate(size) >= usual * (1.2 if width > 1000 else 1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# Accessibility of what is new


@pytest.mark.parametrize("swatch", ["default", "darkly"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [LIST, f"{LIST}?wallboard=1", "help"])
def test_axe_finds_nothing_against_what_stands_around_the_rows(
    make_host: cabc.Callable[..., Host],
    page: Page,
    serve: cabc.Callable[[Flask], str],
    swatch: str,
    scheme: t.Literal["light", "dark"],
    path: str,
) -> None:
    """Tabs, tags, links, the wallboard and the help: nothing is wrong by axe-core."""
    host = make_host(theme=Bootstrap4Theme(swatch=swatch))

    @host.app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)

    for tenant in (1, 2, None):
        host.add_run(status="running", created_at=ago(minutes=2), tenant_id=tenant)
    page.emulate_media(color_scheme=scheme)
    page.goto(serve(host.app) + (LIST if path == "help" else path))
    if path == "help":
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate(AXE.read_text("utf-8"))
    ours = ".ops-refresh-tabs, .ops-refresh-tenant, .ops-refresh-link, dialog[open]"
    found = page.evaluate(
        """async (ours) => {
          const { violations, passes } = await axe.run({ include: [ours] });
          return [passes.length, violations.flatMap(({ id, nodes }) =>
            nodes.map(({ html, failureSummary }) => [id, html, failureSummary]))];
        }""",
        "main" if "wallboard" in path else ours,
    )
    assert found[0] > 5
    assert found[1] == []


# Keys where a browser refuses to store


def test_keys_that_cannot_be_remembered_are_off_for_the_page(live: Live) -> None:
    """Where nothing may be stored, they are off until the page is left, or on again."""
    page = live.page
    page.add_init_script(
        """Object.defineProperty(window, "localStorage", {
             get() { throw new DOMException("refused", "SecurityError"); } });"""
    )
    live.host.add_run(status="running", created_at=ago(minutes=2))
    live.open(LIST)
    page.get_by_role("button", name="Keys: ?").click()
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("?")
    page.keyboard.press("p")
    page.get_by_role("button", name="Keys: ?").click()
    expect(page.get_by_label("Use these keys")).not_to_be_checked()
    expect(state(page)).to_have_text(re.compile("^Live"))
    page.get_by_label("Use these keys").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("p")
    expect(state(page)).to_have_text("Paused")
