"""What people meet with a keyboard, a screen reader, a magnifier, other colours."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import pathlib
import re
import typing as t

import pytest
from flask import Flask
from flask import session
from flask_admin.theme import Bootstrap4Theme
from playwright.sync_api import expect
from playwright.sync_api import Page

from ..absent import absent
from ..conftest import ADA
from ..conftest import BEN
from ..conftest import Host
from ..host_app import OperationRun
from ..host_app import ReviewPack
from .tabs import now
from .test_operations_live import Live

#: Where `make test` has npm's packages put.
AXE = pathlib.Path(__file__).parents[2] / ".venv/js/node_modules/axe-core/axe.min.js"

#: The extension's nodes; in its list also the cells, which Flask-Admin draws.
OURS = (
    ".ops-refresh-controls, .ops-refresh-card, .ops-refresh-overview, "
    "[id^=ops-refresh-operation-detail], [id^=ops-refresh-operation-list] td"
)

SURFACES = {
    "list": "/admin/operations/?page=0",
    "detail": "/admin/operations/details/?id=1",
    # The overview is on it as well, above the card.
    "card": "/admin/",
}

#: Notes what a screen reader would read out of itself, each time it would.
LISTEN = """
  window.heard = [];
  new MutationObserver((changes) => {
    const said = new Set(changes.map(({ target }) =>
      target.parentElement?.closest("[role=status], [role=alert], [aria-live]")
      ?? target.closest?.("[role=status], [role=alert], [aria-live]")));
    for (const part of said) if (part) heard.push(part.textContent);
  }).observe(document, { subtree: true, childList: true, characterData: true });
"""


class Surfaces(Live):
    """The three surfaces of a host app, with something of everything on them."""

    def __init__(self, host: Host, page: Page, address: str) -> None:
        super().__init__(host, page, address)
        self.person = ADA
        host.add_run(
            status="running",
            created_at=now() - dt.timedelta(minutes=5),
            started_at=now() - dt.timedelta(minutes=4),
            user_id=ADA,
            summary_counts={"total": 1200, "processed": 600, "extra": 7},
            context={"environment": "north", "words": ["word " * 60] * 60},
            failure_summary={
                "failures": [
                    {"code": "E1", "message": "altered " * 9, "path": "/a" * 99}
                ],
                "note": "and more",
            },
        )
        for status, outcome in (
            ("queued", None),
            ("completed", "succeeded"),
            ("completed", "partially_succeeded"),
            ("completed", "failed"),
            ("strange", None),
        ):
            ended = {"completed_at": now()} if outcome else {}
            host.add_run(status=status, outcome=outcome, created_at=now(), **ended)
        self.pack = host.add(
            ReviewPack(
                workspace_id=1,
                tenant_id=1,
                operation_run_id=1,
                status="generating",
                created_at=now() - dt.timedelta(minutes=5),
                file_size=2_500_000,
                summary={"altered files": 3},
            )
        )[0]

    def show(self, surface: str) -> None:
        """Open a surface and wait until its region is alive."""
        self.open(SURFACES[surface])
        expect(self.page.locator("[data-part=updated]").first).not_to_be_empty()


@pytest.fixture
def surfaces(
    make_host: cabc.Callable[..., Host],
    page: Page,
    serve: cabc.Callable[[Flask], str],
) -> cabc.Callable[..., Surfaces]:
    """Serve the surfaces, by an Admin of this kind, to Ada or whom a test names."""

    def make(**options: t.Any) -> Surfaces:
        options.setdefault("config", {"OPS_REFRESH_STALLED_AFTER_SECONDS": 60})
        host = make_host(**options)

        @host.app.before_request
        def sign_in() -> None:
            session["_user_id"] = str(made.person)
            session["tenant_id"] = 1

        made = Surfaces(host, page, serve(host.app))
        return made

    return make


def violations(page: Page, ours: str = OURS) -> list[str]:
    """What axe-core says against the extension's nodes, or those that a test names."""
    if not AXE.is_file():
        absent("axe-core is not installed (make test installs it)")
    page.evaluate(AXE.read_text("utf-8"))
    # It waits with timers, and the page's clock stands still.
    page.clock.resume()
    found = page.evaluate(
        """async (ours) => {
          const { violations, passes } = await axe.run({ include: [ours] });
          const said = violations.flatMap(({ id, nodes }) =>
            nodes.map(({ html, failureSummary }) => [id, html, failureSummary]));
          return { passes: passes.length, said: said.map(String) };
        }""",
        ours,
    )
    assert found["passes"] > 10
    said: list[str] = found["said"]
    return said


@pytest.mark.parametrize("swatch", ["default", "darkly", "slate"])
@pytest.mark.parametrize("surface", SURFACES)
def test_axe_finds_nothing_against_our_nodes(
    surfaces: cabc.Callable[..., Surfaces], page: Page, surface: str, swatch: str
) -> None:
    """Roles, names, contrast, headings: nothing is wrong in light or dark swatches."""
    surfaces(theme=Bootstrap4Theme(swatch=swatch)).show(surface)
    assert violations(page) == []


def test_the_controls_have_roles_and_names(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """A screen reader finds a group with a name, its buttons and its state."""
    surfaces().show("detail")
    expect(page.get_by_role("group", name="Live updates")).to_match_aria_snapshot(
        """
        - group "Live updates":
          - text: /every 10 s/
          - button "Pause"
          - button "Refresh now"
          - text: /Updated/
          - status
        """
    )
    expect(page.get_by_role("group", name="Context")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress")).to_have_count(1)
    expect(page.get_by_role("list").filter(has_text="Started")).to_be_visible()
    names = page.get_by_role("heading", level=2).all_inner_texts()
    assert names == ["Timeline", "Counts", "Failures 1", "Context"]


def test_one_announcement_for_each_transition(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """Each status is read out once, politely; ticks and progress never are."""
    shown = surfaces()
    run = shown.host.add_run(status="queued", created_at=now())
    page.add_init_script(LISTEN)
    shown.open(f"/admin/operations/details/?id={run}")
    for values in (
        {"status": "running", "started_at": now()},
        {"summary_counts": {"total": 9, "processed": 1}},
        {"summary_counts": {"total": 9, "processed": 2}},
        {"status": "completed", "outcome": "failed", "completed_at": now()},
    ):
        shown.host.update(OperationRun, run, **values)
        shown.pass_time(12)
    name = f"integrity.verify {run}"
    expect(page.get_by_role("status")).to_have_text(f"{name}: Failed. Finished")
    shown.pass_an_hour()
    assert page.evaluate("heard") == [f"{name}: Running", f"{name}: Failed. Finished"]


def test_one_announcement_for_all_rows_of_an_answer(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """Rows that change together are read out together, in one sentence."""
    shown = surfaces()
    page.add_init_script(LISTEN)
    shown.open(SURFACES["list"])
    shown.host.update(OperationRun, 1, status="completed", outcome="succeeded")
    shown.host.update(OperationRun, 2, status="running", started_at=now())
    shown.pass_time(12)
    said = "integrity.verify 2: Running, integrity.verify 1: Succeeded"
    expect(page.get_by_role("status")).to_have_text(said)
    assert page.evaluate("heard") == [said]


def test_a_lost_connection_is_said_once(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """However long it lasts, and that it is back is not worth a word."""
    shown = surfaces()
    page.add_init_script(LISTEN)
    shown.open(SURFACES["list"])
    page.route("**/ops-refresh/operation-list**", lambda route: route.abort())
    shown.pass_time(120)
    expect(page.locator("[data-part=notice]")).to_contain_text("Connection lost")
    page.unroute("**/ops-refresh/operation-list**")
    shown.pass_time(40)
    expect(page.locator("[data-part=notice]")).to_be_empty()
    [said] = page.evaluate("heard")
    assert said.startswith("Connection lost, last updated")


def test_all_is_reached_and_done_by_the_keyboard(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """Pause, Refresh now and the stored JSON are in the order of the page, in sight."""
    shown = surfaces()
    shown.show("detail")
    pause = page.locator("[data-part=pause]")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.part") == "pause":
            break
    expect(pause).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == (
        "2px"
    )
    page.keyboard.press("Space")
    expect(pause).to_have_text("Resume")
    expect(pause).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Refresh now")).to_be_focused()
    shown.host.update(OperationRun, 1, type="changed.kind")
    page.keyboard.press("Enter")
    expect(page.get_by_text("changed.kind", exact=True)).to_be_visible()
    fold = page.locator("summary", has_text="As JSON")
    for _ in range(9):
        page.keyboard.press("Tab")
        if fold.evaluate("(node) => node === document.activeElement"):
            break
    expect(fold).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("group", name="Context as JSON")).to_be_focused()
    page.keyboard.press("End")
    page.wait_for_function("document.activeElement.scrollTop > 0")


def test_the_keyboard_goes_on_where_the_controls_were(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """When the controls go at the end, Tab leads to what follows, not to the top."""
    shown = surfaces()
    shown.show("card")
    page.get_by_role("button", name="Refresh now").last.focus()
    shown.host.update(ReviewPack, shown.pack, status="ready")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    expect(page.locator(".ops-refresh-card [data-part=pause]")).to_have_count(0)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Download")).to_be_focused()


@pytest.mark.parametrize("width", [640, 320], ids=["200 %", "400 %"])
@pytest.mark.parametrize("surface", SURFACES)
def test_nothing_of_ours_is_cut_off_by_zoom(
    surfaces: cabc.Callable[..., Surfaces], page: Page, surface: str, width: int
) -> None:
    """At a magnification of a window 1280 pixels wide, all fits its width."""
    page.set_viewport_size({"width": width, "height": 400})
    surfaces().show(surface)
    outside = page.evaluate(
        """(ours) => [...document.querySelectorAll(ours)]
          .flatMap((node) => [node, ...node.querySelectorAll("*")])
          .filter((node) => !node.closest("td, .sr-only"))
          .filter((node) => node.getBoundingClientRect().right > innerWidth + 1
            || node.scrollWidth > node.clientWidth + 1 && node.matches("div, p, pre"))
          .map((node) => node.outerHTML)""",
        OURS,
    )
    assert outside == []


@pytest.mark.parametrize("surface", SURFACES)
def test_nothing_of_ours_moves_for_those_who_want_no_motion(
    surfaces: cabc.Callable[..., Surfaces], page: Page, surface: str
) -> None:
    """With reduced motion no node is animated and none changes gradually."""
    page.emulate_media(reduced_motion="reduce")
    surfaces().show(surface)
    moving = page.evaluate(
        """(ours) => [...document.querySelectorAll(ours)]
          .flatMap((node) => [node, ...node.querySelectorAll("*")])
          .filter((node) => {
            const { animationName, transitionDuration } = getComputedStyle(node);
            return animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration);
          })
          .map((node) => node.outerHTML)""",
        OURS,
    )
    assert moving == []
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("surface", SURFACES)
def test_forced_colours_leave_everything_to_be_seen(
    surfaces: cabc.Callable[..., Surfaces], page: Page, surface: str
) -> None:
    """In the system's colours badges keep a border, and text its contrast."""
    page.emulate_media(forced_colors="active")
    surfaces().show(surface)
    badges = page.locator(".badge[class*=ops-refresh]")
    assert badges.count()
    for badge in badges.all():
        expect(badge).to_have_css("outline-style", "solid")
    assert violations(page) == []


def test_right_to_left_pages_are_laid_out_from_the_right(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """The line of the timeline and the controls start on the right; JSON does not."""
    shown = surfaces()
    page.add_init_script(
        """new MutationObserver(() => { document.documentElement.dir = "rtl"; })
          .observe(document, { childList: true });"""
    )
    shown.show("detail")
    step = page.locator(".ops-refresh-timeline li").first
    expect(step).to_have_css("border-right-width", "2px")
    expect(step).to_have_css("border-left-width", "0px")
    expect(page.locator(".ops-refresh-json").first).to_have_css("direction", "ltr")
    left, right = (
        page.locator(f"[data-part={name}]").bounding_box()
        for name in ("refresh", "pause")
    )
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] < right["x"]
    dot = page.evaluate(
        """(() => {
          const step = document.querySelector(".ops-refresh-timeline li");
          const { left, right } = getComputedStyle(step, "::before");
          return [parseFloat(left), parseFloat(right)];
        })()"""
    )
    assert dot[1] < 0 < dot[0]


def paused(page: Page) -> bool:
    return page.locator("[data-part=pause]").inner_text() == "Resume"


def test_a_pause_is_remembered_for_the_person_and_the_surface(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """It holds on the next visit, on no other surface, and for nobody else here."""
    shown = surfaces()
    run = shown.host.add_run(tenant_id=2, status="running", created_at=now())
    shown.show("list")
    page.get_by_role("button", name="Pause").click()
    asked = len(shown.polls)
    shown.show("list")
    assert paused(page)
    shown.pass_time(30)
    assert len(shown.polls) == asked
    shown.show("detail")
    assert not paused(page)
    shown.person = BEN
    shown.show("list")
    expect(page.get_by_role("link", name="integrity.verify")).to_have_count(1)
    assert not paused(page)
    assert page.locator(f"[href$='?id={run}']").count() == 1
    shown.person = ADA
    shown.show("list")
    assert paused(page)
    page.get_by_role("button", name="Resume").click()
    shown.show("list")
    assert not paused(page)


def test_what_is_remembered_tells_nothing(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """The browser stores a digest that only the server can make, and no value."""
    shown = surfaces()
    kept = []
    for surface in SURFACES:
        shown.show(surface)
        page.get_by_role("button", name="Pause").last.click()
        kept = page.evaluate("Object.entries(localStorage)")
    assert len(kept) == 3
    for key, value in kept:
        assert re.fullmatch("ops-refresh-[0-9a-f]{32}", key)
        assert value == ""


@pytest.mark.parametrize(
    "refusal",
    [
        """Object.defineProperty(window, "localStorage", {
          get() { throw new DOMException("denied", "SecurityError"); } });""",
        """Storage.prototype.setItem = () => {
          throw new DOMException("full", "QuotaExceededError"); };""",
        'Object.defineProperty(window, "localStorage", { value: null });',
    ],
    ids=["denied", "full", "absent"],
)
def test_where_nothing_may_be_stored_a_pause_holds_for_the_page(
    surfaces: cabc.Callable[..., Surfaces], page: Page, refusal: str
) -> None:
    """A browser that refuses storage breaks nothing."""
    shown = surfaces()
    page.add_init_script(refusal)
    shown.show("list")
    page.get_by_role("button", name="Pause").click()
    asked = len(shown.polls)
    shown.pass_time(30)
    assert len(shown.polls) == asked
    page.get_by_role("button", name="Resume").click()
    shown.pass_time(7)
    assert len(shown.polls) > asked


def test_a_paused_page_stands_still(
    surfaces: cabc.Callable[..., Surfaces], page: Page
) -> None:
    """While it is paused, no text on it changes by itself, not even a time."""
    shown = surfaces()
    shown.show("detail")
    ticking = page.locator(".ops-refresh-elapsed").last
    before = ticking.inner_text()
    shown.pass_time(3)
    assert ticking.inner_text() != before
    page.get_by_role("button", name="Pause").click()
    page.evaluate(
        """window.changes = 0;
        new MutationObserver(() => { changes += 1; }).observe(document, {
          subtree: true, childList: true, characterData: true, attributes: true });"""
    )
    before = ticking.inner_text()
    shown.pass_time(60)
    assert ticking.inner_text() == before
    assert page.evaluate("changes") == 0
    page.get_by_role("button", name="Resume").click()
    assert ticking.inner_text() != before
