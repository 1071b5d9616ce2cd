"""100,000 polls through one server process, and what they leave in its memory.

Unchanged, changed and refused polls of list, detail and card, mixed, over a SQLite
file. Resident memory and allocated blocks are compared after the first tenth, when
every cache is warm, and at the end. Over the last tenth, which is traced, Python's
allocations are compared as well. What grows beyond its tolerance is an error. Run it
with ``make soak``.
"""

from __future__ import annotations

import argparse
import collections
import collections.abc as cabc
import gc
import itertools
import logging
import pathlib
import sys
import tempfile
import time
import tracemalloc

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from flask_ops_refresh import clock
from tests.conftest import ADA
from tests.conftest import BEN
from tests.conftest import Host
from tests.conftest import POLL
from tests.conftest import populate
from tests.host_app import create_host
from tests.host_app import db
from tests.host_app import OperationRun
from tests.host_app import ReviewPack

POLLS = "/admin/ops-refresh"

#: How much may be held more at the end: caches whose entries differ in size, and
#: pages that the allocator keeps. A leak of one small object in forty polls is more.
TOLERANCE_TRACED_BYTES = 64 * 1024
TOLERANCE_BLOCKS = 2_000
TOLERANCE_RESIDENT = 0.02

#: One in so many polls finds a change, as of a run that is being worked on.
CHANGE_EVERY = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=100_000)
    polls: int = parser.parse_args().polls
    # As a server has it in production: refusals are logged, not printed.
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        app = create_host(f"sqlite:///{folder}/soak.sqlite", config={"TESTING": False})
        host = populate(app)
        fill(host)
        soak(app, host, polls)
        with app.app_context():
            db.engine.dispose()


def fill(host: Host) -> None:
    """Fifty running runs, and a pack that is being made."""
    now = clock.utc_now()
    for number in range(50):
        host.add_run(
            status="running",
            created_at=now,
            started_at=now,
            context={"number": number, "paths": ["a/b/c"] * 20},
            summary_counts={"total": 1000, "processed": number},
        )
    host.add(
        ReviewPack(workspace_id=1, tenant_id=1, status="generating", created_at=now)
    )


def soak(app: Flask, host: Host, polls: int) -> None:
    """Poll, measure on the way, and compare."""
    answers: collections.Counter[int] = collections.Counter()
    stream = poll_for_ever(app, host)
    tenth = polls // 10
    started = time.perf_counter()
    answers.update(itertools.islice(stream, tenth))
    resident, blocks = resident_bytes(), allocated_blocks()
    answers.update(itertools.islice(stream, polls - 2 * tenth))
    growth = resident_bytes() / resident - 1
    more_blocks = allocated_blocks() - blocks
    traced = trace(stream, answers, tenth)
    seconds = time.perf_counter() - started
    print(f"{answers.total():,} polls in {seconds:.0f} s")
    for status, count in sorted(answers.items()):
        print(f"  {status}: {count:,}")
    print(f"Resident memory: {resident:,} bytes, then {growth:+.2%}")
    print(f"Allocated blocks: {blocks:,}, then {more_blocks:+,}")
    print(f"Traced allocations, last {tenth - tenth // 2:,} polls: {traced:+,} bytes")
    if (
        growth > TOLERANCE_RESIDENT
        or more_blocks > TOLERANCE_BLOCKS
        or traced > TOLERANCE_TRACED_BYTES
    ):
        sys.exit(
            f"Memory has grown. Allowed are {TOLERANCE_RESIDENT:.0%}, "
            f"{TOLERANCE_BLOCKS:,} blocks, {TOLERANCE_TRACED_BYTES:,} bytes."
        )
    print("Flat.")


def trace(
    stream: cabc.Iterator[int], answers: collections.Counter[int], polls: int
) -> int:
    """Bytes that Python holds more at the end of so many polls than at half of them."""
    tracemalloc.start()
    answers.update(itertools.islice(stream, polls // 2))
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    answers.update(itertools.islice(stream, polls - polls // 2))
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


def poll_for_ever(app: Flask, host: Host) -> cabc.Iterator[int]:
    """Every kind of poll in turn; gives the status of each answer."""
    client, stranger, other = host.client(ADA), host.client(), host.client(BEN)
    etags: dict[str, str] = {}
    for number in itertools.count():
        if number % CHANGE_EVERY == 0:
            progress(app, number)
        yield ask(client, f"{POLLS}/operation-detail?id={1 + number % 50}", etags)
        yield ask(client, f"{POLLS}/operation-list", etags)
        yield ask(client, f"{POLLS}/review-pack?tenant_id=1", etags)
        yield ask(stranger, f"{POLLS}/operation-list", {})
        yield ask(other, f"{POLLS}/operation-detail?id={1 + number % 50}", {})
        yield ask(client, f"{POLLS}/operation-detail?id=x{number}", {})


def ask(client: FlaskClient, url: str, etags: dict[str, str]) -> int:
    """Poll as the page would, with the ETag of the last answer."""
    headers = {**POLL, "If-None-Match": etags.get(url, "")}
    answer = client.get(url, headers=headers)
    if "ETag" in answer.headers:
        etags[url] = answer.headers["ETag"]
    return answer.status_code


def progress(app: Flask, number: int) -> None:
    """Do a bit of work on a run, as a worker would."""
    counts = {"total": 1000, "processed": number % 1000}
    with app.app_context():
        db.session.execute(
            sa.update(OperationRun)
            .where(OperationRun.id == 1 + number % 50)
            .values(summary_counts=counts)
        )
        db.session.commit()


def resident_bytes() -> int:
    """Bytes of the process in memory."""
    gc.collect()
    status = pathlib.Path("/proc/self/status").read_text()
    [resident] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(resident.split()[1]) * 1024


def allocated_blocks() -> int:
    """Blocks of memory that Python has given out."""
    gc.collect()
    return sys.getallocatedblocks()


if __name__ == "__main__":
    main()
