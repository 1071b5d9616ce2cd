from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_ops_refresh.failure_summary import failures
from flask_ops_refresh.json_view import closed
from flask_ops_refresh.json_view import Masking
from flask_ops_refresh.json_view import read_figures
from flask_ops_refresh.json_view import readable
from flask_ops_refresh.settings import Settings
from flask_ops_refresh.stored_values import JSON_LIMIT

MASKING = Masking(Settings().masked_context_keys)
SECRET = "sEntinel"


def shown(value: t.Any) -> str:
    stored = json.dumps(value)
    text = readable(stored[:JSON_LIMIT], len(stored), MASKING)
    return "" if text is None else text.text


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "DB_PASSWORD",
        "apiKey",
        "api-key",
        "x-access-key",
        "TOKENS",
    ]
    + ["client_secret", "Authorization", "private key", "Set-Cookie"],
)
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"a": SECRET}], ids=str)
def test_values_of_secret_keys_are_masked(key: str, value: t.Any) -> None:
    """Case and punctuation of a key's name make no difference, nor does depth."""
    text = shown({"outer": [{key: value, "plain": "shown"}]})
    assert SECRET not in text
    assert "shown" in text
    assert "••••••" in text


def test_passwords_in_addresses_are_masked() -> None:
    """A database URL keeps its user and host and loses its password."""
    text = shown({"url": f"postgresql://ada:{SECRET}@db.example/x"})
    assert SECRET not in text
    assert "postgresql://ada:••••••@db.example/x" in text


leaves = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def with_secrets(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        inner = {key: with_secrets(item) for key, item in value.items()}
        return {**inner, "my_token": [SECRET, {"x": SECRET}], "password": SECRET}
    return [with_secrets(item) for item in value] if isinstance(value, list) else value


@given(value=values, share=st.floats(0, 1))
def test_no_secret_shows_wherever_json_is_cut(value: t.Any, share: float) -> None:
    """A stored text that was cut anywhere shows no masked value."""
    stored = json.dumps(with_secrets({"a": value}))
    cut = closed(stored[: int(len(stored) * share)])
    text = readable(cut, None, MASKING)
    assert text is None or SECRET not in text.text


@given(value=values)
def test_the_beginning_of_json_is_json(value: t.Any) -> None:
    """Closing a cut text gives JSON, or nothing at all, at every place of the cut."""
    stored = json.dumps([value])
    for end in range(1, len(stored)):
        json.loads(closed(stored[:end]))


def test_a_cut_string_keeps_its_beginning() -> None:
    """What is too long is shown as far as it goes, and how long it is."""
    stored = json.dumps({"log": "x" * 10_000_000})
    text = readable(stored[:JSON_LIMIT], len(stored), MASKING)
    assert text is not None
    assert text.text.startswith('{\n  "log": "xxx')
    assert len(text.text) < 30_000
    assert text.cut_from == len(stored)


@pytest.mark.parametrize(
    "stored", ["{", "", "nonsense", "[" * 100_000, b"\xff", "{'a'}"]
)
def test_what_is_not_json_is_said_and_not_shown(stored: t.Any) -> None:
    """Broken text may hold a secret that no key tells: it is never shown."""
    text = readable(stored, None, MASKING)
    assert text is not None
    assert text.broken
    assert text.text == ""


@pytest.mark.parametrize("stored", [None, "null"])
def test_nothing_stored_is_nothing(stored: str | None) -> None:
    """A missing value has no section on the page."""
    assert readable(stored, None, MASKING) is None
    assert failures(stored, None, MASKING) is None


def test_deep_json_ends_in_an_ellipsis() -> None:
    """Beyond twenty levels nothing is followed."""
    text = shown(json.loads("[" * 500 + "]" * 500))
    assert "…" in text
    assert len(text) < 2000


def test_control_and_direction_characters_are_replaced() -> None:
    """Stored text can neither hide nor turn what stands around it."""
    text = shown({"a": "x\u202ey\u2066z\x85", "b": "\ud800"})
    assert not {"\u202e", "\u2066", "\x85", "\ud800"} & set(text)
    text.encode()


@given(stored=st.text() | values.map(json.dumps) | st.binary() | st.integers())
def test_anything_stored_is_read(stored: t.Any) -> None:
    """No stored value makes an exception."""
    readable(stored, None, MASKING)
    failures(stored, None, MASKING)


def cut_text(stored: str) -> str:
    """What is shown of the beginning of a longer text."""
    text = readable(stored, JSON_LIMIT + 1, MASKING)
    return "" if text is None else text.text


def test_a_password_that_the_cut_went_through_is_masked() -> None:
    """An address that is cut before its @ shows no part of its password."""
    stored = json.dumps({"urls": ["https://x.example", f"db://ada:{SECRET}@host/x"]})
    for end in range(len(stored)):
        shown_part = cut_text(stored[:end])
        assert not any(SECRET[:n] in shown_part for n in range(2, len(SECRET) + 1))


@pytest.mark.parametrize("password", [f"p@{SECRET}", f"{SECRET}@p", f"a@{SECRET}@b"])
def test_a_password_may_hold_an_at_sign(password: str) -> None:
    """The host begins after the last @ before the path."""
    text = shown([f"db://ada:{password}@db.example/x@y"])
    assert SECRET not in text
    assert "db://ada:••••••@db.example/x@y" in text


def test_addresses_without_a_password_stay_as_they_are() -> None:
    """A port is no password."""
    urls = ["http://h:8080/a@b", "http://h:80 c@d", "http://ada@h/", "a:b@c"]
    assert json.loads(shown(urls)) == urls


def test_passwords_in_names_are_masked() -> None:
    """An address may be the name of a value, too."""
    text = shown({f"db://ada:{SECRET}@h": 1, f"token db://b:{SECRET}@h": 2})
    assert SECRET not in text
    assert '"db://ada:••••••@h": 1' in text


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("пароль", "Пароль_1"),
        ("schlüssel", "SCHLU\u0308SSEL"),
        ("密码", "db-密码"),
        ("password", "ｐａｓｓｗｏｒｄ"),
        ("pass_word", "PassWord"),
    ],
)
def test_names_of_secrets_are_in_any_script(word: str, key: str) -> None:
    """A masked word is one in every alphabet, however its letters are encoded."""
    stored = json.dumps({key: SECRET, "plain": "shown"})
    text = readable(stored, None, Masking([word]))
    assert text is not None
    assert SECRET not in text.text
    assert "shown" in text.text


@settings(max_examples=20)
@given(value=values)
def test_no_secret_shows_at_any_place_of_the_cut(value: t.Any) -> None:
    """Read as a cut text, the beginning of JSON of any length hides what it must."""
    stored = json.dumps(with_secrets({"a": value}))
    for end in range(len(stored)):
        assert SECRET not in cut_text(stored[:end])


@pytest.mark.parametrize("stored", ['{"a": 1, "b": [2]}', '[1, {"a": 2}]'])
def test_what_is_whole_is_closed_already(stored: str) -> None:
    """Nothing is taken from a text that the cut spared."""
    assert json.loads(closed(stored)) == json.loads(stored)


def test_a_complete_inner_value_survives_the_cut() -> None:
    """The cut drops what it went through, not what stood before it."""
    assert json.loads(closed('{"a": {"b": 1}, "c": [1, 2')) == {"a": {"b": 1}, "c": [1]}
    assert json.loads(closed('{"a": {"b": 1}')) == {"a": {"b": 1}}


def test_closing_copies_the_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work grows with the text, not with its square, however it nests."""

    class Counted(str):
        copied = 0

        def __getitem__(self, at: t.Any) -> str:
            part = super().__getitem__(at)
            Counted.copied += len(part)
            return part

    for stored in ("[" * JSON_LIMIT, "[" + "1," * (JSON_LIMIT // 2)):
        Counted.copied = 0
        closed(Counted(stored))
        assert Counted.copied <= 2 * len(stored)


def test_deep_nesting_beyond_the_limit_is_broken() -> None:
    """A hundred thousand levels, cut, are told as what cannot be read."""
    text = readable("[" * JSON_LIMIT, 100_000, MASKING)
    assert text is not None
    assert text.broken


def test_no_number_and_infinity_are_shown() -> None:
    """What Python writes for them is read and shown."""
    text = readable('{"a": NaN, "b": [Infinity, -Infinity]}', None, MASKING)
    assert text is not None
    assert not text.broken
    assert "NaN" in text.text
    assert "-Infinity" in text.text


def test_figures_are_plain_values_by_name() -> None:
    """Names are made readable, secrets masked, lists and truth values left out."""
    stored = (
        '{"total_files": 43056, "size": "1 MB", "ok": true, "list": [1], "token": "x"}'
    )
    assert read_figures(stored, None, MASKING) == [
        ("Total files", "43,056"),
        ("Size", "1 MB"),
        ("Token", "••••••"),
    ]
    assert read_figures("[1]", None, MASKING) == []
    assert read_figures("{", None, MASKING) == []


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Authorization", "value": SECRET},
        {"key": "db_password", "value": [SECRET]},
        {"header": f"Bearer {SECRET}"},
        ["Authorization", f"Bearer {SECRET}"],
        f"curl -H 'authorization: basic {SECRET}'",
        {"user_pwd": SECRET, "jwt": SECRET, "session_id": SECRET},
    ],
    ids=range(6),
)
def test_secrets_in_other_clothes_are_masked(value: t.Any) -> None:
    """Name-and-value pairs and authorization headers show no secret either."""
    assert SECRET not in shown(value)
    assert "••••••" in shown(value)
