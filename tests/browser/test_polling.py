from __future__ import annotations

import threading
import time

import pytest
from playwright.sync_api import expect
from playwright.sync_api import Page
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler

from .conftest import Open
from .scripted_server import Answer
from .scripted_server import ScriptedServer


def test_polls_carry_what_the_contract_says(watch: Open) -> None:
    """Each poll is a GET with the marker header and the region's ETag."""
    watched = watch()
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.advance(1)
    watched.advance(1)
    headers = [headers for _, headers in watched.server.polls]
    assert [each["Ops-Refresh"] for each in headers] == ["1", "1"]
    assert headers[1]["If-None-Match"] == '"1"'
    expect(watched.page.locator("#ops-refresh-one")).to_have_text("second")


def test_one_poll_an_interval(watch: Open) -> None:
    """An interval of one second is ten polls in ten seconds, never two at once."""
    watched = watch()
    watched.advance(10, step=0.25)
    assert watched.asked == 10
    assert watched.page.evaluate("polls.most") == 1


def test_the_interval_is_the_servers_each_time(watch: Open) -> None:
    """A longer interval in an answer counts from that answer on, and is shown."""
    watched = watch()
    watched.server.usual = Answer(interval="3")
    watched.advance(1)
    assert watched.asked == 1
    expect(watched.page.locator("[data-part=state]")).to_have_text("Live · every 3 s")
    watched.advance(2.5)
    assert watched.asked == 1
    watched.advance(0.5)
    assert watched.asked == 2


def test_an_unchanged_answer_touches_nothing(watch: Open) -> None:
    """A 304 mutates no node of the region."""
    watched = watch()
    watched.page.evaluate(
        """window.touched = 0;
        new MutationObserver((all) => { touched += all.length; }).observe(
          document.querySelector("#ops-refresh-one"),
          { attributes: true, childList: true, characterData: true, subtree: true });"""
    )
    watched.advance(5)
    assert watched.asked == 5
    assert watched.page.evaluate("touched") == 0


@pytest.mark.parametrize("status", [200, 304])
@pytest.mark.parametrize("interval", [None, "", "0", "-1", "x", "Infinity", "1e999"])
def test_without_an_interval_it_is_over_for_good(
    watch: Open, status: int, interval: str | None
) -> None:
    """The last answer is shown, everything of ours goes, nothing is asked again."""
    watched = watch()
    page = watched.page
    watched.server.then(Answer(status, "<p>done</p>", interval))
    watched.advance(1)
    text = "done" if status == 200 else "first"
    expect(page.locator("#ops-refresh-one")).to_have_text(text)
    assert "data-ops-refresh" not in page.content()
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("Finished")
    watched.pass_time(3600)
    watched.hide()
    watched.hide(False)
    watched.pass_time(3600)
    watched.idle()
    assert watched.asked == 1


def test_a_slow_server_is_asked_less_often(watch: Open) -> None:
    """After an answer that took 2 s, the next poll waits for 8."""
    watched = watch()
    hold = threading.Event()
    watched.server.then(Answer(hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.pass_time(2)
    hold.set()
    watched.advance(7.5)
    assert watched.asked == 1
    watched.shows("first")
    watched.advance(0.5)
    assert watched.asked == 2
    watched.shows("first")


def test_a_hung_request_is_given_up_after_ten_seconds(watch: Open) -> None:
    """A poll without an answer is aborted, and the next one comes by itself."""
    watched = watch()
    hold = threading.Event()
    watched.server.then(Answer(hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.pass_time(9)
    assert watched.page.evaluate("polls.open") == 1
    watched.pass_time(1)
    watched.idle()
    watched.advance(2)
    assert watched.asked == 2
    watched.shows("first")
    hold.set()


def test_failures_back_off_and_are_told_after_the_third(watch: Open) -> None:
    """Delays double up to 30 s with half of it random; content stays throughout."""
    watched = watch()
    page = watched.page
    page.evaluate("Math.random = () => 0.999999")
    watched.server.usual = Answer(500, is_ours=False)
    seen = []
    watched.advance(1)
    for _ in range(7):
        before, waited = watched.asked, 0.0
        while watched.asked == before:
            watched.advance(0.5)
            waited += 0.5
            assert waited < 40
        seen.append(round(waited))
        notice = page.locator("[data-part=notice]")
        if len(seen) == 1:
            expect(notice).to_be_empty()
        if len(seen) == 2:
            expect(notice).to_contain_text("Connection lost, last updated")
    assert seen == [2, 4, 8, 16, 30, 30, 30]
    expect(page.locator("#ops-refresh-one")).to_have_text("first")
    watched.server.usual = Answer()
    watched.advance(31)
    expect(page.locator("[data-part=notice]")).to_be_empty()
    before = watched.asked
    watched.advance(3)
    assert watched.asked == before + 3


def test_a_reset_connection_is_a_failure_like_any(watch: Open, page: Page) -> None:
    """A network error never ends the polling."""
    watched = watch()
    page.route("**/poll/**", lambda route: route.abort("connectionreset"))
    watched.advance(5)
    page.unroute("**/poll/**")
    watched.advance(30)
    assert watched.asked >= 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed(
    watch: Open, monkeypatch: pytest.MonkeyPatch, status: int, form: str
) -> None:
    """The server says when to come back, in seconds or as a date."""
    watched = watch()
    # By the server's clock, which here is months from the page's.
    now = time.time()
    monkeypatch.setattr(
        WSGIRequestHandler, "date_time_string", lambda *_: http_date(now)
    )
    asked_for = {"seconds": "20", "date": http_date(now + 20)}[form]
    headers = {"Retry-After": asked_for}
    watched.server.then(Answer(status, headers=headers, is_ours=False))
    watched.advance(1)
    assert watched.asked == 1
    watched.shows("first")
    watched.server.usual = Answer(200, "<p>second</p>", interval="60")
    # A date knows whole seconds only, and pages come back spread over an interval.
    watched.advance(18)
    assert watched.asked == 1
    watched.advance(3.5)
    assert watched.asked == 2
    watched.shows("second")


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_refusal_ends_this_region_and_takes_its_content_away(
    watch: Open, status: int
) -> None:
    """What may no longer be seen is no longer there, and others go on."""
    watched = watch(ScriptedServer({"one": "<p>secret</p>", "two": "<p>open</p>"}))
    page = watched.page
    watched.server.then(Answer(status, is_ours=False))
    watched.advance(1)
    refused = watched.server.polls[0][0]
    other = {"one": "two", "two": "one"}[refused]
    expect(page.locator(f"#ops-refresh-{refused}")).to_be_empty()
    expect(page.get_by_text("No longer available")).to_have_count(1)
    expect(page.locator(f"#ops-refresh-{other}")).not_to_be_empty()
    watched.advance(5)
    assert [name for name, _ in watched.server.polls].count(refused) == 1
    assert [name for name, _ in watched.server.polls].count(other) >= 5


LOGIN = '<html><form action="/login"><input name="password"></form></html>'


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401, is_ours=False),
        Answer(302, headers={"Location": "/login"}, is_ours=False),
        Answer(200, LOGIN, is_ours=False),
        Answer(304, is_ours=False),
    ],
    ids=["401", "redirect", "a login page", "an unmarked 304"],
)
def test_a_lost_session_ends_every_region_with_one_notice(
    watch: Open, answer: Answer
) -> None:
    """Signed out is signed out: all private content goes, and one link leads back."""
    watched = watch(ScriptedServer({"one": "<p>secret</p>", "two": "<p>secret</p>"}))
    page = watched.page
    watched.server.then(answer)
    watched.advance(1)
    for name in ("one", "two"):
        expect(page.locator(f"#ops-refresh-{name}")).to_be_empty()
    expect(page.get_by_text("Signed out")).to_have_count(1)
    link = page.get_by_role("link", name="Sign in")
    expect(link).to_have_count(1)
    assert link.get_attribute("href") == page.url
    expect(page.locator("form")).to_have_count(0)
    # A poll that the page has given up may still be on its way to the server.
    sent = page.evaluate("ledger.polls.length")
    watched.pass_time(3600)
    watched.idle()
    assert page.evaluate("ledger.polls.length") == sent


def test_refresh_now_asks_at_once_and_then_as_before(watch: Open) -> None:
    """The button brings one poll forward."""
    watched = watch(interval="4")
    watched.page.get_by_role("button", name="Refresh now").click()
    watched.idle()
    assert watched.asked == 1


def test_a_form_that_is_sent_goes_before_a_poll(watch: Open) -> None:
    """Sending a form aborts the poll in flight; if the page stays, polling goes on."""
    server = ScriptedServer({"one": "<p>first</p>"})
    server.around = type(server.around)("<form id=f></form>{}")
    watched = watch(server)
    hold = threading.Event()
    server.then(Answer(200, "<p>late</p>", hold=hold))
    watched.pass_time(1)
    server.wait_for(1)
    watched.page.evaluate(
        """f.addEventListener("submit", (event) => event.preventDefault());
        f.requestSubmit();"""
    )
    watched.idle()
    hold.set()
    expect(watched.page.locator("#ops-refresh-one")).to_have_text("first")
    watched.advance(1)
    assert watched.asked == 2


def test_a_form_of_a_script_of_its_own_goes_before_a_poll_too(watch: Open) -> None:
    """A page's handler that lets nobody else know of a submit changes nothing."""
    server = ScriptedServer({"one": "<p>first</p>"})
    server.around = type(server.around)("<form id=f></form>{}")
    watched = watch(server)
    hold = threading.Event()
    server.then(Answer(200, "<p>late</p>", hold=hold))
    watched.pass_time(1)
    server.wait_for(1)
    watched.page.evaluate(
        """f.addEventListener("submit", (event) => {
          event.preventDefault();
          event.stopPropagation();
        });
        f.requestSubmit();"""
    )
    hold.set()
    watched.idle()
    expect(watched.page.locator("#ops-refresh-one")).to_have_text("first")


def test_a_region_that_the_page_removes_stops(watch: Open) -> None:
    """Polling ends with the element, whoever removed it."""
    watched = watch()
    watched.page.evaluate("document.querySelector('#ops-refresh-one').remove()")
    watched.pass_time(60)
    watched.idle()
    assert watched.asked == 0


def test_apps_are_told_by_events(watch: Open) -> None:
    """Updated, paused and stopped are events with a reason."""
    watched = watch()
    watched.page.evaluate(
        """window.told = [];
        for (const name of ["updated", "paused", "stopped"]) {
          document.addEventListener(`ops-refresh:${name}`,
            (event) => told.push([name, event.detail.reason]));
        }"""
    )
    watched.hide()
    watched.hide(False)
    watched.server.then(Answer(200, "<p>second</p>"), Answer(interval=None))
    watched.advance(2)
    assert watched.page.evaluate("told") == [
        ["paused", "hidden"],
        ["updated", "changed"],
        ["stopped", "finished"],
    ]


def test_a_proxys_refusal_is_a_failure_like_any(watch: Open) -> None:
    """A code that the region's own server does not use takes nothing away."""
    watched = watch()
    watched.server.then(Answer(408, is_ours=False))
    watched.advance(10)
    expect(watched.page.locator("#ops-refresh-one")).to_have_text("first")
    assert watched.asked > 1


def test_long_intervals_are_not_shortened_by_failures(watch: Open) -> None:
    """A page that asks every five minutes asks no sooner when that fails."""
    watched = watch(interval="300")
    watched.server.usual = Answer(500, is_ours=False)
    watched.page.evaluate("Math.random = () => 0.999999")
    watched.advance(1300, step=20)
    assert watched.asked <= 4


def test_after_the_last_answer_no_button_asks_again(watch: Open) -> None:
    """While the final content waits for a field, Refresh now asks nothing."""
    watched = watch(ScriptedServer({"one": "<p>first</p><input id=field>"}))
    page = watched.page
    page.locator("#field").focus()
    watched.server.then(Answer(200, "<p>done</p>", None))
    watched.advance(1)
    page.evaluate("document.querySelector('[data-part=refresh]').click()")
    watched.idle()
    assert watched.asked == 1


def test_an_answer_that_cannot_be_shown_is_asked_for_again(watch: Open) -> None:
    """An error of the page's own while patching never leaves a region dead."""
    watched = watch()
    page = watched.page
    page.evaluate(
        """() => {
          const insert = Node.prototype.insertBefore;
          Node.prototype.insertBefore = () => {
            Node.prototype.insertBefore = insert;
            throw new Error("not this time");
          };
        }"""
    )
    watched.server.usual = Answer(200, "<b>new</b><p>second</p>")
    watched.advance(1)
    expect(page.locator("#ops-refresh-one p")).to_have_text("first")
    watched.advance(2)
    expect(page.locator("#ops-refresh-one p")).to_have_text("second")
    assert watched.server.polls[1][1]["If-None-Match"] == '"0"'
