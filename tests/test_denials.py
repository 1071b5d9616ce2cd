from __future__ import annotations

import collections.abc as cabc

import pytest
from flask.testing import FlaskClient

from .conftest import ADA
from .conftest import DANA
from .conftest import Host
from .conftest import POLL
from .everything_on import add_people
from .everything_on import add_records
from .everything_on import EverythingOn
from .everything_on import FAY
from .everything_on import GUS
from .everything_on import make_ops
from .everything_on import OLD_CHOICES
from .host_app import User
from .test_route_matrix import token_of

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.filterwarnings(OLD_CHOICES),
]

LIST = "/admin/operations/"
DETAIL_POLL = "/admin/ops-refresh/operation-detail?id="


@pytest.fixture
def full_host(make_host: cabc.Callable[..., Host]) -> Host:
    host = make_host(ops=make_ops(EverythingOn))
    add_people(host)
    add_records(host)
    return host


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "flask_ops_refresh"
    ]


def denied(
    status: int,
    user: object,
    workspace: object,
    route: str,
    record: str,
    method: str = "GET",
) -> str:
    names = ["-" if each is None else f"'{each}'" for each in (user, workspace)]
    return (
        f"Denied: status={status} user={names[0]} workspace={names[1]} "
        f"route='{route}' method='{method}' record={record}"
    )


@pytest.mark.parametrize(
    ("user", "status", "workspace"),
    [(None, 401, None), (FAY, 401, None), (DANA, 404, None), (GUS, 403, 1)],
    ids=["anonymous", "inactive", "no scope", "view not accessible"],
)
def test_a_refused_person_is_one_line(
    full_host: Host,
    caplog: pytest.LogCaptureFixture,
    user: int | None,
    status: int,
    workspace: int | None,
) -> None:
    """A page and a poll that are refused say who asked for what, once each."""
    client = full_host.client(user)
    client.get(f"{LIST}details/?id=17")
    client.get(f"{DETAIL_POLL}17", headers=POLL)
    poll_route = "flask_ops_refresh.poll operation-detail"
    assert lines(caplog) == [
        denied(status, user, workspace, "operations.details_view", "'17'"),
        denied(status, user, workspace, poll_route, "'17'"),
    ]


def test_a_record_out_of_scope_is_one_line(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Whichever route names a foreign record, its id stands in the log."""
    client = full_host.client(ADA)
    token = {"csrf_token": token_of(client)}
    client.get(f"{LIST}details/?id=2")
    client.get(f"{LIST}edit/?id=2")
    client.post(f"{LIST}delete/", data={**token, "id": "2"})
    client.post(f"{LIST}ajax/update/", data={**token, "list_form_pk": "2"})
    client.post(f"{LIST}action/", data={**token, "action": "mark", "rowid": "2"})
    client.get(f"{DETAIL_POLL}2", headers=POLL)
    client.get("/admin/ops-refresh/review-pack?tenant_id=3", headers=POLL)
    route = "operations."
    polled = "flask_ops_refresh.poll "
    assert lines(caplog) == [
        denied(404, ADA, 1, f"{route}details_view", "'2'"),
        denied(404, ADA, 1, f"{route}edit_view", "'2'"),
        denied(404, ADA, 1, f"{route}delete_view", "'2'", "POST"),
        denied(404, ADA, 1, f"{route}ajax_update", "'2'", "POST"),
        denied(404, ADA, 1, f"{route}action_view", "'2'", "POST"),
        denied(404, ADA, 1, f"{polled}operation-detail", "'2'"),
        denied(404, ADA, 1, f"{polled}review-pack", "'3'"),
    ]


def test_what_an_action_leaves_out_is_logged_though_the_rest_is_done(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """A bulk action on mixed ids succeeds, and names those that it did not touch."""
    client = full_host.client(ADA)
    foreign = [str(id) for id in range(50, 60)]
    data = {"csrf_token": token_of(client), "action": "mark", "rowid": ["1", *foreign]}
    assert client.post(f"{LIST}action/", data=data).status_code == 302
    record = ",".join(f"'{id}'" for id in foreign[:5]) + " and 5 more"
    assert lines(caplog) == [
        denied(404, ADA, 1, "operations.action_view", record, "POST")
    ]


def test_strangers_who_are_sent_to_the_login_are_logged(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """A redirect to the login page is a refusal like any other."""
    full_host.app.login_manager.login_view = "/login"  # type: ignore[attr-defined]
    assert full_host.client().get(LIST).status_code == 302
    assert full_host.client().get(f"{DETAIL_POLL}1", headers=POLL).status_code == 401
    assert [line.split()[1] for line in lines(caplog)] == ["status=401"] * 2


def test_forged_requests_are_logged(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """A missing token, another site, another method, a return address elsewhere."""
    client = full_host.client(ADA)
    client.post(f"{LIST}delete/", data={"id": "1"})
    client.get(f"{DETAIL_POLL}1")
    client.post(f"{DETAIL_POLL}1", headers=POLL)
    client.get(f"{LIST}?url=//evil.example")
    assert [line.split()[1:3] for line in lines(caplog)] == [
        ["status=400", "user='1'"],
        ["status=400", "user='1'"],
        ["status=405", "user='1'"],
        ["status=400", "user='1'"],
    ]
    assert "evil" not in caplog.text


def test_what_is_allowed_leaves_no_line(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Ordinary work, and pages that are not the extension's, are not logged."""
    client = full_host.client(ADA)
    for path in ("", "details/?id=1", "edit/?id=1", "export/csv/", "new/"):
        assert client.get(LIST + path).status_code == 200
    assert client.get(f"{DETAIL_POLL}1", headers=POLL).status_code == 200
    for path in ("/nothing", "/admin/nothing/", "/admin/ops-refresh/static/a/b.js"):
        assert client.get(path).status_code == 404
    assert lines(caplog) == []


EVIL = [
    "1\nDenied: status=404 user='9'",
    "1\r\n\r\n<script>alert(1)</script>",
    "1\x1b[2J\x1b[31m",
    "\u202e\u2028\x85\x00",
    "' record='7",
    "%s%(user)s{0}",
    "é\U0001f4a9\ufeff",
    "a" * 10_000,
]


@pytest.mark.parametrize("evil", EVIL, ids=range(len(EVIL)))
def test_nothing_sent_can_break_out_of_its_line(
    full_host: Host, caplog: pytest.LogCaptureFixture, evil: str
) -> None:
    """Line ends, terminal codes, quotes and long text stay quoted in one short line."""
    client = full_host.client(ADA)
    client.get(f"{LIST}details/", query_string={"id": evil})
    client.get(f"/admin/ops-refresh/{evil.replace('/', '')}x", headers=POLL)
    client.post(f"{LIST}delete/", data={"id": evil, "csrf_token": token_of(client)})
    assert len(lines(caplog)) == 3
    for line in lines(caplog):
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 500
        assert line.startswith("Denied: status=404 user='1' workspace='1' route=")


def test_no_more_than_ids_is_told_of_a_person(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """What somebody searched for or is called stands in no line."""
    full_host.update(User, DANA, name="Dana Secret")
    client = full_host.client(DANA)
    client.get(f"{LIST}?search=Secret&flt0_1=Secret")
    client.get("/admin/ops-refresh/operation-list?search=Secret", headers=POLL)
    assert len(lines(caplog)) == 2
    assert "Secret" not in caplog.text


def test_an_app_is_flooded_with_no_more_than_ten_lines(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody who tries all ids leaves ten lines a minute."""
    client = full_host.client(ADA)
    for id in range(100, 150):
        assert client.get(f"{DETAIL_POLL}{id}", headers=POLL).status_code == 404
    assert len(lines(caplog)) == 10


def test_logging_a_denial_reads_nothing(full_host: Host) -> None:
    """A refusal made before anybody is loaded loads nobody to name them."""

    def ask(client: FlaskClient) -> None:
        assert client.get(f"{DETAIL_POLL}1").status_code == 400

    client = full_host.client(ADA)
    with full_host.statements() as statements:
        ask(client)
    assert statements == []
