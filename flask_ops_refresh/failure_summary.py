"""A stored failure summary made readable: a list of failures, grouped by their code."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from .json_view import as_text
from .json_view import inline
from .json_view import JsonText
from .json_view import Masking
from .json_view import parse
from .stored_values import read_count

#: Failures shown of one run, and of one code.
SHOWN_FAILURES = 50

#: Failures of one run that are looked at.
_READ_FAILURES = 2_000

_CODES = ("code", "type", "kind")
_MESSAGES = ("message", "error", "detail", "reason", "text")
_SUBJECTS = ("subject", "path", "file", "record", "id", "name")
_ENTRIES = ("items", "failures", "errors", "entries")
_TOTALS = ("total", "count")


@dataclasses.dataclass(frozen=True)
class Failure:
    """One entry of a failure summary; each part may be empty."""

    code: str = ""
    message: str = ""
    subject: str = ""
    rest: str = ""


@dataclasses.dataclass(frozen=True)
class FailureGroup:
    """The entries of one code.

    :param code: empty for those that have none.
    :param count: how many there are among those that were counted.
    :param examples: the first of them.
    """

    code: str
    count: int
    examples: tuple[Failure, ...]

    @property
    def message(self) -> str:
        """What all the examples say, if they say the same."""
        said = {each.message for each in self.examples}
        return said.pop() if len(said) == 1 else ""


@dataclasses.dataclass(frozen=True)
class Failures:
    """A failure summary as a table, with what does not fit one as text.

    :param total: how many there are, as the summary says or as far as it was read.
    :param groups: by code, the largest first.
    :param counted: how many are in the groups.
    :param is_cut: there may be more than ``total``, as not all of it was read.
    """

    entries: tuple[Failure, ...] = ()
    total: int = 0
    rest: JsonText | None = None
    groups: tuple[FailureGroup, ...] = ()
    counted: int = 0
    is_cut: bool = False

    def of_code(self, code: str | None) -> tuple[FailureGroup, ...]:
        """The group of a code, or all of them."""
        return tuple(each for each in self.groups if code in (None, each.code))


def failures(raw: object, length: int | None, masking: Masking) -> Failures | None:
    """A stored failure summary; ``None`` where there is none.

    A list is taken as the entries, an object's first list likewise; anything
    else is shown as it is.
    """
    try:
        value, whole = parse(raw, length)
    except ValueError:
        return Failures(rest=JsonText(broken=True))
    value = masking.apply(value)
    if value is None or value == [] or value == {}:
        return None
    entries, rest = _entries(value)
    # What the cut went through tells a code that nobody gave.
    counted = entries if whole else entries[: max(1, len(entries) - 1)]
    total = len(entries)
    if isinstance(rest, dict):
        total = max(total, *(read_count(rest.get(name)) or 0 for name in _TOTALS))
        rest = {key: item for key, item in rest.items() if key not in _TOTALS} or None
    if not total and rest is None:
        return None
    return Failures(
        entries=tuple(map(_failure, entries[:SHOWN_FAILURES])),
        total=total,
        rest=None if rest is None else as_text(rest, None if whole else length),
        groups=_grouped(counted[:_READ_FAILURES]),
        counted=min(len(counted), _READ_FAILURES),
        is_cut=not whole and total == len(entries),
    )


def _grouped(entries: cabc.Sequence[t.Any]) -> tuple[FailureGroup, ...]:
    """The groups, the largest first, those of a size in the order of their entries."""
    by_code: dict[str, list[t.Any]] = {}
    for entry in entries:
        by_code.setdefault(_code(entry), []).append(entry)
    groups = [
        FailureGroup(code, len(found), tuple(map(_failure, found[:SHOWN_FAILURES])))
        for code, found in by_code.items()
    ]
    return tuple(sorted(groups, key=lambda group: -group.count))


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


def _code(entry: t.Any) -> str:
    return _take(dict(entry), _CODES) if isinstance(entry, dict) else ""


def _failure(entry: t.Any) -> Failure:
    if not isinstance(entry, dict):
        return Failure(message=inline(entry))
    left = dict(entry)
    return Failure(
        code=_take(left, _CODES),
        message=_take(left, _MESSAGES),
        subject=_take(left, _SUBJECTS),
        rest=inline(left) if left else "",
    )


def _take(entry: dict[str, t.Any], names: cabc.Iterable[str]) -> str:
    for name in names:
        if isinstance(entry.get(name), str | int | float):
            return inline(entry.pop(name))
    return ""
