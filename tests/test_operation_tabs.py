"""The list's tabs, their counts, its empty pages, and whose each run is."""

from __future__ import annotations

import collections.abc as cabc
import csv
import dataclasses
import datetime as dt
import functools
import io
import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from bs4 import Tag
from flask import Flask
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import orm
from werkzeug.test import TestResponse

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import BEN
from .conftest import Clock
from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .host_app import Model
from .host_app import OperationRun
from .host_app import Tenant
from .pages import is_silent
from .pages import own_scripts
from .pages import poll
from .pages import region
from .pages import soup
from .query_plans import plan
from .query_plans import statements
from .test_operations_list import keys
from .test_operations_list import LIST
from .test_operations_list import rows

pytestmark = pytest.mark.usefixtures("frozen_clock")

POLL = "/admin/ops-refresh/operation-list"
FAILED = {"status": "completed", "outcome": "failed"}
SUCCEEDED = {"status": "completed", "outcome": "succeeded"}


def tab(response: TestResponse, name: str) -> Tag:
    found = [
        link
        for link in soup(response).select(".ops-refresh-tabs a")
        if link.get_text(" ", strip=True).startswith(name)
    ]
    assert len(found) == 1, name
    return found[0]


def counts(response: TestResponse) -> list[str]:
    """What stands on the tabs, in order."""
    return [
        link.get_text(" ", strip=True)
        for link in soup(response).select(".ops-refresh-tabs a")
    ]


def chosen(response: TestResponse) -> list[str]:
    return [
        link.get_text(" ", strip=True).split()[0]
        for link in soup(response).select(".ops-refresh-tabs [aria-current=page]")
    ]


def test_a_tab_shows_its_runs_and_how_many_there_are(host: Host) -> None:
    """Active are queued and running runs, failed are failed ones; All is the list."""
    queued, running = host.add_run(), host.add_run(status="running")
    failed = host.add_run(**FAILED)
    succeeded = host.add_run(**SUCCEEDED)
    client = host.client(ADA)
    shown = {
        name: (chosen(page), keys(page))
        for name in ("", "active", "failed")
        for page in [client.get(f"{LIST}?tab={name}" if name else LIST)]
    }
    newest_first = [str(id) for id in (succeeded, failed, running, queued)]
    assert shown == {
        "": (["All"], newest_first),
        "active": (["Active"], newest_first[2:]),
        "failed": (["Failed"], [str(failed)]),
    }
    on_tabs = ["Active 2", "Failed 1 in the last 24 hours", "All"]
    assert counts(client.get(LIST)) == on_tabs
    assert counts(client.get(f"{LIST}?tab=failed")) == on_tabs


def test_a_tab_keeps_sorting_search_filters_and_page_size(host: Host) -> None:
    """The tabs' links change the tab and the page alone, and all else keeps the tab."""
    for _ in range(25):
        host.add_run(type="kind.a", status="running")
    client = host.client(ADA)
    query = "sort=1&desc=1&search=kind&flt0_1=kind.a&page_size=20"
    page = client.get(f"{LIST}?{query}&page=1")
    link = str(tab(page, "Active")["href"])
    assert "page=" not in link.replace("page_size=", "")
    on_tab = client.get(link)
    assert chosen(on_tab) == ["Active"]
    assert len(rows(on_tab)) == 20
    for part in (*query.split("&"), "tab=active"):
        assert part in link
    page = soup(on_tab)
    following = [str(each["href"]) for each in page.select(".pagination a")]
    sorting = [str(each["href"]) for each in page.select("th a[href]")]
    sizes = [
        str(each["href"]) for each in page.select("a.dropdown-item[href*=page_size]")
    ]
    assert min(map(len, (following, sorting, sizes))) > 0
    for url in (*following, *sorting, *sizes):
        if url.startswith("/"):
            assert "tab=active" in url
    for form in page.select("#filter_form, form[role=search]"):
        kept = form.select_one("input[name=tab]")
        assert kept is not None
        assert kept["value"] == "active"
    polled = region(on_tab).url
    assert polled is not None
    assert "tab=active" in polled
    assert "tab=" not in str(tab(on_tab, "All")["href"])


def test_an_unknown_tab_is_the_whole_list(host: Host) -> None:
    """A word that names no tab leaves nothing out, as any other unknown argument."""
    run = host.add_run(**SUCCEEDED)
    for query in ("tab=nothing", "tab=", "tab=Active", "tab=active%00", "tab=a&tab=b"):
        page = host.client(ADA).get(f"{LIST}?{query}")
        assert (chosen(page), keys(page)) == (["All"], [str(run)])


def test_an_export_holds_what_the_tab_shows(host: Host) -> None:
    """The link to the export keeps the tab, and the export has its runs alone."""
    host.add_run(type="kind.running", status="running")
    host.add_run(type="kind.failed", **FAILED)
    client = host.client(ADA)
    page = soup(client.get(f"{LIST}?tab=failed"))
    [link] = [each for each in page.select("a") if "/export/" in str(each.get("href"))]
    exported = csv.DictReader(io.StringIO(client.get(str(link["href"])).text))
    assert [row["Type"] for row in exported] == ["kind.failed"]


def test_failures_are_counted_for_a_day(host: Host, frozen_clock: Clock) -> None:
    """A run that failed counts until it is 24 hours old, and stays on its tab."""
    run = host.add_run(**FAILED, created_at=NOW)
    client = host.client(ADA)
    frozen_clock.advance(hours=24)
    assert counts(client.get(LIST))[1].startswith("Failed 1 ")
    frozen_clock.advance(seconds=1)
    page = client.get(f"{LIST}?tab=failed")
    assert counts(page)[1].startswith("Failed 0 ")
    assert keys(page) == [str(run)]


def test_counts_are_live_with_the_list(host: Host, frozen_clock: Clock) -> None:
    """A run elsewhere, that the page does not show, changes what stands on the tabs."""
    for minutes in range(20):
        host.add_run(created_at=NOW - dt.timedelta(minutes=minutes))
    client = host.client(ADA)
    page = region(client.get(f"{LIST}?page_size=20"))
    assert page.url is not None
    assert poll(client, page.url, page.etag).status_code == 304
    host.add_run(status="running", created_at=NOW - dt.timedelta(days=3))
    answer = poll(client, page.url, page.etag)
    assert answer.status_code == 200
    assert counts(answer)[0] == "Active 21"


def test_an_unchanged_poll_of_a_tab_is_one_select(host: Host) -> None:
    """Rows and counts of a page come with one SELECT, on every tab."""
    host.add_run(status="running")
    host.add_run(**FAILED)
    client = host.client(ADA)
    for query in ("", "?tab=active"):
        answer = poll(client, POLL + query)
        with host.statements() as statements:
            polled = poll(client, POLL + query, answer.headers["ETag"])
            assert polled.status_code == 304
        about_runs = [each for each in statements if "operation_runs" in each]
        assert len(about_runs) == 1


def test_the_last_run_to_end_leaves_an_empty_tab_and_silence(host: Host) -> None:
    """A poll that finds nothing active any more says so, and is the last."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    page = region(client.get(f"{LIST}?tab=active"))
    assert page.url is not None
    assert page.interval == "5"
    host.update(OperationRun, run, **SUCCEEDED)
    answer = poll(client, page.url, page.etag)
    assert "Ops-Refresh-Interval" not in answer.headers
    assert "No operation is queued or running." in answer.text
    assert counts(answer)[0] == "Active 0"
    assert is_silent(client.get(f"{LIST}?tab=active"))


class _OwnKind(OperationsView):
    """Its runs are those of one type alone."""

    def get_query(self) -> t.Any:
        return super().get_query().filter(OperationRun.type == "kind.own")


def test_tabs_of_a_view_that_narrows_what_there_is(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What a subclass leaves out is neither on a tab nor counted."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=_OwnKind)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    own = host.add_run(type="kind.own", status="running")
    failed = host.add_run(type="kind.own", **FAILED)
    host.add_run(status="running")
    host.add_run(**FAILED)
    client = host.client(ADA)
    page = client.get(f"{LIST}?tab=active")
    assert keys(page) == [str(own)]
    assert counts(page)[:2] == ["Active 1", "Failed 1 in the last 24 hours"]
    assert keys(client.get(f"{LIST}?tab=failed")) == [str(failed)]
    host.update(OperationRun, own, **SUCCEEDED)
    empty = client.get(f"{LIST}?tab=active")
    assert counts(empty)[:2] == ["Active 0", "Failed 1 in the last 24 hours"]


def test_an_apps_own_words_stand_on_the_tabs_they_mean(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A status of the app's own is active or failed as the badge says."""
    words = {"pending": "queued", "BROKEN": "failed"}
    ops = OpsRefresh(operation_run=OperationRun, statuses=words)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    pending = host.add_run(status="pending")
    broken = host.add_run(status="BROKEN")
    host.add_run(status="broken")
    client = host.client(ADA)
    assert keys(client.get(f"{LIST}?tab=active")) == [str(pending)]
    assert keys(client.get(f"{LIST}?tab=failed")) == [str(broken)]
    assert counts(client.get(LIST))[:2] == [
        "Active 1",
        "Failed 1 in the last 24 hours",
    ]


@dataclasses.dataclass(frozen=True)
class _Run:
    workspace: int
    tenant: int | None
    status: str
    outcome: str | None
    hours: float

    def values(self) -> dict[str, t.Any]:
        return {
            "workspace_id": self.workspace,
            "tenant_id": self.tenant,
            "type": "kind.a",
            "status": self.status,
            "outcome": self.outcome,
            "created_at": NOW - dt.timedelta(hours=self.hours),
        }


_RUNS = st.lists(
    st.builds(
        _Run,
        workspace=st.sampled_from([1, 2]),
        tenant=st.sampled_from([1, 2, None]),
        status=st.sampled_from(["queued", "running", "completed", "Failed", ""]),
        outcome=st.sampled_from([None, "succeeded", "failed", "FAILED"]),
        hours=st.sampled_from([0, 1, 23.999, 24, 24.001, 500]),
    ),
    max_size=20,
)
_SCOPES = st.builds(
    Scope,
    workspace_id=st.sampled_from([1, 2]),
    tenant_ids=st.sampled_from([ALL_TENANTS, [1], [2], [1, 2], []]),
    sees_tenantless=st.booleans(),
)


class _Watched:
    """A host app whose scope a test sets."""

    scope = Scope(workspace_id=1)

    def __init__(self, url: str) -> None:
        ops = OpsRefresh(operation_run=OperationRun)
        ops.scope_loader(lambda user: self.scope)
        self.app: Flask = create_host(url, ops=ops)
        self.host = populate(self.app)

    def store(self, runs: list[_Run]) -> list[str]:
        """Put these runs in place of all others; gives their keys."""
        with self.app.app_context():
            db.session.execute(sa.delete(OperationRun))
            stored = [OperationRun(**run.values()) for run in runs]
            db.session.add_all(stored)
            db.session.commit()
            return [str(run.id) for run in stored]


@pytest.fixture(scope="module", params=KINDS)
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> cabc.Iterator[_Watched]:
    folder: pathlib.Path = tmp_path_factory.mktemp("tabs")
    with database(request.param, folder) as url:
        made = _Watched(url)
        yield made
        with made.app.app_context():
            db.session.remove()
            db.engine.dispose()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=_RUNS, scope=_SCOPES)
def test_tabs_and_counts_are_those_of_a_rule_in_plain_python(
    watched: _Watched, runs: list[_Run], scope: Scope
) -> None:
    """On each database, for whoever looks: what is shown and what is counted."""
    stored = watched.store(runs)
    watched.scope = scope
    seen = {
        key: run
        for key, run in zip(stored, runs, strict=True)
        if run.workspace == scope.workspace_id and scope.includes_tenant(run.tenant)
    }
    active = {k for k, run in seen.items() if run.status in ("queued", "running")}
    failed = {
        k
        for k, run in seen.items()
        if (run.status, run.outcome) == ("completed", "failed")
    }
    lately = [k for k in failed if seen[k].hours <= 24]
    client = watched.host.client(ADA)
    for name, expected in (("", seen), ("active", active), ("failed", failed)):
        page = client.get(f"{LIST}?tab={name}")
        assert set(keys(page)) == set(expected)
        assert counts(page) == [
            f"Active {len(active)}",
            f"Failed {len(lately)} in the last 24 hours",
            "All",
        ]


class _EnumRun(Model):
    """A run whose words are Enums, as PostgreSQL has them of its own."""

    __tablename__ = "enum_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(
        sa.Enum("queued", "begun", "completed", name="enum_run_status")
    )
    outcome: orm.Mapped[str | None] = orm.mapped_column(
        sa.Enum("succeeded", "failed", name="enum_run_outcome", native_enum=False)
    )
    created_at: orm.Mapped[dt.datetime]

    __table_args__ = (
        sa.Index("ix_enum_runs", "workspace_id", "status", "outcome", "created_at"),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_statuses_that_are_enums_have_tabs_and_counts_by_index(
    kind: str, tmp_path: pathlib.Path
) -> None:
    """A word that is no label of the Enum finds nothing, and the others an index."""
    ops = OpsRefresh(operation_run=_EnumRun, statuses={"begun": "running"})
    ops.scope_loader(load_scope)
    with database(kind, tmp_path) as url:
        app = create_host(url, ops=ops)
        host = populate(app)
        words = [("queued", None), ("begun", None), ("completed", "failed")]
        words += [("completed", "succeeded")] * 20_000
        with app.app_context():
            stored = [
                {
                    "workspace_id": 1,
                    "type": "kind.a",
                    "status": status,
                    "outcome": outcome,
                    "created_at": NOW.replace(tzinfo=None),
                }
                for status, outcome in words
            ]
            db.session.execute(sa.insert(_EnumRun), stored)
            db.session.commit()
            db.session.execute(
                sa.text("ANALYZE TABLE enum_runs" if kind == "mariadb" else "ANALYZE")
            )
            db.session.commit()
            engine = db.engine
        client = host.client(ADA)
        on_tabs = ["Active 2", "Failed 1 in the last 24 hours", "All"]
        for name, shown in (("active", 2), ("failed", 1), ("", 50)):
            page = client.get(f"{LIST}?tab={name}")
            assert (len(rows(page)), counts(page)) == (shown, on_tabs)
        for name in ("queued", "running", "failed", "unknown"):
            expected = 0 if name == "unknown" else 1
            assert len(keys(client.get(f"{LIST}?flt0_0={name}"))) == expected
        ask = functools.partial(poll, client)
        [(sql, values)] = statements(engine, ask, POLL, "enum_runs")
        with engine.connect() as connection:
            steps = plan(connection, sql, values)
        assert steps.count("ix_enum_runs") >= 2, steps
        with app.app_context():
            db.session.remove()
            engine.dispose()


def test_a_count_of_100000_runs_is_99_and_more(watched: _Watched) -> None:
    """Counting stops where nobody would read on; one fewer is still told exactly."""
    watched.scope = Scope(workspace_id=1, tenant_ids=[1])
    first = _Run(1, 1, "queued", None, 1)
    other = _Run(1, 2, "queued", None, 1)
    watched.store([first] * 99 + [other] * 500)
    client = watched.host.client(ADA)
    assert counts(client.get(LIST))[0] == "Active 99"
    table = OperationRun.__table__
    copied = [column for column in table.c if column.name != "id"]
    with watched.app.app_context():
        some = sa.select(*copied)
        for _ in range(8):
            db.session.execute(sa.insert(table).from_select(copied, some))
        ended = {"status": "completed", "outcome": "failed"}
        db.session.execute(
            sa.update(table)
            .where(table.c.id % 2 == 0, table.c.tenant_id == 1)
            .values(ended)
        )
        db.session.commit()
        assert db.session.scalar(sa.select(sa.func.count(table.c.id))) >= 100_000
    page = client.get(f"{LIST}?tab=failed")
    assert counts(page)[:2] == ["Active 99+", "Failed 99+ in the last 24 hours"]
    assert len(rows(page)) == 50


class _Bare(Model):
    """A run with nothing but what is required, and a date instead of a time."""

    __tablename__ = "bare_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.date]


def test_a_model_without_times_has_tabs_without_a_count_of_failures(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What cannot be told is not told: no count by a day that nothing stores."""
    ops = OpsRefresh(operation_run=_Bare)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add(
        _Bare(workspace_id=1, type="a", status="running", created_at=NOW.date()),
        _Bare(workspace_id=1, type="a", status="completed", created_at=NOW.date()),
    )
    client = host.client(ADA)
    assert counts(client.get(LIST)) == ["Active 1", "Failed", "All"]
    assert len(rows(client.get(f"{LIST}?tab=active"))) == 1
    assert client.get(f"{LIST}?tab=failed").status_code == 200


# Empty pages


@pytest.mark.parametrize(
    ("query", "said", "link"),
    [
        ("", "No operation has been started yet.", ""),
        ("?tab=active", "No operation is queued or running.", "All"),
        ("?tab=failed", "Good news: no operation has failed.", "All"),
        ("?search=x", "No operation matches these filters.", "cleared"),
        ("?flt0_0=failed", "No operation matches these filters.", "cleared"),
        ("?tab=failed&search=x", "No operation matches these filters.", "cleared"),
        ("?page=3", "There is nothing on this page: the list is shorter.", "first"),
    ],
)
def test_an_empty_page_says_why_and_what_to_do(
    host: Host, query: str, said: str, link: str
) -> None:
    """Each kind of emptiness has its sentence, and a link that leads on."""
    host.add_run(workspace_id=2)
    client = host.client(ADA)
    page = client.get(LIST + query)
    assert page.status_code == 200
    message = soup(page).select_one("table.model-list td .text-center")
    assert message is not None
    assert message.get_text(" ", strip=True).startswith(said)
    way_out = message.select_one("a")
    assert way_out is not None
    host.add_run(**SUCCEEDED)
    target = str(way_out["href"]) or LIST + query
    assert len(rows(client.get(target))) == (0 if "tab" in target else 1)
    if link == "cleared":
        assert "search" not in target
        assert "flt" not in target
    assert is_silent(page)


# Whose a run is


def _tags(response: TestResponse) -> list[tuple[str, frozenset[str]]]:
    return [
        (tag.get_text(), frozenset(tag.get_attribute_list("class")))
        for tag in soup(response).select(".ops-refresh-tenant")
    ]


def test_tenants_and_the_whole_workspace_are_told_apart(host: Host) -> None:
    """Each tenant has one hue everywhere; no tenant has another shape, and no hue."""
    for tenant in (1, 2, None, 1):
        host.add_run(tenant_id=tenant, created_at=NOW)
    client = host.client(ADA)
    again, none, south, north = _tags(client.get(LIST))
    assert [name for name, _ in (again, none, south)] == [
        "North",
        "Whole workspace",
        "South",
    ]
    assert again == north
    hues = [
        {each for each in kinds if "hue" in each} for _, kinds in (north, south, none)
    ]
    assert [len(found) for found in hues] == [1, 1, 0]
    assert "ops-refresh-tenantless" in none[1]
    assert "rounded-pill" in north[1]
    assert "rounded-pill" not in none[1]
    assert _tags(client.get(f"{LIST}details/?id=1")) == [north]
    assert _tags(client.get(f"{LIST}details/?id=3")) == [none]


def test_for_one_tenant_there_is_no_hue(host: Host) -> None:
    """Who sees a single tenant has nothing to tell apart by a colour."""
    host.add_run(tenant_id=2)
    host.add_run(tenant_id=None)
    tags = _tags(host.client(BEN).get(LIST))
    assert [name for name, _ in tags] == ["Whole workspace", "South"]
    assert not [each for _, kinds in tags for each in kinds if "hue" in each]


class _Free(Model):
    """A run of an app that has tenants and no workspaces."""

    __tablename__ = "free_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    tenant_id: orm.Mapped[int | None]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[dt.datetime]


def test_without_workspaces_a_run_has_no_tenant(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Where there is no workspace, none is named; tabs count as everywhere."""
    ops = OpsRefresh(operation_run=_Free, workspaces=False)
    ops.scope_loader(lambda user: Scope(tenant_ids=[1, 2]))
    host = make_host(ops=ops)
    for tenant in (1, None, 3):
        run = _Free(tenant_id=tenant, type="a", status="queued", created_at=NOW)
        host.add(run)
    page = host.client(ADA).get(LIST)
    assert sorted(name for name, _ in _tags(page)) == ["1", "No tenant"]
    assert counts(page)[0] == "Active 2"


def test_a_tenants_name_is_text(host: Host) -> None:
    """Markup in a name is shown, not run, and a tenant without a record has its id."""
    host.add(Tenant(id=7, name="<b>x</b>"))
    host.add_run(tenant_id=7)
    host.execute("UPDATE operation_runs SET tenant_id = 99 WHERE id = 1")
    host.add_run(tenant_id=7)
    assert [name for name, _ in _tags(host.client(ADA).get(LIST))] == ["<b>x</b>", "99"]


# The wallboard, and links to a view


def test_a_wallboard_has_the_rows_and_the_tabs_and_nothing_else(host: Host) -> None:
    """No menus, filters, pager or forms; the same rows, live as the list is."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    page = client.get(f"{LIST}?wallboard=1&tab=active")
    found = soup(page)
    assert keys(page) == [str(run)]
    assert counts(page)[0] == "Active 1"
    assert not found.select(".navbar, #filter_form, .pagination, #filter-groups-data")
    assert not found.select("form:not([method=dialog]), th a, .dropdown")
    assert len(found.select("main h1")) == 1
    for link in found.select(".ops-refresh-tabs a"):
        assert "wallboard=1" in str(link["href"])
    polled = region(page)
    assert (polled.interval, len(own_scripts(page))) == ("5", 1)
    assert polled.url is not None
    assert "wallboard=1" in polled.url
    answer = poll(client, polled.url)
    assert "pagination" not in answer.text
    assert "wallboard=1" in str(tab(answer, "All")["href"])
    leave = found.select_one("a.ops-refresh-leave")
    assert leave is not None
    assert soup(client.get(str(leave["href"]))).select(".navbar")


def test_a_wallboard_is_reached_from_the_list_and_keeps_the_view(host: Host) -> None:
    """The list links to its wallboard, with the tab and the filters it has."""
    host.add_run(status="running")
    page = soup(host.client(ADA).get(f"{LIST}?tab=active&search=verify"))
    [link] = [each for each in page.select("a") if each.get_text() == "Wallboard"]
    for part in ("wallboard=1", "tab=active", "search=verify"):
        assert part in str(link["href"])


def test_a_wallboard_at_rest_says_so_and_is_silent(host: Host) -> None:
    """What nobody waits for is not polled on a wall either; it says how to go on."""
    host.add_run(**SUCCEEDED)
    page = host.client(ADA).get(f"{LIST}?wallboard=1")
    assert "Nothing on this page is active, so it is not refreshed." in page.text
    assert is_silent(page)
    assert page.data == host.client(ADA).get(f"{LIST}?wallboard=1").data


def test_a_wallboard_is_for_those_who_may_see_the_list(host: Host) -> None:
    """A wallboard's address opens nothing that the list's does not."""
    host.add_run(tenant_id=1, status="running")
    assert host.client().get(f"{LIST}?wallboard=1").status_code == 401
    assert keys(host.client(BEN).get(f"{LIST}?wallboard=1")) == []


class _WithActions(OperationsView):
    can_delete = True
    column_display_actions = True


def test_a_wallboard_has_no_boxes_and_no_buttons_of_rows(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What a subclass offers for each row is not offered on a wall."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=_WithActions)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    run = host.add_run(status="running")
    client = host.client(ADA)
    usual, wall = client.get(LIST), client.get(f"{LIST}?wallboard=1")
    assert soup(usual).select(".action-checkbox, .list-buttons-column")
    assert not soup(wall).select(".action-checkbox, .list-buttons-column")
    assert keys(usual) == keys(wall) == [str(run)]
    assert len(soup(wall).select("thead th")) == len(rows(wall)[0].select("td"))


def test_the_link_to_a_view_is_an_ordinary_link(host: Host) -> None:
    """It leads to what is shown, without a script as well."""
    host.add_run(**FAILED)
    client = host.client(ADA)
    page = client.get(f"{LIST}?tab=failed&sort=1&flt0_1=integrity.verify")
    link = soup(page).select_one("a.ops-refresh-share")
    assert link is not None
    assert link.get_text() == "Link to this view"
    assert keys(client.get(str(link["href"]))) == keys(page) == ["1"]
    assert "tab=failed" in str(link["href"])


def test_a_live_page_carries_its_title_and_a_silent_one_does_not(host: Host) -> None:
    """The browser's tab says how much is active, and at the end what it said before."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    page = client.get(LIST)
    mark = soup(page).select_one("[data-ops-refresh-title]")
    assert mark is not None
    title = soup(page).title
    assert title is not None
    assert mark["data-ops-refresh-title"] == f"▶ 1 active · {title.get_text()}"
    host.update(OperationRun, run, **SUCCEEDED)
    last = soup(poll(client, POLL)).select_one("[data-ops-refresh-title]")
    assert last is not None
    assert last["data-ops-refresh-title"] == title.get_text()
    assert is_silent(client.get(LIST))
