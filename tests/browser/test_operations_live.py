from __future__ import annotations

import collections.abc as cabc
import datetime as dt

import pytest
from flask import Flask
from flask import redirect
from flask import Response
from flask import session
from flask_admin.theme import Bootstrap4Theme
from jinja2 import DictLoader
from playwright.sync_api import expect
from playwright.sync_api import Page
from werkzeug.wrappers import Response as WerkzeugResponse

from ..conftest import ADA
from ..conftest import Host
from ..host_app import OperationRun
from ..host_app import ReviewPack
from ..host_app import User
from .watched_page import stop_clock
from .watched_page import wait_until_idle
from .watched_page import WATCH_FETCH


class Live:
    """The host app in a browser, signed in as Ada, under a clock that a test moves."""

    def __init__(self, host: Host, page: Page, address: str) -> None:
        self.host = host
        self.page = page
        self.address = address
        self.polls: list[str] = []
        page.add_init_script(WATCH_FETCH)
        stop_clock(page.context, now().timestamp())
        page.on("request", self._note)

    def open(self, path: str) -> None:
        """Open a page, and know it again."""
        self.page.goto(self.address + path)
        self.page.evaluate("window.loadedOnce = true")

    def pass_time(self, seconds: int) -> None:
        """Let time pass on the page."""
        pass_time([self.page], seconds)

    def pass_an_hour(self) -> None:
        """Let an hour pass on a page that has nothing left to wait for."""
        self.page.clock.run_for(3600 * 1000)
        wait_until_idle(self.page)

    @property
    def is_the_same_page(self) -> bool:
        return bool(self.page.evaluate("window.loadedOnce === true"))

    def _note(self, request: object) -> None:
        url: str = request.url  # type: ignore[attr-defined]
        if "/ops-refresh/" in url and "/static/" not in url:
            self.polls.append(url)


@pytest.fixture
def live(host: Host, page: Page, serve: cabc.Callable[[Flask], str]) -> Live:
    @host.app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)
        session["tenant_id"] = 1

    return Live(host, page, serve(host.app))


def pass_time(pages: cabc.Collection[Page], seconds: int) -> None:
    """Let time pass on pages of one window, each answer taken in before it goes on."""
    for _ in range(seconds):
        for page in pages:
            wait_until_idle(page)
        next(iter(pages)).clock.run_for(1000)
    for page in pages:
        wait_until_idle(page)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def test_a_run_is_watched_to_its_end_and_then_there_is_silence(live: Live) -> None:
    """Queued, running with progress, finished: all on one load, then no request."""
    host, page = live.host, live.page
    run = host.add_run(status="queued", created_at=now(), user_id=ADA)
    live.open(f"/admin/operations/details/?id={run}")
    badge = page.locator(".ops-refresh-status")
    expect(badge).to_have_text("Queued")
    counts = {"total": 200, "processed": 50}
    host.update(
        OperationRun, run, status="running", started_at=now(), summary_counts=counts
    )
    live.pass_time(2)
    expect(badge).to_have_text("Running")
    expect(page.get_by_text("50 / 200 · 25 %")).to_be_visible()
    host.update(OperationRun, run, summary_counts={"total": 200, "processed": 150})
    live.pass_time(6)
    expect(page.get_by_text("150 / 200 · 75 %")).to_be_visible()
    expect(page).to_have_title("▶ 75 % integrity.verify – Running")
    host.update(
        OperationRun,
        run,
        status="completed",
        outcome="succeeded",
        completed_at=now(),
        summary_counts={"total": 200, "processed": 200},
    )
    live.pass_time(12)
    expect(badge).to_have_text("Succeeded")
    expect(page.get_by_text("200 / 200 · 100 %")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(
        f"integrity.verify {run}: Succeeded. Finished"
    )
    assert live.is_the_same_page
    asked = len(live.polls)
    live.pass_an_hour()
    assert len(live.polls) == asked
    assert "data-ops-refresh" not in page.content()
    expect(page).to_have_title("✔ integrity.verify – Succeeded")
    page.reload()
    expect(page).to_have_title("✔ integrity.verify – Succeeded")
    assert "data-ops-refresh" not in page.content()
    expect(page.locator("script[src*=ops-refresh]")).to_have_count(0)
    live.pass_an_hour()
    assert len(live.polls) == asked


def test_the_list_follows_every_row_and_then_rests(live: Live) -> None:
    """A row's status changes in place; new rows appear; silence when all is done."""
    host, page = live.host, live.page
    run = host.add_run(status="running", created_at=now(), started_at=now())
    live.open("/admin/operations/?page=0")
    page.evaluate("document.querySelector('tbody tr').isTheSame = true")
    host.add_run(
        status="completed",
        outcome="failed",
        type="kind.other",
        created_at=now() + dt.timedelta(seconds=1),
    )
    live.pass_time(7)
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").nth(0)).to_contain_text("kind.other")
    assert page.evaluate("document.querySelectorAll('tbody tr')[1].isTheSame")
    host.update(OperationRun, run, status="completed", outcome="succeeded")
    live.pass_time(7)
    expect(page.locator("tbody tr").nth(1)).to_contain_text("Succeeded")
    assert live.is_the_same_page
    asked = len(live.polls)
    assert asked == 2
    live.pass_an_hour()
    assert len(live.polls) == asked


def test_a_pack_is_watched_until_it_can_be_downloaded(live: Live) -> None:
    """The card goes from queued to a download without a reload, then rests."""
    host, page = live.host, live.page
    [pack] = host.add(
        ReviewPack(workspace_id=1, tenant_id=1, status="queued", created_at=now())
    )
    live.open("/admin/")
    host.update(ReviewPack, pack, status="generating")
    live.pass_time(13)
    expect(page.locator(".ops-refresh-card")).to_contain_text("Generating")
    host.update(ReviewPack, pack, status="ready", file_size=1000)
    live.pass_time(13)
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert live.is_the_same_page
    asked = len(live.polls)
    live.pass_an_hour()
    assert len(live.polls) == asked


def test_a_revoked_membership_takes_the_content_off_the_page(live: Live) -> None:
    """Within one interval what may no longer be seen is gone, and nothing is asked."""
    host, page = live.host, live.page
    run = host.add_run(status="running", created_at=now(), type="secret.kind")
    live.open(f"/admin/operations/details/?id={run}")
    host.update(User, ADA, tenant_ids=[2])
    live.pass_time(2)
    expect(page.get_by_text("No longer available")).to_be_visible()
    assert "secret.kind" not in page.content()
    expect(page).to_have_title("Operations - Host")
    asked = len(live.polls)
    live.pass_an_hour()
    assert len(live.polls) == asked


def test_the_hosts_own_widgets_stay_as_they_are(live: Live) -> None:
    """While the card changes, what stands around it is not touched at all."""
    host, page = live.host, live.page
    own = (
        '{% extends "admin/master.html" %}{% block body %}'
        '<div class="widget" id="above"><input aria-label="Filter"></div>'
        "{{ ops_refresh.review_pack_card() }}"
        '<details class="widget" id="below"><summary>More</summary>More</details>'
        "{% endblock %}"
    )
    host.app.jinja_loader = DictLoader({"admin/index.html": own})
    [pack] = host.add(
        ReviewPack(workspace_id=1, tenant_id=1, status="queued", created_at=now())
    )
    live.open("/admin/")
    page.evaluate(
        """window.touched = 0;
        for (const widget of document.querySelectorAll(".widget"))
          new MutationObserver(() => { touched += 1; }).observe(widget, {
            attributes: true, childList: true, subtree: true, characterData: true });"""
    )
    page.get_by_label("Filter").fill("half a wo")
    host.update(ReviewPack, pack, status="ready")
    live.pass_time(13)
    expect(page.locator(".ops-refresh-card")).to_contain_text("Ready")
    expect(page.get_by_label("Filter")).to_be_focused()
    expect(page.get_by_label("Filter")).to_have_value("half a wo")
    assert page.evaluate("touched") == 0


def test_two_tabs_keep_to_their_tenants(
    host: Host, page: Page, serve: cabc.Callable[[Flask], str]
) -> None:
    """Of two tabs with a tenant each, neither ever shows the other's pack."""

    @host.app.get("/choose/<int:tenant>")
    def choose(tenant: int) -> WerkzeugResponse:
        session["_user_id"] = str(ADA)
        session["tenant_id"] = tenant
        return redirect("/admin/")

    packs = host.add(
        *(
            ReviewPack(workspace_id=1, tenant_id=id, status="queued", created_at=now())
            for id in (1, 2)
        )
    )
    address = serve(host.app)
    page.context.add_init_script(WATCH_FETCH)
    stop_clock(page.context, now().timestamp())
    tabs = {"North": page, "South": page.context.new_page()}
    for tenant, tab in enumerate(tabs.values(), start=1):
        tab.goto(f"{address}/choose/{tenant}")
    for status, label in [("generating", "Generating"), ("ready", "Ready")]:
        for pack, (own, tab) in zip(packs, tabs.items(), strict=True):
            [other] = tabs.keys() - {own}
            card = tab.locator(".ops-refresh-card")
            pass_time(tabs.values(), 13)
            expect(card).not_to_contain_text(label)
            host.update(ReviewPack, pack, status=status)
            pass_time(tabs.values(), 13)
            expect(card).to_contain_text(label)
            expect(card).to_contain_text(own)
            expect(card).not_to_contain_text(other)


@pytest.mark.parametrize("swatch", ["default", "darkly"])
def test_a_strict_policy_reports_nothing_of_ours(
    make_host: cabc.Callable[..., Host],
    page: Page,
    serve: cabc.Callable[[Flask], str],
    swatch: str,
) -> None:
    """Under a CSP with nonces no node of the extension violates it."""
    host = make_host(
        csp_nonce_generator=lambda: "n0nce", theme=Bootstrap4Theme(swatch=swatch)
    )

    @host.app.after_request
    def add_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; style-src 'self' 'nonce-n0nce'; "
            "script-src 'nonce-n0nce' 'strict-dynamic'; object-src 'none'; "
            "base-uri 'none'; font-src *; img-src 'self' data:"
        )
        return response

    page.add_init_script(
        """window.violations = [];
        addEventListener("securitypolicyviolation", ({ target, sourceFile }) =>
          violations.push([target.outerHTML ?? "", sourceFile ?? ""].join(" ")));"""
    )
    shown = Live(host, page, serve(host.app))

    @host.app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)

    run = host.add_run(status="running", created_at=now(), started_at=now())
    for path in ("/admin/operations/", f"/admin/operations/details/?id={run}"):
        shown.open(path)
        host.update(OperationRun, run, type=f"changed for {path}")
        shown.pass_time(7)
        expect(page.get_by_text(f"changed for {path}").first).to_be_visible()
        violations = page.evaluate("violations")
        assert not [each for each in violations if "ops-refresh" in each]
