"""What a page does, written down, and what the contract says of it.

One checker for every test: at most one request of a region on its way, one timer a
region, no request sooner than allowed, and after the end nothing that is left behind.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import typing as t

from playwright.sync_api import Page

TIMEOUT = 10.0
BACK_OFF_CAP = 30.0
GONE = (400, 403, 404, 410)

# A pass is what makes up for a missed poll or asks for one: it allows one poll at once.
# Put in place after the clock is, so that times are the page's, and before any script
# of the page. Only what the extension's modules do is noted.
KEEP_LEDGER = """
{
  const modules = /\\/(refresh_region|pause_reasons|elapsed_time|region_controls)\\.js/;
  const ours = () => modules.test(new Error().stack);
  const seconds = () => performance.now() / 1000;
  const ledger = window.ledger = {
    polls: [], passes: [], timers: new Map(),
    listeners: new Set(), observers: new Set(),
  };
  let order = 0;

  const send = window.fetch;
  window.fetch = async (url, options) => {
    const poll = { url: String(url), order: order++, began: seconds(), settled: null };
    ledger.polls.push(poll);
    try {
      const answer = await send(url, options);
      const { headers, status } = answer;
      Object.assign(poll, {
        status,
        isOurs: headers.has("Ops-Refresh-Region"),
        interval: headers.get("Ops-Refresh-Interval"),
        retryAfter: headers.get("Retry-After"),
        date: headers.get("Date"),
      });
      return answer;
    } finally {
      poll.settled = seconds();
      poll.isAborted = options.signal.aborted;
    }
  };

  const set = window.setTimeout;
  window.setTimeout = (action, delay, ...rest) => {
    const isOurs = ours();
    const id = set(() => { ledger.timers.delete(id); action(...rest); }, delay);
    if (isOurs && delay) ledger.timers.set(id, delay);
    return id;
  };
  const clear = window.clearTimeout;
  window.clearTimeout = (id) => { ledger.timers.delete(id); clear(id); };

  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (ours() && !(this instanceof AbortSignal)) {
      const entry = { target: this, type };
      ledger.listeners.add(entry);
      const gone = () => ledger.listeners.delete(entry);
      if (options?.signal) addEventListener.call(options.signal, "abort", gone);
    }
    return addEventListener.call(this, type, listener, options);
  };
  const { observe, disconnect } = MutationObserver.prototype;
  MutationObserver.prototype.observe = function (...given) {
    if (ours()) ledger.observers.add(this);
    return observe.apply(this, given);
  };
  MutationObserver.prototype.disconnect = function () {
    ledger.observers.delete(this);
    return disconnect.call(this);
  };

  const pass = () => ledger.passes.push(order++);
  for (const name of ["visibilitychange", "online", "pageshow"])
    addEventListener.call(window, name, ({ persisted }) => {
      if (!document.hidden && persisted !== false) pass();
    }, true);
  addEventListener.call(document, "click", pass, true);
  const isHeld = () => !!document.querySelector(
    ".modal-open, .modal.show, dialog[open], [data-ops-refresh-hold]");
  let held = false;
  const dialogs = new MutationObserver(() => {
    if (held && !isHeld()) pass();
    held = isHeld();
  });
  observe.call(dialogs, document, {
    attributes: true, childList: true, subtree: true });
  ledger.read = () => ({
    polls: ledger.polls,
    passes: ledger.passes,
    timers: [...ledger.timers.values()],
    listeners: ledger.listeners.size,
    observers: ledger.observers.size,
    regions: [...document.querySelectorAll("[data-ops-refresh-url]")].map((region) => ({
      url: region.dataset.opsRefreshUrl,
      noPause: region.dataset.opsRefreshNoPause ?? "",
      isCounting: !!region.querySelector(
        "time.ops-refresh-ago, time.ops-refresh-elapsed"),
      isPaused: !!document.querySelector(
        `[data-ops-refresh-for="${region.id}"].ops-refresh-paused`),
    })),
    resting: document.hidden ? "hidden" : isHeld() ? "dialog" : "",
    isOnline: navigator.onLine,
    isHidden: document.hidden,
  });
}
"""


@dataclasses.dataclass
class Ledger:
    """The ledger of a page, as it is now."""

    polls: list[dict[str, t.Any]]
    passes: list[int]
    timers: list[float]
    listeners: int
    observers: int
    regions: list[dict[str, t.Any]]
    resting: str
    isOnline: bool
    isHidden: bool


def read(page: Page) -> Ledger:
    return Ledger(**page.evaluate("ledger.read()"))


def failures(page: Page) -> int:
    """How many polls have failed since the last one that was answered."""
    polls = reversed(read(page).polls)
    return sum(1 for _ in itertools.takewhile(_has_failed, polls))


def _has_failed(poll: dict[str, t.Any]) -> bool:
    settled = poll["settled"]
    return settled is not None and _outcome(poll, settled - poll["began"]) == "failed"


def check(page: Page, interval: float) -> None:
    """Fail where a page breaks the contract.

    :param interval: seconds, as the page came with it.
    """
    ledger = read(page)
    of_region = collections.defaultdict(list)
    for poll in ledger.polls:
        of_region[poll["url"]].append(poll)
    for url, polls in of_region.items():
        _check_polls(polls, ledger.passes, interval, url)
    _check_leftovers(ledger, of_region)


def _check_polls(
    polls: list[dict[str, t.Any]], passes: list[int], interval: float, url: str
) -> None:
    """Check that each poll of one region was due when it was sent."""
    failures, order, settled, due = 0, -1, 0.0, _usual(interval, 0)
    for poll in polls:
        assert settled is not None, f"{url}: two requests on their way"
        is_allowed = any(order < each < poll["order"] for each in passes)
        gap = poll["began"] - settled
        assert is_allowed or gap >= due - 0.01, f"{url}: after {gap} s, not {due} s"
        order, settled = poll["order"], poll["settled"]
        if settled is None:
            continue
        duration = settled - poll["began"]
        outcome = _outcome(poll, duration)
        if outcome == "stop":
            due, passes = float("inf"), []
        elif outcome == "answered":
            failures, interval = 0, min(300.0, max(1.0, float(poll["interval"])))
            due = _usual(interval, duration)
        elif outcome == "failed":
            failures += 1
            doubled = min(max(BACK_OFF_CAP, interval), interval * 2**failures)
            due = max(doubled / 2, _retry_after(poll))
        else:
            due = _usual(interval, 0)


def _usual(interval: float, duration: float) -> float:
    return max(interval * (0.8 if interval >= 5 else 1), 4 * duration)


def _outcome(poll: dict[str, t.Any], duration: float) -> str:
    if "status" not in poll:
        is_given_up = poll["isAborted"] and duration < TIMEOUT
        return "given up" if is_given_up else "failed"
    status = poll["status"]
    if poll["isOurs"] and status in (200, 304):
        return "answered" if _is_interval(poll["interval"]) else "stop"
    if status < 400 or status == 401 or status in GONE:
        return "stop"
    return "failed"


def _is_interval(text: str | None) -> bool:
    try:
        return 0 < float(text or "") < float("inf")
    except ValueError:
        return False


def _retry_after(poll: dict[str, t.Any]) -> float:
    """The wait asked for in seconds; dates are for the tests that know the clock."""
    text = poll.get("retryAfter") or ""
    return min(300.0, float(text)) if text.isdigit() else 0.0


def _check_leftovers(ledger: Ledger, of_region: dict[str, list[t.Any]]) -> None:
    """Check that each live region has its one timer, and others nothing at all."""
    on_their_way = sum(poll["settled"] is None for poll in ledger.polls)
    waiting = [each for each in ledger.regions if _is_waiting(each, ledger, of_region)]
    counting = sum(
        each["isCounting"] and not ledger.isHidden for each in ledger.regions
    )
    least = len(waiting) if not on_their_way else 0
    most = len(waiting) + counting + on_their_way
    assert least <= len(ledger.timers) <= most, f"timers: {ledger}"
    assert ledger.observers <= len(ledger.regions), f"observers: {ledger}"
    assert ledger.listeners <= 16 * len(ledger.regions), f"listeners: {ledger}"


def _is_waiting(
    region: dict[str, t.Any], ledger: Ledger, of_region: dict[str, list[t.Any]]
) -> bool:
    """Whether a region has a poll to come by itself."""
    if region["isPaused"] or not ledger.isOnline:
        return False
    if ledger.resting and ledger.resting not in region["noPause"]:
        return False
    polls = of_region.get(region["url"], [])
    return not polls or _outcome(polls[-1], 0) != "stop"
