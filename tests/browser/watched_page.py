"""A page whose clock a test moves, and of which a ledger is kept."""

from __future__ import annotations

import time

from playwright.sync_api import BrowserContext
from playwright.sync_api import Page

from . import page_ledger

# Notes when a request of the page is on its way. It is in place before the clock
# is, and before any script of the page.
WATCH_FETCH = """
  window.polls = { open: 0, most: 0 };
  const send = window.fetch;
  window.fetch = async (...given) => {
    polls.most = Math.max(polls.most, ++polls.open);
    try {
      const answer = await send(...given);
      // Read to its end here, so that once no request is open all is taken in.
      const text = answer.status === 200 ? await answer.text() : "";
      answer.text = async () => text;
      return answer;
    } finally {
      polls.open -= 1;
    }
  };
"""

HIDE = """
  (hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }
"""


def wait_until_idle(page: Page) -> None:
    """Wait until no request of the page is on its way.

    Asks from outside, which no policy of the page forbids.
    """
    deadline = time.monotonic() + 15
    while page.evaluate("window.polls.open"):
        assert time.monotonic() < deadline, "a request of the page is never answered"


def stop_clock(context: BrowserContext, moment: float) -> None:
    """Let no time pass on the pages of a window but what a test lets pass.

    Done before they are opened: however long that takes, they poll nothing meanwhile.

    :param moment: what their clocks say, in epoch seconds.
    """
    # Not installed before: it would go on until then, and could be past the moment.
    context.clock.pause_at(moment)


class WatchedPage:
    """A page under a clock that only the test moves.

    :param interval: seconds, as the page comes with it.
    :param opened_at: what the browser's clock says then, in epoch seconds.
    """

    def __init__(
        self,
        page: Page,
        address: str,
        interval: float,
        opened_at: float = 1_770_000_000,
    ) -> None:
        self.page = page
        self._interval = interval
        page.add_init_script(WATCH_FETCH)
        stop_clock(page.context, opened_at)
        page.add_init_script(page_ledger.KEEP_LEDGER)
        page.goto(address)
        self.idle()

    def advance(self, seconds: float, step: float = 0.5) -> None:
        """Let time pass on the page, each answer taken in before it goes on."""
        left = seconds
        self.idle()
        while left > 0:
            self.page.clock.run_for(int(min(step, left) * 1000))
            left -= step
            self.idle()

    def pass_time(self, seconds: float) -> None:
        """Let time pass on the page without waiting for answers."""
        self.page.clock.run_for(int(seconds * 1000))

    def idle(self) -> None:
        """Wait until no request of the page is on its way."""
        wait_until_idle(self.page)

    def check(self) -> None:
        """Fail where the page has broken the contract until now."""
        self.idle()
        page_ledger.check(self.page, self._interval)

    def hide(self, hidden: bool = True) -> None:
        """Put the tab in the background, or back in front."""
        self.page.evaluate(HIDE, hidden)
