"""What the check has found."""

from __future__ import annotations

import dataclasses
import enum


class Level(enum.StrEnum):
    """How a matter stands."""

    OK = "ok"
    ADVICE = "advice"
    WRONG = "wrong"


@dataclasses.dataclass(frozen=True)
class Finding:
    """How one matter stands.

    :param code: the matter, the same in every release.
    :param sentence: how it stands, in plain words.
    :param mend: what to do about it; of a missing index the statement that adds it.
    """

    level: Level
    code: str
    sentence: str
    mend: str | None = None


def ok(code: str, sentence: str) -> Finding:
    """A matter that is as it should be."""
    return Finding(Level.OK, code, sentence)


def advice(code: str, sentence: str, mend: str) -> Finding:
    """A matter that may be right, and could be better."""
    return Finding(Level.ADVICE, code, sentence, mend)


def wrong(code: str, sentence: str, mend: str) -> Finding:
    """A matter that has to be mended."""
    return Finding(Level.WRONG, code, sentence, mend)
