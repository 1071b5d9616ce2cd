"""What a stored status means: the one rule, in Python and in SQL.

The tables are those of the documentation's "How it decides to poll". Nothing
here knows Flask or a session.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa

from .stored_words import holds
from .stored_words import holds_one_of

UNKNOWN = "unknown"

_RUN_TABLE: tuple[tuple[str, str | None, str], ...] = (
    # stored status, stored outcome (None: any), normalised status
    ("queued", None, "queued"),
    ("running", None, "running"),
    ("completed", "succeeded", "succeeded"),
    ("completed", "partially_succeeded", "partial"),
    ("completed", "failed", "failed"),
)
_PACK_TABLE: tuple[tuple[str, str | None, str], ...] = (
    ("queued", None, "queued"),
    ("generating", None, "generating"),
    ("ready", None, "ready"),
    ("failed", None, "failed"),
    ("expired", None, "expired"),
)
_ACTIVE = frozenset({"queued", "running", "generating"})


class StatusRules:
    """How the stored words of one model become normalised statuses.

    :param table: rows of stored status, stored outcome (``None``: any outcome)
        and normalised status.
    :param words: the app's own words for those of the table, such as
        ``{"pending": "queued"}``. A word may also name a normalised status
        outright: ``{"SUCCESS": "succeeded"}``.
    :param argument: what the app calls ``words``.
    :raises TypeError: ``words`` is no mapping of text to text.
    :raises ValueError: a word stands for something the table does not know.
    """

    def __init__(
        self,
        table: cabc.Sequence[tuple[str, str | None, str]],
        words: cabc.Mapping[str, str] | None = None,
        argument: str = "statuses",
    ) -> None:
        #: What an app's own word can stand for.
        self.meanings: tuple[str, ...] = tuple(
            sorted({each for row in table for each in row if each})
        )
        words = _checked({} if words is None else words, self.meanings, argument)
        self.normalised: tuple[str, ...] = (
            *dict.fromkeys(row[2] for row in table),
            UNKNOWN,
        )
        self._rows = tuple(_spelled_out(table, words))
        self._lookup = {(status, outcome): name for status, outcome, name in self._rows}

    def normalise(self, status: object, outcome: object = None) -> str:
        """The one status shown to people, ``"unknown"`` for anything else."""
        if not isinstance(status, str):
            return UNKNOWN
        name = self._lookup.get((status, None))
        if name is None and isinstance(outcome, str):
            name = self._lookup.get((status, outcome))
        return name or UNKNOWN

    def condition(
        self,
        normalised: str,
        status: sa.ColumnElement[t.Any],
        outcome: sa.ColumnElement[t.Any] | None,
    ) -> sa.ColumnElement[bool]:
        """The SQL form of ``normalise(status, outcome) == normalised``."""
        if normalised == UNKNOWN:
            known = [_matches(row, status, outcome) for row in self._rows]
            return sa.case((sa.or_(*known), 0), else_=1) == 1
        rows = [row for row in self._rows if row[2] == normalised]
        return sa.or_(sa.false(), *(_matches(row, status, outcome) for row in rows))

    def is_told(self, normalised: str, *, by_outcome: bool) -> bool:
        """Whether stored words can mean this status.

        :param by_outcome: whether there are outcomes among them.
        """
        return any(
            name == normalised and (by_outcome or outcome is None)
            for _, outcome, name in self._rows
        )

    def condition_of_any(
        self,
        normalised: cabc.Collection[str],
        status: sa.ColumnElement[t.Any],
        outcome: sa.ColumnElement[t.Any] | None,
    ) -> sa.ColumnElement[bool]:
        """The SQL form of ``normalise(status, outcome) in normalised``.

        None of them may be unknown. A database steps through an index once for all
        words that need no outcome, and stops where a LIMIT says so.
        """
        rows = [row for row in self._rows if row[2] in normalised]
        words = [row[0] for row in rows if row[1] is None]
        others = [_matches(row, status, outcome) for row in rows if row[1] is not None]
        alone = [holds_one_of(status, words)] if words else []
        return sa.or_(sa.false(), *alone, *others)


def is_active(normalised: str) -> bool:
    """Whether a record of this status may still change on its own."""
    return normalised in _ACTIVE


def run_statuses(words: cabc.Mapping[str, str] | None = None) -> StatusRules:
    """The rules of operation runs."""
    return StatusRules(_RUN_TABLE, words, "statuses")


def review_pack_statuses(words: cabc.Mapping[str, str] | None = None) -> StatusRules:
    """The rules of review packs."""
    return StatusRules(_PACK_TABLE, words, "pack_statuses")


def _checked(
    words: object, meanings: cabc.Collection[str], argument: str
) -> cabc.Mapping[str, str]:
    if not isinstance(words, cabc.Mapping):
        raise TypeError(
            f"OpsRefresh({argument}={words!r}) is no mapping. Give the app's words and "
            f'what they stand for: {argument}={{"pending": "queued"}}.'
        )
    for word, meaning in words.items():
        if not isinstance(word, str):
            raise TypeError(
                f"OpsRefresh({argument}=...): {word!r} is no text. Give the word as "
                "it is stored, of an Enum the member's name."
            )
        if meaning not in meanings:
            raise ValueError(
                f"OpsRefresh({argument}=...): {word!r} cannot stand for {meaning!r}. "
                f"Allowed: {', '.join(meanings)}."
            )
    return words


def _spelled_out(
    table: cabc.Sequence[tuple[str, str | None, str]],
    words: cabc.Mapping[str, str],
) -> cabc.Iterator[tuple[str, str | None, str]]:
    yield from table
    statuses = {row[0] for row in table}
    for word, meaning in words.items():
        if meaning not in statuses:
            final = {row[1]: row[2] for row in table}.get(meaning, meaning)
            yield (word, None, final)
    for status, outcome, name in table:
        for own_status in (status, *_synonyms(status, words)):
            for own_outcome in (outcome, *_synonyms(outcome, words)):
                if (own_status, own_outcome) != (status, outcome):
                    yield (own_status, own_outcome, name)


def _synonyms(word: str | None, words: cabc.Mapping[str, str]) -> list[str]:
    return [own for own, meaning in words.items() if meaning == word]


def _matches(
    row: tuple[str, str | None, str],
    status: sa.ColumnElement[t.Any],
    outcome: sa.ColumnElement[t.Any] | None,
) -> sa.ColumnElement[bool]:
    if row[1] is None:
        return holds(status, row[0])
    if outcome is None:
        return sa.false()
    return sa.and_(holds(status, row[0]), holds(outcome, row[1]))
