"""A browser's clock that is wrong, that is set, or whose summer ends."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt

import pytest
from flask import Flask
from flask import session
from playwright.sync_api import expect
from playwright.sync_api import Page
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler

from flask_ops_refresh import formatting

from ..conftest import ADA
from ..conftest import Clock
from ..conftest import Host
from . import page_ledger
from .watched_page import WatchedPage

DAY = dt.timedelta(days=1)
DETAIL = "/admin/operations/details/?id=1"
# Without the overview, which is asked for at an interval of its own.
LIST = "/admin/operations/?page=0"

# The server's Date knows whole seconds, and two of difference are let be.
NEARLY = [dt.timedelta(seconds=seconds) for seconds in (-2, -1, 0, 1, 2)]

SHOWN_TIMES = """
  [...document.querySelectorAll("time.ops-refresh-ago, time.ops-refresh-elapsed")]
    .map((time) => [time.className, time.dateTime, time.textContent])
"""


class TwoClocks:
    """A page and its server, whose clocks go alike and say what a test wants.

    :param ahead: of the browser's clock to the server's.
    """

    def __init__(
        self, page: Page, address: str, server: Clock, ahead: dt.timedelta
    ) -> None:
        self._server = server
        self.page = page
        opened_at = (server.now + ahead).timestamp()
        self._watched = WatchedPage(page, address, 1, opened_at)
        self.pass_time(2)

    def go_on(self, seconds: float, interval: float) -> None:
        """Let time pass on both; fail where the page rests, hurries, or tells it wrong.

        In steps so short that four times one of them, which is what an answer then
        seems to take, is no longer than the interval.
        """
        step = interval / 5
        asked = self._asked
        self.pass_time(seconds, step)
        self._watched.check()
        assert self._asked - asked >= int(seconds / (1.2 * interval + 2 * step))
        state = self.page.locator("[data-part=state]")
        expect(state).to_have_text(f"Live · every {interval} s")
        self._check_times()

    def pass_time(self, seconds: float, step: float = 0.2) -> None:
        """Let time pass on both."""
        for _ in range(round(seconds / step)):
            self._server.advance(seconds=step)
            self._watched.advance(step)

    def set_browser(self, ahead: dt.timedelta) -> None:
        """Set the browser's clock, as a person does."""
        self.page.clock.set_system_time((self._server.now + ahead).timestamp())

    def sleep(self, time: dt.timedelta) -> None:
        """Let time pass on all clocks but the one that no one can set."""
        self._server.now += time
        self.set_browser(dt.timedelta())

    def _check_times(self) -> None:
        """Each time on the page is what the server would write now."""
        shown = self.page.evaluate(SHOWN_TIMES)
        assert shown
        for kind, moment, text in shown:
            assert text in self._written(kind, dt.datetime.fromisoformat(moment))

    def _written(self, kind: str, moment: dt.datetime) -> set[str]:
        nows = [self._server.now + difference for difference in NEARLY]
        if kind == "ops-refresh-ago":
            return {formatting.age(moment, now).striptags() for now in nows}
        return {formatting.elapsed(moment, None, now).striptags() for now in nows}

    @property
    def _asked(self) -> int:
        return len(page_ledger.read(self.page).polls)


Opened = cabc.Callable[..., TwoClocks]


@pytest.fixture
def open_clocks(
    host: Host,
    page: Page,
    frozen_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    serve: cabc.Callable[[Flask], str],
) -> Opened:
    """Open a page of the host app at a moment of the server's."""

    @host.app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)

    def date(*_: object) -> str:
        return http_date(frozen_clock.now)

    # What the server writes in its Date header.
    monkeypatch.setattr(WSGIRequestHandler, "date_time_string", date)

    def open_(path: str, *, ahead: dt.timedelta = dt.timedelta()) -> TwoClocks:
        return TwoClocks(page, serve(host.app) + path, frozen_clock, ahead)

    return open_


def start_run(host: Host, moment: dt.datetime) -> None:
    host.add_run(status="running", created_at=moment, started_at=moment)


@pytest.mark.parametrize("ahead", [DAY, -DAY], ids=["ahead", "behind"])
def test_a_browser_that_is_a_day_off_asks_as_the_server_says(
    host: Host, frozen_clock: Clock, open_clocks: Opened, ahead: dt.timedelta
) -> None:
    """A run that gets older is asked for less often, by the server's clock alone."""
    start_run(host, frozen_clock.now + dt.timedelta(seconds=2))
    clocks = open_clocks(DETAIL, ahead=ahead)
    clocks.go_on(9, interval=1)
    clocks.pass_time(2)
    clocks.go_on(40, interval=5)
    clocks.pass_time(10)
    clocks.go_on(60, interval=10)


@pytest.mark.parametrize(("path", "interval"), [(DETAIL, 10), (LIST, 5)])
@pytest.mark.parametrize("ahead", [DAY, -DAY], ids=["forward", "back"])
def test_a_browser_clock_that_is_set_disturbs_nothing(
    host: Host,
    frozen_clock: Clock,
    open_clocks: Opened,
    ahead: dt.timedelta,
    path: str,
    interval: float,
) -> None:
    """There and back again: no burst, no standstill, and durations as before."""
    start_run(host, frozen_clock.now - dt.timedelta(seconds=100))
    clocks = open_clocks(path)
    for setting in (ahead, dt.timedelta(), -ahead):
        clocks.set_browser(setting)
        clocks.go_on(60, interval)


def test_after_hours_of_sleep_durations_are_right_with_the_next_answer(
    host: Host, frozen_clock: Clock, open_clocks: Opened
) -> None:
    """Where the clock of the page stood still meanwhile, the server's Date mends it."""
    start_run(host, frozen_clock.now)
    clocks = open_clocks(LIST)
    clocks.sleep(dt.timedelta(hours=9))
    clocks.go_on(8, interval=5)


@pytest.mark.parametrize(("path", "interval"), [(DETAIL, 10), (LIST, 5)])
@pytest.mark.parametrize(
    ("change", "offsets"),
    [
        (dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC), [-120, -60]),
        (dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC), [-60, -120]),
    ],
    ids=["autumn", "spring"],
)
def test_a_change_of_summer_time_under_an_open_page_is_none(
    host: Host,
    frozen_clock: Clock,
    open_clocks: Opened,
    page: Page,
    path: str,
    interval: float,
    change: dt.datetime,
    offsets: list[int],
) -> None:
    """The hour that comes twice, or not at all, is no second on the page."""
    frozen_clock.now = change - dt.timedelta(seconds=30)
    start_run(host, frozen_clock.now - dt.timedelta(minutes=5))
    browser = page.context.new_cdp_session(page)
    browser.send("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
    clocks = open_clocks(path)
    seen = []
    for _ in offsets:
        seen.append(page.evaluate("new Date().getTimezoneOffset()"))
        clocks.go_on(60, interval)
    assert seen == offsets
