from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import sys
import typing as t

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import flask_ops_refresh

from .conftest import ADA
from .conftest import Host
from .conftest import POLL
from .everything_on import add_people
from .everything_on import add_records
from .everything_on import EverythingOn
from .everything_on import make_ops
from .everything_on import OLD_CHOICES
from .test_route_matrix import token_of

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.filterwarnings(OLD_CHOICES),
]

PACKAGE = str(pathlib.Path(flask_ops_refresh.__file__).parent)
LIST = "/admin/operations/"

Send: t.TypeAlias = cabc.Callable[[FlaskClient, str, str], TestResponse]

#: Each route that names a record, asked for the one of an id.
ROUTES: dict[str, Send] = {
    "details": lambda client, id, token: client.get(f"{LIST}details/?id={id}"),
    "edit form": lambda client, id, token: client.get(f"{LIST}edit/?id={id}"),
    "edit": lambda client, id, token: client.post(
        f"{LIST}edit/?id={id}", data={"csrf_token": token, "type": "a"}
    ),
    "delete": lambda client, id, token: client.post(
        f"{LIST}delete/", data={"csrf_token": token, "id": id}
    ),
    "action": lambda client, id, token: client.post(
        f"{LIST}action/", data={"csrf_token": token, "action": "mark", "rowid": id}
    ),
    "list edit": lambda client, id, token: client.post(
        f"{LIST}ajax/update/",
        data={"csrf_token": token, "list_form_pk": id, "type": "a"},
    ),
    "detail poll": lambda client, id, token: client.get(
        f"/admin/ops-refresh/operation-detail?id={id}", headers=POLL
    ),
    "pack poll": lambda client, id, token: client.get(
        f"/admin/ops-refresh/review-pack?tenant_id={id}", headers=POLL
    ),
}
FOREIGN = {"pack poll": "3"}
MALFORMED = ["x", "", "9" * 30, "-", "1.0", "1,1", "1%00", "%ff", "a" * 5000]


@pytest.fixture
def full_host(make_host: cabc.Callable[..., Host]) -> Host:
    host = make_host(ops=make_ops(EverythingOn))
    add_people(host)
    add_records(host)
    return host


@contextlib.contextmanager
def calls_of_the_package() -> cabc.Iterator[list[str]]:
    """The package's functions in the order in which they are entered."""
    seen: list[str] = []

    def note(frame: t.Any, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            seen.append(frame.f_code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(before)


def outwardly(response: TestResponse) -> tuple[t.Any, ...]:
    """All that a client can tell an answer by."""
    return response.status, response.data, list(response.headers.keys())


@pytest.mark.parametrize("route", ROUTES)
def test_foreign_missing_and_malformed_are_one_answer(
    full_host: Host, route: str
) -> None:
    """Status, bytes, header names and the number of SELECTs tell nothing apart."""
    send, client = ROUTES[route], full_host.client(ADA)
    token = token_of(client)
    found = send(client, "1", token)
    with full_host.statements() as expected_statements:
        expected = send(client, FOREIGN.get(route, "2"), token)
    assert expected.status_code == 404
    assert outwardly(found) != outwardly(expected)
    for id in ["999", *MALFORMED]:
        with full_host.statements() as statements:
            response = send(client, id, token)
        assert outwardly(response) == outwardly(expected), id
        assert len(statements) == len(expected_statements), id
        if id == "999":
            assert statements == expected_statements


@pytest.mark.parametrize("route", ROUTES)
def test_foreign_and_missing_take_the_same_path(full_host: Host, route: str) -> None:
    """The same functions run in the same order, whether a record is there or not."""
    send, client = ROUTES[route], full_host.client(ADA)
    token = token_of(client)
    paths = []
    for id in (FOREIGN.get(route, "2"), "999"):
        send(client, id, token)  # Compiled statements and templates are kept.
        with calls_of_the_package() as calls:
            send(client, id, token)
        assert len(calls) > 5
        paths.append(calls)
    assert paths[0] == paths[1]


def test_an_id_given_twice_is_malformed(full_host: Host) -> None:
    """Two ids in one address name no record, not even where both are in scope."""
    client = full_host.client(ADA)
    for path in ("details/", "edit/"):
        assert client.get(f"{LIST}{path}?id=1&id=3").status_code == 404


def test_a_choice_of_a_foreign_record_is_refused_as_a_missing_one(
    full_host: Host,
) -> None:
    """A form says the same of a tenant or person elsewhere and of none at all."""
    client = full_host.client(ADA)
    token = token_of(client)
    form = {"csrf_token": token, "workspace_id": 1, "type": "a", "status": "queued"}
    for field, foreign in (("tenant", 3), ("user", 8)):
        pages = [
            client.post(f"{LIST}edit/?id=1", data={**form, field: id}).data
            for id in (foreign, 999, "x")
        ]
        assert pages[0] == pages[1] == pages[2]
        assert b"Not a valid choice" in pages[0]
