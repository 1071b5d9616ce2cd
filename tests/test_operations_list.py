from __future__ import annotations

import collections.abc as cabc
import csv
import datetime as dt
import io
import json
import re
import typing as t

import pytest
from bs4 import Tag
from jinja2 import DictLoader
from markupsafe import Markup
from werkzeug.test import TestResponse

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import Clock
from .conftest import DANA
from .conftest import Host
from .conftest import NOW
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import Tenant
from .host_app import User
from .pages import is_silent
from .pages import own_scripts
from .pages import poll
from .pages import region
from .pages import soup

pytestmark = pytest.mark.usefixtures("frozen_clock")

LIST = "/admin/operations/"


def rows(response: TestResponse) -> list[Tag]:
    return [
        row
        for row in soup(response).select("table.model-list tbody tr")
        if row.select("td[data-key]")
    ]


def keys(response: TestResponse) -> list[str]:
    """The runs that a list page shows, by their keys, in order."""
    assert response.status_code == 200
    return [str(row.select("td[data-key]")[0]["data-key"]) for row in rows(response)]


def filter_groups(response: TestResponse) -> dict[str, list[dict[str, t.Any]]]:
    found = soup(response).select_one("#filter-groups-data")
    assert found is not None
    return t.cast(dict[str, list[dict[str, t.Any]]], json.loads(found.text))


def choices(response: TestResponse, name: str) -> list[str]:
    [group] = filter_groups(response)[name]
    return [label for _, label in group["options"]]


def test_a_row_shows_what_one_wants_to_know(host: Host, frozen_clock: Clock) -> None:
    """Status, type, tenant, initiator, progress, age and duration stand in a row."""
    run = host.add_run(
        status="running",
        user_id=ADA,
        created_at=NOW - dt.timedelta(minutes=3),
        started_at=NOW - dt.timedelta(seconds=125),
        summary_counts={"total": 200, "processed": 50},
    )
    [row] = rows(host.client(ADA).get(LIST))
    cells = [cell.get_text(" ", strip=True) for cell in row.select("td")]
    assert cells == [
        "Running",
        "integrity.verify",
        "North",
        "Ada",
        "25 % 50 / 200 · 25 %",
        "3 min ago",
        "2 min 5 s",
    ]
    created = row.select_one("time.ops-refresh-ago")
    assert created is not None
    assert created["title"] == host.written(NOW - dt.timedelta(minutes=3))
    link = row.select_one("a")
    assert link is not None
    assert link["href"] == f"/admin/operations/details/?id={run}"


def test_newest_first_then_by_key(host: Host) -> None:
    """The list begins with what was created last; ties are in order of their keys."""
    old = host.add_run(created_at=NOW - dt.timedelta(days=1))
    twin = host.add_run(created_at=NOW)
    newest = host.add_run(created_at=NOW)
    assert keys(host.client(ADA).get(LIST)) == [str(newest), str(twin), str(old)]


def test_the_list_polls_every_five_seconds_while_a_row_is_active(host: Host) -> None:
    """One active row on the page makes the whole page live."""
    host.add_run(status="completed", outcome="failed")
    run = host.add_run(status="queued", created_at=NOW - dt.timedelta(days=3))
    response = host.client(ADA).get(LIST)
    page = region(response)
    assert page.interval == "5"
    assert page.url == "/admin/ops-refresh/operation-list"
    assert len(own_scripts(response)) == 1
    host.update(OperationRun, run, status="completed", outcome="succeeded")
    assert is_silent(host.client(ADA).get(LIST))


def test_an_active_run_on_another_page_does_not_make_this_one_poll(host: Host) -> None:
    """What counts are the rows shown, not those of other pages."""
    for _ in range(20):
        host.add_run(status="completed", outcome="succeeded")
    host.add_run(status="running", created_at=NOW - dt.timedelta(days=1))
    client = host.client(ADA)
    assert is_silent(client.get(f"{LIST}?page_size=20"))
    assert region(client.get(f"{LIST}?page_size=20&page=1")).interval == "5"


def test_a_list_poll_shows_the_same_page_with_its_whole_query(host: Host) -> None:
    """Filters, search, sort and page of the list are those of its polls."""
    for i in range(30):
        host.add_run(status="running", type=f"kind.{i % 2}")
    host.add_run(status="completed", outcome="failed")
    client = host.client(ADA)
    query = "?flt0_0=running&flt1_1=kind.1&search=kind&sort=1&desc=1&page_size=20"
    page = client.get(LIST + query)
    found = region(page)
    assert found.url is not None
    assert "flt1_1=kind.1" in found.url
    answer = poll(client, found.url, "another")
    assert answer.status_code == 200
    assert keys(page) == [
        str(cell["data-key"])
        for cell in soup(answer).select("td[data-key]")
        if not str(cell["data-key"]).startswith("status")
    ]
    assert poll(client, found.url, found.etag).status_code == 304


@pytest.mark.parametrize(
    ("user", "tenants"),
    [
        (ADA, ["North", "South", "Whole workspace"]),
        (BEN, ["South", "Whole workspace"]),
        (CLEO, ["East"]),
    ],
    ids=["all tenants", "one tenant", "other workspace"],
)
def test_each_sees_the_rows_of_their_scope(
    host: Host, user: int, tenants: list[str]
) -> None:
    """Rows outside workspace and tenants are not listed, exported or offered."""
    host.add(Tenant(id=3, name="East"))
    host.add_run(tenant_id=None, type="kind.none", created_at=NOW)
    host.add_run(tenant_id=2, type="kind.south", created_at=NOW + dt.timedelta(1))
    host.add_run(tenant_id=1, type="kind.north", created_at=NOW + dt.timedelta(2))
    host.add_run(workspace_id=2, tenant_id=3, type="kind.east")
    client = host.client(user)
    response = client.get(LIST)
    shown = [row.select("td")[2].get_text(strip=True) for row in rows(response)]
    assert shown == tenants
    names = [name for name in tenants if name != "Whole workspace"]
    assert choices(response, "Tenant") == sorted(names)
    kinds = [f"kind.{name.lower()}" for name in names]
    kinds += ["kind.none"] * (len(tenants) - len(names))
    assert choices(response, "Type") == sorted(kinds)
    exported = client.get(f"{LIST}export/csv/").text
    assert [row["Type"] for row in csv.DictReader(io.StringIO(exported))] == kinds


def test_strangers_and_those_without_scope_get_no_list(host: Host) -> None:
    """Anonymous visitors and users without scope see no list and no menu entry."""
    host.add_run(status="running")
    assert host.client().get(LIST).status_code == 401
    assert host.client(DANA).get(LIST).status_code == 404
    assert "Operations" not in host.client().get("/admin/").text
    assert "Operations" not in host.client(DANA).get("/admin/").text
    assert "Operations" in host.client(ADA).get("/admin/").text


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("queued", 1),
        ("running", 1),
        ("succeeded", 1),
        ("partial", 1),
        ("failed", 1),
        ("unknown", 3),
    ],
)
def test_the_status_filter_goes_by_the_normalised_status(
    host: Host, status: str, expected: int
) -> None:
    """Filtering finds the rows whose badge says so, and no others."""
    for stored, outcome in [
        ("queued", None),
        ("running", None),
        ("completed", "succeeded"),
        ("completed", "partially_succeeded"),
        ("completed", "failed"),
        ("completed", None),
        ("completed", "other"),
        ("odd", "failed"),
    ]:
        host.add_run(status=stored, outcome=outcome)
    found = rows(host.client(ADA).get(f"{LIST}?flt0_0={status}"))
    badges = [
        next(name for name in badge.get_attribute_list("class") if "status-" in name)
        for row in found
        for badge in row.select(".ops-refresh-status")
    ]
    assert badges == [f"ops-refresh-status-{status}"] * expected


def test_the_tenant_filter_offers_and_finds_only_what_is_in_scope(host: Host) -> None:
    """Filtering by a tenant out of scope finds nothing."""
    host.add_run(tenant_id=1)
    south = host.add_run(tenant_id=2)
    client = host.client(BEN)
    assert choices(client.get(LIST), "Tenant") == ["South"]
    assert keys(client.get(f"{LIST}?flt0_2=2")) == [str(south)]
    assert keys(client.get(f"{LIST}?flt0_2=1")) == []


def test_filters_by_creation_time(host: Host) -> None:
    """Runs are found by when they were created, in UTC."""
    old = host.add_run(created_at=NOW - dt.timedelta(days=2))
    new = host.add_run(created_at=NOW)
    client = host.client(ADA)
    day_ago = "2026-03-13 12:00:00"
    assert keys(client.get(f"{LIST}?flt0_4={day_ago}")) == [str(new)]
    assert keys(client.get(f"{LIST}?flt0_5={day_ago}")) == [str(old)]
    between = f"2026-03-12 00:00:00 to {day_ago}"
    assert keys(client.get(LIST, query_string={"flt0_3": between})) == [str(old)]


@pytest.mark.parametrize("term", ["inventory", "^inventory", "North", "Ada", "{id}"])
def test_search_finds_type_tenant_initiator_and_key(host: Host, term: str) -> None:
    """One field searches what identifies a run."""
    run = host.add_run(type="inventory.collect", tenant_id=1, user_id=ADA)
    host.add_run(type="other", tenant_id=2)
    term = term.format(id=run)
    assert keys(host.client(ADA).get(LIST, query_string={"search": term})) == [str(run)]


def test_page_sizes_are_20_50_and_100(host: Host) -> None:
    """A page has one of three sizes, whatever is asked for."""
    for _ in range(120):
        host.add_run()
    client = host.client(ADA)
    sizes = {
        size: len(keys(client.get(f"{LIST}?page_size={size}")))
        for size in ("20", "50", "100", "7", "1000000", "-1", "x")
    }
    assert sizes == {
        "20": 20,
        "50": 50,
        "100": 100,
        "7": 50,
        "1000000": 50,
        "-1": 50,
        "x": 50,
    }


def test_rows_are_never_counted(host: Host) -> None:
    """No COUNT runs for the list, however it is shown; the overview has its own."""
    host.add_run()
    client = host.client(ADA)
    with host.statements() as statements:
        client.get(f"{LIST}?page_size=50")
        client.get(f"{LIST}?search=x&flt0_0=running&page=3")
    assert statements
    assert not [each for each in statements if "count(" in each.lower()]


@pytest.mark.parametrize(
    "query",
    [
        "page=99999999999999999999",
        "page=-5",
        "sort=99",
        "sort=-1",
        "desc=x",
        "flt0_0=nothing",
        "flt0_2=x",
        "flt0_2=99999999999999999999",
        "flt0_3=yesterday",
        "flt0_99=x",
        "flt=1",
        "search=%00",
        "search=" + "a%20" * 500,
        "search=%25_%5C'",
        "flt0_1=%00",
        "id=7&id=8",
        "url=/admin/",
    ],
)
def test_odd_queries_never_break_the_list_or_its_poll(host: Host, query: str) -> None:
    """Whatever stands in the address, page and poll answer without an error."""
    host.add_run(status="running")
    client = host.client(ADA)
    assert client.get(f"{LIST}?{query}").status_code == 200
    assert poll(client, f"/admin/ops-refresh/operation-list?{query}").status_code == 200


@pytest.mark.parametrize(
    "query", ["endpoint=x", "export_type=x", "_external=1", "self=1"]
)
def test_names_that_addresses_cannot_carry_are_404(host: Host, query: str) -> None:
    """A query that would break the page's own links finds no page."""
    host.add_run(status="running")
    client = host.client(ADA)
    assert client.get(f"{LIST}?{query}").status_code == 404
    assert poll(client, f"/admin/ops-refresh/operation-list?{query}").status_code == 404


def test_an_address_of_more_filters_than_anybody_sets_is_refused(host: Host) -> None:
    """Filters without end make no SELECT that the database chokes on."""
    host.add_run(status="running")
    client = host.client(ADA)
    for count, status in ((100, 200), (101, 400), (1_100, 400)):
        query = "&".join(f"flt{number}_1=x" for number in range(count))
        url = f"/admin/ops-refresh/operation-list?{query}"
        assert client.get(f"{LIST}?{query}").status_code == status
        assert poll(client, url).status_code == status


def test_formulas_in_an_export_are_defused(host: Host) -> None:
    """No cell of an export starts what a spreadsheet would run."""
    for start in (
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        " =",
        "\n=",
        "\xa0=",
        "＝",
        "\ufeff=",
    ):
        host.add_run(type=f"{start}cmd")
    exported = host.client(ADA).get(f"{LIST}export/csv/").text
    cells = [row["Type"] for row in csv.DictReader(io.StringIO(exported, newline=""))]
    assert len(cells) == 11
    assert not [
        cell for cell in cells if cell.lstrip(" \n\xa0\ufeff")[0] in "=+-@＝\t\r"
    ]


def test_an_export_holds_the_filtered_runs(host: Host) -> None:
    """An export has a row for each run that the filters leave."""
    run = host.add_run(
        status="completed",
        outcome="failed",
        started_at=NOW,
        completed_at=NOW + dt.timedelta(seconds=2.5),
        summary_counts={"total": 3, "failed": 1},
        user_id=ADA,
    )
    host.add_run(status="running")
    exported = host.client(ADA).get(f"{LIST}export/csv/?flt0_0=failed")
    assert exported.mimetype == "text/csv"
    assert list(csv.DictReader(io.StringIO(exported.text))) == [
        {
            "Run": str(run),
            "Status": "failed",
            "Type": "integrity.verify",
            "Tenant": "North",
            "Started by": "Ada",
            "Total": "3",
            "Processed": "",
            "Succeeded": "",
            "Failed": "1",
            "Skipped": "",
            "Created": "2026-03-14T12:00:00+00:00",
            "Started": "2026-03-14T12:00:00+00:00",
            "Finished": "2026-03-14T12:00:02.500000+00:00",
            "Duration": "2.500",
        }
    ]


def test_a_malformed_row_leaves_the_others_in_place(host: Host) -> None:
    """Broken JSON, an unknown status or a missing date costs only a row's own cells."""
    good = host.add_run(status="running")
    bad = host.add_run(status="odd")
    host.execute(
        "UPDATE operation_runs SET created_at = 'never', summary_counts = '{', "
        "context = '}', started_at = '' WHERE id = :id",
        id=bad,
    )
    response = host.client(ADA).get(LIST)
    assert sorted(keys(response)) == sorted([str(good), str(bad)])
    assert region(response).interval == "5"
    assert f"{bad},unknown" in host.client(ADA).get(f"{LIST}export/csv/").text


def test_a_malformed_row_alone_polls_nothing(host: Host) -> None:
    """A row whose status is not known is not waited for."""
    host.add_run(status="Running")
    host.add_run(status="running ", created_at=None)
    assert is_silent(host.client(ADA).get(LIST))


def test_an_empty_list_says_why(host: Host) -> None:
    """An empty list tells whether there is nothing or nothing matches."""
    client = host.client(ADA)
    assert "No operation has been started yet." in client.get(LIST).text
    filtered = client.get(f"{LIST}?flt0_0=failed").text
    assert "No operation matches these filters." in filtered


def test_the_view_is_read_only(host: Host) -> None:
    """There is nothing to create, edit or delete, and no action."""
    run = host.add_run()
    client = host.client(ADA)
    before = host.client(ADA).get(LIST).data
    for path, method in (
        ("new/", "POST"),
        (f"edit/?id={run}", "POST"),
        ("delete/", "POST"),
        ("action/", "POST"),
        ("ajax/update/", "POST"),
        ("ajax/lookup/?name=user&query=a", "GET"),
    ):
        data = {"id": run, "rowid": run, "action": "delete", "type": "x"}
        response = client.open(f"{LIST}{path}", method=method, data=data)
        assert response.status_code in (302, 404)
    assert client.get(LIST).data == before


def test_redirects_never_leave_the_host(host: Host) -> None:
    """No return address in a query leads elsewhere."""
    client = host.client(ADA)
    for path in ("new/", "edit/", "export/xls/"):
        response = client.get(f"{LIST}{path}?url=http:evil.example/x")
        assert response.status_code == 400


@pytest.mark.parametrize(
    "column", ["type", "status", "outcome", "created_at", "summary_counts", "context"]
)
def test_text_that_is_not_utf_8_costs_only_its_own_cell(
    host: Host, column: str
) -> None:
    """A row whose bytes no encoding explains leaves page, poll and export up."""
    good = host.add_run(status="running", created_at=NOW)
    bad = host.add_run(status="running", context={})
    host.execute(
        f"UPDATE operation_runs SET {column} = CAST(:bytes AS TEXT) WHERE id = :id",
        bytes=b"\xff\x00\xfe",
        id=bad,
    )
    client = host.client(ADA)
    assert str(good) in keys(client.get(LIST))
    assert len(keys(client.get(LIST))) == 2
    assert client.get(f"{LIST}details/?id={bad}").status_code == 200
    assert client.get(f"{LIST}export/csv/").status_code == 200
    assert poll(client, "/admin/ops-refresh/operation-list").status_code == 200


def test_pages_in_a_context_pushed_by_hand_stay_apart(host: Host) -> None:
    """Requests made within an outer context share nothing of what they show."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    with host.app.test_request_context():
        first = client.get(LIST)
        assert poll(client, "/admin/ops-refresh/operation-list").status_code == 200
        newer = host.add_run(status="running", created_at=NOW + dt.timedelta(1))
        assert keys(first) == [str(run)]
        assert keys(client.get(LIST)) == [str(newer), str(run)]
        assert "</html>" in client.get(LIST).text


def test_the_list_is_sent_without_its_templates_indentation(host: Host) -> None:
    """No line of it begins with blanks: they would be half of what is sent."""
    host.add_run(status="running")
    listed = poll(host.client(ADA), "/admin/ops-refresh/operation-list")
    assert "\n" in listed.text
    assert not re.search(r"\n\s", listed.text)


class _LaidOut(OperationsView):
    column_formatters: t.ClassVar[t.Any] = {
        "type": lambda view, context, run, name: Markup("<pre>a\n    b</pre>")
    }


def test_text_that_is_laid_out_by_blanks_stays(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What an app's own formatter puts into ``<pre>`` is sent as it is."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=_LaidOut)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add_run(status="running")
    listed = poll(host.client(ADA), "/admin/ops-refresh/operation-list")
    assert "<pre>a\n    b</pre>" in listed.text


def markup(response: TestResponse) -> list[str]:
    """The rows of a list as markup, whatever their template is laid out with."""
    found = soup(response).select(".model-list tr")
    return [re.sub(r"\s+", " ", str(row)).replace("> <", "><") for row in found]


def test_rows_are_those_of_flask_admins_template(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What writes plain rows by itself writes what the template would."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=_OwnTemplate)
    ops.scope_loader(load_scope)
    templated, plain = make_host(ops=ops), make_host()
    templated.app.jinja_loader = DictLoader(
        {"own_list.html": '{% extends "flask_ops_refresh/operation_list.html" %}'}
    )
    found = []
    for host in (templated, plain):
        host.add_run(id=7, type="<b>&", status="queued", tenant_id=None)
        found.append(markup(host.client(ADA).get(LIST)))
    assert found[0] == found[1]
    assert len(found[0]) == 2


class _OwnTemplate(OperationsView):
    list_template = "own_list.html"


def test_rows_of_an_apps_own_template_are_shown(host: Host) -> None:
    """A template of an app's in the place of Flask-Admin's writes its rows."""
    own = """
        {% extends "admin/master.html" %}
        {% block body %}{% block model_list_table %}<table class="model-list">
        {% for row in data %}
        <tr>{% block list_row scoped %}<td>own {{ row.key }}</td>{% endblock %}</tr>
        {% endfor %}
        </table>{% endblock %}{% endblock %}
    """
    host.app.jinja_loader = DictLoader({"admin/model/list.html": own})
    host.add_run(id=7)
    assert ">own 7</td>" in markup(host.client(ADA).get(LIST))[0]


class OwnOrder(OperationsView):
    """A view whose order is its own, though it is the usual one."""

    def _get_default_order(self) -> t.Any:
        return super()._get_default_order()


class OwnWords(OperationsView):
    """A view with text of its own, and variables of its own."""

    def tenant_tag(self, run: t.Any) -> t.Any:
        return run.tenant

    def run_url(self, run: t.Any) -> str:
        return super().run_url(run) + "#top"

    def detail_context(self, run: t.Any) -> dict[str, t.Any]:
        return {**super().detail_context(run), "own": 1}


def test_what_a_view_overrides_is_asked_as_it_is_documented(
    make_host: cabc.Callable[..., Host],
) -> None:
    """With the run alone; and text that is no markup is escaped in the list too."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=OwnWords)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    run = host.add_run(tenant_id=1, status="running")
    host.update(Tenant, 1, name="<img src=x>")
    client = host.client(ADA)
    for answer in (client.get(LIST), poll(client, "/admin/ops-refresh/operation-list")):
        assert "&lt;img src=x&gt;" in answer.text
        assert not soup(answer).select("img")
    details = f"/admin/operations/details/?id={run}&url={LIST}"
    page = client.get(details)
    assert page.status_code == 200
    url = region(page).url
    assert url is not None
    assert poll(client, url).status_code == 200


@pytest.mark.parametrize("path", [LIST, "/admin/ops-refresh/operation-list"])
def test_what_is_no_markup_is_escaped_in_every_column(
    make_host: cabc.Callable[..., Host], path: str
) -> None:
    """Text with a tag in it stays text, whether the column is the app's or not."""

    class WithoutLinks(OperationsView):
        can_view_details = False
        column_list: t.ClassVar[t.Any] = ("type", "tenant", "user", "own")
        column_formatters: t.ClassVar[t.Any] = {
            "own": lambda view, context, run, name: "<img src=own>"
        }

    ops = OpsRefresh(operation_run=OperationRun, operations_view=WithoutLinks)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.update(User, ADA, name="<img src=user>")
    host.update(Tenant, 1, name="<img src=tenant>")
    host.add_run(tenant_id=1, status="running", type="<img src=type>", user_id=ADA)
    client = host.client(ADA)
    answer = poll(client, path) if "ops-refresh" in path else client.get(path)
    for name in ("type", "tenant", "user", "own"):
        assert f"&lt;img src={name}&gt;" in answer.text
    assert not soup(answer).select("tbody img")


class OldestFirst(OperationsView):
    """A view that names its order as it is made."""

    def __init__(self, *args: t.Any, **options: t.Any) -> None:
        self.column_default_sort = "created_at"
        super().__init__(*args, **options)


def test_an_order_that_a_view_names_as_it_is_made(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """It stands as if the class had named it."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=OldestFirst)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    newer = host.add_run(created_at=NOW - dt.timedelta(minutes=1))
    older = host.add_run(created_at=NOW - dt.timedelta(minutes=2))
    assert keys(host.client(ADA).get(LIST)) == [str(older), str(newer)]


def test_the_usual_list_is_what_flask_admin_would_read(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """The SELECT that is put together once shows the rows of Flask-Admin's own way."""
    shown: list[list[t.Any]] = []
    for view in (OperationsView, OwnOrder):
        ops = OpsRefresh(operation_run=OperationRun, operations_view=view)
        ops.scope_loader(load_scope)
        host = make_host(ops=ops)
        for number in range(45):
            host.add_run(
                type=f"kind.{number}",
                tenant_id=(1, 2, 3, None)[number % 4],
                workspace_id=2 if number % 9 == 8 else 1,
                status=("queued", "completed")[number % 2],
                outcome=(None, "failed", "succeeded")[number % 3],
                created_at=NOW - dt.timedelta(minutes=number // 4),
            )
        shown.append(
            [
                [row.get_text(" ", strip=True) for row in rows(page)]
                for user in (ADA, BEN, CLEO)
                for tab in ("", "&tab=active", "&tab=failed")
                for query in ("page_size=20", "page=1&page_size=20", "")
                for page in [host.client(user).get(f"{LIST}?{query}{tab}")]
            ]
        )
    assert shown[0] == shown[1]
    assert any(len(page) == 20 for page in shown[0])
