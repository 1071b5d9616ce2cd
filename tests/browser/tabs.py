"""Several pages of the host app in one window, under a clock that a test moves."""

from __future__ import annotations

import collections
import datetime as dt

from playwright.sync_api import Page
from playwright.sync_api import Request

from .watched_page import HIDE
from .watched_page import stop_clock
from .watched_page import wait_until_idle
from .watched_page import WATCH_FETCH


class Tabs:
    """The tabs of one window, by the names a test gives them."""

    def __init__(self, first: Page, address: str) -> None:
        self._context = first.context
        self._spare: list[Page] = [first]
        self.address = address
        self.pages: dict[str, Page] = {}
        #: How often, by page and region.
        self.asked_for: collections.Counter[tuple[str, str]] = collections.Counter()
        self._context.add_init_script(WATCH_FETCH)
        stop_clock(self._context, now().timestamp())

    def open(self, name: str, path: str) -> Page:
        """Open a page of the app; its polls count under the name."""
        page = self._spare.pop() if self._spare else self._context.new_page()

        def note(request: Request) -> None:
            if "/ops-refresh/" in request.url and "/static/" not in request.url:
                self.asked_for[name, request.url] += 1

        page.on("request", note)
        page.goto(self.address + path)
        self.pages[name] = page
        return page

    def pass_time(self, seconds: float, step: float = 1) -> None:
        """Let time pass on all of them, each answer taken in before it goes on."""
        while seconds > 0:
            self._settle()
            self._context.clock.run_for(int(min(step, seconds) * 1000))
            seconds -= step
        self._settle()

    def pass_an_hour_in_front_and_behind(self) -> None:
        """Let time pass on tabs that are left alone, hidden and shown again."""
        for hidden in (False, True, False):
            for page in self.pages.values():
                page.evaluate(HIDE, hidden)
            self._context.clock.run_for(3_600_000)
        self._settle()

    def _settle(self) -> None:
        for page in self.pages.values():
            wait_until_idle(page)


def now() -> dt.datetime:
    """The server's time, which is not the test's."""
    return dt.datetime.now(dt.UTC)
