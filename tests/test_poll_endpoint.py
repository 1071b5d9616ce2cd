from __future__ import annotations

import collections.abc as cabc
import inspect
import typing as t

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import abort
from flask import got_request_exception
from flask import redirect
from flask import Response
from sqlalchemy import orm
from werkzeug.exceptions import default_exceptions
from werkzeug.test import TestResponse

from flask_ops_refresh import live_region
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import Clock
from .conftest import DANA
from .conftest import Host
from .conftest import NOW
from .conftest import POLL
from .host_app import db
from .host_app import Model
from .host_app import OperationRun
from .host_app import User
from .pages import poll
from .pages import region

pytestmark = pytest.mark.usefixtures("frozen_clock")

ALWAYS = {
    "Cache-Control": "private, no-store",
    "Vary": "Cookie",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def detail_url(id: object) -> str:
    return f"/admin/ops-refresh/operation-detail?id={id}"


LIST_URL = "/admin/ops-refresh/operation-list"


def assert_bare(response: TestResponse, status: int) -> None:
    assert response.status_code == status
    assert response.data == b""
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "Set-Cookie" not in response.headers
    assert "Content-Type" not in response.headers
    assert not [name for name, _ in response.headers if name.startswith("Ops-Refresh")]


def test_changed_poll_brings_the_inner_html_and_the_headers(host: Host) -> None:
    """A poll without the current ETag is answered with what the page shows."""
    run = host.add_run(status="running", created_at=NOW, started_at=NOW)
    client = host.client(ADA)
    page = region(client.get(f"/admin/operations/details/?id={run}"))
    response = poll(client, detail_url(run))
    assert response.status_code == 200
    assert BeautifulSoup(response.text, "html.parser") == BeautifulSoup(
        page.element.decode_contents(), "html.parser"
    )
    assert response.headers["ETag"] == page.etag
    assert response.headers["Ops-Refresh-Region"] == "operation-detail"
    assert response.headers["Ops-Refresh-Interval"] == "1"
    assert response.mimetype == "text/html"
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "Set-Cookie" not in response.headers


def test_fragments_hold_no_script_and_no_style(host: Host) -> None:
    """What is swapped into a page can never bring code along."""
    run = host.add_run(status="running")
    for url in (detail_url(run), LIST_URL):
        body = poll(host.client(ADA), url).text.lower()
        assert body.strip()
        assert "<script" not in body
        assert "<style" not in body
        # No region of its own either.
        assert "data-ops-refresh-url" not in body


def test_unchanged_detail_poll_is_one_select_and_an_empty_304(host: Host) -> None:
    """An unchanged poll costs one SELECT of the extension and sends no body."""
    run = host.add_run(status="running", context={"a": 1}, summary_counts={"total": 3})
    client = host.client(ADA)
    etag = poll(client, detail_url(run)).headers["ETag"]
    with host.statements() as statements:
        response = poll(client, detail_url(run), etag)
    assert response.status_code == 304
    assert response.data == b""
    assert response.headers["ETag"] == etag
    assert response.headers["Ops-Refresh-Region"] == "operation-detail"
    assert response.headers["Ops-Refresh-Interval"] == "1"
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "Set-Cookie" not in response.headers
    of_the_app = [each for each in statements if "FROM users \nWHERE users.id" in each]
    assert len(of_the_app) == 1
    assert len(statements) - len(of_the_app) == 1


def test_unchanged_list_poll_is_one_select_for_fifty_rows(host: Host) -> None:
    """However many rows a list shows, an unchanged poll of it is one SELECT."""
    for _ in range(50):
        host.add_run(status="running", user_id=ADA)
    client = host.client(ADA)
    changed = poll(client, LIST_URL)
    assert changed.text.count("<tr>") == 51
    with host.statements() as statements:
        response = poll(client, LIST_URL, changed.headers["ETag"])
    assert response.status_code == 304
    assert sum("FROM operation_runs" in each for each in statements) == 1
    assert len(statements) == 2  # the other is the app's own user loader


def test_unchanged_poll_renders_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 304 is answered before any template is touched."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    etags = {
        url: poll(client, url).headers["ETag"] for url in (detail_url(run), LIST_URL)
    }

    def refuse(*args: object, **kwargs: object) -> t.NoReturn:
        raise AssertionError("rendered")

    monkeypatch.setattr(host.app.jinja_env, "get_or_select_template", refuse)
    for url, etag in etags.items():
        assert poll(client, url, etag).status_code == 304


@pytest.mark.parametrize(
    "change",
    [
        {"status": "completed", "outcome": "failed"},
        {"type": "inventory.collect"},
        {"tenant_id": 2},
        {"user_id": BEN},
        {"summary_counts": {"total": 3, "processed": 2}},
        {"failure_summary": [{"code": "x"}]},
        {"context": {"a": 2}},
        {"started_at": NOW},
        {"completed_at": NOW},
    ],
    ids=lambda change: ",".join(change),
)
def test_every_shown_value_changes_the_version(
    host: Host, change: dict[str, t.Any]
) -> None:
    """A shown value that changes is told on the next poll."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    etag = poll(client, detail_url(run)).headers["ETag"]
    assert poll(client, detail_url(run), etag).status_code == 304
    host.update(OperationRun, run, **change)
    assert poll(client, detail_url(run), etag).status_code == 200


def test_names_of_related_records_are_part_of_the_version(host: Host) -> None:
    """A tenant or person who is renamed is renamed on open pages as well."""
    run = host.add_run(status="running", user_id=BEN)
    client = host.client(ADA)
    for url in (detail_url(run), LIST_URL):
        etag = poll(client, url).headers["ETag"]
        host.update(User, BEN, name=f"Benjamin for {url}")
        response = poll(client, url, etag)
        assert response.status_code == 200
        assert f"Benjamin for {url}" in response.text


def test_interval_follows_the_age_even_when_nothing_changed(
    host: Host, frozen_clock: Clock
) -> None:
    """A 304 carries the interval of the moment: 1, 5, then 10 seconds."""
    run = host.add_run(status="running", created_at=NOW)
    client = host.client(ADA)
    etag = poll(client, detail_url(run)).headers["ETag"]
    seen = []
    for seconds in (9, 1, 49, 1):
        frozen_clock.advance(seconds=seconds)
        response = poll(client, detail_url(run), etag)
        assert response.status_code == 304
        seen.append(response.headers["Ops-Refresh-Interval"])
    assert seen == ["1", "5", "5", "10"]


def test_the_answer_with_the_terminal_state_carries_the_stop(host: Host) -> None:
    """The poll that brings the final content names no further interval."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    etag = poll(client, detail_url(run)).headers["ETag"]
    host.update(OperationRun, run, status="completed", outcome="succeeded")
    for url in (detail_url(run), LIST_URL):
        response = poll(client, url, etag)
        assert response.status_code == 200
        assert "Succeeded" in response.text
        assert "Ops-Refresh-Interval" not in response.headers
        again = poll(client, url, response.headers["ETag"])
        assert again.status_code == 304
        assert "Ops-Refresh-Interval" not in again.headers


@pytest.mark.parametrize(
    ("user", "status"),
    [(None, 401), (DANA, 404), (CLEO, 404), (BEN, 404)],
    ids=["anonymous", "no scope", "other workspace", "other tenant"],
)
def test_polls_of_those_who_may_not_see_a_run_are_refused(
    host: Host, user: int | None, status: int
) -> None:
    """A run's poll answers 401 to strangers and 404 to those out of its scope."""
    run = host.add_run(status="running", tenant_id=1)
    assert_bare(poll(host.client(user), detail_url(run)), status)


def test_inactive_users_are_strangers(host: Host) -> None:
    """A disabled user's live session polls nothing."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    etag = poll(client, detail_url(run)).headers["ETag"]
    host.update(User, ADA, active=False)
    assert_bare(poll(client, detail_url(run), etag), 401)


def test_revoked_scope_is_refused_although_the_etag_matches(host: Host) -> None:
    """Access is checked before any ETag is compared."""
    run = host.add_run(status="running", tenant_id=2)
    client = host.client(BEN)
    etag = poll(client, detail_url(run)).headers["ETag"]
    host.update(User, BEN, tenant_ids=[])
    assert_bare(poll(client, detail_url(run), etag), 404)
    host.update(User, BEN, workspace_id=None)
    assert_bare(poll(client, detail_url(run), etag), 404)


@pytest.mark.parametrize(
    "id",
    [
        "999",
        "",
        "x",
        "1.0",
        "+1",
        "٣",
        "1e3",
        "-1",
        "9" * 30,
        "1,1",
        "1%00",
        "%ff",
        "a" * 9999,
    ],
)
def test_missing_and_malformed_ids_are_the_same_404(host: Host, id: str) -> None:
    """Foreign, missing and malformed ids cannot be told apart."""
    foreign = host.add_run(status="running", workspace_id=2, tenant_id=None)
    client = host.client(ADA)
    expected = poll(client, detail_url(foreign))
    response = poll(client, detail_url(id))
    assert_bare(response, 404)
    assert dict(response.headers) == dict(expected.headers)


def test_polls_without_an_id_or_of_no_region_are_404(host: Host) -> None:
    """An address that names nothing finds nothing."""
    client = host.client(ADA)
    assert_bare(poll(client, "/admin/ops-refresh/operation-detail"), 404)
    assert_bare(poll(client, "/admin/ops-refresh/no-such-region"), 404)
    assert_bare(poll(host.client(), "/admin/ops-refresh/no-such-region"), 401)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Ops-Refresh": "0"},
        {**POLL, "Sec-Fetch-Site": "cross-site"},
        {**POLL, "Sec-Fetch-Site": "same-site"},
        {**POLL, "Sec-Fetch-Site": "none"},
    ],
)
def test_polls_from_elsewhere_are_400(host: Host, headers: dict[str, str]) -> None:
    """Only the extension's own script on the app's own page may poll."""
    run = host.add_run(status="running")
    assert_bare(host.client(ADA).get(detail_url(run), headers=headers), 400)
    assert_bare(host.client().get(detail_url(run), headers=headers), 400)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_polls_are_get_only(host: Host, method: str) -> None:
    """No other method reaches a region, nor the app's own answer to it."""
    response = host.client(ADA).open(LIST_URL, method=method, headers=POLL)
    assert_bare(response, 405)
    assert response.headers["Allow"] == "GET, HEAD"


def test_head_is_answered_like_get_without_the_body(host: Host) -> None:
    """A HEAD request hears the same headers, and is refused the same."""
    run = host.add_run(status="running")
    for user, status in ((ADA, 200), (CLEO, 404)):
        client = host.client(user)
        got = poll(client, detail_url(run))
        asked = client.head(detail_url(run), headers=POLL)
        assert asked.status_code == got.status_code == status
        assert asked.data == b""
        assert asked.headers.get("ETag") == got.headers.get("ETag")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (sa.exc.StatementError("x", "SELECT", {}, ValueError("no id")), 404),
        (sa.exc.DataError("SELECT", {}, Exception("out of range")), 404),
        (sa.exc.StatementError("x", "SELECT", {}, KeyError("a bug")), 500),
    ],
    ids=["cannot be bound", "cannot be stored", "anything else"],
)
def test_an_argument_the_database_cannot_take_finds_nothing(
    host: Host, error: Exception, status: int
) -> None:
    """What a driver refuses is a 404 like any other, and leaves no transaction open."""
    ops = host.app.extensions["flask_ops_refresh"]

    @ops.live_region("refused", template="x.html")
    def load(scope: Scope, id: str) -> t.NoReturn:
        ops.session.execute(sa.text("SELECT 1"))
        raise error

    left_open = []

    @host.app.after_request
    def look(response: Response) -> Response:
        left_open.append(ops.session().in_transaction())
        return response

    host.app.testing = False
    response = poll(host.client(ADA), "/admin/ops-refresh/refused?id=x")
    assert_bare(response, status)
    if status == 404:
        assert left_open == [False]


@pytest.mark.parametrize("path", ["", "a/b", "operation-list/", "static/x"])
def test_every_address_below_the_polls_is_answered_alike(host: Host, path: str) -> None:
    """No part of the poll's prefix is left to the app's own 404 page."""
    response = poll(host.client(ADA), f"/admin/ops-refresh/{path}")
    assert_bare(response, 404)


def test_an_abort_with_a_redirect_is_401(host: Host) -> None:
    """However an app sends people to its login, a poll hears that it is over."""

    @host.app.before_request
    def gate() -> None:
        abort(redirect("/login"))

    assert_bare(poll(host.client(ADA), LIST_URL), 401)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 399])
def test_no_redirect_of_any_kind_reaches_a_page(host: Host, status: int) -> None:
    """Whatever an app's hook answers from 300 to 399, a poll hears 401."""

    @host.app.before_request
    def elsewhere() -> Response:
        return Response("elsewhere", status, {"Location": "/login"})

    response = poll(host.client(ADA), LIST_URL)
    assert_bare(response, 401)
    assert "Location" not in response.headers


def test_details_that_are_switched_off_are_not_polled_either(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view without details has none on polls, and links to none."""
    run = host.add_run(status="running")
    view = host.app.extensions["admin"][0]._views[1]
    monkeypatch.setattr(view, "can_view_details", False)
    client = host.client(ADA)
    assert_bare(poll(client, detail_url(run)), 404)
    assert client.get(f"/admin/operations/details/?id={run}").status_code == 404
    assert "details/" not in client.get("/admin/operations/").text


def test_after_request_functions_run_once_on_an_error(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen error is answered once, and told to who listens."""
    seen, told = [], []

    @host.app.after_request
    def note(response: Response) -> Response:
        seen.append(response.status_code)
        return response

    regions = (
        host.app.extensions["flask_ops_refresh"]._installations[host.app][0].regions
    )
    monkeypatch.setattr(regions["operation-list"], "load", lambda *_: 1 / 0)
    host.app.testing = False
    client = host.client(ADA)
    with got_request_exception.connected_to(
        lambda sender, exception: told.append(exception), host.app
    ):
        assert_bare(poll(client, LIST_URL), 500)
    assert seen == [500]
    assert len(told) == 1


def test_views_own_is_accessible_has_the_last_word(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the owning view refuses, its polls refuse with 403."""
    run = host.add_run(status="running")
    view = host.app.extensions["admin"][0]._views[1]
    monkeypatch.setattr(type(view), "is_accessible", lambda self: False)
    client = host.client(ADA)
    nobody = host.client(DANA)
    for url in (detail_url(run), LIST_URL):
        assert_bare(poll(client, url), 403)
        # Who sees nothing at all is not told that there is such a view.
        assert_bare(poll(nobody, url), 404)
    assert client.get("/admin/operations/").status_code == 403


def test_no_two_viewers_share_an_etag(host: Host) -> None:
    """The same run has another ETag for each viewer, of the same scope as well."""
    run = host.add_run(status="running", tenant_id=2)
    host.add(User(id=9, name="Ada's twin", workspace_id=1, tenant_ids="*"))
    etags = {
        poll(host.client(user), detail_url(run)).headers["ETag"]
        for user in (ADA, BEN, 9)
    }
    assert len(etags) == 3


def test_an_etag_is_of_one_scope(host: Host) -> None:
    """Whoever may see more or less than before is not told that nothing changed."""
    run = host.add_run(status="running", tenant_id=2)
    client = host.client(BEN)
    tag = poll(client, detail_url(run)).headers["ETag"]
    host.update(User, BEN, tenant_ids=[1, 2])
    assert poll(client, detail_url(run), tag).status_code == 200


def test_an_etag_is_of_one_address(host: Host) -> None:
    """The same rows on a page of another size are not told to be unchanged."""
    host.add_run(status="running")
    client = host.client(ADA)
    url = "/admin/ops-refresh/operation-list"
    tag = poll(client, url).headers["ETag"]
    assert poll(client, url, tag).status_code == 304
    assert poll(client, f"{url}?page_size=20", tag).status_code == 200


def test_an_etag_is_of_one_release(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an upgrade of the extension the next poll brings its new HTML."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    url = f"/admin/ops-refresh/operation-detail?id={run}"
    tag = poll(client, url).headers["ETag"]
    assert poll(client, url, tag).status_code == 304
    monkeypatch.setattr(live_region, "release", lambda: "another")
    assert poll(client, url, tag).status_code == 200


def test_etags_hang_on_the_secret(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the app's key nobody can compute an ETag from what a run holds."""
    state = live_region.LiveState(version=("a",), interval=1)
    some = live_region.FunctionRegion("some", lambda scope: None, "x.html")
    seen = set()
    for secret in ("one", "two"):
        host.app.secret_key = secret
        with host.app.test_request_context():
            seen.add(live_region.etag(some, live_region.as_args({}), Scope(1), state))
    assert len(seen) == 2


def test_error_answers_are_the_extensions_own(host: Host) -> None:
    """An app's error pages never reach a poll."""

    @host.app.errorhandler(404)
    @host.app.errorhandler(401)
    def page(error: Exception) -> tuple[str, int]:
        return "<h1>The app's own page</h1>", 200

    assert_bare(poll(host.client(), LIST_URL), 401)
    assert_bare(poll(host.client(ADA), detail_url(999)), 404)


@pytest.mark.parametrize("code", sorted(default_exceptions))
def test_what_other_code_raises_for_a_poll_is_answered_bare(
    host: Host, code: int
) -> None:
    """An app's before_request that aborts does not put its pages into polls."""

    @host.app.before_request
    def close() -> None:
        abort(code)

    @host.app.errorhandler(code)
    def page(error: Exception) -> tuple[str, int]:
        return "<h1>The app's own page</h1>", code

    assert_bare(poll(host.client(ADA), LIST_URL), code)


@pytest.mark.parametrize(
    "error",
    [
        sa.exc.OperationalError("SELECT secret", {}, Exception("locked")),
        sa.exc.TimeoutError("QueuePool limit"),
        sa.exc.InterfaceError("SELECT secret", {}, Exception("closed")),
        sa.exc.DBAPIError("x", {}, Exception("gone"), connection_invalidated=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unavailable_database_is_503_with_retry_after(
    host: Host, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A database that does not answer asks the page to come back later."""
    run = host.add_run(status="running")

    def fail(self: object, *args: object, **kwargs: object) -> t.NoReturn:
        raise error

    client = host.client(ADA)
    with host.app.app_context():
        monkeypatch.setattr(type(db.session()), "execute", fail)
    response = poll(client, detail_url(run))
    assert_bare(response, 503)
    assert response.headers["Retry-After"] == "5"


def test_an_unavailable_database_is_one_line_in_the_log(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why in one line, without the statement and its values."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    cause = Exception("database is locked\nand more\nand still more")
    error = sa.exc.OperationalError("SELECT secret", {"value": "secret"}, cause)

    def fail(self: object, *args: object, **kwargs: object) -> t.NoReturn:
        raise error

    with host.app.app_context():
        monkeypatch.setattr(type(db.session()), "execute", fail)
    poll(client, detail_url(run))
    assert caplog.messages == ["Poll refused, database unavailable: database is locked"]


def test_bugs_are_raised_to_the_apps_own_handling(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen error is reported as the app reports errors, and answered bare."""
    run = host.add_run(status="running")
    region_ = (
        host.app.extensions["flask_ops_refresh"]._installations[host.app][0].regions
    )
    bug = ZeroDivisionError("bug")

    def fail(*args: object) -> t.NoReturn:
        raise bug

    monkeypatch.setattr(region_["operation-detail"], "load", fail)
    client = host.client(ADA)
    with pytest.raises(ZeroDivisionError):
        poll(client, detail_url(run))
    host.app.testing = False
    told = []
    with got_request_exception.connected_to(
        lambda sender, exception: told.append(exception), host.app
    ):
        assert_bare(poll(client, detail_url(run)), 500)
    assert told == [bug]
    [logged] = [each.exc_info for each in caplog.records if each.exc_info]
    assert logged[1] is bug


@pytest.mark.parametrize(
    ("setting", "testing", "raised"),
    [
        (True, False, True),
        (False, True, False),
        (None, True, True),
        (None, False, False),
    ],
)
def test_bugs_go_through_where_the_app_lets_them(
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    setting: bool | None,
    testing: bool,
    raised: bool,
) -> None:
    """PROPAGATE_EXCEPTIONS holds for polls; without it, testing does."""
    regions = (
        host.app.extensions["flask_ops_refresh"]._installations[host.app][0].regions
    )
    monkeypatch.setattr(regions["operation-list"], "load", lambda *_: 1 / 0)
    host.app.config["PROPAGATE_EXCEPTIONS"] = setting
    host.app.testing = testing
    client = host.client(ADA)
    if raised:
        with pytest.raises(ZeroDivisionError):
            poll(client, LIST_URL)
    else:
        assert_bare(poll(client, LIST_URL), 500)


def test_coroutines_hear_of_bugs_as_in_flask(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver of got_request_exception may be asynchronous."""
    regions = (
        host.app.extensions["flask_ops_refresh"]._installations[host.app][0].regions
    )
    monkeypatch.setattr(regions["operation-list"], "load", lambda *_: 1 / 0)
    host.app.testing = False
    told = []

    async def receive(sender: object, exception: Exception) -> None:
        told.append(type(exception))

    def ensure_sync(function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        if not inspect.iscoroutinefunction(function):
            return function

        def run(*args: t.Any, **kwargs: t.Any) -> None:
            # Without a loop: one may be running in this thread already.
            with pytest.raises(StopIteration):
                function(*args, **kwargs).send(None)

        return run

    monkeypatch.setattr(host.app, "ensure_sync", ensure_sync)
    with got_request_exception.connected_to(receive, host.app):
        assert_bare(poll(host.client(ADA), LIST_URL), 500)
    assert told == [ZeroDivisionError]


def test_an_apps_own_header_rules_still_apply(host: Host) -> None:
    """Other headers that the app sets on every answer stay."""

    @host.app.after_request
    def add(response: Response) -> Response:
        response.headers["X-Own"] = "1"
        return response

    assert poll(host.client(ADA), LIST_URL).headers["X-Own"] == "1"


class _Coded(sa.TypeDecorator[int]):
    """Numbers that addresses have as letters, as an app might keep them secret."""

    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: t.Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else "abc"[int(value)]


class CodedRun(Model):
    __tablename__ = "poll_endpoint_coded_runs"
    id: orm.Mapped[str] = orm.mapped_column(_Coded, primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[t.Any] = orm.mapped_column(sa.DateTime)


@pytest.mark.parametrize("id", ["9", "x", "-9"])
def test_an_id_that_the_apps_own_type_refuses_is_404(
    make_host: cabc.Callable[..., Host], id: str
) -> None:
    """Whatever a type raises over what stands in an address, it is of no run."""
    ops = OpsRefresh(operation_run=CodedRun)
    ops.scope_loader(lambda user: Scope(workspace_id=1))
    client = make_host(ops=ops).client(ADA)
    assert_bare(poll(client, detail_url(id)), 404)
    assert client.get(f"/admin/operations/details/?id={id}").status_code == 404
