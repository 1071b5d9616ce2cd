from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .conftest import CLEO
from .conftest import Host
from .conftest import NOW
from .conftest import POLL
from .everything_on import EVE
from .everything_on import EverythingOn
from .everything_on import make_ops
from .everything_on import OLD_CHOICES
from .host_app import Model
from .host_app import OperationRun
from .host_app import ReviewPack
from .host_app import Tenant
from .host_app import User
from .test_route_matrix import token_of

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.filterwarnings(OLD_CHOICES),
]

MARKER = "Zq7-sentinel"
LIST = "/admin/operations/"

#: A run, its person and its tenant out of Eve's scope: of another workspace, and of
#: a tenant of her own workspace. Each stands in a row of the same number.
FOREIGN = {31: (2, 31), 32: (1, 32)}

#: A run of Eve's own that is over, and runs and packs beside it that are not hers.
OWN_AT_REST = 2


def marked(model: type[Model], **values: t.Any) -> Model:
    """A record with the marker in every column that holds text of any kind."""
    for column in model.__table__.columns:
        if isinstance(column.type, sa.String | sa.JSON) and column.key not in values:
            values[column.key] = (
                f"{MARKER}-{column.key}"
                if isinstance(column.type, sa.String)
                else {MARKER: [MARKER], "total": 3}
            )
    return model(**values)


def add_marked(host: Host) -> None:
    times = {"created_at": NOW, "started_at": NOW}
    for id, (workspace_id, tenant_id) in FOREIGN.items():
        host.add(
            marked(Tenant, id=tenant_id),
            marked(User, id=id, workspace_id=2, tenant_ids=[]),
            marked(
                OperationRun,
                id=id,
                workspace_id=workspace_id,
                tenant_id=tenant_id,
                user_id=id,
                status="running",
                **times,
            ),
            marked(
                OperationRun,
                id=id + 100,
                workspace_id=workspace_id,
                tenant_id=tenant_id,
                user_id=id,
                status="completed",
                outcome="failed",
                completed_at=NOW,
                **times,
            ),
            marked(
                OperationRun,
                id=id + 10,
                workspace_id=workspace_id,
                tenant_id=tenant_id,
                user_id=id,
                type="own.at.rest",
                status="running",
                created_at=NOW + dt.timedelta(seconds=id - 31 or -1),
            ),
            marked(
                ReviewPack,
                id=id + 10,
                workspace_id=workspace_id,
                tenant_id=tenant_id,
                operation_run_id=OWN_AT_REST,
                status=MARKER[:20],
                created_at=NOW,
            ),
            marked(
                ReviewPack,
                id=id,
                workspace_id=workspace_id,
                tenant_id=tenant_id,
                operation_run_id=id,
                status="ready",
                created_at=NOW,
            ),
        )


def requests_of(
    client: FlaskClient, token: str
) -> cabc.Iterator[tuple[str, TestResponse]]:
    """Each route in each of its formats, asked for everything that is foreign."""
    queries = ["", "?page_size=100", "?sort=0&desc=1", "?search=Zq7", "?search=31"]
    queries += [f"?flt0_0={status}" for status in ("running", "unknown", "failed")]
    queries += [f"?flt0_2={tenant}" for tenant in (31, 32)]
    queries += ["?flt0_1=Zq7&flt1_3=2000-01-01 to 2100-01-01", "?page=1", "?page=x"]
    for query in queries:
        for path in (LIST, f"{LIST}export/csv/", f"{LIST}export/json/"):
            yield path + query, client.get(path + query)
        url = f"/admin/ops-refresh/operation-list{query}"
        yield url, client.get(url, headers=POLL)
    url = "/admin/ops-refresh/operations-overview"
    yield url, client.get(url, headers=POLL)
    own = f"?id={OWN_AT_REST}&failure_code={31}"
    for path in (f"{LIST}details/{own}", f"{LIST}details/{own.partition('&')[0]}"):
        yield path, client.get(path)
    polled = f"/admin/ops-refresh/operation-detail{own}"
    yield polled, client.get(polled, headers=POLL)
    for id in FOREIGN:
        for path in ("details/", "edit/", "new/", "details/nothing", "nothing/"):
            yield path, client.get(f"{LIST}{path}?id={id}")
        for region in (f"operation-detail?id={id}", f"review-pack?tenant_id={id}"):
            yield region, client.get(f"/admin/ops-refresh/{region}", headers=POLL)
        with client.session_transaction() as session:
            session["tenant_id"] = id
        yield "dashboard", client.get("/admin/")
        for name in ("user", "tenant", "nothing"):
            for term in ("Zq", "", "%", "1", "_"):
                url = f"{LIST}ajax/lookup/?name={name}&query={term}&limit=1000"
                yield url, client.get(url)
        for path, data in (
            ("edit/?id={id}", {"type": "mine"}),
            ("delete/", {"id": id}),
            ("action/", {"action": "mark", "rowid": id}),
            ("action/", {"action": "delete", "rowid": [1, id]}),
            ("ajax/update/", {"list_form_pk": id, "type": "mine"}),
            ("ajax/update/", {"list_form_pk": 1, "type": ""}),
            ("new/", {"workspace_id": 1, "tenant": id, "user": id, "type": "a"}),
            ("edit/?id=1", {"workspace_id": 2, "tenant": id, "user": id}),
        ):
            url = f"{LIST}{path.format(id=id)}"
            form = {"csrf_token": token, "status": "queued", **data}
            yield url, client.post(url, data=form)


@pytest.fixture
def marked_host(make_host: cabc.Callable[..., Host]) -> Host:
    host = make_host(ops=make_ops(EverythingOn))
    host.add(User(id=EVE, name="Eve", workspace_id=1, tenant_ids=[1]))
    host.add_run(id=1, user_id=EVE, type="own")
    host.add_run(id=OWN_AT_REST, status="completed", type="own.at.rest")
    add_marked(host)
    return host


def test_no_byte_of_a_foreign_row_is_in_any_answer(
    marked_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is asked for in whatever format, no foreign text comes back."""
    client = marked_host.client(EVE)
    token = token_of(client)
    answers = 0
    for url, response in requests_of(client, token):
        answer = response.data + str(response.headers).encode()
        assert MARKER.encode() not in answer, url
        answers += 1
    assert answers > 100
    with client.session_transaction() as session:
        assert MARKER not in repr(dict(session))
    assert MARKER not in caplog.text


def test_no_foreign_run_and_no_foreign_pack_is_beside_an_own_run(
    marked_host: Host,
) -> None:
    """Runs of its type, and packs that name it, are not there for who may not see."""
    page = marked_host.client(EVE).get(f"{LIST}details/?id={OWN_AT_REST}")
    assert page.status_code == 200
    assert "Runs of this type" not in page.text
    assert "Review pack" not in page.text


def test_the_marker_is_there_for_who_may_see_it(marked_host: Host) -> None:
    """The same requests do show the rows to those whose they are."""
    client = marked_host.client(CLEO)
    shown = {
        url.partition("?")[0]
        for url, response in requests_of(client, token_of(client))
        if MARKER in response.text
    }
    assert shown >= {
        LIST,
        f"{LIST}export/csv/",
        "details/",
        "edit/",
        "new/",
        "/admin/ops-refresh/operation-list",
        "/admin/ops-refresh/operations-overview",
        "operation-detail",
        "review-pack",
        "dashboard",
    }
