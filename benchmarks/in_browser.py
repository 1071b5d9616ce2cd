"""What a poll costs the page it keeps fresh, in Chromium's main thread.

A list of fifty running runs is polled every second. What the page does beside, to
count its times on, is measured while a poll waits for its answer, and taken off.
"""

from __future__ import annotations

import collections.abc as cabc
import statistics
import time
import typing as t

import sqlalchemy as sa
from playwright.sync_api import BrowserContext
from playwright.sync_api import CDPSession
from playwright.sync_api import Page
from playwright.sync_api import Response
from playwright.sync_api import Route
from playwright.sync_api import sync_playwright

from tests.browser.chromium import launch

from . import databases
from . import measured_app
from . import sample_rows
from .goals import Measured
from .servers import serving
from .surfaces import Surfaces

_ROWS = 50
_POLL = "**/operation-list?*"
# Less than a poll may take.
_HELD_SECONDS = 7

# Notes which rows are written to, but for the times that count on by themselves.
_NOTE_ROWS = """() => {
  window.written = new Set();
  const counting = "time.ops-refresh-ago, time.ops-refresh-elapsed";
  new MutationObserver((records) => {
    for (const { target } of records) {
      const element = target instanceof Element ? target : target.parentElement;
      if (element.closest(counting)) continue;
      const row = element.closest("tr");
      window.written.add(row?.cells[0].dataset.key ?? element.tagName);
    }
  }).observe(document.querySelector("[data-ops-refresh-url]"), {
    attributes: true, characterData: true, childList: true, subtree: true,
  });
}"""


def measure(kind: str, *, polls: int) -> list[Measured]:
    """Milliseconds of the main thread for each poll, and how many rows it writes to."""
    with databases.KINDS[kind]() as url, sync_playwright() as playwright:
        engine = sa.create_engine(url)
        run_id = sample_rows.fill(engine, sample_rows.FEWEST, _ROWS)
        settings = {
            measured_app.DATABASE_URL: url,
            "BENCHMARK_OPS_REFRESH_LIST_INTERVAL_SECONDS": "1",
        }
        browser = launch(playwright.chromium)
        with serving("benchmarks.measured_app:create_app()", **settings) as address:
            page = _open(browser.new_context(), address, run_id)
            watch = _Watch(page)
            unchanged = watch.cost(304, polls, lambda number: None)
            page.evaluate(_NOTE_ROWS)
            changed = watch.cost(
                200, polls, lambda number: sample_rows.change(engine, run_id, number)
            )
            written = page.evaluate("[...window.written]")
        browser.close()
        engine.dispose()
    stranger = [key for key in written if key != str(run_id)]
    return [
        Measured("main thread, unchanged poll", unchanged, 1, "ms", at_most=True),
        Measured("main thread, one row of 50 changed", changed, 4, "ms", at_most=True),
        Measured("written to beyond that row", len(stranger), 0, at_most=True),
    ]


def _open(context: BrowserContext, address: str, run_id: int) -> Page:
    surfaces = Surfaces.signed_in(address, run_id)
    name, _, value = surfaces.cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": address}])
    page = context.new_page()
    # With any argument, the list is the only live region of its page.
    page.goto(f"{address}/admin/operations/?page_size={_ROWS}")
    return page


class _Watch:
    """Reads how long a page's main thread has been busy."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def cost(
        self, status: int, polls: int, before_each: cabc.Callable[[int], object]
    ) -> float:
        """Milliseconds of a poll that is answered like this: the median."""
        beside = self._beside()
        costs = []
        for number in range(polls + 1):
            before_each(number)
            began, busy = time.monotonic(), self._busy()
            answer = self._next_poll()
            # The answer is taken in, and the next poll is not under way.
            self._page.wait_for_timeout(500)
            seconds = time.monotonic() - began
            if answer.status == status:
                costs.append(1000 * (self._busy() - busy) - beside * seconds)
        return statistics.median(costs[1:])

    def _beside(self) -> float:
        """Milliseconds a second that the page is busy while an answer is awaited."""
        held: list[Route] = []
        self._page.route(_POLL, lambda route: held.append(route))
        while not held:
            self._page.wait_for_timeout(100)
        began, busy = time.monotonic(), self._busy()
        self._page.wait_for_timeout(1000 * _HELD_SECONDS)
        beside = 1000 * (self._busy() - busy) / (time.monotonic() - began)
        # It lets go of what is held.
        self._page.unroute(_POLL)
        return beside

    def _next_poll(self) -> Response:
        with self._page.expect_response(
            lambda each: "operation-list" in each.url
        ) as met:
            pass
        met.value.finished()
        return met.value

    def _busy(self) -> float:
        answer = t.cast(
            "dict[str, t.Any]", self._session.send("Performance.getMetrics")
        )
        found = {each["name"]: each["value"] for each in answer["metrics"]}
        return float(found["TaskDuration"])
