from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import flash
from flask import Flask
from flask import get_flashed_messages
from flask import redirect
from flask import Request
from flask import Response
from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask.sessions import SessionInterface
from flask.sessions import SessionMixin
from flask_login import current_user
from flask_login import encode_cookie
from flask_login import login_user
from flask_login import logout_user
from flask_login import user_loaded_from_request

from .conftest import ADA
from .conftest import Host
from .host_app import db
from .host_app import User
from .pages import poll

URL = "/admin/ops-refresh/operation-list"


def add_sign_in(app: Flask) -> None:
    """Ordinary pages of an app: sign in, out, and one that reads the session."""

    @app.get("/in")
    def sign_in() -> str:
        session.permanent = True
        login_user(t.cast(User, db.session.get(User, ADA)), remember=True)
        return "in"

    @app.get("/out")
    def sign_out() -> str:
        logout_user()
        return "out"

    @app.get("/page")
    def page() -> str:
        return ",".join([str(current_user.is_authenticated), *get_flashed_messages()])


def test_what_is_written_while_a_poll_is_answered_is_forgotten(host: Host) -> None:
    """Neither flashes nor session values of an app's hooks outlive a poll."""
    add_sign_in(host.app)

    @host.app.before_request
    def hook() -> None:
        session["seen"] = session.pop("seen", 0) + 1
        session.setdefault("first", True)
        session.update(more=1)
        flash("a flash message")
        session.modified = True

    @host.app.after_request
    def another(response: Response) -> Response:
        session.pop("more")
        response.set_cookie("own", "1")
        return response

    client = host.client(ADA)
    for _ in range(3):
        response = poll(client, URL)
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
    with client.session_transaction() as stored:
        assert set(stored) == {"_user_id", "_fresh"}
    assert client.get("/page").text == "True,a flash message"  # its own, one


def test_a_remember_me_cookie_alone_polls_nothing_and_revives_nothing(
    host: Host,
) -> None:
    """Without a live session a remembered user's poll is refused."""
    add_sign_in(host.app)
    client = host.app.test_client()
    client.get("/in")
    client.delete_cookie("session")
    response = poll(client, URL)
    assert response.status_code == 401
    assert "Set-Cookie" not in response.headers
    assert client.get_cookie("session") is None
    assert client.get("/page").text == "True"  # an ordinary page still may
    assert poll(client, URL).status_code == 200


def test_remember_cookies_are_not_renewed_by_polls(
    make_host: cabc.Callable[..., Host],
) -> None:
    """REMEMBER_COOKIE_REFRESH_EACH_REQUEST does not reach polls."""
    host = make_host(config={"REMEMBER_COOKIE_REFRESH_EACH_REQUEST": True})
    add_sign_in(host.app)
    client = host.app.test_client()
    client.get("/in")
    assert "Set-Cookie" not in poll(client, URL).headers


def test_a_hook_that_loads_the_user_first_changes_nothing(host: Host) -> None:
    """An app's before_request that touches current_user revives no session."""

    @host.app.before_request
    def touch() -> None:
        assert current_user.is_authenticated in (True, False)

    client = host.app.test_client()
    with host.app.test_request_context():
        client.set_cookie("remember_token", encode_cookie(str(ADA)))
    response = poll(client, URL)
    assert response.status_code == 401
    assert "Set-Cookie" not in response.headers


def test_users_known_by_their_request_may_poll(host: Host) -> None:
    """Apps that identify people by each request, as behind a proxy, work."""

    @host.app.login_manager.request_loader  # type: ignore[attr-defined]
    def load(request: Request) -> User | None:
        user = request.headers.get("X-Forwarded-User")
        return db.session.get(User, int(user)) if user else None

    assert user_loaded_from_request is not None
    assert poll(host.client(), URL, **{"X-Forwarded-User": str(ADA)}).status_code == 200
    assert poll(host.client(), URL).status_code == 401


def test_redirecting_hooks_set_no_cookie_either(host: Host) -> None:
    """An app that sends strangers to its login leaves no trace on polls."""

    @host.app.before_request
    def gate() -> t.Any:
        flash("Please log in")
        return redirect("/login")

    response = poll(host.client(), URL)
    assert response.status_code == 401
    assert response.data == b""
    assert "Set-Cookie" not in response.headers


class ServerSideSessions(SessionInterface):
    """Sessions kept on the server, which note each time one is saved."""

    def __init__(self) -> None:
        self.saved = 0

    class Session(dict[str, t.Any], SessionMixin):
        pass

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        return self.Session({"_user_id": str(ADA), "_fresh": True})

    def save_session(
        self, app: Flask, session: SessionMixin, response: Response
    ) -> None:
        self.saved += 1


def test_server_side_sessions_put_in_later_are_not_saved_either(host: Host) -> None:
    """A session interface that the app sets after init_app sees no poll."""
    add_sign_in(host.app)
    host.app.session_interface = interface = ServerSideSessions()
    client = host.app.test_client()
    assert poll(client, URL).status_code == 200
    assert interface.saved == 0
    assert client.get("/page").text == "True"
    assert interface.saved == 1


def test_interfaces_with_a_null_session_of_their_own_are_not_saved(
    host: Host,
) -> None:
    """What an interface takes for a null session is what polls get."""

    class OwnNull(ServerSideSessions.Session):
        pass

    class Own(ServerSideSessions):
        null_session_class = OwnNull  # type: ignore[assignment]

    host.app.session_interface = interface = Own()
    assert poll(host.app.test_client(), URL).status_code == 200
    assert interface.saved == 0


def test_other_pages_keep_the_interfaces_own_session(host: Host) -> None:
    """Only polls are quiet: what other requests write is saved."""

    @host.app.get("/write")
    def write() -> str:
        session["kept"] = True
        return type(session._get_current_object()).__name__  # type: ignore[attr-defined]

    client = host.client(ADA)
    kind = SecureCookieSessionInterface.session_class.__name__
    assert client.get("/write").text == kind
    with client.session_transaction() as stored:
        assert stored["kept"] is True
