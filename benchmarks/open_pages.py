"""A thousand pages that stay open: each asks when it should, as long as it should.

Half of them show a run, three in ten a list and the others a card. They belong to
fifty people, and a worker goes on with some of the runs all the while. A page asks
again after the interval that the server has named, four fifths to six fifths of it,
on a connection of its own. Its first poll stands for its being loaded, and is not
counted.
"""

from __future__ import annotations

import asyncio
import dataclasses
import email.parser
import itertools
import random
import statistics
import time
import urllib.parse

import sqlalchemy as sa

from . import databases
from . import measured_app
from . import sample_rows
from .goals import Measured
from .servers import serving
from .surfaces import Surfaces

PAGES = 1_000
_ACTIVE = 500
_CHANGES_A_SECOND = 5
#: The slowest of a hundred answers takes at most this part of its interval.
_SHARE = 0.1


@dataclasses.dataclass
class Page:
    """One open page, and what it has met.

    :param shares: the time of each answer as a part of the interval before it.
    """

    target: str
    headers: dict[str, str]
    interval: float = 10
    shares: list[float] = dataclasses.field(default_factory=list)
    answers: dict[int, int] = dataclasses.field(default_factory=dict)

    async def stay_open(self, address: tuple[str, int], until: float) -> None:
        """Ask at intervals; errors of any kind are answers of status 0."""
        await asyncio.sleep(random.uniform(0, self.interval))
        while time.monotonic() < until:
            started = time.monotonic()
            try:
                status, answer = await _ask(address, self.target, self.headers)
            except (OSError, ValueError):
                status, answer = 0, {}
            if "If-None-Match" in self.headers or status not in (200, 304):
                self.shares.append((time.monotonic() - started) / self.interval)
                self.answers[status] = self.answers.get(status, 0) + 1
            if "etag" in answer:
                self.headers["If-None-Match"] = answer["etag"]
            self.interval = float(answer.get("ops-refresh-interval", self.interval))
            await asyncio.sleep(self.interval * random.uniform(0.8, 1.2))


def measure(kind: str, *, seconds: int) -> tuple[list[tuple[str, str]], list[Measured]]:
    """What the pages met, and the goals."""
    with databases.KINDS[kind]() as url:
        engine = sa.create_engine(url)
        run_id = sample_rows.fill(engine, sample_rows.FEWEST, _ACTIVE)
        settings = {measured_app.DATABASE_URL: url}
        with serving("benchmarks.measured_app:create_app()", **settings) as address:
            pages = _open(address, run_id)
            asyncio.run(_stay(pages, address, engine, run_id, seconds))
        engine.dispose()
    return _told(pages, seconds), _goals(pages)


def _open(address: str, last_run: int) -> list[Page]:
    people = [Surfaces.signed_in(address, last_run, id) for id in sample_rows.PEOPLE]
    pages = []
    for number in range(PAGES):
        person = people[number % len(people)]
        kind = number % 10
        if kind < 5:
            region = f"operation-detail?id={last_run - number % _ACTIVE}"
        else:
            region = person.list if kind < 8 else person.card
        target = person.changed("", region)
        parts = urllib.parse.urlsplit(target.url)
        pages.append(Page(f"{parts.path}?{parts.query}", dict(target.headers)))
    return pages


async def _stay(
    pages: list[Page], address: str, engine: sa.Engine, last_run: int, seconds: int
) -> None:
    parts = urllib.parse.urlsplit(address)
    server = (parts.hostname or "", parts.port or 80)
    until = time.monotonic() + seconds
    work = asyncio.create_task(_work(engine, last_run, until))
    await asyncio.gather(*(page.stay_open(server, until) for page in pages), work)


async def _work(engine: sa.Engine, last_run: int, until: float) -> None:
    for processed in itertools.count():
        if time.monotonic() >= until:
            break
        run_id = last_run - random.randrange(_ACTIVE)
        await asyncio.to_thread(sample_rows.change, engine, run_id, processed)
        await asyncio.sleep(1 / _CHANGES_A_SECOND)


async def _ask(
    address: tuple[str, int], target: str, headers: dict[str, str]
) -> tuple[int, dict[str, str]]:
    lines = [f"GET {target} HTTP/1.1", f"Host: {address[0]}:{address[1]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        received = await asyncio.wait_for(reader.read(), timeout=10)
    finally:
        writer.close()
    head = received.partition(b"\r\n\r\n")[0].decode()
    first, _, rest = head.partition("\r\n")
    found = email.parser.HeaderParser().parsestr(rest)
    status = int(first.split()[1]) if first else 0
    return status, {name.lower(): value for name, value in found.items()}


def _told(pages: list[Page], seconds: int) -> list[tuple[str, str]]:
    statuses: dict[int, int] = {}
    for page in pages:
        for status, count in page.answers.items():
            statuses[status] = statuses.get(status, 0) + count
    rows = [("pages open", f"{len(pages):,}")]
    rows.append(("polls a second", f"{sum(statuses.values()) / seconds:.0f}"))
    rows += [(f"answered {status}", f"{n:,}") for status, n in sorted(statuses.items())]
    return rows


def _goals(pages: list[Page]) -> list[Measured]:
    shares = [share for page in pages for share in page.shares]
    errors = sum(
        n
        for page in pages
        for status, n in page.answers.items()
        if status not in (200, 304)
    )
    slowest = statistics.quantiles(shares, n=100)[-1]
    return [
        Measured(
            f"{PAGES:,} pages, slowest of 100 answers ÷ interval",
            slowest,
            _SHARE,
            at_most=True,
        ),
        Measured(f"{PAGES:,} pages, errors", errors, 0, at_most=True),
    ]
