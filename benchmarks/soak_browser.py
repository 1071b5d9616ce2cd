"""10,000 polls through one page in Chromium, and what they leave in it.

A real server of the host app, and one page with list, detail and card. Records are
worked on meanwhile, so that answers are unchanged or bring patches, and now and then
the server fails for a while. Only the page's clock is not real: it jumps from second
to second. Heap, DOM nodes and listeners are measured each tenth, after the records are
back as they were at first and the rubbish is collected. What has grown over the second
half, when the browser has compiled all that it will, is an error. Run it with
``make soak-browser``.
"""

from __future__ import annotations

import argparse
import collections.abc as cabc
import dataclasses
import itertools
import logging
import sys
import tempfile
import time

from playwright.sync_api import Page

from tests.browser.chromium import launched
from tests.browser.chromium import NAMES
from tests.browser.thread_server import serving
from tests.browser.watched_page import wait_until_idle
from tests.browser.watched_page import WATCH_FETCH

from .soaked_app import PATH
from .soaked_app import SoakedApp

#: How much more the heap may hold at the end than in the middle; it breathes. A leak of
#: 26 bytes a poll is more. Of nodes and listeners not one may stay.
TOLERANCE_HEAP_BYTES = 128 * 1024

REFRESH_ALL = """
  for (const button of document.querySelectorAll("[data-part=refresh]")) button.click();
"""


@dataclasses.dataclass(frozen=True)
class Held:
    """What a page holds after so many polls."""

    polls: int
    heap_bytes: int
    nodes: int
    listeners: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=10_000)
    polls: int = parser.parse_args().polls
    # As a server has it in production: refusals are logged, not printed.
    logging.disable(logging.CRITICAL)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        if browser is None:
            sys.exit(f"No Chromium on this machine (looked for {', '.join(NAMES)}).")
        soaked = SoakedApp(f"sqlite:///{folder}/soak.sqlite")
        with serving(soaked.app) as address:
            page = browser.new_page()
            measured = printed(soak(page, address, soaked, polls))
            page.close()
        soaked.close()
    print(f"{soaked.answers.total():,} polls in {time.perf_counter() - started:.0f} s")
    for status, count in sorted(soaked.answers.items()):
        print(f"  {status}: {count:,}")
    if has_grown(measured):
        sys.exit(
            "It has grown. Allowed are no node, no listener and "
            f"{TOLERANCE_HEAP_BYTES:,} bytes."
        )
    print("Flat.")


def printed(measurements: cabc.Iterable[Held]) -> list[Held]:
    """The measurements, each printed as it comes in."""
    measured = []
    print("  polls | heap, bytes | nodes | listeners", flush=True)
    for held in measurements:
        measured.append(held)
        row = f"{held.polls:7,} | {held.heap_bytes:11,} | {held.nodes:5,} |"
        print(f"{row} {held.listeners:9,}", flush=True)
    return measured


def soak(
    page: Page, address: str, soaked: SoakedApp, polls: int
) -> cabc.Iterator[Held]:
    """Let a page poll so often, and measure it each tenth."""
    page.add_init_script(WATCH_FETCH)
    page.clock.install()
    page.goto(address + PATH)
    page.clock.pause_at(time.time() + 100)
    steps = itertools.count()
    for tenth in range(1, 11):
        while soaked.answers.total() < polls * tenth // 10:
            soaked.work(next(steps))
            page.clock.fast_forward(1000)
            wait_until_idle(page)
        soaked.rest()
        for _ in range(2):
            page.evaluate(REFRESH_ALL)
            wait_until_idle(page)
        yield measure(page, soaked.answers.total())


def has_grown(measured: cabc.Sequence[Held]) -> bool:
    """Whether a page holds more at the end than it did in the middle."""
    middle, end = measured[len(measured) // 2 - 1], measured[-1]
    return (
        end.nodes > middle.nodes
        or end.listeners > middle.listeners
        or end.heap_bytes - middle.heap_bytes > TOLERANCE_HEAP_BYTES
    )


def measure(page: Page, polls: int) -> Held:
    """What the page holds once the rubbish is collected."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    answer = session.send("Performance.getMetrics")
    session.detach()
    metrics = {each["name"]: int(each["value"]) for each in answer["metrics"]}
    return Held(
        polls,
        metrics["JSHeapUsedSize"],
        metrics["Nodes"],
        metrics["JSEventListeners"],
    )


if __name__ == "__main__":
    main()
