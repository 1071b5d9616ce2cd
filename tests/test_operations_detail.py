from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import json
import typing as t
import urllib.parse

import pytest
import sqlalchemy as sa
from jinja2 import DictLoader
from sqlalchemy import orm

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
from .host_app import Model
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
        "hash_mismatch 1 altered a.py",
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
    """The page and its version come from the same SELECT; one more is of neighbours."""
    run = host.add_run(status="running", user_id=ADA)
    client = host.client(ADA)
    with host.statements() as statements:
        client.get(details(run))
    of_runs = [each for each in statements if "FROM operation_runs" in each]
    assert len(of_runs) == 2
    assert sum("summary_counts" in each for each in of_runs) == 1


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


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"status": "queued"}, "… integrity.verify – Queued"),
        ({"status": "running"}, "▶ integrity.verify – Running"),
        (
            {"status": "running", "summary_counts": {"total": 7, "processed": 3}},
            "▶ 42 % integrity.verify – Running",
        ),
        (
            {
                "status": "completed",
                "outcome": "succeeded",
                "summary_counts": {"total": 7, "processed": 7},
            },
            "✔ integrity.verify – Succeeded",
        ),
        (
            {"status": "completed", "outcome": "partially_succeeded"},
            "⚠ integrity.verify – Partially succeeded",
        ),
        (
            {"status": "completed", "outcome": "failed"},
            "✘ integrity.verify – Failed",
        ),
        ({"status": "gone", "type": ""}, "? Operation – Unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_title_says_the_state_first(
    host: Host, values: dict[str, t.Any], title: str
) -> None:
    """The tab shows sign and percentage; what a poll brings says the same."""
    run = host.add_run(**values)
    client = host.client(ADA)
    page = client.get(details(run))
    assert soup(page).title is not None
    assert [each.text for each in soup(page).select("head title")] == [title]
    answer = poll(client, f"/admin/ops-refresh/operation-detail?id={run}")
    [element] = soup(answer).select("[data-ops-refresh-title]")
    assert element["data-ops-refresh-title"] == title


def test_a_page_at_rest_offers_nothing_that_needs_a_script(host: Host) -> None:
    """No button copies where no script is: the text is there to be marked instead."""
    run = host.add_run(status="running", context={"a": 1})
    client = host.client(ADA)
    inside = region(client.get(details(run))).element
    [button] = inside.select("button[data-ops-refresh-copy]")
    assert "hidden" in button.attrs
    [text] = inside.select(f"#{button['data-ops-refresh-copy']}")
    assert json.loads(text.text) == {"a": 1}
    host.update(OperationRun, run, status="completed", outcome="failed")
    page = client.get(details(run))
    assert is_silent(page)
    assert not region(page).element.select("button")
    assert json.loads(region(page).element.select("pre")[0].text) == {"a": 1}


def shown(host: Host, **values: t.Any) -> str:
    """What the region of a run with these values says."""
    run = host.add_run(**values)
    page = host.client(ADA).get(details(run))
    return region(page).element.get_text(" ", strip=True)


class PacedRun(Model):
    """A run that knows when it was last written to."""

    __tablename__ = "paced_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    summary_counts: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON)
    created_at: orm.Mapped[dt.datetime | None]
    started_at: orm.Mapped[dt.datetime | None]
    completed_at: orm.Mapped[dt.datetime | None]
    updated_at: orm.Mapped[dt.datetime | None]


@pytest.fixture
def paced(make_host: cabc.Callable[..., Host]) -> Host:
    ops = OpsRefresh(operation_run=PacedRun)
    ops.scope_loader(load_scope)
    return make_host(ops=ops)


def test_throughput_and_time_left_are_told_from_stored_values_alone(
    paced: Host, frozen_clock: Clock
) -> None:
    """They stay as they are until something is written, however late it gets."""
    host, counts = paced, {"total": 400, "processed": 100}
    own = {"workspace_id": 1, "type": "a", "status": "running", "created_at": NOW}
    written = NOW + dt.timedelta(seconds=50)
    times = {"started_at": NOW, "updated_at": written}
    [run] = host.add(PacedRun(summary_counts=counts, **own, **times))
    client = host.client(ADA)
    url = f"/admin/ops-refresh/operation-detail?id={run}"
    answer = poll(client, url)
    text = soup(answer).get_text(" ", strip=True)
    assert "about 3 min left" in text
    assert f"Throughput 2 per second Counted at {host.written(written)}" in text
    frozen_clock.advance(hours=3)
    assert poll(client, url, answer.headers["ETag"]).status_code == 304
    counts = {"total": 400, "processed": 390}
    host.update(PacedRun, run, summary_counts=counts)
    answer = poll(client, url, answer.headers["ETag"])
    assert "about 10 s left" in answer.text
    # Nothing is left of a run that is over, and its average is a fact.
    host.update(
        PacedRun,
        run,
        status="completed",
        outcome="succeeded",
        completed_at=NOW + dt.timedelta(minutes=10),
    )
    text = soup(poll(client, url)).get_text(" ", strip=True)
    assert "left" not in text
    assert "Counted at" not in text
    assert "Average throughput 39 per minute" in text


@pytest.mark.parametrize("processed", [0, 1, 100_000])
def test_any_progress_has_a_page(paced: Host, processed: int) -> None:
    """None, one, a hundred thousand: of few, no pace is told, nor of an empty queue."""
    own = {"workspace_id": 1, "type": "a", "created_at": NOW, "started_at": NOW}
    counts = {"total": 200_000, "processed": processed}
    for status in ("queued", "running"):
        [run] = paced.add(
            PacedRun(
                status=status,
                summary_counts=counts,
                updated_at=NOW + dt.timedelta(seconds=1_000),
                **own,
            )
        )
        text = paced.client(ADA).get(details(run)).text
        tells = status == "running" and processed > 1
        assert ("about 15 min left" in text) is tells
        assert ("100 per second" in text) is tells


def test_without_a_time_of_its_counts_a_running_run_has_no_pace(host: Host) -> None:
    """A model that has no ``updated_at`` cannot tell how old its counts are."""
    counts = {"total": 400, "processed": 100}
    text = shown(host, status="running", started_at=NOW, summary_counts=counts)
    assert "100 / 400" in text
    assert "left" not in text
    assert "Throughput" not in text


def test_a_stalled_run_has_no_time_left(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """What was estimated while it went on is not said of one that is silent."""
    ops = OpsRefresh(operation_run=PacedRun)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops, config={"OPS_REFRESH_STALLED_AFTER_SECONDS": 60})
    own = {"workspace_id": 1, "type": "a", "status": "running", "created_at": NOW}
    counts = {"total": 400, "processed": 100}
    written = NOW + dt.timedelta(seconds=50)
    times = {"started_at": NOW, "updated_at": written}
    [run] = host.add(PacedRun(summary_counts=counts, **own, **times))
    client = host.client(ADA)
    assert "about 3 min left" in client.get(details(run)).text
    frozen_clock.advance(seconds=110)
    assert "left" not in region(client.get(details(run))).element.get_text()


def test_a_finished_run_shows_how_it_shared_its_time(host: Host) -> None:
    """A bar of waiting and working beside the durations, as wide as they were."""
    run = host.add_run(
        status="completed",
        outcome="succeeded",
        started_at=NOW + dt.timedelta(seconds=30),
        completed_at=NOW + dt.timedelta(seconds=120),
    )
    inside = region(host.client(ADA).get(details(run))).element
    waited, worked = inside.select("svg rect")
    assert (waited["width"], worked["x"], worked["width"]) == ("25.0", "25.0", "75.0")
    text = inside.get_text(" ", strip=True)
    for words in ("waited 30 s", "worked 1 min 30 s", "after 2 min 0 s"):
        assert words in text


def test_a_run_that_was_never_started_says_so(host: Host) -> None:
    """Nothing is made up for a time that is not stored, and no bar is drawn."""
    ended = NOW + dt.timedelta(seconds=9)
    text = shown(host, status="completed", outcome="failed", completed_at=ended)
    assert "waited 9 s Started not recorded Finished" in text
    assert "worked" not in text
    text = shown(host, status="completed", outcome="succeeded")
    assert "Started not recorded Finished not recorded" in text


def test_times_that_run_backwards_are_called_so(host: Host) -> None:
    """Finished before it was started: no duration of it is shown as one."""
    run = host.add_run(
        status="completed",
        outcome="succeeded",
        started_at=NOW + dt.timedelta(hours=1),
        completed_at=NOW + dt.timedelta(minutes=1),
    )
    inside = region(host.client(ADA).get(details(run))).element
    text = inside.get_text(" ", strip=True)
    assert "These times contradict each other" in text
    assert "worked" not in text
    assert not inside.select("svg")


def test_what_is_ahead_of_an_active_run_is_shown_as_such(host: Host) -> None:
    """A queued run waits for, a running one works for; the rest is not yet."""
    text = shown(host, status="queued")
    assert "waiting for 0 s Started not yet Finished not yet" in text
    text = shown(host, status="running", started_at=NOW)
    assert "waited 0 s" in text
    assert "working for 0 s Finished not yet" in text


FAILURES = [
    {"code": code, "message": f"message {n}", "path": f"{n}.py"}
    for n, code in enumerate(["missing"] * 3 + ["altered"] * 25 + [""] * 2)
]


def test_failures_are_grouped_by_code(host: Host) -> None:
    """The most frequent first and open, each with its count and its first examples."""
    run = host.add_run(
        status="completed", outcome="failed", failure_summary={"entries": FAILURES}
    )
    inside = region(host.client(ADA).get(details(run))).element
    groups = inside.select("details.ops-refresh-fold")
    names = [each.summary.get_text(" ", strip=True) for each in groups if each.summary]
    assert names == ["altered 25", "missing 3", "without a code 2"]
    assert ["open" in each.attrs for each in groups] == [True, False, False]
    assert [len(each.select("tbody tr")) for each in groups] == [10, 3, 2]
    assert "The first 10 of 25 are shown." in groups[0].text
    assert "are shown" not in groups[1].text


def test_a_message_of_all_failures_of_a_code_is_said_once(host: Host) -> None:
    """The summary says it, so that a folded group tells what it holds; below, where."""
    same = [{"code": "a", "message": "It is gone.", "path": f"{n}"} for n in range(3)]
    run = host.add_run(status="completed", outcome="failed", failure_summary=same)
    inside = region(host.client(ADA).get(details(run))).element
    assert inside.get_text().count("It is gone.") == 1
    found = [each.text.strip() for each in inside.select("details li")]
    assert found == ["0", "1", "2"]


def test_a_link_leaves_one_code_to_be_seen(host: Host) -> None:
    """Filtered by the address alone; polls keep it, and a link leads back."""
    run = host.add_run(status="running", failure_summary=FAILURES)
    client = host.client(ADA)
    page = client.get(details(run))
    links = region(page).element.select("details.ops-refresh-fold a")
    for link, code, number in zip(
        links, ["altered", "missing", ""], [25, 3, 2], strict=True
    ):
        answer = client.get(str(link["href"]))
        found = region(answer)
        [group] = found.element.select("details.ops-refresh-fold")
        assert len(group.select("tbody tr")) == number
        assert found.url is not None
        polled = soup(poll(client, found.url))
        assert len(polled.select("details.ops-refresh-fold")) == 1
        [back] = found.element.select("p > a")
        assert str(back["href"]).partition("#")[0] == details(run)
        assert code in found.url


def test_links_of_a_page_keep_the_way_back_to_the_list(host: Host) -> None:
    """To one code, to all of them and to other runs, from the page and from polls."""
    listed = "/admin/operations/?tab=failed&page=2"
    way_back = "&url=" + urllib.parse.quote(listed, safe="")
    client = host.client(ADA)
    host.add_run(created_at=NOW - dt.timedelta(days=1))
    run = host.add_run(status="running", failure_summary=FAILURES)
    page = client.get(details(run) + way_back + "&failure_code=altered")
    found = region(page)
    assert found.url is not None
    polled = soup(poll(client, found.url))
    for links in (
        found.element.select("p > a"),
        polled.select("p > a"),
        soup(page).select("a[rel=prev]"),
    ):
        assert [way_back in str(link["href"]) for link in links] == [True]
    [link] = soup(page).select("a[rel=prev]")
    other = soup(client.get(str(link["href"])))
    assert [each["href"] for each in other.select(f'a[href="{listed}"]')]


def test_a_way_back_to_elsewhere_is_left_out_of_a_poll(host: Host) -> None:
    """What a page is refused for is in no link that a poll brings."""
    run = host.add_run(status="running", failure_summary=FAILURES)
    client = host.client(ADA)
    assert client.get(details(run) + "&url=//evil.example").status_code == 400
    url = "/admin/ops-refresh/operation-detail"
    evil = f"{url}?id={run}&failure_code=altered&url=https://evil.example/"
    answer = poll(client, evil)
    assert answer.status_code == 200
    assert "evil" not in answer.text


def test_an_unknown_code_shows_no_failure_and_a_way_back(host: Host) -> None:
    """A code from elsewhere is repeated as text, with a link to all of them."""
    run = host.add_run(status="completed", outcome="failed", failure_summary=FAILURES)
    evil = "<b>no\x00such"
    url = details(run) + "&failure_code=" + urllib.parse.quote(evil)
    response = host.client(ADA).get(url)
    assert response.status_code == 200
    inside = region(response).element
    assert not inside.select("table, b")
    text = inside.get_text(" ", strip=True)
    said = "None that is stored here has this code: <b>no\ufffdsuch Show all failures"
    assert said in text
    assert is_silent(response)


def test_counts_of_a_list_that_is_cut_are_said_to_be_of_a_part(host: Host) -> None:
    """A hundred thousand failures: what is counted, and that it is not all."""
    many = [{"code": f"c{n % 30}", "message": "m"} for n in range(100_000)]
    text = shown(host, status="completed", outcome="failed", failure_summary=many)
    assert "the stored list goes on" in text
    assert "10 more codes are not shown." in text
    summary = {"total": 100_000, "entries": FAILURES}
    text = shown(host, status="completed", outcome="failed", failure_summary=summary)
    assert "Failures 100,000" in text
    assert "Counted by code are the first 30 of 100,000." in text


def test_the_context_is_a_tree(host: Host) -> None:
    """Objects and lists fold, masked values are marked, the text stands below."""
    context = {
        "environment": {"python": "3.12", "empty": {}},
        "files": [1, 2],
        "api_token": "s3cret",
        "looks_like_it": "••••••",
    }
    run = host.add_run(status="completed", outcome="failed", context=context)
    response = host.client(ADA).get(details(run))
    assert "s3cret" not in response.text
    tree = region(response).element.select_one(".ops-refresh-tree")
    assert tree is not None
    folds = [each.get_text(" ", strip=True) for each in tree.select("summary")]
    assert folds == ["environment {2}", "files [2]"]
    assert [each.text for each in tree.select(".ops-refresh-masked")] == [
        "•••••• masked"
    ]
    assert [each.text for each in tree.select("code")][:2] == ['"3.12"', "{}"]
    shown_text = region(response).element.select("pre")[0].text
    assert json.loads(shown_text) == {**context, "api_token": "••••••"}


class _OwnRegion(OperationsView):
    detail_region_template = "own_region.html"


def test_a_template_of_before_has_all_its_variables(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What a subclass wrote for the region's template is still there."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=_OwnRegion)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.app.jinja_loader = DictLoader(
        {
            "own_region.html": "{{ run.type }} {{ now }} {{ vitality.awaited }}"
            "{{ page_url }} {{ context.text }} {{ failures.entries | length }}"
            "{{ failures.total }} {{ formatting.timestamp(run.created_at) }}"
            "{{ number(1000) }} {{ count_label('total') }} {{ own_columns | length }}"
            "{{ _gettext('Context') }} {{ get_value }}"
        }
    )
    run = host.add_run(context={"a": 1}, failure_summary=["x"])
    text = region(host.client(ADA).get(details(run))).element.get_text()
    assert "integrity.verify" in text
    assert '"a": 1' in text
    assert "11" in text


def test_a_dialog_has_the_style_of_what_it_shows(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A list that opens details over itself links their style; another does not."""
    for modal in (True, False):
        view = type("View", (OperationsView,), {"details_modal": modal})
        ops = OpsRefresh(operation_run=OperationRun, operations_view=view)
        ops.scope_loader(load_scope)
        listed = make_host(ops=ops).client(ADA).get("/admin/operations/")
        styles = [str(link["href"]) for link in soup(listed).select("link")]
        assert any("operation_detail.css" in each for each in styles) is modal
