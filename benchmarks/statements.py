"""How many SELECTs a poll sends to the database beyond the app's own.

On PostgreSQL a ``SET LOCAL lock_timeout`` goes before them, which this does not count,
and each new connection is asked once for its own ``lock_timeout``.
"""

from __future__ import annotations

import os
import typing as t

import sqlalchemy as sa

from . import databases
from . import measured_app
from . import sample_rows
from .goals import Measured

_ACTIVE = (1, 50)
_READS = ("SELECT", "WITH")


def by_poll(kind: str) -> list[Measured]:
    """SELECTs of unchanged and changed polls, with one row and with many."""
    found: dict[str, int] = {}
    for active in _ACTIVE:
        with databases.KINDS[kind]() as url:
            for name, count in _counts(url, active).items():
                found[name] = max(count, found.get(name, 0))
    return [
        Measured(f"SELECTs of a poll, {name}", count, _limit(name), at_most=True)
        for name, count in sorted(found.items(), reverse=True)
    ]


def _limit(name: str) -> int:
    """The overview has its figures and the latest failures, changed or not."""
    limits = {"unchanged": 1, "changed": 3}
    return 2 if name.endswith("overview") else limits[name.partition(" ")[0]]


def _counts(url: str, active: int) -> dict[str, int]:
    engine = sa.create_engine(url)
    run_id = sample_rows.fill(engine, sample_rows.FEWEST, active)
    engine.dispose()
    os.environ[measured_app.DATABASE_URL] = url
    app = measured_app.create_app()
    client = app.test_client()
    client.get("/sign-in/1")

    def ask(path: str, **headers: str) -> tuple[int, t.Any]:
        with app.app_context():
            engine = measured_app.db.engine
        with databases.counting(engine) as told:
            response = client.get(path, headers=headers)
        return sum(each.startswith(_READS) for each in told), response

    app_own = ask(f"/floor/detail/{run_id}")[0] - 1
    found = {}
    for name, region in (
        ("detail", f"operation-detail?id={run_id}"),
        ("list", "operation-list"),
        ("card", "review-pack?tenant_id=1"),
        ("overview", "operations-overview"),
    ):
        path = f"/admin/ops-refresh/{region}"
        ask(path, **{"Ops-Refresh": "1"})
        changed, response = ask(path, **{"Ops-Refresh": "1"})
        tag = {"Ops-Refresh": "1", "If-None-Match": response.headers["ETag"]}
        unchanged, _ = ask(path, **tag)
        found[f"changed {name}"] = changed - app_own
        found[f"unchanged {name}"] = unchanged - app_own
    with app.app_context():
        measured_app.db.engine.dispose()
    return found
