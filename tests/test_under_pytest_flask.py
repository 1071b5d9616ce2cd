"""As the tests of an app with the extension see it, with pytest-flask's fixtures.

Its autouse fixture pushes a request context around each of these tests, so that
every request of a test shares one app context.
"""

from __future__ import annotations

import collections.abc as cabc

import flask
import pytest
from flask import Flask
from flask import url_for
from flask.testing import FlaskClient

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import is_silent
from .pages import poll
from .pages import region
from .pages import soup

pytestmark = pytest.mark.usefixtures("app", "frozen_clock")


@pytest.fixture
def app(make_host: cabc.Callable[..., Host]) -> Flask:
    """The app under test, by the name that pytest-flask asks for."""
    host = make_host()
    host.add_run(status="running", created_at=NOW)
    host.add(ReviewPack(workspace_id=1, tenant_id=1, status="queued", created_at=NOW))
    return host.app


@pytest.fixture
def ada(client: FlaskClient) -> FlaskClient:
    """pytest-flask's client, signed in."""
    with client.session_transaction() as session:
        session.update({"_user_id": str(ADA), "_fresh": True, "tenant_id": 1})
    return client


def test_addresses_are_built_in_the_standing_context() -> None:
    """url_for works in a test as it does in a request."""
    assert flask.has_request_context()
    assert url_for("operations.index_view") == "/admin/operations/"
    address = url_for("flask_ops_refresh.poll", region="operation-list")
    assert address == "/admin/ops-refresh/operation-list"


def test_pages_and_polls_in_one_context_stay_apart(
    app: Flask, ada: FlaskClient
) -> None:
    """Page after page and poll after poll, each shows what is stored by then."""
    host = Host(app)
    path = url_for("operations.index_view")
    for _ in range(2):
        page = region(ada.get(path))
        assert page.url is not None
        assert poll(ada, page.url, page.etag).status_code == 304
        assert poll(ada, page.url).status_code == 200
    host.update(OperationRun, 1, status="completed", outcome="succeeded")
    assert poll(ada, page.url, page.etag).status_code == 200
    assert is_silent(ada.get(path))


def test_the_card_is_on_each_load_of_the_dashboard(ada: FlaskClient) -> None:
    """The second load of a test has the card and its style as the first."""
    for _ in range(2):
        page = soup(ada.get(url_for("admin.index")))
        assert len(page.select(".ops-refresh-card")) == 1
        assert len(page.select("link[href*=ops_refresh]")) == 1


def test_strangers_are_strangers(client: FlaskClient) -> None:
    """pytest-flask's client sees nothing until it is signed in."""
    assert client.get(url_for("operations.index_view")).status_code == 401
    assert poll(client, "/admin/ops-refresh/operation-list").status_code == 401
