"""Every route of the extension × who asks × for what.

A cell says what is answered, what is shown and what is changed. What a cell
should be follows from three tables: :data:`REFUSED`, :data:`SEEN`, and the row of
the route; a route without a row fails the suite.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import re
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import expose
from werkzeug.test import TestResponse

from flask_ops_refresh import OperationsView

from .conftest import Host
from .conftest import NOW
from .conftest import POLL
from .everything_on import add_people
from .everything_on import add_records
from .everything_on import EverythingOn
from .everything_on import GuardedIndex
from .everything_on import make_ops
from .everything_on import OLD_CHOICES
from .everything_on import ReadOnly
from .everything_on import RECORDS
from .everything_on import REFUSED
from .everything_on import ROLES
from .everything_on import SEEN
from .host_app import create_host
from .host_app import db
from .host_app import OperationRun

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.filterwarnings(OLD_CHOICES),
]

Key: t.TypeAlias = tuple[str, str]
Found: t.TypeAlias = dict[str, cabc.Collection[str]]

#: Whose workspace a look-up is made in: people have no tenant.
COLLEAGUES: Found = {
    "other workspace": {"foreign"},
    "without the tenant": {"own", "tenantless"},
    "tenant member": {"own", "tenantless"},
    "all tenants": {"own", "tenantless"},
}
#: The tenants that records of those names have, and who may see a pack of theirs.
TENANTS = {**RECORDS, "own": "1", "foreign": "3", "tenantless": ""}
PACKS: Found = {
    "other workspace": {"foreign"},
    "tenant member": {"own"},
    "all tenants": {"own"},
}
INITIATORS = {"own": "Eve", "tenantless": "Eve", "foreign": "Hal"}


@dataclasses.dataclass(frozen=True)
class Ask:
    """One request: by whom, for what, and with the token of their session."""

    client: FlaskClient
    record: str
    token: str

    @property
    def id(self) -> str:
        return RECORDS[self.record]

    def post(self, url: str, **data: t.Any) -> TestResponse:
        return self.client.post(url, data={"csrf_token": self.token, **data})


@dataclasses.dataclass(frozen=True)
class Row:
    """What a route does.

    :param send: asks it for a record.
    :param found: who finds which record there.
    :param ok: the status for those who find it.
    :param not_found: the status for those who see something, but not this.
    :param shows: the text that stands in the answer just when it is found.
    :param changes: whether it changes just what is found.
    :param refused: whether it is closed to those who see nothing.
    """

    send: cabc.Callable[[Ask], TestResponse]
    found: Found = dataclasses.field(default_factory=lambda: dict(SEEN))
    ok: int = 200
    not_found: int = 404
    shows: cabc.Callable[[str], str | None] = lambda record: None
    changes: bool = False
    refused: bool = True


def kind(record: str) -> str:
    return f"kind-{RECORDS[record]}"


def closed(send: cabc.Callable[[Ask], TestResponse]) -> Row:
    """A route that a view without the feature does not have."""
    return Row(send, found={})


def poll(region: str, query: cabc.Callable[[str], str], **row: t.Any) -> Row:
    def send(ask: Ask) -> TestResponse:
        url = f"/admin/ops-refresh/{region}{query(ask.record)}"
        return ask.client.get(url, headers=POLL)

    return Row(send, **row)


def new_run(ask: Ask) -> TestResponse:
    workspace_id = 2 if ask.record == "foreign" else 1
    return ask.post(
        "/admin/operations/new/",
        workspace_id=workspace_id,
        type="new",
        status="queued",
        tenant=TENANTS[ask.record] or "__None",
        user="",
    )


LIST = "/admin/operations/"
GET: dict[Key, cabc.Callable[[Ask], TestResponse]] = {
    ("operations.create_view", "GET"): lambda ask: ask.client.get(f"{LIST}new/"),
    ("operations.create_view", "POST"): new_run,
    ("operations.edit_view", "GET"): lambda ask: ask.client.get(
        f"{LIST}edit/?id={ask.id}"
    ),
    ("operations.edit_view", "POST"): lambda ask: ask.post(
        f"{LIST}edit/?id={ask.id}",
        workspace_id=2 if ask.record == "foreign" else 1,
        type="changed",
        status="running",
        tenant="__None",
        user="",
    ),
    ("operations.delete_view", "POST"): lambda ask: ask.post(
        f"{LIST}delete/", id=ask.id
    ),
    ("operations.action_view", "POST"): lambda ask: ask.post(
        f"{LIST}action/", action="mark", rowid=ask.id
    ),
    ("operations.action_view", "POST of what is not offered"): lambda ask: ask.post(
        f"{LIST}action/", action="settle", rowid=ask.id
    ),
    ("operations.ajax_lookup", "GET"): lambda ask: ask.client.get(
        f"{LIST}ajax/lookup/?name=user&query={INITIATORS.get(ask.record, 'nobody')}"
    ),
    ("operations.ajax_update", "POST"): lambda ask: ask.post(
        f"{LIST}ajax/update/", list_form_pk=ask.id, type="changed"
    ),
}

#: The rows of a view as it comes.
READING: dict[Key, Row] = {
    ("operations.index_view", "GET"): Row(
        lambda ask: ask.client.get(LIST), not_found=200, shows=kind
    ),
    ("operations.details_view", "GET"): Row(
        lambda ask: ask.client.get(f"{LIST}details/?id={ask.id}"), shows=kind
    ),
    ("operations.export", "GET"): Row(
        lambda ask: ask.client.get(f"{LIST}export/csv/"), not_found=200, shows=kind
    ),
    ("flask_ops_refresh.poll", "GET operation-detail"): poll(
        "operation-detail", lambda record: f"?id={RECORDS[record]}", shows=kind
    ),
    ("flask_ops_refresh.poll", "GET operation-list"): poll(
        "operation-list", lambda record: "", not_found=200, shows=kind
    ),
    ("flask_ops_refresh.poll", "GET operations-overview"): poll(
        "operations-overview",
        lambda record: "",
        not_found=200,
        shows=lambda record: f"ended-{RECORDS[record]}",
    ),
    ("flask_ops_refresh.poll", "GET review-pack"): poll(
        "review-pack",
        lambda record: f"?tenant_id={TENANTS[record]}",
        found=PACKS,
        shows=lambda record: f"Pack {RECORDS[record]}",
    ),
    **{
        ("flask_ops_refresh.poll", method): Row(
            lambda ask, method=method: ask.client.open(  # type: ignore[misc]
                f"/admin/ops-refresh/operation-detail?id={ask.id}",
                method=method,
                headers=POLL,
            ),
            found={},
            not_found=405,
            refused=False,
        )
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    },
    ("flask_ops_refresh.static", "GET"): Row(
        lambda ask: ask.client.get(
            "/admin/ops-refresh/static/any/ops_refresh.css", buffered=True
        ),
        not_found=200,
        refused=False,
    ),
}
READ_ONLY = {**READING, **{key: closed(send) for key, send in GET.items()}}

#: The rows of a view on which everything is turned on.
ALL_ON: dict[Key, Row] = {
    **READING,
    ("operations.create_view", "GET"): Row(
        GET["operations.create_view", "GET"],
        found=PACKS,
        not_found=200,
        shows=lambda record: {"own": "North", "foreign": "East"}.get(record),
    ),
    ("operations.create_view", "POST"): Row(
        GET["operations.create_view", "POST"], ok=302, not_found=200, changes=True
    ),
    ("operations.edit_view", "GET"): Row(
        GET["operations.edit_view", "GET"], shows=kind
    ),
    ("operations.edit_view", "POST"): Row(
        GET["operations.edit_view", "POST"], ok=302, changes=True
    ),
    ("operations.delete_view", "POST"): Row(
        GET["operations.delete_view", "POST"], ok=302, changes=True
    ),
    ("operations.action_view", "POST"): Row(
        GET["operations.action_view", "POST"], ok=302, changes=True
    ),
    ("operations.action_view", "POST of what is not offered"): Row(
        GET["operations.action_view", "POST of what is not offered"], ok=302
    ),
    ("operations.ajax_lookup", "GET"): Row(
        GET["operations.ajax_lookup", "GET"],
        found=COLLEAGUES,
        not_found=200,
        shows=lambda record: {"Eve": "<User 5>", "Hal": "<User 8>"}.get(
            INITIATORS.get(record, "")
        ),
    ),
    ("operations.ajax_update", "POST"): Row(
        GET["operations.ajax_update", "POST"], changes=True
    ),
}


def routes_of_the_extension(app: Flask) -> set[tuple[str, str]]:
    """Endpoint and method of every rule that the extension has added to an app."""
    bare = {rule.endpoint for rule in Flask("bare").url_map.iter_rules()}
    admin = app.extensions["admin"][0].index_view.endpoint
    return {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in bare and not rule.endpoint.startswith(f"{admin}.")
        for method in (rule.methods or set()) - {"HEAD"}
        if method != "OPTIONS" or rule.provide_automatic_options is False
    }


def without_a_row(app: Flask, rows: cabc.Mapping[Key, Row]) -> set[tuple[str, str]]:
    """The routes, and the regions of polls, that a matrix says nothing of."""
    known = {(endpoint, method.split()[0]) for endpoint, method in rows}
    regions = {("region", name) for name in _regions(app)}
    tested = {
        ("region", method.split()[1])
        for endpoint, method in rows
        if endpoint == "flask_ops_refresh.poll" and " " in method
    }
    return (routes_of_the_extension(app) - known) | (regions - tested)


def _regions(app: Flask) -> cabc.Iterable[str]:
    with app.app_context():
        return list(app.extensions["flask_ops_refresh"].installation.regions)


def stored(host: Host) -> list[t.Any]:
    with host.app.app_context():
        rows = db.session.execute(sa.select(OperationRun.__table__))
        return [tuple(map(str, row)) for row in rows]


def add_ended(host: Host) -> None:
    """Beside each record a run in the same place that has failed."""
    for id, workspace_id, tenant_id in ((1, 1, 1), (2, 2, 3), (3, 1, None)):
        host.add_run(
            id=100 + id,
            workspace_id=workspace_id,
            tenant_id=tenant_id,
            type=f"ended-{id}",
            status="completed",
            outcome="failed",
            completed_at=NOW,
        )


def renew(host: Host) -> None:
    host.execute("DELETE FROM review_packs")
    host.execute("DELETE FROM operation_runs")
    add_records(host)
    add_ended(host)


def token_of(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(LIST).text)
    return found[1] if found else "none"


@pytest.fixture(params=["read-only", "everything on"])
def matrix(
    request: pytest.FixtureRequest, make_host: cabc.Callable[..., Host]
) -> tuple[Host, dict[Key, Row]]:
    """A host app with its records, and the rows that hold for it."""
    view, rows = {
        "read-only": (ReadOnly, READ_ONLY),
        "everything on": (EverythingOn, ALL_ON),
    }[request.param]
    host = make_host(ops=make_ops(view), index_view=GuardedIndex())
    add_people(host)
    add_records(host)
    add_ended(host)
    return host, rows


def expected(row: Row, role: str, record: str) -> tuple[int, bool]:
    """The status of a cell, and whether its record is found."""
    if row.refused and role in REFUSED:
        return REFUSED[role], False
    found = record in row.found.get(role, ())
    return (row.ok if found else row.not_found), found


@pytest.mark.parametrize("role", ROLES)
def test_every_cell_of_the_matrix(
    matrix: tuple[Host, dict[Key, Row]], role: str
) -> None:
    """Each route answers, shows and changes for each person just what it should."""
    host, rows = matrix
    client = host.client(ROLES[role])
    token = token_of(client)
    before = stored(host)
    wrong = []
    for key, row in rows.items():
        for record in RECORDS:
            status, found = expected(row, role, record)
            response = row.send(Ask(client, record, token))
            text = row.shows(record)
            shown = text is not None and text in response.text
            after = stored(host)
            cell = (response.status_code, shown, after != before)
            if cell != (status, found and text is not None, found and row.changes):
                wrong.append((*key, record, cell))
            if after != before:
                renew(host)
    assert not wrong, "\n".join(map(str, wrong))


def test_every_route_has_a_row(matrix: tuple[Host, dict[Key, Row]]) -> None:
    """No rule that the extension adds is left out of the matrix."""
    host, rows = matrix
    assert without_a_row(host.app, rows) == set()
    assert len(routes_of_the_extension(host.app)) == 18


def test_a_change_touches_the_record_named_alone(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Whoever may change one record has changed no other by it."""
    host = make_host(ops=make_ops(EverythingOn))
    add_people(host)
    add_records(host)
    client = host.client(ROLES["all tenants"])
    ask = Ask(client, "own", token_of(client))
    for key, row in ALL_ON.items():
        if row.changes and key != ("operations.create_view", "POST"):
            before = stored(host)
            row.send(ask)
            changed = set(before) - set(stored(host))
            assert [each[0] for each in changed] == ["1"]
            renew(host)


def test_the_guard_notices_a_route_without_a_row() -> None:
    """A page, a method or a region that somebody adds is reported by name."""

    class Extended(OperationsView):
        @expose("/extra/", methods=("GET", "DELETE"))
        def extra(self) -> str:
            return ""

    ops = make_ops(Extended)
    ops.live_region("extra-region", template="x.html")(lambda scope: None)
    app = create_host(ops=ops)
    assert without_a_row(app, READ_ONLY) == {
        ("operations.extra", "GET"),
        ("operations.extra", "DELETE"),
        ("region", "extra-region"),
    }
