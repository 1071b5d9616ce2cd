from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import re
import typing as t

import pytest
import wtforms
from flask import request
from flask.testing import FlaskClient
from flask_admin.actions import action
from flask_admin.form import BaseForm
from flask_admin.form import SecureForm
from flask_wtf.csrf import CSRFProtect
from werkzeug.test import TestResponse
from wtforms.csrf.session import SessionCSRF

from .conftest import ADA
from .conftest import CLEO
from .conftest import Host
from .conftest import POLL
from .everything_on import add_people
from .everything_on import add_records
from .everything_on import EverythingOn
from .everything_on import make_ops
from .everything_on import OLD_CHOICES
from .pages import soup
from .test_route_matrix import ALL_ON
from .test_route_matrix import Ask
from .test_route_matrix import stored
from .test_route_matrix import token_of

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.filterwarnings(OLD_CHOICES),
]

LIST = "/admin/operations/"
CHANGES = {key: row for key, row in ALL_ON.items() if row.changes}


def make_full(make_host: cabc.Callable[..., Host], view: t.Any = EverythingOn) -> Host:
    host = make_host(ops=make_ops(view))
    add_people(host)
    add_records(host)
    return host


@pytest.fixture
def full_host(make_host: cabc.Callable[..., Host]) -> Host:
    return make_full(make_host)


def delete(client: FlaskClient, token: str | None, **headers: str) -> TestResponse:
    data = {"id": "1"} if token is None else {"id": "1", "csrf_token": token}
    return client.post(f"{LIST}delete/", data=data, headers=headers)


def ids(host: Host) -> set[str]:
    return {row[0] for row in stored(host)}


@pytest.mark.parametrize("key", CHANGES, ids=lambda key: key[0])
def test_nothing_is_changed_without_a_token(
    full_host: Host, key: tuple[str, str]
) -> None:
    """No token, another session's and a made-up one change nothing: 400."""
    client = full_host.client(ADA)
    token_of(client)
    others = token_of(full_host.client(CLEO))
    before = stored(full_host)
    for token in ("", "##", "x", "##" + "0" * 40, "##ü", others):
        response = CHANGES[key].send(Ask(client, "own", token))
        assert response.status_code == 400
        assert stored(full_host) == before
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", ["delete/", "action/", "ajax/update/"])
def test_changes_are_made_by_post_alone(full_host: Host, path: str) -> None:
    """A link or a picture changes nothing, not even with a token."""
    client = full_host.client(ADA)
    query = {
        "csrf_token": token_of(client),
        "id": "1",
        "rowid": "1",
        "action": "delete",
        "list_form_pk": "1",
        "type": "changed",
    }
    before = stored(full_host)
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        response = client.open(f"{LIST}{path}", method=method, query_string=query)
        assert response.status_code == 405
    assert client.get(f"{LIST}edit/", query_string=query).status_code == 200
    assert stored(full_host) == before


def test_a_token_is_good_as_long_as_its_session(
    full_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that has stood open all day can still be used."""
    client = full_host.client(ADA)
    token = token_of(client)
    later = dt.datetime.now() + dt.timedelta(days=2)
    monkeypatch.setattr(SessionCSRF, "now", lambda self: later)
    assert delete(client, token).status_code == 302
    assert "1" not in ids(full_host)


def test_a_polled_list_brings_tokens_that_work(full_host: Host) -> None:
    """The forms that a poll puts into the page carry the session's token."""
    client = full_host.client(ADA)
    token = token_of(client)
    answer = client.get("/admin/ops-refresh/operation-list", headers=POLL)
    fields = soup(answer).select("form input[name=csrf_token]")
    assert {field["value"] for field in fields} == {token}
    assert soup(answer).select_one(f'a[data-csrf="{token}"]')


class Unprotected(EverythingOn):
    """A host that has chosen forms without a token."""

    form_base_class = BaseForm

    def get_delete_form(self) -> t.Any:
        class Own(wtforms.Form):
            class Meta:
                csrf = False

            id = wtforms.HiddenField()
            url = wtforms.HiddenField()

        return Own


class OwnForm(EverythingOn):
    """A host that makes the form of one route itself."""

    def delete_form(self) -> t.Any:
        class Own(wtforms.Form):
            id = wtforms.HiddenField()
            url = wtforms.HiddenField()

        return Own(request.form)


class Secured(EverythingOn):
    """A host that has Flask-Admin's own secure forms."""

    form_base_class = SecureForm


def test_forms_that_have_no_token_get_one(make_host: cabc.Callable[..., Host]) -> None:
    """Whatever form classes a host has, they are sent and checked with a token."""
    host = make_full(make_host, Unprotected)
    client = host.client(ADA)
    token = token_of(client)
    assert delete(client, None).status_code == 400
    assert "1" in ids(host)
    [value] = {
        field["value"]
        for field in soup(client.get(LIST)).select("form input[name=csrf_token]")
    }
    assert value == token
    assert delete(client, token).status_code == 302
    assert "1" not in ids(host)


def test_a_form_that_a_host_makes_without_a_token_is_refused(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What has no token is never taken, however it was made."""
    host = make_full(make_host, OwnForm)
    client = host.client(ADA)
    assert delete(client, token_of(client)).status_code == 400
    assert "1" in ids(host)


def test_a_hosts_own_secure_form_stays(make_host: cabc.Callable[..., Host]) -> None:
    """A host's own token is the one that is checked."""
    host = make_full(make_host, Secured)
    client = host.client(ADA)
    assert delete(client, None).status_code == 400
    page = client.get(LIST).text
    found = re.search(r'name="csrf_token"[^>]*value="(\d+##\w+)"', page)
    assert found is not None  # Flask-Admin's own tokens have an end.
    assert delete(client, found[1]).status_code == 302
    assert "1" not in ids(host)


def test_with_csrf_protect_the_token_is_that_of_flask_wtf(
    make_host: cabc.Callable[..., Host],
) -> None:
    """An app that checks every POST finds the token that it looks for."""
    host = make_full(make_host)
    csrf = CSRFProtect(host.app)
    client = host.client(ADA)
    assert delete(client, None).status_code == 400
    token = token_of(client)
    assert "##" not in token
    for path in ("new/", "edit/?id=1"):
        form = soup(client.get(f"{LIST}{path}")).select_one("form.admin-form")
        assert form is not None
        sent = {field["value"] for field in form.select("input[name=csrf_token]")}
        # What follows the first dot is the time at which it was signed.
        assert {value.partition(".")[0] for value in sent} == {token.partition(".")[0]}
    for view in host.app.blueprints.values():
        csrf.exempt(view)
    assert delete(client, None).status_code == 400
    assert "1" in ids(host)
    assert delete(client, token).status_code == 302
    assert "1" not in ids(host)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "nonsense"])
def test_other_sites_change_nothing_even_with_a_token(
    full_host: Host, site: str
) -> None:
    """A browser that says another site is asking is believed."""
    client = full_host.client(ADA)
    token = token_of(client)
    assert delete(client, token, **{"Sec-Fetch-Site": site}).status_code == 400
    assert "1" in ids(full_host)
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert delete(client, token, **headers).status_code == 302


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 400),
        ("null", 400),
        ("http://localhost:8000", 400),
        ("http://localhost", 200),
        (None, 200),
    ],
)
def test_polls_from_another_origin_are_refused_in_old_browsers_too(
    full_host: Host, origin: str | None, status: int
) -> None:
    """Where there is no Sec-Fetch-Site, a foreign Origin says as much."""
    headers = {**POLL} if origin is None else {**POLL, "Origin": origin}
    url = "/admin/ops-refresh/operation-list"
    assert full_host.client(ADA).get(url, headers=headers).status_code == status


ELSEWHERE = [
    "http:evil.example/x",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\thttp://evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "http://localhost@evil.example/",
    "http://localhost/admin/",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_return_address_never_leaves_the_host(full_host: Host, url: str) -> None:
    """In the query or in the form, on every route: 400, and nothing is done."""
    client = full_host.client(ADA)
    token = token_of(client)
    before = stored(full_host)
    form = {"csrf_token": token, "id": "1", "rowid": "1", "action": "mark"}
    for path in ("", "details/", "edit/", "new/", "export/csv/", "export/xls/"):
        query = {"id": "1", "url": url}
        response = client.get(f"{LIST}{path}", query_string=query)
        assert response.status_code == 400
    for path in ("new/", "edit/?id=1", "delete/", "action/", "ajax/update/"):
        response = client.post(f"{LIST}{path}", data={**form, "url": url})
        assert response.status_code == 400
        assert "Location" not in response.headers
        bare = path.partition("?")[0]
        query = {"id": "1", "url": url}
        response = client.post(f"{LIST}{bare}", query_string=query, data=form)
        assert response.status_code == 400
    assert stored(full_host) == before


def test_a_return_address_on_the_host_is_followed(full_host: Host) -> None:
    """Where one came from within the app one gets back to."""
    client = full_host.client(ADA)
    back = "/admin/operations/?page=2&search=a%2Fb"
    form = {"csrf_token": token_of(client), "action": "mark", "rowid": "1", "url": back}
    response = client.post(f"{LIST}action/", data=form)
    assert response.status_code == 302
    assert response.location == back


def test_an_action_runs_on_what_is_in_scope_alone(full_host: Host) -> None:
    """Of ids of all kinds, an app's action is handed those of its user's scope."""
    client = full_host.client(ADA)
    data = {
        "csrf_token": token_of(client),
        "action": "mark",
        "rowid": ["1", "2", "999", "x", "3", "1", "", "9" * 30, "01"],
    }
    assert client.post(f"{LIST}action/", data=data).status_code == 302
    marked = {row[0] for row in stored(full_host) if "marked" in row}
    assert marked == {"1", "3"}
    data["action"] = "delete"
    page = client.post(f"{LIST}action/", data=data, follow_redirects=True).text
    assert "2 records were successfully deleted." in page
    assert ids(full_host) == {"2"}


@pytest.mark.parametrize("name", ["nothing", "", "index_view", "__init__"])
def test_an_action_that_does_not_exist_is_404(full_host: Host, name: str) -> None:
    """Nothing but a registered action can be called by name."""
    client = full_host.client(ADA)
    data = {"csrf_token": token_of(client), "action": name, "rowid": "1"}
    assert client.post(f"{LIST}action/", data=data).status_code == 404


def test_an_action_may_be_kept_from_somebody(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What is_action_allowed refuses is refused to who sends it by hand as well."""

    class Kept(EverythingOn):
        def is_action_allowed(self, name: str) -> bool:
            return name != "mark"

    host = make_full(make_host, Kept)
    client = host.client(ADA)
    data = {"csrf_token": token_of(client), "action": "mark", "rowid": "1"}
    before = stored(host)
    assert client.post(f"{LIST}action/", data=data).status_code == 404
    assert stored(host) == before


def test_an_action_may_answer_itself_or_name_its_page(
    make_host: cabc.Callable[..., Host],
) -> None:
    """An action's own answer is the answer; without one the app names a page."""

    class Answering(EverythingOn):
        @action("count", "Count")
        def action_count(self, ids: list[str]) -> str | None:
            return f"{len(ids)} of them" if len(ids) > 1 else None

        def handle_action(self, return_view: str | None = None) -> t.Any:
            return super().handle_action("create_view")

    host = make_full(make_host, Answering)
    client = host.client(ADA)
    data = {"csrf_token": token_of(client), "action": "count", "rowid": ["1", "3", "2"]}
    assert client.post(f"{LIST}action/", data=data).text == "2 of them"
    data["rowid"] = ["1"]
    assert client.post(f"{LIST}action/", data=data).location == f"{LIST}new/"


def test_no_record_is_named_by_what_is_not_a_record(full_host: Host) -> None:
    """Posts that leave the id out are 404, as those of a missing one."""
    client = full_host.client(ADA)
    data = {"csrf_token": token_of(client), "action": "mark", "type": "x"}
    for path in ("delete/", "action/", "ajax/update/", "edit/"):
        assert client.post(f"{LIST}{path}", data=data).status_code == 404
