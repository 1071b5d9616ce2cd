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
from .stored_values import read_count
from .stored_values import read_json

#: Characters of readable JSON shown.
SHOWN_CHARACTERS = 20_000

#: Failures shown of one run.
SHOWN_FAILURES = 50

_MASK = "••••••"
_DEPTH = 20
_NOT_A_WORD = re.compile(r"[\W_]")
# Up to the last @ before a path, or to where the text was cut.
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s]+(@|…$)")

_AUTHORIZATION = re.compile(r"\b((?:Bearer|Basic)\s+)\S+", re.I)

# A string's characters, up to one that is cut off in the middle of its escape.
_WHOLE_CHARACTERS = re.compile(r"(?:[^\\]|\\u[0-9a-fA-F]{4}|\\[^u])*")

_CODES = ("code", "type", "kind")
_MESSAGES = ("message", "error", "detail", "reason", "text")
_SUBJECTS = ("subject", "path", "file", "record", "id", "name")
_ENTRIES = ("items", "failures", "errors", "entries")
_TOTALS = ("total", "count")


@dataclasses.dataclass(frozen=True)
class JsonText:
    """Readable JSON, and whether something of it is missing.

    :param text: the indented text, empty where nothing can be shown.
    :param cut_from: characters stored, where not all are shown.
    :param broken: the stored text is not JSON.
    """

    text: str = ""
    cut_from: int | None = None
    broken: bool = False


@dataclasses.dataclass(frozen=True)
class Failure:
    """One entry of a failure summary; each part may be empty."""

    code: str = ""
    message: str = ""
    subject: str = ""
    rest: str = ""


@dataclasses.dataclass(frozen=True)
class Failures:
    """A failure summary as a table, with what does not fit one as text."""

    entries: tuple[Failure, ...] = ()
    total: int = 0
    rest: JsonText | None = None


class Masking:
    """Replaces the values of keys that name a secret.

    :param words: parts of key names, compared without case and punctuation.
    """

    def __init__(self, words: cabc.Iterable[str]) -> None:
        self._words = tuple(filter(None, map(_bare, words)))

    def apply(self, value: t.Any, depth: int = 0) -> t.Any:
        """The value with secrets masked, what lies too deep left out."""
        if isinstance(value, str):
            value = _URL_PASSWORD.sub(rf"\1{_MASK}\2", value)
            return _AUTHORIZATION.sub(rf"\1{_MASK}", value)
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
            self.apply(key): _MASK
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
        value, whole = _parse(raw, length)
    except ValueError:
        return JsonText(broken=True)
    if value is None:
        return None
    return _as_text(masking.apply(value), None if whole else length)


def failures(raw: object, length: int | None, masking: Masking) -> Failures | None:
    """A stored failure summary; ``None`` where there is none.

    A list is taken as the entries, an object's first list likewise; anything
    else is shown as it is.
    """
    try:
        value, whole = _parse(raw, length)
    except ValueError:
        return Failures(rest=JsonText(broken=True))
    value = masking.apply(value)
    if value is None or value == [] or value == {}:
        return None
    entries, rest = _entries(value)
    total = len(entries)
    if isinstance(rest, dict):
        total = max(total, *(read_count(rest.get(name)) or 0 for name in _TOTALS))
        rest = {key: item for key, item in rest.items() if key not in _TOTALS} or None
    cut_from = None if whole else length
    return Failures(
        entries=tuple(map(_failure, entries[:SHOWN_FAILURES])),
        total=total,
        rest=None if rest is None else _as_text(rest, cut_from),
    )


def read_figures(
    raw: object, length: int | None, masking: Masking
) -> list[tuple[str, str]]:
    """The plain values of a stored JSON object, by name; nothing of any other."""
    return [
        (_inline(name.replace("_", " ").capitalize()), _figure(figure))
        for name, figure in masking.apply(read_object(raw, length)).items()
        if isinstance(figure, str | int | float) and not isinstance(figure, bool)
    ]


def _figure(value: str | float) -> str:
    return _inline(value if isinstance(value, str) else number(value))


def read_object(raw: object, length: int | None) -> dict[str, t.Any]:
    """A stored JSON object, as far as it is read; an empty one for anything else."""
    try:
        value, _ = _parse(raw, length)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _parse(raw: object, length: int | None) -> tuple[t.Any, bool]:
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


def _entries(value: t.Any) -> tuple[list[t.Any], t.Any]:
    if isinstance(value, list):
        return value, None
    if isinstance(value, dict):
        lists = [name for name in value if isinstance(value[name], list)]
        named = next((name for name in _ENTRIES if name in lists), None)
        name = named or next(iter(lists), None)
        if name is not None:
            return value[name], {key: value[key] for key in value if key != name}
    return [], value


def _failure(entry: t.Any) -> Failure:
    if not isinstance(entry, dict):
        return Failure(message=_inline(entry))
    left = dict(entry)
    return Failure(
        code=_take(left, _CODES),
        message=_take(left, _MESSAGES),
        subject=_take(left, _SUBJECTS),
        rest=_inline(left) if left else "",
    )


def _take(entry: dict[str, t.Any], names: cabc.Iterable[str]) -> str:
    for name in names:
        if isinstance(entry.get(name), str | int | float):
            return _inline(entry.pop(name))
    return ""


def _inline(value: t.Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= 500 else text[:500] + "…"
    return printable(text)


def _as_text(value: t.Any, cut_from: int | None) -> JsonText:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) > SHOWN_CHARACTERS:
        cut_from = cut_from or len(text)
        text = text[:SHOWN_CHARACTERS] + "…"
    return JsonText(printable(text), cut_from)


def _bare(name: str) -> str:
    return _NOT_A_WORD.sub("", unicodedata.normalize("NFKC", name).casefold())
