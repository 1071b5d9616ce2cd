"""No row takes a page down, whatever stands in it, and none hides another."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import html
import json
import pathlib
import re
import tracemalloc
import typing as t
import urllib.parse

import hypothesis
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import strategies as st

from flask_ops_refresh import OpsRefresh

from . import any_row
from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .pages import poll

pytestmark = pytest.mark.usefixtures("frozen_clock")

#: 10,080 rows in all: on each database, with each kind of key, so many batches.
BATCHES, ROWS = 21, 40
#: What a person can still look at, and a browser patch, in bytes.
LARGEST_DETAIL, LARGEST_LIST_ROW, LARGEST_OVERVIEW = 400_000, 8_000, 60_000
POLLS = "/admin/ops-refresh"


@contextlib.contextmanager
def host_of(kind: str, key: str, folder: pathlib.Path) -> cabc.Iterator[Host]:
    """A host whose runs have a key of this kind, and whose columns take anything."""
    with database(kind, folder) as url:
        ops = OpsRefresh(operation_run=any_row.RUNS[key], review_pack=any_row.AnyPack)
        ops.scope_loader(load_scope)
        ops.review_pack_download_url(lambda pack: f"/packs/{pack.id}")
        app = create_host(url, ops=ops)
        host = populate(app)
        with app.app_context(), db.engine.begin() as connection:
            any_row.make_room(connection)
        try:
            yield host
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


def with_keys(key: str, rows: list[t.Any]) -> list[dict[str, t.Any]]:
    """The rows as they are stored, each with a key of its own."""
    told_apart_by_number = key in ("text", "pair")
    stored = []
    for number, (parts, values) in enumerate(rows):
        *first, last = parts
        if isinstance(last, any_row.Stored):
            last = any_row.Stored(last.content + f".{number}".encode())
        elif told_apart_by_number:
            # Without the point "2" and 7 would be as nothing and 27.
            last = f"{last}.{number}"
        names = ("shard", "id") if key == "pair" else ("id",)
        own = dict(zip(names, (*first, last), strict=True))
        stored.append({"workspace_id": 1, **own, **values})
    return stored


def store(host: Host, table: str, rows: list[dict[str, t.Any]]) -> None:
    """Make these the only rows of a table."""
    with host.app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM {table}"))
        any_row.insert(connection, table, rows)


def assert_polled_right(interval: str | None) -> None:
    assert interval is None or 1 <= float(interval) <= 300


def links(html_text: str) -> list[str]:
    """The ids that a list leads to, as its addresses have them."""
    found = re.findall(
        r'<td class="col-type">\s*<a [^>]*href="[^"?]*\?id=([^"]*)"', html_text
    )
    return [urllib.parse.unquote_plus(html.unescape(id)) for id in found]


def check_runs(
    client: FlaskClient, rows: list[dict[str, t.Any]], every_nth: int
) -> None:
    answer = poll(client, f"{POLLS}/operation-list")
    assert answer.status_code == 200
    assert len(answer.data) < LARGEST_LIST_ROW * len(rows)
    assert_polled_right(answer.headers.get("Ops-Refresh-Interval"))
    ids = links(answer.text)
    assert len(ids) == len(rows)
    again = poll(client, f"{POLLS}/operation-list", answer.headers["ETag"])
    assert again.status_code == 304
    overview = poll(client, f"{POLLS}/operations-overview")
    assert overview.status_code == 200
    assert len(overview.data) < LARGEST_OVERVIEW
    assert_polled_right(overview.headers.get("Ops-Refresh-Interval"))
    reached = 0
    for id in ids[::every_nth]:
        query = urllib.parse.urlencode({"id": id})
        detail = poll(client, f"{POLLS}/operation-detail?{query}")
        assert detail.status_code in (200, 404)
        reached += detail.status_code == 200
        assert len(detail.data) < LARGEST_DETAIL
        assert_polled_right(detail.headers.get("Ops-Refresh-Interval"))
    unreachable = sum(map(is_unreachable, rows))
    assert reached >= len(ids[::every_nth]) - unreachable


def is_unreachable(row: dict[str, t.Any]) -> bool:
    """Whether no address can name the row: its key is not even text."""
    key = row["id"]
    if not isinstance(key, any_row.Stored):
        return False
    try:
        return "\0" in key.content.decode()
    except UnicodeDecodeError:
        return True


@pytest.mark.parametrize("key", any_row.RUNS)
@pytest.mark.parametrize("kind", KINDS)
def test_any_rows_are_shown_beside_each_other(
    kind: str, key: str, tmp_path: pathlib.Path
) -> None:
    """10,080 generated runs: every one is listed, with its own page, none is a 5xx.

    SQLite takes the widest choice of values, so there every second run's page is
    asked for; elsewhere that of every tenth.
    """
    table = any_row.RUNS[key].__tablename__
    row = st.tuples(any_row.keys(kind, key), any_row.runs(kind))
    unique = (lambda row: row[0]) if key in ("number", "uuid") else None
    batch = st.lists(row, min_size=ROWS, max_size=ROWS, unique_by=unique)
    batch = batch.map(any_row.Batch)
    with host_of(kind, key, tmp_path) as host:
        client = host.client(ADA)

        @hypothesis.settings(
            max_examples=BATCHES,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(batch)
        def check(rows: list[t.Any]) -> None:
            stored = with_keys(key, rows)
            store(host, table, stored)
            check_runs(client, stored, 2 if kind == "sqlite" else 10)

        check()


@pytest.mark.parametrize("kind", KINDS)
def test_any_pack_has_its_card(kind: str, tmp_path: pathlib.Path) -> None:
    """Whatever a pack's row holds, the dashboard stands and its poll is answered."""
    with host_of(kind, "number", tmp_path) as host:
        client = host.client(ADA)
        with client.session_transaction() as session:
            session["tenant_id"] = 1

        @hypothesis.settings(
            max_examples=80,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(any_row.packs(kind), st.booleans())
        def check(values: dict[str, t.Any], whole_page: bool) -> None:
            own = {"id": 1, "workspace_id": 1, "tenant_id": 1}
            store(host, "any_packs", [{**own, **values}])
            answer = poll(client, f"{POLLS}/review-pack?tenant_id=1")
            assert answer.status_code == 200
            assert len(answer.data) < 50_000
            assert_polled_right(answer.headers.get("Ops-Refresh-Interval"))
            if whole_page:
                assert client.get("/admin/").status_code == 200

        check()


@pytest.mark.parametrize("broken", [False, True], ids=["whole", "broken"])
@pytest.mark.parametrize("kind", KINDS)
def test_ten_megabytes_of_context_are_not_carried_about(
    kind: str, broken: bool, tmp_path: pathlib.Path
) -> None:
    """The database cuts a large value: neither memory nor answer grow with it."""
    text = json.dumps({"lines": ["x" * 100] * 100_000})
    assert len(text) > 10_000_000
    row = {
        "id": 1,
        "workspace_id": 1,
        "tenant_id": 1,
        "type": "kind.a",
        "status": "running",
        "created_at": str(NOW.replace(tzinfo=None)),
        "context": text[broken:],
    }
    with host_of(kind, "number", tmp_path) as host:
        store(host, "number_runs", [row])
        host.execute("UPDATE number_runs SET failure_summary = context")
        del text, row
        client = host.client(ADA)
        url = f"{POLLS}/operation-detail?id=1"
        poll(client, url)
        tracemalloc.start()
        try:
            with host.statements() as statements:
                answer = poll(client, url)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()
        assert answer.status_code == 200
        assert len(answer.data) < LARGEST_DETAIL
        assert sum("FROM number_runs" in each for each in statements) == 1
        assert poll(client, url, answer.headers["ETag"]).status_code == 304
