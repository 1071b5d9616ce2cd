from __future__ import annotations

import collections.abc as cabc
import pathlib
import typing as t

from cachelib import FileSystemCache
from flask import Flask
from flask import session
from flask_login import login_user
from flask_login import logout_user
from flask_session import Session
from playwright.sync_api import expect
from playwright.sync_api import Page

from ..conftest import BEN
from ..conftest import Host
from ..host_app import db
from ..host_app import ReviewPack
from ..host_app import Tenant
from ..host_app import User
from .tabs import now
from .tabs import Tabs
from .watched_page import HIDE

Serve: t.TypeAlias = "cabc.Callable[[Flask], str]"


class Watching:
    """Ben with a live run, list and card open, each full of what is secret."""

    def __init__(self, host: Host, page: Page, serve: Serve) -> None:
        _add_sign_in(host.app)
        host.update(Tenant, 2, name="secret tenant")
        run = host.add_run(
            status="running",
            tenant_id=2,
            type="secret.kind",
            created_at=now(),
            started_at=now(),
            context={"key": "secret value"},
            failure_summary=[{"code": "secret code"}],
        )
        host.add(
            ReviewPack(
                workspace_id=1,
                tenant_id=2,
                status="generating",
                created_at=now(),
                operation_run_id=run,
            )
        )
        self.run = run
        self.tabs = Tabs(page, serve(host.app))
        page.goto(f"{self.tabs.address}/in")
        self.card = self.tabs.open("card", "/admin/")
        self.list = self.tabs.open("list", "/admin/operations/")
        self.detail = self.tabs.open("detail", f"/admin/operations/details/?id={run}")
        # Its filters are opened, with what there is to choose from.
        # What the host's scripts have put off until then.
        self.tabs.pass_time(0.1)
        self.list.get_by_text("Add Filter").click()
        self.list.locator(".field-filters").get_by_text("Tenant").click()
        for each in self.tabs.pages.values():
            assert "secret" in each.content()
        self.tabs.asked_for.clear()

    def asked_for(self, *names: str) -> set[int]:
        """How often the regions of these pages have been asked for."""
        counted = self.tabs.asked_for.items()
        return {count for (name, _), count in counted if name in names}

    def assert_gone_for_good(self, *names: str) -> None:
        """One poll of a region was enough: nothing secret is left, none follows."""
        tabs = self.tabs
        self.tabs.pass_time(13)
        for name in names:
            assert "secret" not in tabs.pages[name].content()
            assert "data-ops-refresh-url" not in tabs.pages[name].content()
        asked_for = tabs.asked_for.copy()
        assert {name for name, _ in asked_for} >= {*names}
        assert self.asked_for(*names) == {1}
        tabs.pass_an_hour_in_front_and_behind()
        assert tabs.asked_for == asked_for


def _add_sign_in(app: Flask) -> None:
    @app.get("/in")
    def sign_in() -> str:
        session["tenant_id"] = 2
        login_user(t.cast(User, db.session.get(User, BEN)))
        return "in"

    @app.get("/out")
    def sign_out() -> str:
        logout_user()
        return "out"


def test_a_removed_membership_empties_every_open_page(
    host: Host, page: Page, serve: Serve
) -> None:
    """Run, list with its filters, and card go within one interval, and stay silent."""
    watching = Watching(host, page, serve)
    host.update(User, BEN, workspace_id=None)
    watching.assert_gone_for_good("detail", "list", "card")
    for each in watching.tabs.pages.values():
        expect(each.locator(".ops-refresh-notice[role=status]").first).to_have_text(
            "No longer available"
        )


def test_a_removed_tenant_empties_what_shows_it(
    host: Host, page: Page, serve: Serve
) -> None:
    """Run and card are refused; the list loses its rows and rests.

    Its filters lose the name when it is loaded again.
    """
    watching = Watching(host, page, serve)
    host.update(User, BEN, tenant_ids=[1])
    watching.assert_gone_for_good("detail", "card")
    rows = watching.list.locator("[id^=ops-refresh-operation-list]")
    expect(rows).to_contain_text("No operation")
    assert "secret" not in rows.inner_html()
    assert {
        count for (n, _), count in watching.tabs.asked_for.items() if n == "list"
    } == {1}
    watching.list.reload()
    assert "secret" not in watching.list.content()


def test_a_disabled_user_is_told_on_every_open_page(
    host: Host, page: Page, serve: Serve
) -> None:
    """Each page says that the person is signed out, and shows nothing else of it."""
    watching = Watching(host, page, serve)
    host.update(User, BEN, active=False)
    watching.assert_gone_for_good("detail", "list", "card")
    for each in watching.tabs.pages.values():
        expect(each.locator(".ops-refresh-notice[role=status]").first).to_contain_text(
            "Signed out"
        )


def test_a_logout_in_one_tab_empties_the_others(
    host: Host, page: Page, serve: Serve
) -> None:
    """Who signs out in one tab leaves nothing in the tabs behind it."""
    watching = Watching(host, page, serve)
    other = watching.tabs.open("other", "/out")
    expect(other.get_by_text("out")).to_be_visible()
    watching.assert_gone_for_good("detail", "list", "card")


def test_a_session_ended_by_the_server_empties_every_open_page(
    make_host: cabc.Callable[..., Host],
    tmp_path: pathlib.Path,
    page: Page,
    serve: Serve,
) -> None:
    """Signed out from elsewhere: the cookie is still there, the session is not."""
    sessions = FileSystemCache(str(tmp_path / "sessions"))
    config = {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": sessions}
    host = make_host(config=config, prepare=Session)
    watching = Watching(host, page, serve)
    sessions.clear()
    watching.assert_gone_for_good("detail", "list", "card")
    for each in watching.tabs.pages.values():
        expect(each.locator(".ops-refresh-notice[role=status]").first).to_contain_text(
            "Signed out"
        )


def test_what_was_revoked_behind_another_tab_goes_when_it_is_looked_at(
    host: Host, page: Page, serve: Serve
) -> None:
    """A hidden page asks nothing; shown again, it asks at once and is emptied."""
    watching = Watching(host, page, serve)
    tabs = watching.tabs
    for each in tabs.pages.values():
        each.evaluate(HIDE, True)
    tabs.asked_for.clear()
    host.update(User, BEN, workspace_id=None)
    tabs.pass_time(30, step=10)
    assert not tabs.asked_for
    for each in tabs.pages.values():
        each.evaluate(HIDE, False)
    tabs.pass_time(1)
    for each in tabs.pages.values():
        assert "secret" not in each.content()
    assert {name for name, _ in tabs.asked_for} == {*tabs.pages}
    assert set(tabs.asked_for.values()) == {1}
