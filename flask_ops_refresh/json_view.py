"""Stored JSON made readable: masked, bounded, whatever its shape."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import json
import re
import typing as t
import unicodedata

from .reader_locale import number
from .stored_values import decoded
from .stored_values import JSON_LIMIT
from .stored_values import printable
from .stored_values import read_json

#: Characters of readable JSON shown.
SHOWN_CHARACTERS = 20_000

_DEPTH = 20
_NOT_A_WORD = re.compile(r"[\W_]")
# Up to the last @ before a path, or to where the text was cut.
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s]+(@|…$)")

_AUTHORIZATION = re.compile(r"\b((?:Bearer|Basic)\s+)\S+", re.I)

# A string's characters, up to one that is cut off in the middle of its escape.
_WHOLE_CHARACTERS = re.compile(r"(?:[^\\]|\\u[0-9a-fA-F]{4}|\\[^u])*")


class Mask(str):
    """What stands in the place of a value that is not shown."""


MASK: t.Final = Mask("••••••")


@dataclasses.dataclass(frozen=True)
class JsonText:
    """Readable JSON, and whether something of it is missing.

    :param text: the indented text, empty where nothing can be shown.
    :param cut_from: characters stored, where not all are shown.
    :param broken: the stored text is not JSON.
    :param value: the value itself, masked, of which the text may be the beginning.
    """

    text: str = ""
    cut_from: int | None = None
    broken: bool = False
    value: t.Any = None


class Masking:
    """Replaces the values of keys that name a secret.

    :param words: parts of key names, compared without case and punctuation.
    """

    def __init__(self, words: cabc.Iterable[str]) -> None:
        self._words = tuple(filter(None, map(_bare, words)))

    def apply(self, value: t.Any, depth: int = 0) -> t.Any:
        """The value with secrets masked, what lies too deep left out."""
        if isinstance(value, str):
            value = _URL_PASSWORD.sub(rf"\1{MASK}\2", value)
            return _AUTHORIZATION.sub(rf"\1{MASK}", value)
        if not isinstance(value, dict | list):
            return value
        if depth >= _DEPTH:
            return "…"
        if isinstance(value, list):
            return [self.apply(item, depth + 1) for item in value]
        # As headers and form fields come: {"name": "Authorization", "value": ...}.
        names = [value.get(key) for key in ("name", "key", "header")]
        is_named = any(
            isinstance(name, str) and self._is_secret(name) for name in names
        )
        return {
            self.apply(key): MASK
            if self._is_secret(key) or (is_named and key == "value")
            else self.apply(item, depth + 1)
            for key, item in value.items()
        }

    def _is_secret(self, key: str) -> bool:
        bare = _bare(key)
        return any(word in bare for word in self._words)


def readable(raw: object, length: int | None, masking: Masking) -> JsonText | None:
    """Stored JSON as indented text; ``None`` where nothing is stored.

    :param raw: the stored text, cut at ``JSON_LIMIT`` characters.
    :param length: characters stored.
    """
    try:
        value, whole = parse(raw, length)
    except ValueError:
        return JsonText(broken=True)
    if value is None:
        return None
    return as_text(masking.apply(value), None if whole else length)


def read_figures(
    raw: object, length: int | None, masking: Masking
) -> list[tuple[str, str]]:
    """The plain values of a stored JSON object, by name; nothing of any other."""
    return [
        (inline(name.replace("_", " ").capitalize()), _figure(figure))
        for name, figure in masking.apply(read_object(raw, length)).items()
        if isinstance(figure, str | int | float) and not isinstance(figure, bool)
    ]


def _figure(value: str | float) -> str:
    return inline(value if isinstance(value, str) else number(value))


def read_object(raw: object, length: int | None) -> dict[str, t.Any]:
    """A stored JSON object, as far as it is read; an empty one for anything else."""
    try:
        value, _ = parse(raw, length)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def parse(raw: object, length: int | None) -> tuple[t.Any, bool]:
    """Stored JSON as far as it is read, and whether that is all of it.

    :raises ValueError: it is not JSON.
    """
    whole = length is None or length <= JSON_LIMIT
    raw = decoded(raw)
    if not whole and isinstance(raw, str):
        raw = closed(raw)
    return read_json(raw), whole


def closed(text: str) -> str:
    """The beginning of a JSON text, closed so that it can be read.

    What the cut went through is dropped, but for a string value, which is kept
    as far as it goes.
    """
    closers: list[str] = []
    safe = 0
    in_string = escaped = is_key = False
    previous, opened = "", 0
    for position, character in enumerate(text):
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
            continue
        if character == '"':
            in_string, opened = True, position + 1
            is_key = closers[-1:] == ["}"] and previous in "{,"
        elif character in "{[":
            closers.append("}" if character == "{" else "]")
            safe = position + 1
        elif character in "}]":
            closers[-1:] = []
            safe = position + 1
        elif character == ",":
            safe = position
        if not character.isspace():
            previous = character
    if in_string and not is_key:
        whole = _WHOLE_CHARACTERS.match(text, opened)
        end = whole.end() if whole else opened
        return text[:end] + '…"' + "".join(reversed(closers))
    return text[:safe] + "".join(reversed(closers))


def inline(value: t.Any) -> str:
    """A value as one short text."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= 500 else text[:500] + "…"
    return printable(text)


def as_text(value: t.Any, cut_from: int | None) -> JsonText:
    """A value as indented text."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) > SHOWN_CHARACTERS:
        cut_from = cut_from or len(text)
        text = text[:SHOWN_CHARACTERS] + "…"
    return JsonText(printable(text), cut_from, value=value)


def _bare(name: str) -> str:
    return _NOT_A_WORD.sub("", unicodedata.normalize("NFKC", name).casefold())
