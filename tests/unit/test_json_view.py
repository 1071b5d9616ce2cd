from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_ops_refresh.json_view import closed
from flask_ops_refresh.json_view import Failure
from flask_ops_refresh.json_view import failures
from flask_ops_refresh.json_view import Masking
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


@pytest.mark.parametrize(
    ("stored", "entries", "total", "has_rest"),
    [
        (["text"], [Failure(message="text")], 1, False),
        (
            [{"code": "c", "message": "m", "path": "p", "x": 1}],
            [Failure("c", "m", "p", '{"x": 1}')],
            1,
            False,
        ),
        ({"total": 9, "items": [{"error": "e"}]}, [Failure(message="e")], 9, False),
        ({"errors": [], "note": "n"}, [], 0, True),
        ({"note": "n"}, [], 0, True),
        ("just text", [], 0, True),
        (7, [], 0, True),
        ([[1, 2]], [Failure(message="[1, 2]")], 1, False),
        ({"total": "many", "entries": [1]}, [Failure(message="1")], 1, False),
    ],
)
def test_failures_of_any_shape(
    stored: t.Any, entries: list[Failure], total: int, has_rest: bool
) -> None:
    """Lists are tables, an object's list too; the rest stands below as it is."""
    found = failures(json.dumps(stored), None, MASKING)
    assert found is not None
    assert list(found.entries) == entries
    assert found.total == total
    assert (found.rest is not None) is has_rest


def test_many_failures_are_bounded() -> None:
    """Fifty are shown, the total is said, and secrets in them are masked."""
    stored = [{"code": "x", "token": SECRET} for _ in range(400)]
    found = failures(json.dumps(stored), None, MASKING)
    assert found is not None
    assert (len(found.entries), found.total) == (50, 400)
    assert SECRET not in repr(found)
