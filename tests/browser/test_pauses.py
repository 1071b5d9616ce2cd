from __future__ import annotations

import collections.abc as cabc
import pathlib
import threading

import flask_admin
import pytest
from flask import Flask
from flask import send_from_directory
from markupsafe import Markup
from playwright.sync_api import expect
from playwright.sync_api import Page

from .conftest import Open
from .scripted_server import Answer
from .scripted_server import ScriptedServer
from .scripted_server import Watched

DIALOG = Markup("<dialog id=d>?</dialog>{}")
OPEN_DIALOG = "document.querySelector('dialog').showModal()"
CLOSE_DIALOG = "document.querySelector('dialog').close()"


def with_dialog() -> ScriptedServer:
    server = ScriptedServer({"one": "<p>first</p>"})
    server.around = DIALOG
    return server


def test_a_hidden_tab_asks_nothing_and_once_at_once_when_shown(watch: Open) -> None:
    """Hidden for an hour is no request; shown again, one poll makes up for it."""
    watched = watch()
    watched.hide()
    watched.pass_time(3600)
    watched.idle()
    assert watched.asked == 0
    watched.shows("first")
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.hide(False)
    watched.server.wait_for(1)
    watched.idle()
    assert watched.asked == 1
    watched.shows("second")
    watched.advance(1)
    assert watched.asked == 2


def test_a_tab_that_is_shown_again_in_time_has_missed_nothing(watch: Open) -> None:
    """A short look away costs no extra poll."""
    watched = watch(interval="4")
    watched.hide()
    watched.pass_time(1)
    watched.hide(False)
    watched.idle()
    assert watched.asked == 0
    watched.advance(4)
    assert watched.asked == 1


def test_hiding_a_tab_aborts_the_poll_in_flight(watch: Open) -> None:
    """An answer that is on its way to a hidden tab is dropped, then made up for."""
    watched = watch()
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>late</p>", hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.hide()
    watched.idle()
    hold.set()
    watched.shows("first")
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.hide(False)
    watched.server.wait_for(2)
    watched.idle()
    assert watched.asked == 2
    watched.shows("second")


def test_offline_rests_like_hidden(watch: Open) -> None:
    """Without a network nothing is asked; back on it, one poll makes up for it."""
    watched = watch()
    watched.page.context.set_offline(True)
    watched.pass_time(60)
    watched.idle()
    assert watched.asked == 0
    watched.shows("first")
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.page.context.set_offline(False)
    watched.server.wait_for(1)
    watched.idle()
    assert watched.asked == 1
    watched.shows("second")


def test_an_open_dialog_rests_and_makes_up_for_it(watch: Open) -> None:
    """While a dialog is open nothing is asked; closed, one poll follows at once."""
    watched = watch(with_dialog())
    watched.page.evaluate(OPEN_DIALOG)
    watched.advance(30)
    assert watched.asked == 0
    watched.shows("first")
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.page.evaluate(CLOSE_DIALOG)
    watched.server.wait_for(1)
    watched.idle()
    assert watched.asked == 1
    watched.shows("second")
    watched.advance(1)
    assert watched.asked == 2


def test_an_answer_that_lands_under_a_dialog_is_dropped(watch: Open) -> None:
    """Nothing changes under an open dialog, not even by a poll from before."""
    watched = watch(with_dialog())
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>late</p>", hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.page.evaluate(OPEN_DIALOG)
    hold.set()
    watched.idle()
    watched.advance(3)
    watched.shows("first")
    watched.server.usual = Answer(200, "<p>newest</p>")
    watched.page.evaluate(CLOSE_DIALOG)
    expect(watched.page.locator("#ops-refresh-one")).to_have_text("newest")


def test_a_dialog_that_is_open_at_the_start_rests(watch: Open) -> None:
    """A page that opens with a dialog on it waits for it."""
    server = with_dialog()
    server.around = Markup("<dialog open>?</dialog>{}")
    watched = watch(server)
    watched.advance(5)
    assert watched.asked == 0
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.page.evaluate(CLOSE_DIALOG)
    watched.advance(1)
    watched.shows("second")


def test_anything_may_hold_the_page(watch: Open) -> None:
    """An element with data-ops-refresh-hold rests the page while it is there."""
    watched = watch()
    watched.page.evaluate("document.body.dataset.opsRefreshHold = ''")
    watched.advance(5)
    assert watched.asked == 0
    watched.page.evaluate("delete document.body.dataset.opsRefreshHold")
    watched.server.wait_for(1)


def test_a_dialog_that_is_removed_holds_no_longer(watch: Open) -> None:
    """Taking an open dialog out of the page is closing it."""
    watched = watch(with_dialog())
    watched.page.evaluate("document.querySelector('dialog').show()")
    watched.advance(5)
    watched.page.evaluate("document.querySelector('dialog').remove()")
    watched.server.wait_for(1)


@pytest.mark.parametrize("pause", ["hidden", "dialog"])
def test_pauses_can_be_switched_off_per_region(watch: Open, pause: str) -> None:
    """A region that says so goes on in hidden tabs or under dialogs."""
    server = with_dialog()
    server.extra_attributes = f'data-ops-refresh-no-pause="{pause}"'
    watched = watch(server)
    if pause == "hidden":
        watched.hide()
    else:
        watched.page.evaluate(OPEN_DIALOG)
    watched.advance(3)
    assert watched.asked == 3


def test_the_person_may_pause_and_resume(watch: Open) -> None:
    """Paused asks nothing, Refresh now works all the same, Resume goes on."""
    watched = watch()
    page = watched.page
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-part=state]")).to_have_text("Paused")
    watched.advance(30)
    assert watched.asked == 0
    page.get_by_role("button", name="Refresh now").click()
    watched.server.wait_for(1)
    watched.idle()
    expect(page.locator("[data-part=state]")).to_have_text("Paused")
    watched.advance(30)
    assert watched.asked == 1
    page.get_by_role("button", name="Resume").click()
    watched.server.wait_for(2)
    watched.idle()
    expect(page.locator("[data-part=state]")).to_have_text("Live · every 1 s")
    watched.advance(2)
    assert watched.asked == 4


def test_a_page_that_comes_back_from_the_cache_asks_at_once(watch: Open) -> None:
    """After Back, a page that was kept alive is brought up to date."""
    watched = watch()
    watched.hide()
    watched.pass_time(600)
    watched.page.evaluate(
        """Object.defineProperty(
          document, "hidden", { configurable: true, value: false });
        dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));"""
    )
    watched.server.wait_for(1)
    watched.idle()
    assert watched.asked == 1
    watched.shows("first")


def test_a_page_that_chromium_has_kept_goes_on(
    kept_page: Page, serve: cabc.Callable[[Flask], str]
) -> None:
    """Left in mid-request and come back to, it asks once at once, then as usual."""
    watched = Watched(kept_page, serve, ScriptedServer({"one": "<p>first</p>"}))
    kept_page.evaluate("window.isKept = true")
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>late</p>", hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    kept_page.goto(f"{watched.address}/static/refresh_schedule.js")
    hold.set()
    watched.server.then(Answer(200, "<p>second</p>"))
    # One that was kept is not loaded again.
    kept_page.go_back(wait_until="commit")
    assert kept_page.evaluate("isKept")
    watched.server.wait_for(2)
    watched.shows("second")
    watched.advance(3)
    watched.shows("second")
    assert watched.asked == 5


def test_two_regions_rest_and_go_on_together(watch: Open) -> None:
    """Each region has its own timer and the page one state."""
    watched = watch(ScriptedServer({"one": "1", "two": "2"}))
    watched.hide()
    watched.pass_time(60)
    watched.hide(False)
    watched.server.wait_for(2)
    watched.idle()
    assert sorted(name for name, _ in watched.server.polls) == ["one", "two"]


BOOTSTRAP = Markup(
    """<script src="/admin-static/vendor/jquery.min.js"></script>
    <script src="/admin-static/bootstrap/bootstrap4/js/bootstrap.min.js"></script>
    <link href="/admin-static/bootstrap/bootstrap4/css/bootstrap.min.css"
          rel="stylesheet">
    <button data-toggle="modal" data-target="#modal">Open</button>
    <div class="modal fade" id="modal" tabindex="-1"><div class="modal-dialog">
      <div class="modal-content"><button data-dismiss="modal">Close</button></div>
    </div></div>{}"""
)


def with_bootstrap() -> ScriptedServer:
    server = ScriptedServer({"one": "<p>first</p>"})
    server.around = BOOTSTRAP
    folder = pathlib.Path(flask_admin.__file__).parent / "static"
    server.app.add_url_rule(
        "/admin-static/<path:name>",
        "admin-static",
        lambda name: send_from_directory(folder, name),
    )
    return server


def test_a_bootstrap_dialog_rests_the_page_from_its_trigger_on(watch: Open) -> None:
    """From the click that opens Flask-Admin's kind of dialog until it is gone."""
    watched = watch(with_bootstrap())
    page = watched.page
    watched.advance(1)
    assert watched.asked == 1
    page.get_by_role("button", name="Open").dispatch_event("click")
    watched.advance(10, step=0.1)
    expect(page.locator("#modal")).to_be_visible()
    watched.advance(10)
    assert watched.asked == 1
    page.get_by_role("button", name="Close").dispatch_event("click")
    watched.advance(2, step=0.1)
    assert watched.asked >= 2
    expect(page.locator("#modal")).to_be_hidden()


def test_refresh_now_while_paused_is_not_undone(watch: Open) -> None:
    """Whatever happens on the page meanwhile, the answer asked for comes in."""
    watched = watch()
    page = watched.page
    page.get_by_role("button", name="Pause").click()
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>asked for</p>", hold=hold))
    page.get_by_role("button", name="Refresh now").click()
    watched.server.wait_for(1)
    page.evaluate("document.body.className = 'changed'")
    hold.set()
    expect(page.locator("#ops-refresh-one")).to_have_text("asked for")
    watched.advance(30)
    assert watched.asked == 1


def test_a_tab_that_is_opened_in_the_background_waits(
    page: Page, serve: cabc.Callable[[Flask], str]
) -> None:
    """A page that was never shown asks nothing until it is."""
    page.add_init_script(
        """Object.defineProperty(
          document, "hidden", { configurable: true, value: true });"""
    )
    watched = Watched(page, serve, ScriptedServer({"one": "<p>first</p>"}))
    watched.advance(60, step=5)
    assert watched.asked == 0
    watched.shows("first")
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.hide(False)
    watched.server.wait_for(1)
    watched.shows("second")


def test_what_waited_for_a_selection_stays_out_from_under_a_dialog(watch: Open) -> None:
    """A patch that was held back comes in after the dialog, not beneath it."""
    server = ScriptedServer({"one": "<p>select me</p>"})
    server.around = DIALOG
    watched = watch(server)
    page = watched.page
    page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('#ops-refresh-one p'))"
    )
    server.then(Answer(200, "<p>second</p>"))
    watched.advance(1)
    page.evaluate(OPEN_DIALOG)
    page.evaluate("getSelection().removeAllRanges()")
    watched.pass_time(1)
    expect(page.locator("#ops-refresh-one")).to_have_text("select me")
    page.evaluate(CLOSE_DIALOG)
    expect(page.locator("#ops-refresh-one")).to_have_text("second")


def test_a_last_answer_that_waited_comes_in_after_the_dialog(watch: Open) -> None:
    """With no poll left to come, closing the dialog still shows the end."""
    server = ScriptedServer({"one": "<p>select me</p>"})
    server.around = DIALOG
    watched = watch(server)
    page = watched.page
    page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('#ops-refresh-one p'))"
    )
    server.then(Answer(200, "<p>done</p>", None))
    watched.advance(1)
    page.evaluate(OPEN_DIALOG)
    page.evaluate("getSelection().removeAllRanges()")
    watched.pass_time(1)
    expect(page.locator("#ops-refresh-one")).to_have_text("select me")
    page.evaluate(CLOSE_DIALOG)
    expect(page.locator("#ops-refresh-one")).to_have_text("done")
    assert "data-ops-refresh" not in page.content()


def test_refresh_now_while_paused_still_gives_way_to_a_dialog(watch: Open) -> None:
    """An answer that was asked for waits for the dialog too, and is then fetched."""
    watched = watch(with_dialog())
    page = watched.page
    page.get_by_role("button", name="Pause").click()
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>late</p>", hold=hold))
    page.get_by_role("button", name="Refresh now").click()
    watched.server.wait_for(1)
    page.evaluate(OPEN_DIALOG)
    hold.set()
    watched.idle()
    expect(page.locator("#ops-refresh-one")).to_have_text("first")
    watched.server.then(Answer(200, "<p>asked for</p>"))
    page.evaluate(CLOSE_DIALOG)
    expect(page.locator("#ops-refresh-one")).to_have_text("asked for")
    watched.advance(30)
    assert watched.asked == 2


def test_a_trigger_whose_dialog_does_not_open_holds_nothing(watch: Open) -> None:
    """Where the page refuses the dialog, polling goes on."""
    watched = watch(with_bootstrap())
    page = watched.page
    page.evaluate("$('#modal').on('show.bs.modal', (event) => event.preventDefault())")
    page.get_by_role("button", name="Open").dispatch_event("click")
    watched.advance(3)
    assert watched.asked == 3
