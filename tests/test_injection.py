"""Text that tries to run, in exports and in what a request itself sends."""

from __future__ import annotations

import csv
import io
import re

import pytest
from bs4 import BeautifulSoup
from bs4 import Tag

from flask_ops_refresh.stored_values import printable

from .conftest import ADA
from .conftest import Host
from .conftest import POLL
from .host_app import OperationRun
from .host_app import Tenant
from .host_app import User
from .pages import poll
from .pages import soup
from .payloads import PAYLOADS

pytestmark = pytest.mark.usefixtures("frozen_clock")

# A spreadsheet takes a cell for a formula by its first character that shows.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def test_no_cell_of_an_export_is_a_formula_and_none_is_lost(host: Host) -> None:
    """Each payload, as type, tenant and person, comes back as the text it was."""
    host.execute("DELETE FROM tenants")
    numbers = range(1, len(PAYLOADS) + 1)
    for n, text in zip(numbers, PAYLOADS, strict=True):
        host.add(
            Tenant(id=n, name=text),
            User(id=100 + n, name=text, workspace_id=1),
            OperationRun(
                id=n,
                workspace_id=1,
                tenant_id=n,
                user_id=100 + n,
                type=text,
                status=text,
                outcome=text,
                summary_counts={"total": text, "processed": text, text: 1},
            ),
        )
    response = host.client(ADA).get("/admin/operations/export/csv/")
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert len(rows) == len(PAYLOADS)
    for row in rows:
        expected = printable(PAYLOADS[int(row["Run"]) - 1])
        assert row["Status"] == "unknown"
        for name in ("Type", "Tenant", "Started by"):
            cell = row[name]
            assert cell.replace("'", "") == expected.replace("'", "")
            # Spreadsheets that divide by other characters find no formula either.
            for part in (cell, *re.split(r"[;\t\r\n]", cell)):
                assert not part.lstrip(" \n\v\f\xa0\ufeff").startswith(FORMULA)
        assert row["Total"] == row["Processed"] == ""


def outline(page: BeautifulSoup | Tag) -> list[tuple[str, list[str]]]:
    """The elements of a page and the names of their attributes."""
    found = page.find_all(True)
    return [(each.name, sorted(each.attrs)) for each in found if isinstance(each, Tag)]


def test_what_a_request_sends_adds_no_element_and_no_attribute(host: Host) -> None:
    """Searched, filtered, or in arguments nobody knows: a text is as any other word."""
    host.add_run(status="running", type="kind.a")
    client = host.client(ADA)
    pages = {}
    for i, text in enumerate(("zzz", "zzz", *PAYLOADS)):
        query = {"search": text, "unknown": text, "flt0_0": text, text: text}
        path = ("/admin/operations/", "/admin/ops-refresh/operation-list")[i % 2]
        answer = client.get(path, query_string=query, headers=POLL)
        if text.startswith("_"):
            assert answer.status_code in (200, 404)
            continue
        assert answer.status_code == 200
        pages.setdefault(path, outline(soup(answer)))
        assert outline(soup(answer)) == pages[path], text


def test_ids_from_a_request_are_a_404_that_repeats_nothing(host: Host) -> None:
    """Whatever stands for an id, neither page nor poll says it again."""
    client = host.client(ADA)
    missing = client.get("/admin/operations/details/?id=999").data
    for text in PAYLOADS:
        for path in ("operation-detail?id=", "review-pack?tenant_id="):
            url, _, argument = path.partition("?")
            query = {argument.rstrip("="): text}
            answer = client.get(
                f"/admin/ops-refresh/{url}",
                query_string=query,
                headers=POLL,
            )
            assert (answer.status_code, answer.data) == (404, b"")
        page = client.get("/admin/operations/details/", query_string={"id": text})
        assert (page.status_code, page.data) == (404, missing)


def test_tags_and_headers_of_polls_hold_nothing_that_is_stored(host: Host) -> None:
    """No stored text ends up in a header of an answer."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    names = {"ETag", "Ops-Refresh-Region", "Ops-Refresh-Interval"}
    for text in PAYLOADS:
        host.update(OperationRun, run, type=text, context={text: text})
        answer = poll(client, f"/admin/ops-refresh/operation-detail?id={run}")
        assert answer.status_code == 200
        assert text not in str(answer.headers)
        assert names <= set(answer.headers.keys())
