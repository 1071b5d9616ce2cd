"""Hosts that a browser sees otherwise, watched in a real one."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

import pytest
from flask import Flask
from flask_wtf import CSRFProtect
from playwright.sync_api import Dialog
from playwright.sync_api import expect
from playwright.sync_api import Page
from playwright.sync_api import Route

from ..hosts import addresses
from ..hosts import neighbours
from ..hosts import themes
from ..hosts.site import Site
from ..hosts.site import usual
from ..hosts.test_table_features import Rich

Show = cabc.Callable[[cabc.Callable[[pathlib.Path], Site]], Site]

CDN = "https://cdn.jsdelivr.net/npm/"
#: Where `make test` has npm's packages put.
PACKAGES = pathlib.Path(__file__).parents[2] / ".venv" / "js" / "node_modules"

WATCH_POLICY = """
  window.violations = [];
  addEventListener("securitypolicyviolation", ({ target, sourceFile }) =>
    violations.push([target.outerHTML ?? "", sourceFile ?? ""].join(" ")));
"""


@pytest.fixture
def show(
    page: Page, serve: cabc.Callable[[Flask], str], tmp_path: pathlib.Path
) -> cabc.Iterator[Show]:
    """Serve a host and sign the browser in as Ada; its root is then the server's."""
    made: list[Site] = []

    def make(host: cabc.Callable[[pathlib.Path], Site]) -> Site:
        site = host(tmp_path)
        made.append(site)
        cookie = site.client(site.people[0]).get_cookie("session")
        assert cookie is not None
        site.root = serve(site.app)
        page.context.add_cookies(
            [{"name": "session", "value": cookie.value, "url": site.root}]
        )
        page.add_init_script(WATCH_POLICY)
        page.route(f"{CDN}**", answer_for_the_cdn)
        if host is themes.tabler:
            # Of Bootstrap 4, and it fails on every list that the theme shows.
            page.route("**/bs4_filters.js*", lambda route: route.fulfill(body=""))
        return site

    yield make
    for site in made:
        site.close()


def answer_for_the_cdn(route: Route) -> None:
    """What the Tabler theme loads from elsewhere, as far as it is installed."""
    name, path = route.request.url.removeprefix(CDN).rsplit("@", 1)
    file = PACKAGES / name / path.partition("/")[2]
    if file.is_file():
        route.fulfill(path=file)
    else:
        route.abort()


def go(page: Page, site: Site, path: str) -> None:
    page.goto(site.root + site.admin_path + path)


def refresh(page: Page) -> None:
    page.get_by_role("button", name="Refresh now").click()


@pytest.mark.parametrize(
    "host",
    [
        addresses.mounted_under_a_prefix,
        neighbours.with_a_strict_policy,
        themes.swatch_of_dark_colours,
        themes.tabler,
    ],
    ids=lambda host: host.__name__,
)
def test_a_run_and_a_pack_are_watched_to_their_end(
    show: Show, page: Page, host: cabc.Callable[[pathlib.Path], Site]
) -> None:
    """Detail, list and card follow what is stored, and their controls go at the end.

    The overview is on the card's page, at rest.
    """
    site = show(host)
    runs = [site.add_run(), site.add_run()]
    for key, path in zip(
        runs, (f"/operations/details/?id={runs[0]}", "/operations/?page=0"), strict=True
    ):
        go(page, site, path)
        badge = page.locator(".ops-refresh-status").first
        expect(badge).to_have_text("Running")
        site.finish(key)
        refresh(page)
        expect(badge).to_have_text("Succeeded")
        expect(page.locator(".ops-refresh-controls")).to_have_count(0)
        assert violations_of_ours(page) == []
    pack = site.add_pack()
    go(page, site, "/")
    card = page.locator(".ops-refresh-card")
    expect(card).to_contain_text("Generating")
    site.finish_pack(pack)
    refresh(page)
    expect(card).to_contain_text("Ready")
    expect(page.locator(".ops-refresh-controls")).to_have_count(0)
    expect(page.locator(".ops-refresh-overview")).to_contain_text("Last 24 hours")
    assert violations_of_ours(page) == []


def violations_of_ours(page: Page) -> list[str]:
    found: list[str] = page.evaluate("violations")
    return [each for each in found if "ops-refresh" in each]


def rich(folder: pathlib.Path) -> Site:
    """A table with everything on, in an app that checks every POST."""
    return usual(
        folder,
        first=CSRFProtect,
        ops={"operations_view": Rich},
        config={"OPS_REFRESH_LIST_INTERVAL_SECONDS": 1},
    )


def test_details_open_in_a_dialog_over_a_live_list(show: Show, page: Page) -> None:
    """The dialog shows the run; once it is closed the list shows what has happened."""
    site = show(rich)
    key = site.add_run()
    go(page, site, "/operations/")
    page.get_by_title("View Record").first.click()
    dialog = page.locator("#fa_modal_window")
    expect(dialog.locator(".modal-body")).to_contain_text("Timeline")
    expect(dialog.locator(".ops-refresh-status")).to_have_text("Running")
    expect(
        dialog.locator("[data-ops-refresh-url], .ops-refresh-controls")
    ).to_have_count(0)
    site.finish(key)
    dialog.get_by_role("button", name="Close").click()
    listed = page.locator("td .ops-refresh-status")
    expect(listed).to_have_text("Succeeded", timeout=20_000)


def test_an_action_runs_on_rows_that_were_ticked_before_a_poll(
    show: Show, page: Page
) -> None:
    """A polled list keeps its ticks, and its form the token that CSRFProtect wants."""
    site = show(rich)
    first, second = site.add_run(), site.add_run()
    go(page, site, "/operations/?page=0")
    page.locator(f"input.action-checkbox[value='{second}']").check()
    site.finish(first)
    refresh(page)
    expect(page.locator(".ops-refresh-status-succeeded")).to_have_count(1)
    page.on("dialog", Dialog.accept)
    page.get_by_role("button", name="With selected").click()
    page.get_by_role("link", name="Retry").or_(
        page.get_by_role("button", name="Retry")
    ).click()
    expect(page.locator("body")).to_have_text(f"retried {second}")
