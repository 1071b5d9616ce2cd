"""Polls against every kind of session that apps keep."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import datetime as dt
import pathlib
import threading
import typing as t

import cachelib.file
import pytest
import redis
from cachelib import FileSystemCache
from flask import flash
from flask import Flask
from flask import get_flashed_messages
from flask import request
from flask import session
from flask.testing import FlaskClient
from flask_login import current_user
from flask_login import encode_cookie
from flask_login import login_user
from flask_login import logout_user
from flask_session import Session

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .databases import redis_prefix
from .host_app import db
from .host_app import ReviewPack
from .host_app import User
from .pages import poll

LIST_URL = "/admin/ops-refresh/operation-list"
LIFETIME = dt.timedelta(seconds=2)


@dataclasses.dataclass(frozen=True)
class Kind:
    """A way to keep sessions.

    :param store: where Flask-Session keeps them; ``None``: in the cookie.
    :param joins: when Flask-Session joins the app, seen from the extension.
    """

    permanent: bool = True
    remember: bool = False
    store: str | None = None
    joins: str = "before"

    def __str__(self) -> str:
        words = [self.store or "cookie"]
        words += [f"joins {self.joins}"] if self.store else []
        words += ["permanent" if self.permanent else "non-permanent"]
        return ", ".join([*words, *(["remembered"] if self.remember else [])])


KINDS = (
    Kind(permanent=False),
    Kind(),
    Kind(remember=True),
    Kind(store="redis", remember=True),
    Kind(store="redis", joins="after"),
    Kind(store="redis", permanent=False),
    Kind(store="files", joins="before"),
    Kind(store="files", joins="after"),
)


class Store:
    """Where an app's sessions are, and a clock for them that only tests move."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.now = float(int(dt.datetime.now(dt.UTC).timestamp()))
        self.config: dict[str, t.Any] = {"PERMANENT_SESSION_LIFETIME": LIFETIME}

    def contents(self) -> dict[object, object]:
        """Everything that is stored, with when it ends."""
        return {}

    def advance(self, seconds: float) -> None:
        """Let time pass for what has been stored."""
        self.now += seconds


class RedisStore(Store):
    # Redis has a clock of its own. It hardly moves where a second is a thousand.
    _SECOND = 1000

    def __init__(self, kind: Kind, client: redis.Redis, prefix: str) -> None:
        super().__init__(kind)
        self._client: t.Any = client
        self._prefix = prefix
        self.config |= {
            "SESSION_TYPE": "redis",
            "SESSION_REDIS": client,
            "SESSION_KEY_PREFIX": prefix,
            "SESSION_PERMANENT": kind.permanent,
            "PERMANENT_SESSION_LIFETIME": LIFETIME * self._SECOND,
        }

    def _keys(self) -> list[bytes]:
        return sorted(self._client.scan_iter(f"{self._prefix}*"))

    def contents(self) -> dict[object, object]:
        client = self._client
        return {key: (client.get(key), client.pexpiretime(key)) for key in self._keys()}

    def advance(self, seconds: float) -> None:
        for key in self._keys():
            left = self._client.ttl(key) - int(seconds * self._SECOND)
            self._client.expire(key, left)


class FileStore(Store):
    def __init__(self, kind: Kind, folder: pathlib.Path) -> None:
        super().__init__(kind)
        self._folder = folder
        self.config |= {
            "SESSION_TYPE": "cachelib",
            "SESSION_CACHELIB": FileSystemCache(str(folder)),
            "SESSION_PERMANENT": kind.permanent,
        }

    def contents(self) -> dict[object, object]:
        return {path: path.read_bytes() for path in self._folder.iterdir()}


@pytest.fixture(params=KINDS, ids=str)
def store(
    request: pytest.FixtureRequest,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> cabc.Iterator[Store]:
    kind: Kind = request.param
    with contextlib.ExitStack() as stack:
        if kind.store == "redis":
            store: Store = RedisStore(kind, *stack.enter_context(redis_prefix()))
        elif kind.store == "files":
            store = FileStore(kind, tmp_path / "sessions")
        else:
            store = Store(kind)
        monkeypatch.setattr(cachelib.file, "time", lambda: store.now)
        monkeypatch.setattr(
            "itsdangerous.timed.TimestampSigner.get_timestamp",
            lambda self: int(store.now),
        )
        yield store


@pytest.fixture
def host(make_host: cabc.Callable[..., Host], store: Store) -> Host:
    """The host app with this kind of session, and ordinary pages of its own."""
    kind = store.kind
    early = Session if kind.store and kind.joins == "before" else None
    host = make_host(config=store.config, prepare=early)
    if kind.store and kind.joins == "after":
        Session(host.app)
    add_pages(host.app, kind)
    return host


def add_pages(app: Flask, kind: Kind) -> None:
    app.login_manager.login_view = "sign_in"  # type: ignore[attr-defined]

    @app.before_request
    def ask_strangers_to_sign_in() -> None:
        if request.endpoint != "page" and not current_user.is_authenticated:
            flash("Please sign in.")

    @app.get("/in")
    def sign_in() -> str:
        session.clear()
        if kind.permanent:
            session.permanent = True
        session["tenant_id"] = 1
        login_user(t.cast(User, db.session.get(User, ADA)), remember=kind.remember)
        return "in"

    @app.get("/out")
    def sign_out() -> str:
        logout_user()
        session.clear()
        return "out"

    @app.get("/page")
    def page() -> str:
        return ",".join([str(current_user.is_authenticated), *get_flashed_messages()])


def signed_in(host: Host) -> FlaskClient:
    client = host.app.test_client()
    client.get("/in")
    return client


def poll_addresses(host: Host) -> list[str]:
    """The addresses of a live run, list and card, and of what is not there."""
    run = host.add_run(status="running")
    host.add(
        ReviewPack(workspace_id=1, tenant_id=1, status="generating", created_at=NOW)
    )
    region = "/admin/ops-refresh"
    return [
        f"{region}/operation-detail?id={run}",
        LIST_URL,
        f"{region}/review-pack?tenant_id=1",
        f"{region}/operation-detail?id=0",
    ]


def test_a_thousand_polls_leave_no_trace_in_any_kind_of_session(
    host: Host, store: Store
) -> None:
    """No cookie leaves, nothing is stored, and no end is put off; clicks do as ever."""
    urls = poll_addresses(host)
    client = signed_in(host)
    etags = {url: poll(client, url).headers.get("ETag") for url in urls}
    before = store.contents()
    seen = set()
    for i in range(1000):
        url = urls[0 if i % 10 else i // 10 % 4]
        response = poll(client, url, etags[url] if i % 3 else None)
        seen.add(response.status_code)
        assert "Set-Cookie" not in response.headers
    assert seen == {200, 304, 404}
    assert store.contents() == before
    clicked = client.get("/page")
    assert clicked.text == "True"
    assert ("Set-Cookie" in clicked.headers) is store.kind.permanent
    assert bool(store.contents()) is bool(store.kind.store)


def test_an_idle_session_dies_under_a_page_that_polls_every_second(
    host: Host, store: Store
) -> None:
    """A lifetime of two seconds ends on time, whatever the page asks meanwhile."""
    client = signed_in(host)
    client.delete_cookie("remember_token")
    seen = []
    for _ in range(4):
        store.advance(1)
        seen.append(poll(client, LIST_URL).status_code)
    assert seen[0] == 200
    assert seen[2:] == [401, 401]
    assert client.get("/page").text == "False"


def test_clicks_keep_a_session_alive_as_before(host: Host, store: Store) -> None:
    """Somebody who clicks every second stays signed in, and the page keeps polling.

    But for the cookie that Flask itself renews on no click.
    """
    client = signed_in(host)
    client.delete_cookie("remember_token")
    seen = []
    for _ in range(5):
        store.advance(1)
        seen.append((client.get("/page").text, poll(client, LIST_URL).status_code))
    stays = store.kind.permanent or store.kind.store is not None
    assert seen[0] == ("True", 200)
    assert seen[-1] == (("True", 200) if stays else ("False", 401))


def test_an_answer_that_comes_after_the_logout_does_not_undo_it(
    host: Host, store: Store
) -> None:
    """A poll is held while the person signs out; its answer revives nothing."""
    arrived, signed_out = threading.Event(), threading.Event()

    @host.app.before_request
    def hold() -> None:
        if request.path == LIST_URL and not arrived.is_set():
            assert current_user.is_authenticated
            session["touched"] = True
            arrived.set()
            assert signed_out.wait(20)

    client = signed_in(host)
    client.delete_cookie("remember_token")
    other = host.app.test_client()
    cookie = client.get_cookie("session")
    assert cookie is not None
    other.set_cookie("session", cookie.value)
    answers = []
    late = threading.Thread(target=lambda: answers.append(poll(client, LIST_URL)))
    late.start()
    assert arrived.wait(20)
    other.get("/out")
    after_logout = store.contents()
    signed_out.set()
    late.join()
    assert "Set-Cookie" not in answers[0].headers
    assert store.contents() == after_logout
    assert other.get("/page").text == "False"
    if store.kind.store:
        assert poll(client, LIST_URL).status_code == 401


def test_a_remember_me_cookie_alone_opens_no_session(host: Host, store: Store) -> None:
    """Who is only remembered is refused, and nothing is stored for the asking."""
    client = host.app.test_client()
    with host.app.test_request_context():
        client.set_cookie("remember_token", encode_cookie(str(ADA)))
    before = store.contents()
    for _ in range(3):
        response = poll(client, LIST_URL)
        assert response.status_code == 401
        assert "Set-Cookie" not in response.headers
    assert store.contents() == before
    assert client.get("/page").text == "True"
    assert poll(client, LIST_URL).status_code == 200


def test_anonymous_polls_leave_no_flash_and_no_session(
    host: Host, store: Store
) -> None:
    """Fifty polls of a stranger, whom the app asks to sign in, pile up nothing."""
    client = host.app.test_client()
    before = store.contents()
    for _ in range(50):
        response = poll(client, LIST_URL)
        assert response.status_code == 401
        assert "Set-Cookie" not in response.headers
    assert store.contents() == before
    assert client.get("/page").text == "False"
