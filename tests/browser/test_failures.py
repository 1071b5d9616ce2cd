"""What a person sees of a region when things around it break, and what it costs."""

from __future__ import annotations

import random
import threading
import typing as t

import pytest
from markupsafe import Markup
from playwright.sync_api import expect
from playwright.sync_api import Page

from .conftest import Open
from .scripted_server import Answer
from .scripted_server import ScriptedServer
from .scripted_server import Watched

PORTAL = (
    "<!doctype html><title>Portal</title><script>window.portal = 1</script>"
    '<h1>Portal</h1><form action="/portal"><input name="room"></form>'
)


def region(watched: Watched) -> t.Any:
    return expect(watched.page.locator("#ops-refresh-one"))


def notice(watched: Watched) -> t.Any:
    return expect(watched.page.locator("[data-part=notice]").first)


@pytest.mark.parametrize(
    "failure",
    [
        Answer(500, PORTAL, is_ours=False),
        Answer(502, PORTAL, is_ours=False),
        Answer(504, PORTAL, is_ours=False),
        Answer(511, PORTAL, is_ours=False),
        Answer(408, PORTAL, is_ours=False),
        Answer(429, PORTAL, is_ours=False),
        Answer(500, PORTAL, is_ours=True),
        Answer(broken="header"),
        Answer(broken="body"),
    ],
    ids=lambda answer: answer.broken or f"{answer.status}-{answer.is_ours}",
)
def test_a_failure_costs_little_says_so_and_heals(watch: Open, failure: Answer) -> None:
    """The last good content stays, the third failure is told, a success clears it."""
    watched = watch()
    watched.server.then(failure, failure, failure)
    watched.advance(1)
    watched.check()
    region(watched).to_have_text("first")
    notice(watched).to_be_empty()
    watched.advance(7)
    assert watched.asked == 3
    region(watched).to_have_text("first")
    notice(watched).to_contain_text("Connection lost, last updated")
    watched.check()
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.advance(8)
    region(watched).to_have_text("second")
    notice(watched).to_be_empty()
    assert "Portal" not in watched.page.content()


def test_an_answer_that_stops_half_way_is_given_up(watch: Open) -> None:
    """Not only the first byte has ten seconds, the last one has no more."""
    server = ScriptedServer({"one": "<p>first</p>"})
    hold = threading.Event()

    def slowly() -> t.Iterator[bytes]:
        yield b"<p>half"
        hold.wait(20)
        yield b" of it</p>"

    @server.app.after_request
    def hang(response: t.Any) -> t.Any:
        if response.data == b"slowly":
            response.response = slowly()
            response.headers.pop("Content-Length")
        return response

    watched = watch(server)
    server.then(Answer(200, "slowly"), Answer(200, "<p>second</p>"))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.pass_time(9.9)
    assert watched.page.evaluate("polls.open") == 1
    watched.pass_time(0.1)
    watched.advance(2)
    region(watched).to_have_text("second")
    hold.set()


def test_hung_answers_are_failures_like_any(watch: Open) -> None:
    """Each is given up after ten seconds, the third is told, a success clears it."""
    watched = watch()
    watched.page.evaluate("Math.random = () => 0")
    hold = threading.Event()
    watched.server.then(*[Answer(200, "<p>late</p>", hold=hold)] * 3)
    for number, delay in enumerate((1, 1, 2), start=1):
        watched.shows("first")
        watched.pass_time(delay)
        watched.server.wait_for(number)
        watched.pass_time(10)
    watched.shows("first", "Connection lost, last updated")
    hold.set()
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.advance(4)
    watched.shows("second")


@pytest.mark.parametrize(("interval", "seconds"), [("1", 7), ("5", 36), ("10", 62)])
def test_a_lost_connection_is_told_in_time(
    watch: Open, interval: str, seconds: int
) -> None:
    """Three failures take a while, the longer the interval; never longer than this."""
    watched = watch(interval=interval)
    watched.page.evaluate("Math.random = () => 0.999999")
    watched.server.usual = Answer(500, is_ours=False)
    watched.advance(seconds)
    watched.shows("first", "Connection lost, last updated")


def test_the_network_goes_while_an_answer_is_on_its_way(watch: Open) -> None:
    """Offline gives the request up, rests without a word, and makes up for it once."""
    watched = watch()
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>late</p>", hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.page.context.set_offline(True)
    watched.idle()
    hold.set()
    watched.advance(3600, step=600)
    watched.check()
    assert watched.asked == 1
    region(watched).to_have_text("first")
    notice(watched).to_be_empty()
    watched.server.usual = Answer(200, "<p>second</p>")
    watched.page.context.set_offline(False)
    region(watched).to_have_text("second")
    assert watched.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, PORTAL, is_ours=False),
        Answer(200, PORTAL, is_ours=False, headers={"Ops-Refresh-Interval": "1"}),
        Answer(200, PORTAL, is_ours=False, headers={"ETag": '"0"', "Date": "x"}),
        Answer(203, PORTAL),
        Answer(206, PORTAL),
        Answer(302, PORTAL, headers={"Location": "http://localhost:1/portal"}),
        Answer(307, PORTAL, headers={"Location": "/"}),
        Answer(401, PORTAL),
        Answer(403, PORTAL),
        Answer(404, PORTAL, is_ours=False),
    ],
    ids=lambda answer: f"{answer.status}",
)
def test_what_somebody_else_answers_is_never_shown(watch: Open, answer: Answer) -> None:
    """Of a portal's or a login page nothing comes in, and it is not asked again."""
    watched = watch()
    watched.server.then(answer)
    watched.advance(1)
    watched.advance(60, step=20)
    watched.check()
    region(watched).to_be_empty()
    assert watched.asked == 1
    assert "Portal" not in watched.page.content()
    assert watched.page.locator("form").count() == 0
    assert watched.page.evaluate("window.portal") is None


def test_after_a_sign_out_nothing_private_is_left(watch: Open) -> None:
    """Not even what was last read out stays in the page."""
    said = '<b data-key="a" data-announce="secret.kind: {0}">{0}</b>'
    watched = watch(ScriptedServer({"one": said.format("queued")}))
    watched.server.then(Answer(200, said.format("running")), Answer(401, is_ours=False))
    watched.advance(1)
    expect(watched.page.get_by_role("status")).to_have_text("secret.kind: running")
    watched.advance(1)
    assert "secret" not in watched.page.content()
    expect(watched.page.get_by_role("status")).to_have_text("Signed out Sign in")


def test_a_wait_that_was_asked_for_does_not_undo_backing_off(watch: Open) -> None:
    """A server that says 5 s each time is asked less and less often all the same."""
    watched = watch(interval="5")
    watched.page.evaluate("Math.random = () => 0")
    watched.server.usual = Answer(503, headers={"Retry-After": "5"}, is_ours=False)
    # 4 to 6 to the first poll, chosen before, then 5, 10, 15 and 15.
    watched.advance(6 + 5 + 10 + 15 + 15 + 3, step=1)
    assert watched.asked == 5


def test_two_regions_fail_apart(watch: Open) -> None:
    """What happens to one region is nothing to the other."""
    watched = watch(ScriptedServer({"one": "<p>1</p>", "two": "<p>2</p>"}))
    page = watched.page
    page.route("**/poll/two", lambda route: route.abort("connectionrefused"))
    watched.advance(10)
    names = [name for name, _ in watched.server.polls]
    assert names == ["one"] * 10
    one, two = (page.locator("[data-part=notice]").nth(i) for i in (0, 1))
    expect(one).to_be_empty()
    expect(two).to_contain_text("Connection lost")
    page.unroute("**/poll/two")
    watched.advance(16)
    expect(two).to_be_empty()


@pytest.mark.parametrize("does_the_clock_run", [True, False])
def test_a_laptop_that_slept_for_hours_asks_once(
    watch: Open, does_the_clock_run: bool
) -> None:
    """Waking up is one poll, at the latest an interval after, then as usual.

    The monotonic clock stands still meanwhile on some systems, on others it runs.
    """
    watched = watch()
    page = watched.page
    hours = 9 * 3600
    watched.server.then(Answer(200, "<p>this morning</p>"))
    if does_the_clock_run:
        page.clock.fast_forward(hours * 1000)
    else:
        page.clock.set_system_time(1_770_000_000 + hours)
        watched.advance(1)
    watched.server.wait_for(1)
    watched.idle()
    assert watched.asked == 1
    watched.shows("this morning")
    watched.advance(3)
    assert watched.asked == 4


def test_a_laptop_that_fell_asleep_in_mid_request_wakes_up(watch: Open) -> None:
    """A connection that died in the night is given up, and the next one is answered."""
    watched = watch()
    hold = threading.Event()
    watched.server.then(Answer(hold=hold), Answer(200, "<p>this morning</p>"))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.page.clock.fast_forward(9 * 3600 * 1000)
    watched.advance(2)
    watched.shows("this morning")
    hold.set()


def test_leaving_the_page_in_mid_request_leaves_nothing(watch: Open) -> None:
    """A page that is left gives up; come back to, it starts as new."""
    watched = watch()
    page = watched.page
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>late</p>", hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    page.goto("about:blank")
    hold.set()
    page.go_back()
    watched.advance(1)
    watched.shows("first")
    assert watched.page.evaluate("polls.most") == 1


def test_a_dialog_that_comes_and_goes_costs_nothing(watch: Open) -> None:
    """Opened and closed twenty times within an interval, nothing was missed."""
    server = ScriptedServer({"one": "<p>first</p>"}, interval="4")
    server.around = Markup("<dialog>?</dialog>{}")
    watched = watch(server)
    for _ in range(20):
        watched.page.evaluate("document.querySelector('dialog').showModal()")
        watched.pass_time(0.05)
        watched.page.evaluate("document.querySelector('dialog').close()")
        watched.pass_time(0.05)
    watched.idle()
    assert watched.asked == 0
    watched.advance(2)
    assert watched.asked == 1


def test_a_dialog_right_after_an_answer_changes_nothing_shown(watch: Open) -> None:
    """What has come in before the dialog stays, what would come after waits."""
    server = ScriptedServer({"one": "<p>first</p>"})
    server.around = Markup("<dialog>?</dialog>{}")
    watched = watch(server)
    watched.server.then(Answer(200, "<p>second</p>"), Answer(200, "<p>third</p>"))
    watched.advance(1)
    watched.page.evaluate("document.querySelector('dialog').showModal()")
    watched.advance(120, step=30)
    region(watched).to_have_text("second")
    assert watched.asked == 1
    watched.check()
    watched.page.evaluate("document.querySelector('dialog').close()")
    region(watched).to_have_text("third")


REPLACE = """
  (withControls) => {
    const copy = (element) => {
      const made = element.cloneNode(true);
      element.replaceWith(made);
    };
    copy(document.querySelector("#ops-refresh-one"));
    if (withControls) copy(document.querySelector("[data-ops-refresh-for]"));
  }
"""


@pytest.mark.parametrize("with_controls", [False, True])
def test_a_region_goes_on_in_a_copy_of_itself(watch: Open, with_controls: bool) -> None:
    """However often the page puts a copy in its place, there is one region."""
    watched = watch()
    page = watched.page
    for _ in range(10):
        page.evaluate(REPLACE, with_controls)
        watched.check()
    watched.server.then(Answer(200, "<p>second</p>"))
    watched.advance(1)
    # What the copy shows is not known, so all of it is asked for.
    assert watched.server.polls[0][1].get("If-None-Match", "") == ""
    region(watched).to_have_text("second")
    watched.advance(3)
    assert watched.asked == 4
    page.get_by_role("button", name="Pause").click()
    page.evaluate(REPLACE, with_controls)
    watched.advance(3)
    assert watched.asked == 4
    expect(page.locator("[data-part=state]")).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    watched.idle()
    assert watched.asked == 5
    watched.server.then(Answer(200, "<p>done</p>", None))
    watched.advance(1)
    region(watched).to_have_text("done")
    assert "data-ops-refresh" not in page.content()


def test_an_answer_for_a_region_that_was_copied_meanwhile_is_shown(
    watch: Open,
) -> None:
    """The request goes on, and its answer comes in where the copy now stands."""
    watched = watch()
    hold = threading.Event()
    watched.server.then(Answer(200, "<p>second</p>", hold=hold))
    watched.pass_time(1)
    watched.server.wait_for(1)
    watched.page.evaluate(REPLACE, True)
    hold.set()
    watched.idle()
    region(watched).to_have_text("second")
    watched.advance(2)
    assert watched.asked == 3


def test_a_region_that_is_removed_in_mid_request_is_over(watch: Open) -> None:
    """Nothing is left of it, whether or not others go on."""
    watched = watch(ScriptedServer({"one": "<p>1</p>", "two": "<p>2</p>"}))
    holds = [threading.Event(), threading.Event()]
    watched.server.then(*(Answer(200, "<p>late</p>", hold=hold) for hold in holds))
    watched.pass_time(1)
    watched.server.wait_for(2)
    watched.page.evaluate("document.querySelector('#ops-refresh-one').remove()")
    for hold in holds:
        hold.set()
    watched.advance(3)
    watched.check()
    assert [name for name, _ in watched.server.polls[2:]] == ["two"] * 3
    watched.page.evaluate("document.querySelector('#ops-refresh-two').remove()")
    watched.advance(60, step=20)
    assert watched.asked == 5


def test_a_region_that_is_moved_on_the_page_goes_on(watch: Open) -> None:
    """Taken out and put in elsewhere at once, as drag and drop does, is no end."""
    watched = watch()
    watched.page.evaluate(
        "document.body.append(document.querySelector('#ops-refresh-one'))"
    )
    watched.advance(3)
    assert watched.asked == 3


@pytest.mark.parametrize("interval", ["0.001", "1e-9"])
def test_no_page_asks_more_than_once_a_second(watch: Open, interval: str) -> None:
    """Whatever stands in the page, an answer or the storage."""
    watched = watch(ScriptedServer({"one": "<p>first</p>"}, interval=interval))
    watched.page.evaluate("localStorage.setItem('ops-refresh-interval', '0.001')")
    watched.advance(5, step=0.1)
    assert watched.asked == 5


def test_a_failing_server_does_not_disturb_who_is_busy(watch: Open) -> None:
    """Text being selected stays through failures; the newest comes in afterwards."""
    watched = watch(ScriptedServer({"one": "<p>select me</p>"}))
    page = watched.page
    page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('#ops-refresh-one p'))"
    )
    failure = Answer(500, is_ours=False)
    watched.server.then(Answer(200, "<p>second</p>"), failure, failure, failure)
    watched.advance(9)
    notice(watched).to_contain_text("Connection lost")
    assert page.evaluate("getSelection().toString()") == "select me"
    page.evaluate("getSelection().removeAllRanges()")
    region(watched).to_have_text("second")
    watched.advance(16)
    notice(watched).to_be_empty()


class Chaos:
    """All that can happen to a page, in a random order."""

    def __init__(self, watched: Watched, seed: int) -> None:
        self.watched = watched
        self.random = random.Random(seed)
        self.page = watched.page
        self.count = 0

    def step(self) -> None:
        happening = self.random.choice(
            [
                self.time_passes,
                self.time_passes,
                self.time_passes,
                self.answer_comes,
                self.answer_comes,
                self.server_fails,
                self.tab_is_hidden,
                self.network_goes,
                self.dialog_opens,
                self.person_pauses,
                self.person_asks,
                self.form_is_sent,
                self.region_is_copied,
                self.text_is_selected,
                self.request_is_interrupted,
            ]
        )
        happening()
        self.watched.check()

    def time_passes(self) -> None:
        self.watched.advance(self.random.choice([0.3, 1, 4]), step=1)

    def answer_comes(self) -> None:
        self.count += 1
        self.watched.server.then(Answer(200, f"<p>{self.count}</p>"))
        self.watched.advance(1)

    def server_fails(self) -> None:
        failures = [
            Answer(500, is_ours=False),
            Answer(503, headers={"Retry-After": "3"}, is_ours=False),
            Answer(broken="header"),
            Answer(broken="body"),
        ]
        self.watched.server.then(*self.random.choices(failures, k=2))

    def tab_is_hidden(self) -> None:
        self.watched.hide(self.random.random() < 0.5)

    def network_goes(self) -> None:
        self.page.context.set_offline(self.random.random() < 0.4)

    def dialog_opens(self) -> None:
        opens = self.random.random() < 0.5
        self.page.evaluate(
            "(opens) => { const d = document.querySelector('dialog');"
            "if (opens && !d.open) d.showModal(); else if (!opens) d.close(); }",
            opens,
        )

    def person_pauses(self) -> None:
        self.page.evaluate("document.querySelector('[data-part=pause]').click()")

    def person_asks(self) -> None:
        self.page.evaluate("document.querySelector('[data-part=refresh]').click()")

    def form_is_sent(self) -> None:
        self.page.evaluate("document.querySelector('form').requestSubmit()")

    def region_is_copied(self) -> None:
        self.page.evaluate(REPLACE, self.random.random() < 0.5)

    def text_is_selected(self) -> None:
        self.page.evaluate(
            """(selected) => {
              const region = document.querySelector("#ops-refresh-one");
              if (selected) getSelection().selectAllChildren(region);
              else getSelection().removeAllRanges();
            }""",
            self.random.random() < 0.4,
        )

    def request_is_interrupted(self) -> None:
        hold = threading.Event()
        self.watched.server.then(Answer(hold=hold))
        self.watched.pass_time(1)
        self.random.choice(
            [self.tab_is_hidden, self.dialog_opens, self.form_is_sent, lambda: None]
        )()
        hold.set()

    def all_is_well_again(self) -> None:
        self.watched.hide(False)
        self.page.context.set_offline(False)
        self.page.evaluate(
            """() => {
              document.querySelector("dialog").close();
              getSelection().removeAllRanges();
              const pause = document.querySelector("[data-part=pause]");
              if (pause.textContent === "Resume") pause.click();
            }"""
        )
        self.watched.server.answers.clear()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_the_contract_holds(watch: Open, seed: int) -> None:
    """After each of many random events, and in the end all is as if none had been."""
    server = ScriptedServer({"one": "<p>first</p>"})
    server.around = Markup("<dialog>?</dialog><form></form>{}")
    watched = watch(server)
    watched.page.evaluate(
        "document.forms[0].addEventListener('submit', (e) => e.preventDefault())"
    )
    chaos = Chaos(watched, seed)
    for _ in range(60):
        chaos.step()
    chaos.all_is_well_again()
    server.usual = Answer(200, "<p>at last</p>")
    watched.advance(31, step=1)
    region(watched).to_have_text("at last")
    notice(watched).to_be_empty()
    # In steps too short for an answer to seem slow, which would slow the polls down.
    watched.advance(5, step=0.1)
    asked = watched.asked
    watched.advance(10, step=0.1)
    assert asked + 9 <= watched.asked <= asked + 10


def test_the_checker_notices(watch: Open, page: Page) -> None:
    """A page that asked too soon, or twice at once, would not pass."""
    watched = watch()
    watched.advance(2)
    page.evaluate("polls_before = structuredClone(ledger.polls)")
    for change, complaint in {
        "ledger.polls[1].began -= 0.5": "after 0.5",
        "ledger.polls[0].settled = null": "two requests",
        "ledger.polls[0].status = 401": "not inf",
        "ledger.polls[0].status = 500; ledger.polls[0].isOurs = false": None,
        "ledger.timers.set(-1, 1000)": "timers",
        "ledger.timers.clear()": "timers",
        "for (let i = 0; i < 9; i += 1) ledger.listeners.add({})": "listeners",
    }.items():
        page.evaluate(
            "() => { ledger.polls = structuredClone(polls_before);"
            "kept = [new Map(ledger.timers), new Set(ledger.listeners)]; }"
        )
        page.evaluate(change)
        if complaint is None:
            watched.check()
        else:
            with pytest.raises(AssertionError, match=complaint):
                watched.check()
        page.evaluate("[ledger.timers, ledger.listeners] = kept")
    page.evaluate("ledger.polls = polls_before")
