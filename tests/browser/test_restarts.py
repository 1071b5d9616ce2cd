"""A page left open over a server process that is killed and started again."""

from __future__ import annotations

import datetime as dt
import itertools

from playwright.sync_api import expect
from playwright.sync_api import Page

from ..conftest import Host
from ..host_app import db
from ..host_app import OperationRun
from . import page_ledger
from .host_process import HostProcess
from .host_process import running
from .watched_page import WatchedPage

RESTARTS = 20
EVERY_SECOND = {"OPS_REFRESH_RUN_INTERVALS_SECONDS": ((None, 1),)}

# What the server does when it is killed: nothing, take a poll in, or hang on one
# until the page has given it up. And for how long it is then gone.
STATES = ("idle", "asked", "hung")
SECONDS_DOWN = (0, 0.5, 2, 8, 40)
OUTAGES = zip(itertools.cycle(STATES), itertools.cycle(SECONDS_DOWN), strict=False)

# With intervals of a second, and half of each wait being random.
THREE_FAILURES_SECONDS = 1 + 2 + 4
BACK_WITHIN_SECONDS = 30


class OpenPage(WatchedPage):
    """A run's page, of which a test says what has to be on it.

    Time passes in steps so short that four times one of them, which is what an answer
    then seems to take, is less than the interval.
    """

    step = 0.2

    def shows(self, kind: str) -> None:
        """Check content, notice and all that the contract says."""
        self.check()
        live = self.page.locator("[data-ops-refresh-url]")
        expect(live.get_by_text(kind, exact=True)).to_be_visible()
        notice = expect(self.page.locator("[data-part=notice]"))
        if page_ledger.failures(self.page) < 3:
            notice.to_be_empty()
        else:
            notice.to_contain_text("Connection lost, last updated")

    def comes_back(self) -> None:
        """Let time pass until a poll is answered, and a bit more as usual."""
        waited = 0.0
        while page_ledger.failures(self.page):
            self.advance(self.step)
            waited += self.step
            assert waited <= BACK_WITHIN_SECONDS + self.step
        asked = len(page_ledger.read(self.page).polls)
        self.advance(3, self.step)
        assert len(page_ledger.read(self.page).polls) - asked in (2, 3)


def kill(server: HostProcess, page: OpenPage, state: str) -> None:
    """Kill the server in this state."""
    if state != "idle":
        server.freeze()
        page.pass_time(1)
        assert page.page.evaluate("polls.open") == 1
    if state == "hung":
        page.pass_time(10)
    server.kill()


def test_a_page_outlives_twenty_restarts_of_its_server(host: Host, page: Page) -> None:
    """It shows what it had and says so, then what is new, and asks no more for it."""
    now = dt.datetime.now(dt.UTC)
    run = host.add_run(status="running", created_at=now, started_at=now, type="kind 0")
    with host.app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    with running(HostProcess(url, EVERY_SECOND)) as server:
        path = f"/admin/operations/details/?id={run}"
        watched = OpenPage(page, server.address + path, 1)
        page.evaluate("window.loadedOnce = true")
        for number in range(1, RESTARTS + 1):
            state, seconds = next(OUTAGES)
            kill(server, watched, state)
            watched.advance(seconds, watched.step)
            watched.shows(f"kind {number - 1}")
            assert page_ledger.failures(page) >= 3 or seconds <= THREE_FAILURES_SECONDS
            host.update(OperationRun, run, type=f"kind {number}")
            server.start()
            watched.comes_back()
            watched.shows(f"kind {number}")
        assert page.evaluate("loadedOnce")
