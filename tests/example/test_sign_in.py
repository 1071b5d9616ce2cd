"""Who gets in, and how."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import urllib.parse

import pytest
from argon2 import PasswordHasher

from example_app import passwords
from example_app.database import db
from example_app.models import User
from example_app.sign_in import is_own_path

from ..databases import database
from .conftest import Example
from .conftest import PASSWORD

PAGES = ("/admin/", "/admin/tenants/", "/admin/operations/")


@pytest.mark.parametrize("page", PAGES)
def test_pages_ask_to_sign_in(example: Example, page: str) -> None:
    """Without signing in, every page leads to the sign-in page and back."""
    answer = example.client().get(page)
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith("/sign-in?next=")
    client = example.client()
    signed_in = example.post(client, location, name="ada", password=PASSWORD)
    assert signed_in.headers["Location"] == page


def test_sign_in(example: Example) -> None:
    """Name and password let in; the name is read as people write it."""
    client = example.client()
    answer = example.post(client, "/sign-in", name=" Ada ", password=PASSWORD)
    assert answer.status_code == 302
    assert "Sign out" in client.get("/admin/").text


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong"), ("nobody", PASSWORD), ("ada", ""), ("", PASSWORD)],
)
def test_refused(example: Example, name: str, password: str) -> None:
    """A wrong name and a wrong password are refused alike."""
    client = example.client()
    answer = example.post(client, "/sign-in", name=name, password=password)
    assert answer.status_code == 403
    assert client.get("/admin/").status_code == 302


def test_refusal_does_not_tell_why(example: Example) -> None:
    """The page is the same whether the name or the password is wrong."""
    texts = []
    for name, password in (("ada", "wrong"), ("xyz", PASSWORD)):
        page = example.post(example.client(), "/sign-in", name=name, password=password)
        texts.append(re.sub(r'value="[^"]*"', "", page.text))
    assert texts[0] == texts[1]


def test_unknown_names_take_as_long(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash is checked for a name that nobody has, too."""
    checked: list[tuple[str, str]] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            checked.append((str(hash)[:10], str(password)))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Watched(1, 8, 1))
    example.post(example.client(), "/sign-in", name="nobody", password="guess")
    assert checked == [("$argon2id$", "guess")]


def test_passwords_are_hashed(example: Example) -> None:
    """What is stored of a password is an Argon2id hash."""
    with example.app.app_context():
        stored = passwords.hash_password(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_token_is_needed(example: Example) -> None:
    """A form without the session's token is refused, however right it is."""
    client = example.client()
    client.get("/sign-in")
    answer = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "\\\\elsewhere.example",
        "http:elsewhere.example",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
        "/\n/elsewhere.example",
        "elsewhere.example",
        "",
    ],
)
def test_no_way_elsewhere(example: Example, elsewhere: str) -> None:
    """After signing in nobody is sent to another site."""
    client = example.client()
    address = f"/sign-in?{urllib.parse.urlencode({'next': elsewhere})}"
    answer = example.post(client, address, name="ada", password=PASSWORD)
    assert answer.headers["Location"] == "/admin/"
    assert client.get(address).headers["Location"] == "/admin/"
    assert not is_own_path(elsewhere)


def test_session_begins_anew(example: Example) -> None:
    """Signing in leaves nothing of the session before it."""
    client = example.client()
    with client.session_transaction() as session:
        session["workspace_id"] = 2
    example.post(client, "/sign-in", name="ada", password=PASSWORD)
    with client.session_transaction() as session:
        assert "workspace_id" not in session


def test_cookies(example: Example) -> None:
    """The session's cookie is for this site's HTTP alone and ends with the browser."""
    client = example.client()
    answer = example.post(client, "/sign-in", name="ada", password=PASSWORD)
    cookies = answer.headers.getlist("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["example_app_session"]
    assert "HttpOnly" in cookies[0]
    assert "SameSite=Lax" in cookies[0]
    assert "Expires" not in cookies[0]


def test_remembered_only_when_asked(example: Example) -> None:
    """A remember cookie is set for those who tick the box."""
    client = example.client()
    example.post(client, "/sign-in", name="ada", password=PASSWORD, remember="y")
    client.delete_cookie("example_app_session")
    assert client.get("/admin/").status_code == 200


def test_sign_out(example: Example) -> None:
    """Signing out ends the session and what remembers it."""
    client = example.client()
    example.post(client, "/sign-in", name="ada", password=PASSWORD, remember="y")
    assert client.get("/sign-out").status_code == 405
    assert example.post(client, "/sign-out").status_code == 302
    assert client.get("/admin/").status_code == 302
    assert client.get_cookie("example_app_remember") is None


def test_sign_out_needs_a_token(example: Example) -> None:
    """Nobody is signed out by another site."""
    client = example.client("ada")
    assert client.post("/sign-out").status_code == 400
    assert client.get("/admin/").status_code == 200


def test_stolen_session(example: Example) -> None:
    """A session that turns up in another browser is worth nothing."""
    client = example.client("ada")
    assert client.get("/admin/").status_code == 200
    other = client.get("/admin/", headers={"User-Agent": "another browser"})
    assert other.status_code == 302


def test_deactivated(example: Example) -> None:
    """Someone who is deactivated is out at once, and does not get in again."""
    client = example.client("ada")
    example.update(User, User.sign_in_name == "ada", active=False)
    assert client.get("/admin/").status_code == 302
    answer = example.post(example.client(), "/sign-in", name="ada", password=PASSWORD)
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_name_that_no_database_takes_is_nobodys(
    make_example: cabc.Callable[..., Example], kind: str, tmp_path: pathlib.Path
) -> None:
    """A name with a NUL in it is refused as any wrong name, on every database."""
    with database(kind, tmp_path) as url:
        example = make_example(SQLALCHEMY_DATABASE_URI=url)
        answer = example.post(
            example.client(), "/sign-in", name="ada\0", password=PASSWORD
        )
        assert answer.status_code == 403
        with example.app.app_context():
            db.engine.dispose()
