from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import pathlib
import uuid

import pytest

from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import poll
from .pages import region
from .pages import soup
from .small_models import Kind
from .small_models import Office
from .small_models import OfficeRun

pytestmark = pytest.mark.usefixtures("frozen_clock")

LIST = "/admin/operations/"


@pytest.fixture(params=KINDS)
def anywhere(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> cabc.Iterator[Host]:
    """The host app on each kind of database."""
    with database(request.param, tmp_path) as url:
        app = create_host(url)
        yield populate(app)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def types(host: Host, query: str = "") -> list[str]:
    page = host.client(ADA).get(LIST + query)
    assert page.status_code == 200
    return [cell.get_text(strip=True) for cell in soup(page).select("td.col-type")]


def test_the_list_is_the_same_everywhere(anywhere: Host) -> None:
    """Order, filters, choices, search and export work on every database."""
    hour = dt.timedelta(hours=1)
    anywhere.add_run(type="kind.a", status="running", created_at=NOW)
    anywhere.add_run(type="kind.b", tenant_id=2, created_at=NOW - hour)
    anywhere.add_run(
        type="kind.c", tenant_id=None, status="odd", created_at=NOW - 2 * hour
    )
    assert types(anywhere) == ["kind.a", "kind.b", "kind.c"]
    assert types(anywhere, "?flt0_0=running") == ["kind.a"]
    assert types(anywhere, "?flt0_0=unknown") == ["kind.c"]
    assert types(anywhere, "?flt0_1=kind.b") == ["kind.b"]
    assert types(anywhere, "?flt0_2=2") == ["kind.b"]
    assert types(anywhere, "?flt0_4=2026-03-14 11:30:00") == ["kind.a"]
    assert types(anywhere, "?flt0_5=2026-03-14 11:30:00") == ["kind.b", "kind.c"]
    assert types(anywhere, "?search=South") == ["kind.b"]
    assert types(anywhere, "?search=%00kind.c") == ["kind.c"]
    assert types(anywhere, "?sort=1") == ["kind.a", "kind.b", "kind.c"]
    groups = soup(anywhere.client(ADA).get(LIST)).select_one("#filter-groups-data")
    assert groups is not None
    for choice in ("North", "South", "kind.a", "kind.b", "kind.c"):
        assert choice in groups.text
    assert "kind.b" in anywhere.client(ADA).get(f"{LIST}export/csv/").text


def test_polls_are_the_same_everywhere(anywhere: Host) -> None:
    """Unchanged, changed and last answers, of list, detail and card."""
    run = anywhere.add_run(
        status="running",
        created_at=NOW,
        started_at=NOW,
        context={"a": "ä"},
        summary_counts={"total": 4, "processed": 1},
        user_id=ADA,
    )
    [pack] = anywhere.add(
        ReviewPack(
            workspace_id=1,
            tenant_id=1,
            operation_run_id=run,
            status="generating",
            created_at=NOW,
        )
    )
    client = anywhere.client(ADA)
    with client.session_transaction() as session:
        session["tenant_id"] = 1
    pages = {
        path: region(client.get(path))
        for path in (LIST, f"{LIST}details/?id={run}", "/admin/")
    }
    for page in pages.values():
        assert page.url is not None
        assert poll(client, page.url, page.etag).status_code == 304
        assert "Ada" in page.element.text
    anywhere.update(OperationRun, run, status="completed", outcome="succeeded")
    anywhere.update(ReviewPack, pack, status="ready")
    for page in pages.values():
        assert page.url is not None
        answer = poll(client, page.url, page.etag)
        assert answer.status_code == 200
        assert "Ops-Refresh-Interval" not in answer.headers


@pytest.mark.parametrize(
    "id", ["x", "99", str(2**31), str(2**63 - 1), str(-(2**63)), "%00", "%ed%a0%80"]
)
def test_any_id_is_found_or_404_everywhere(anywhere: Host, id: str) -> None:
    """Ids that a column cannot hold are 404 like any other."""
    client = anywhere.client(ADA)
    assert client.get(f"{LIST}details/?id={id}").status_code == 404
    for name, argument in (("operation-detail", "id"), ("review-pack", "tenant_id")):
        answer = poll(client, f"/admin/ops-refresh/{name}?{argument}={id}")
        assert answer.status_code == 404


@pytest.mark.parametrize("query", ["flt0_2=99999999999", "flt0_2=x", "page=2000"])
def test_odd_queries_are_lists_everywhere(anywhere: Host, query: str) -> None:
    """What a column cannot hold finds nothing and breaks nothing."""
    anywhere.add_run(status="running")
    client = anywhere.client(ADA)
    assert client.get(f"{LIST}?{query}").status_code == 200
    answer = poll(client, f"/admin/ops-refresh/operation-list?{query}")
    assert answer.status_code == 200


@pytest.fixture(params=KINDS)
def offices(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> cabc.Iterator[Host]:
    """A host whose runs have UUID keys, native enums and tenants of two keys."""
    with database(request.param, tmp_path) as url:
        ops = OpsRefresh(operation_run=OfficeRun)
        ops.scope_loader(lambda user: Scope(1, tenant_ids=[2]))
        app = create_host(url, ops=ops)
        host = populate(app)
        with app.app_context():
            for workspace in (1, 2):
                name = f"Office of {workspace}"
                db.session.add(Office(workspace_id=workspace, id=2, name=name))
            db.session.flush()
            for number, (workspace, kind) in enumerate(
                [(1, Kind.ALPHA), (1, Kind.BETA), (2, Kind.BETA)]
            ):
                db.session.add(
                    OfficeRun(
                        id=uuid.UUID(int=number),
                        workspace_id=workspace,
                        tenant_id=2,
                        type=kind,
                        status="running",
                        created_at=NOW.replace(tzinfo=None) + number * HOUR,
                        context={"a": {"b": 1}},
                    )
                )
            db.session.commit()
        yield host
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


HOUR = dt.timedelta(hours=1)


def test_enums_and_keys_of_two_parts_work_everywhere(offices: Host) -> None:
    """Names, choices and filters are right for native enums and composite tenants."""
    client = offices.client(ADA)
    page = client.get(LIST)
    shown = [
        cell.get_text(strip=True)
        for cell in soup(page).select("td.col-type, td.col-tenant")
    ]
    assert shown == ["BETA", "Office of 1", "ALPHA", "Office of 1"]
    assert "Office of 2" not in page.text
    groups = soup(page).select_one("#filter-groups-data")
    assert groups is not None
    for choice in ("Office of 1", "ALPHA", "BETA"):
        assert choice in groups.text
    assert types(offices, "?flt0_1=ALPHA") == ["ALPHA"]
    assert types(offices, "?flt0_1=nothing") == ["BETA", "ALPHA"]
    assert types(offices, "?flt0_0=running") == ["BETA", "ALPHA"]
    assert types(offices, "?flt0_0=unknown") == []


def test_uuid_keys_lead_to_their_runs_everywhere(offices: Host) -> None:
    """A UUID is the same in links and addresses, and malformed ones are 404."""
    client = offices.client(ADA)
    own, foreign = uuid.UUID(int=1), uuid.UUID(int=2)
    page = client.get(f"{LIST}details/?id={own}")
    assert page.status_code == 200
    assert '"b": 1' in soup(page).text
    assert f"details/?id={own}" in client.get(LIST).text
    for id in (foreign, uuid.UUID(int=9), "x", "1"):
        assert client.get(f"{LIST}details/?id={id}").status_code == 404


def test_times_beyond_the_calendar_cost_only_their_own_cell(
    tmp_path: pathlib.Path,
) -> None:
    """PostgreSQL's infinity hides no run and takes no download away."""
    with database("postgresql", tmp_path) as url:
        app = create_host(url)
        host = populate(app)
        host.add_run(type="kind.a", status="running")
        host.add_run(type="kind.b", created_at=NOW - HOUR)
        host.add(
            ReviewPack(workspace_id=1, tenant_id=1, status="ready", created_at=NOW)
        )
        host.execute("UPDATE operation_runs SET completed_at = 'infinity'")
        host.execute("UPDATE operation_runs SET started_at = '4000-01-01 BC'")
        host.execute("UPDATE review_packs SET expires_at = 'infinity'")
        assert types(host) == ["kind.a", "kind.b"]
        client = host.client(ADA)
        with client.session_transaction() as session:
            session["tenant_id"] = 1
        assert "Download" in client.get("/admin/").text
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
