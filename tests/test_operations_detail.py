from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import json
import typing as t

import pytest

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import Clock
from .conftest import DANA
from .conftest import Host
from .conftest import NOW
from .conftest import POLL
from .host_app import load_scope
from .host_app import OperationRun
from .pages import is_silent
from .pages import own_scripts
from .pages import poll
from .pages import region
from .pages import soup

pytestmark = pytest.mark.usefixtures("frozen_clock")


def details(id: object) -> str:
    return f"/admin/operations/details/?id={id}"


@pytest.mark.parametrize(
    ("status", "outcome", "label"),
    [
        ("queued", None, "Queued"),
        ("running", None, "Running"),
        ("completed", "succeeded", "Succeeded"),
        ("completed", "partially_succeeded", "Partially succeeded"),
        ("completed", "failed", "Failed"),
        ("completed", None, "Unknown"),
        ("cancelled", "succeeded", "Unknown"),
        ("", None, "Unknown"),
    ],
)
def test_only_active_runs_are_polled(
    host: Host, status: str, outcome: str | None, label: str
) -> None:
    """Queued and running runs get address, interval and script; others none of it."""
    run = host.add_run(status=status, outcome=outcome)
    response = host.client(ADA).get(details(run))
    assert response.status_code == 200
    page = region(response)
    badge = page.element.select_one(".ops-refresh-status")
    assert badge is not None
    assert badge.text == label
    if status in ("queued", "running"):
        assert page.url == f"/admin/ops-refresh/operation-detail?id={run}"
        assert page.interval == "1"
        assert len(own_scripts(response)) == 1
    else:
        assert is_silent(response)
        assert list(page.element.attrs) == ["id"]


def test_a_terminal_page_is_the_same_bytes_hours_later(
    host: Host, frozen_clock: Clock
) -> None:
    """Nothing on a terminal page depends on when it is loaded."""
    run = host.add_run(
        status="completed",
        outcome="failed",
        started_at=NOW,
        completed_at=NOW + dt.timedelta(minutes=3, seconds=4),
        user_id=ADA,
        context={"a": 1},
        failure_summary=[{"code": "x", "message": "y"}],
    )
    client = host.client(ADA)
    first = client.get(details(run)).data
    frozen_clock.advance(hours=5)
    assert client.get(details(run)).data == first


def test_interval_on_the_page_follows_the_age(host: Host, frozen_clock: Clock) -> None:
    """A run's page polls every 1, 5 or 10 seconds by the age of the run."""
    run = host.add_run(created_at=NOW)
    seen = []
    for seconds in (9, 1, 49, 1, 100_000):
        frozen_clock.advance(seconds=seconds)
        seen.append(region(host.client(ADA).get(details(run))).interval)
    assert seen == ["1", "5", "5", "10", "10"]


def test_everything_stored_about_a_run_is_shown(
    host: Host, frozen_clock: Clock
) -> None:
    """Type, tenant, initiator, timeline, counts, failures and context are there."""
    run = host.add_run(
        status="completed",
        outcome="partially_succeeded",
        user_id=ADA,
        created_at=NOW,
        started_at=NOW + dt.timedelta(seconds=5),
        completed_at=NOW + dt.timedelta(minutes=2, seconds=7),
        summary_counts={"extra_count": 7, "total": 1200, "processed": 1200},
        failure_summary=[
            {"code": "hash_mismatch", "message": "altered", "path": "a.py"}
        ],
        context={"environment": "north", "api_token": "s3cret"},
    )
    element = region(host.client(ADA).get(details(run))).element
    text = element.get_text(" ", strip=True)
    for shown in (
        "Partially succeeded integrity.verify",
        "Tenant North",
        "Started by Ada",
        f"Queued {host.written(NOW)} waited 5 s",
        f"Started {host.written(NOW + dt.timedelta(seconds=5))} worked 2 min 2 s",
        f"Finished {host.written(NOW + dt.timedelta(seconds=127))} after 2 min 7 s",
        "1,200 / 1,200 · 100 %",
        "Total 1,200 Processed 1,200 Extra count 7",
        "hash_mismatch altered a.py",
        '"environment": "north"',
    ):
        assert shown in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("user", "status"),
    [(DANA, 404), (CLEO, 404), (BEN, 404)],
    ids=["no scope", "other workspace", "other tenant"],
)
def test_those_who_may_not_see_a_run_get_404_and_no_address(
    host: Host, user: int, status: int
) -> None:
    """Out of scope there is no script, no address and nothing of the run."""
    run = host.add_run(status="running", type="sentinel.type", tenant_id=1)
    response = host.client(user).get(details(run))
    assert response.status_code == status
    assert is_silent(response)
    assert "sentinel" not in response.text


def test_strangers_are_sent_where_the_app_sends_them(host: Host) -> None:
    """Anonymous visitors get the login manager's own answer."""
    run = host.add_run(status="running")
    assert host.client().get(details(run)).status_code == 401
    host.app.login_manager.login_view = "/login"  # type: ignore[attr-defined]
    response = host.client().get(details(run))
    assert response.status_code == 302
    assert response.location.startswith("/login")


@pytest.mark.parametrize(
    "id", ["999", "x", "", "1.5", "9" * 40, "%00", "%F0%9F%92%A9", "1,2", "-0"]
)
def test_missing_foreign_and_malformed_ids_are_the_same_page(
    host: Host, id: str
) -> None:
    """All 404s are the same bytes."""
    foreign = host.add_run(status="running", workspace_id=2, tenant_id=None)
    client = host.client(ADA)
    client.get("/admin/operations/")  # Flask-Login writes to a new session once
    expected = client.get(details(foreign))
    response = client.get(details(id))
    assert response.status_code == expected.status_code == 404
    assert response.data == expected.data
    assert [name for name, _ in response.headers] == [
        name for name, _ in expected.headers
    ]


def test_a_page_without_an_id_is_404(host: Host) -> None:
    """The details address alone names no run."""
    assert host.client(ADA).get("/admin/operations/details/").status_code == 404


@pytest.mark.parametrize(
    "stored",
    ["{broken", '"', "", "null", "[]", "17", '"text"', "true", "[1, [2, [3]]]"]
    + ['{"a": NaN}', "[" * 50_000, json.dumps({"k": "v" * 10_000_000})],
    ids=lambda stored: stored[:12],
)
@pytest.mark.parametrize("column", ["context", "summary_counts", "failure_summary"])
def test_json_of_any_shape_renders(host: Host, column: str, stored: str) -> None:
    """Whatever stands in a JSON column, the page stays up and small."""
    run = host.add_run(status="running")
    host.execute(f"UPDATE operation_runs SET {column} = :stored", stored=stored)
    response = host.client(ADA).get(details(run))
    assert response.status_code == 200
    assert "Running" in response.text
    assert len(response.data) < 200_000


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        ("created_at", None),
        ("created_at", "yesterday"),
        ("created_at", "9999-12-31 23:59:59.999999"),
        ("created_at", "0001-01-01 00:00:00"),
        ("started_at", "2026-13-45"),
        ("completed_at", 17),
        ("outcome", b"\xff\xfe"),
        ("tenant_id", 4711),
        ("user_id", 4711),
    ],
)
def test_odd_values_leave_the_page_up(host: Host, column: str, stored: t.Any) -> None:
    """A missing or malformed date or reference is shown as nothing."""
    run = host.add_run(status="running", started_at=NOW)
    host.execute(f"UPDATE operation_runs SET {column} = :stored", stored=stored)
    response = host.client(ADA).get(details(run))
    assert response.status_code == 200
    assert region(response).interval in ("1", "10")


def test_huge_values_are_cut_with_a_note(host: Host) -> None:
    """What is too long to show says so and how long it is."""
    run = host.add_run(status="completed", outcome="succeeded", context=["x" * 100_000])
    text = host.client(ADA).get(details(run)).text
    assert "Cut: this is the beginning of 100,004 characters." in text


def test_stored_markup_stays_text(host: Host) -> None:
    """Nothing stored becomes an element."""
    evil = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
    run = host.add_run(
        type=evil,
        status="running",
        context={evil: evil},
        summary_counts={evil: 3, "total": 1, "processed": 1},
        failure_summary=[{"code": evil, "message": evil, evil: evil}],
    )
    response = host.client(ADA).get(details(run))
    inside = region(response).element
    assert not inside.select("img, script")
    assert not [tag for tag in inside.find_all(True) if "onerror" in tag.attrs]
    assert evil in inside.text


def test_the_return_address_never_leaves_the_host(host: Host) -> None:
    """A link back is only ever a path of this app."""
    run = host.add_run()
    client = host.client(ADA)
    for url in (
        "http:evil.example/x",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\tx",
    ):
        query = {"id": run, "url": url}
        response = client.get("/admin/operations/details/", query_string=query)
        assert response.status_code == 400
    query = {"id": run, "url": "/admin/operations/?page=2"}
    response = client.get("/admin/operations/details/", query_string=query)
    links = [a["href"] for a in soup(response).select(".nav-tabs a")]
    assert links[0] == "/admin/operations/?page=2"


def test_a_page_of_a_run_takes_one_select_of_it(host: Host) -> None:
    """The page and its version come from the same SELECT."""
    run = host.add_run(status="running", user_id=ADA)
    client = host.client(ADA)
    with host.statements() as statements:
        client.get(details(run))
    assert sum("FROM operation_runs" in each for each in statements) == 1


def test_reading_changes_nothing(host: Host) -> None:
    """Pages and polls write no row."""
    run = host.add_run(status="running")
    with host.statements() as statements:
        host.client(ADA).get(details(run))
    assert not [each for each in statements if not each.startswith("SELECT")]
    assert OperationRun.__table__.name == "operation_runs"


def test_a_run_past_the_age_to_give_up_at_says_that_it_is_not_refreshed(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """OPS_REFRESH_STOP_AFTER_SECONDS ends the polling with a visible way on."""
    host = make_host(config={"OPS_REFRESH_STOP_AFTER_SECONDS": 3600})
    run = host.add_run(status="running", created_at=NOW)
    client = host.client(ADA)
    page = client.get(details(run))
    assert "no longer refreshed" not in page.text
    found = region(page)
    assert found.url is not None
    frozen_clock.advance(hours=1)
    answer = poll(client, found.url, found.etag)
    assert answer.status_code == 200
    assert "Ops-Refresh-Interval" not in answer.headers
    assert "This run is no longer refreshed." in answer.text
    assert is_silent(client.get(details(run)))
    page = client.get("/admin/operations/")
    assert is_silent(page)
    assert "This page is no longer refreshed." in page.text


def test_a_list_says_that_it_is_not_refreshed_once_nothing_on_it_is_polled(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """One run that is still polled keeps the list live; the last takes it along."""
    host = make_host(config={"OPS_REFRESH_STOP_AFTER_SECONDS": 3600})
    host.add_run(status="running", created_at=NOW)
    client = host.client(ADA)
    frozen_clock.advance(hours=1)
    young = host.add_run(status="running", created_at=frozen_clock.now)
    page = client.get("/admin/operations/")
    assert "no longer refreshed" not in page.text
    found = region(page)
    assert found.url is not None
    host.update(OperationRun, young, status="completed", outcome="succeeded")
    answer = poll(client, found.url, found.etag)
    assert "Ops-Refresh-Interval" not in answer.headers
    assert "This page is no longer refreshed." in answer.text


def test_a_silent_run_is_marked_as_stalled_and_polled_on(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """OPS_REFRESH_STALLED_AFTER_SECONDS marks a run on page, list and poll."""
    host = make_host(config={"OPS_REFRESH_STALLED_AFTER_SECONDS": 60})
    run = host.add_run(status="running", created_at=NOW, started_at=NOW)
    client = host.client(ADA)
    page = region(client.get(details(run)))
    assert page.url is not None
    frozen_clock.advance(seconds=60)
    answer = poll(client, page.url, page.etag)
    assert "No sign of life since" in answer.text
    assert answer.headers["Ops-Refresh-Interval"] == "10"
    assert "Stalled" in client.get("/admin/operations/").text
    host.update(OperationRun, run, status="completed", outcome="failed")
    assert "Stalled" not in client.get("/admin/operations/").text


class _OnlyImports(OperationsView):
    def get_query(self) -> t.Any:
        return super().get_query().filter(OperationRun.type == "import.customers")


def test_what_a_subclass_leaves_out_of_its_query_has_no_page_and_no_poll(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A narrowed ``get_query`` narrows the list, the detail page and its polls."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=_OnlyImports)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    shown, hidden = (
        host.add_run(status="running", type=type)
        for type in ("import.customers", "export.customers")
    )
    client = host.client(ADA)
    listed = soup(client.get("/admin/operations/")).select("tr td:first-child")
    assert len(listed) == 1
    for id, status in ((shown, 200), (hidden, 404)):
        page = f"/admin/operations/details/?id={id}"
        poll = f"/admin/ops-refresh/operation-detail?id={id}"
        assert client.get(page).status_code == status
        assert client.get(poll, headers=POLL).status_code == status
