"""The page of a run in a browser: what folds, what is printed, what needs no script."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

import pytest
from flask import Flask
from flask import session
from flask_admin.theme import Bootstrap4Theme
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page

from ..conftest import ADA
from ..conftest import Host
from ..host_app import OperationRun
from .tabs import now
from .test_operations_live import Live

FAILURES = [
    {"code": code, "message": f"{code} {n}", "path": "/lib/" + "part" * 20}
    for n, code in enumerate(["altered"] * 20 + ["missing"] * 5 + ["gone"])
]
CONTEXT = {
    "environment": {"python": "3.12", "paths": [f"/place/{n}" for n in range(60)]},
    "api_token": "secret",
}


@pytest.fixture
def shown(
    make_host: cabc.Callable[..., Host],
    page: Page,
    serve: cabc.Callable[[Flask], str],
) -> cabc.Callable[..., Live]:
    """The host app in a browser with a run of these values, signed in as Ada."""

    def make(values: dict[str, t.Any], **options: t.Any) -> Live:
        host = make_host(**options)
        began = now() - dt.timedelta(minutes=5)
        run = {"context": CONTEXT, "failure_summary": FAILURES, "user_id": ADA}
        host.add_run(created_at=began - dt.timedelta(seconds=9))
        host.add_run(
            id=7,
            created_at=began,
            started_at=began + dt.timedelta(seconds=30),
            summary_counts={"total": 90, "processed": 60},
            **run,
            **values,
        )

        @host.app.before_request
        def sign_in() -> None:
            session["_user_id"] = str(ADA)

        return Live(host, page, serve(host.app))

    return make


DETAIL = "/admin/operations/details/?id=7"


def test_what_is_unfolded_stays_so_when_the_run_goes_on(
    shown: cabc.Callable[..., Live], page: Page
) -> None:
    """A poll that brings other failures and facts opens and closes nothing."""
    live = shown({"status": "running"})
    live.open(DETAIL)
    region = page.locator("[id^=ops-refresh-operation-detail]")
    first, missing = (region.locator("summary", has_text=c) for c in ("alt", "miss"))
    environment = region.locator("summary", has_text="environment")
    for summary in (first, missing, environment):
        summary.focus()
        page.keyboard.press("Enter")
    expect(region.get_by_text("missing 20", exact=True)).to_be_visible()
    expect(region.get_by_text("altered 0", exact=True)).to_be_hidden()
    live.host.update(
        OperationRun,
        7,
        failure_summary=[*FAILURES, {"code": "new", "message": "m"}],
        context={"first": {"a": 1}, **CONTEXT},
    )
    live.pass_time(12)
    expect(region.locator("summary", has_text="new")).to_be_visible()
    expect(region.get_by_text("missing 20", exact=True)).to_be_visible()
    expect(region.get_by_text("altered 0", exact=True)).to_be_hidden()
    expect(region.get_by_text("paths", exact=True)).to_be_visible()
    assert live.is_the_same_page


def test_a_filter_of_failures_is_kept_by_polls(
    shown: cabc.Callable[..., Live], page: Page
) -> None:
    """What a link has left to be seen is all that a poll brings."""
    live = shown({"status": "running"})
    live.open(DETAIL)
    page.locator("summary", has_text="missing").click()
    page.get_by_role("link", name="Show only these").nth(1).click()
    expect(page.get_by_text("missing 20", exact=True)).to_be_visible()
    # Once the script is there.
    expect(page.locator("[data-part=updated]")).not_to_have_text("")
    more = {"code": "missing", "message": "missing again"}
    live.host.update(OperationRun, 7, failure_summary=[*FAILURES, more])
    live.pass_time(12)
    expect(page.get_by_text("missing again", exact=True)).to_be_visible()
    expect(page.locator("summary", has_text="altered")).to_have_count(0)
    page.get_by_role("link", name="Show all failures").click()
    expect(page.locator("summary", has_text="altered")).to_be_visible()


def test_without_a_script_everything_is_there(
    shown: cabc.Callable[..., Live], chromium: Browser
) -> None:
    """At rest, and with scripts switched off: folds, filters and neighbours work."""
    live = shown({"status": "completed", "outcome": "failed"})
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live.address + DETAIL)
    page.locator("summary", has_text="missing").click()
    expect(page.get_by_text("missing 20", exact=True)).to_be_visible()
    page.get_by_role("link", name="Show only these").nth(1).click()
    expect(page.locator("summary", has_text="altered")).to_have_count(0)
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.locator("summary", has_text="As JSON").click()
    expect(page.locator(".ops-refresh-raw pre")).to_have_css("user-select", "all")
    page.get_by_role("link", name="Previous").click()
    expect(page).to_have_title("… integrity.verify – Queued")
    context.close()


@pytest.mark.parametrize("swatch", ["default", "darkly"])
def test_a_finished_run_is_fit_for_paper(
    shown: cabc.Callable[..., Live], page: Page, swatch: str
) -> None:
    """Black on white, nothing to press, all unfolded, no address, A4 and no wider."""
    live = shown(
        {"status": "completed", "outcome": "failed", "completed_at": now()},
        theme=Bootstrap4Theme(swatch=swatch),
    )
    page.set_viewport_size({"width": 680, "height": 1000})
    page.goto(live.address + DETAIL)
    page.emulate_media(media="print")
    for pressed in (".navbar", ".nav-tabs", ".ops-refresh-neighbours", "button", "pre"):
        for element in page.locator(pressed).all():
            expect(element).to_be_hidden()
    expect(page.get_by_role("link")).to_have_count(0)
    for text in ("Failed", "Timeline", "altered 0", "missing 20", "gone 25", "masked"):
        expect(page.get_by_text(text, exact=text != "masked").first).to_be_visible()
    expect(page.get_by_text('"/place/59"', exact=True)).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    for part in ("h2", ".ops-refresh-headline strong", "td", "dd"):
        expect(page.locator(part).first).to_have_css("color", "rgb(0, 0, 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    paper = page.pdf(prefer_css_page_size=True)
    # A4, in points.
    assert (
        b"/MediaBox [0 0 594.95996 841.91998]" in paper
        or b"/MediaBox [0 0 595" in paper
    )
