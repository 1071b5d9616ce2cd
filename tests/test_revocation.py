"""What was allowed a moment ago: the very next poll is refused."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import typing as t

import pytest
from cachelib import FileSystemCache
from flask.testing import FlaskClient
from flask_login import logout_user
from flask_session import Session

from .conftest import BEN
from .conftest import Host
from .conftest import NOW
from .host_app import db
from .host_app import ReviewPack
from .host_app import User
from .pages import poll

pytestmark = pytest.mark.usefixtures("frozen_clock")

SURFACES = ("operation-detail?id=1", "operation-list", "review-pack?tenant_id=2")


def watch(host: Host, client: FlaskClient) -> dict[str, str]:
    """The ETags of a live run, list and pack that the client sees, by address."""
    host.add_run(id=1, status="running", tenant_id=2, type="secret.kind")
    host.add(
        ReviewPack(workspace_id=1, tenant_id=2, status="generating", created_at=NOW)
    )
    etags = {}
    for surface in SURFACES:
        url = f"/admin/ops-refresh/{surface}"
        etags[url] = poll(client, url).headers["ETag"]
        assert poll(client, url, etags[url]).status_code == 304
    return etags


def answers(client: FlaskClient, etags: dict[str, str]) -> list[int]:
    """What polls with these ETags are answered with; a refusal says nothing else."""
    found = []
    for url, etag in etags.items():
        response = poll(client, url, etag)
        if response.status_code >= 400:
            assert response.data == b""
            assert "ETag" not in response.headers
            assert "Ops-Refresh-Interval" not in response.headers
        found.append(response.status_code)
    return found


def update_ben(host: Host, **values: t.Any) -> None:
    host.update(User, BEN, **values)


@pytest.mark.parametrize(
    ("taken", "given_back", "status"),
    [
        ({"workspace_id": None}, {"workspace_id": 1}, 404),
        ({"active": False}, {"active": True}, 401),
    ],
    ids=["membership removed", "user disabled"],
)
def test_the_very_next_poll_is_refused_although_its_etag_still_matches(
    host: Host, taken: dict[str, t.Any], given_back: dict[str, t.Any], status: int
) -> None:
    """Nothing shown has changed, as the same ETag proves once access is given back."""
    client = host.client(BEN)
    etags = watch(host, client)
    update_ben(host, **taken)
    assert answers(client, etags) == [status] * 3
    update_ben(host, **given_back)
    assert answers(client, etags) == [304] * 3


@pytest.mark.parametrize(
    ("taken", "given_back"),
    [
        ({"tenant_ids": []}, {"tenant_ids": [2]}),
        ({"tenant_ids": [1]}, {"tenant_ids": [2]}),
        ({"workspace_id": 2}, {"workspace_id": 1}),
    ],
    ids=["tenant removed", "another tenant instead", "another workspace instead"],
)
def test_a_smaller_scope_is_felt_by_the_very_next_poll(
    host: Host, taken: dict[str, t.Any], given_back: dict[str, t.Any]
) -> None:
    """Run and pack are refused; the list loses its rows, and with them its interval."""
    client = host.client(BEN)
    etags = watch(host, client)
    update_ben(host, **taken)
    assert answers(client, etags) == [404, 200, 404]
    shown = poll(client, "/admin/ops-refresh/operation-list")
    assert "secret.kind" not in shown.text
    assert "Ops-Refresh-Interval" not in shown.headers
    update_ben(host, **given_back)
    assert answers(client, etags) == [304] * 3


def test_a_deleted_user_polls_nothing(host: Host) -> None:
    """Whom the app no longer knows is nobody."""
    client = host.client(BEN)
    etags = watch(host, client)
    host.execute("DELETE FROM users WHERE id = :id", id=BEN)
    assert answers(client, etags) == [401] * 3


def test_a_view_that_closes_refuses_its_polls(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ``is_accessible`` takes back on list and detail is taken at once."""
    client = host.client(BEN)
    etags = watch(host, client)
    view = host.app.extensions["admin"][0]._views[1]
    monkeypatch.setattr(type(view), "is_accessible", lambda self: False)
    assert answers(client, etags)[:2] == [403, 403]


def test_a_logout_in_another_tab_ends_the_polls_of_this_one(host: Host) -> None:
    """Tabs of a browser share their session, and the end of it."""

    @host.app.get("/out")
    def sign_out() -> str:
        logout_user()
        return "out"

    client = host.client(BEN)
    etags = watch(host, client)
    client.get("/out")
    assert answers(client, etags) == [401] * 3


def test_a_session_ended_on_the_server_polls_nothing(
    make_host: cabc.Callable[..., Host], tmp_path: pathlib.Path
) -> None:
    """Signed out everywhere, by the server, while the cookie is still there."""
    sessions = FileSystemCache(str(tmp_path / "sessions"))
    config = {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": sessions}
    host = make_host(config=config, prepare=Session)
    client = host.client(BEN)
    etags = watch(host, client)
    sessions.clear()
    assert answers(client, etags) == [401] * 3


def test_a_sign_in_that_was_withdrawn_polls_nothing(host: Host) -> None:
    """Apps that keep a token per sign-in, and withdraw it, end the polls with it."""
    valid = {"token of this sign-in"}

    @host.app.login_manager.user_loader  # type: ignore[attr-defined]
    def load(token: str) -> User | None:
        return db.session.get(User, BEN) if token in valid else None

    client = host.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "token of this sign-in"
        session["_fresh"] = True
    etags = watch(host, client)
    valid.clear()
    assert answers(client, etags) == [401] * 3


def test_access_is_asked_for_anew_in_every_poll(host: Host) -> None:
    """No grant is remembered: each poll reads user and scope once."""
    client = host.client(BEN)
    etags = watch(host, client)
    asked = []

    @host.app.extensions["flask_ops_refresh"].scope_loader
    def load_scope(user: User) -> t.Any:
        asked.append(user.id)
        return None

    for url, etag in etags.items():
        with host.statements() as statements:
            assert poll(client, url, etag).status_code == 404
        assert len([each for each in statements if "FROM users" in each]) == 1
    assert asked == [BEN] * 3
