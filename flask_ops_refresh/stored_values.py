"""Values as the database stores them, read without trusting them.

Whatever a broken worker wrote, each function answers with something that can be
shown, or with ``None``.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import json
import math
import re
import typing as t
import uuid

import sqlalchemy as sa

#: Characters of a stored JSON value that are read; what lies beyond is cut.
JSON_LIMIT = 65_536

#: Characters of any other text value that are read.
TEXT_LIMIT = 500

_BYTES = (bytes, bytearray, memoryview)
# Characters of a time: no database writes as many.
_LONGEST_TIME = 64

# Control characters but tab and line feed, and those that turn the writing
# direction of the text around them.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def stored_id(column_type: t.Any, value: t.Any) -> t.Any:
    """A raw id in the form the model's own attribute has it, where it can be read."""
    if isinstance(column_type, sa.Uuid):
        try:
            if isinstance(value, bytes) and len(value) == 16:
                return uuid.UUID(bytes=value)
            return uuid.UUID(str(decoded(value)))
        except ValueError:
            pass
    return decoded(value)


def read_datetime(value: object) -> dt.datetime | None:
    """A stored point in time as aware UTC; ``None`` where there is none to read."""
    value = decoded(value)
    if isinstance(value, str):
        text = value.strip()
        return _parsed(text) if len(text) <= _LONGEST_TIME else None
    return _in_utc(value) if isinstance(value, dt.datetime) else None


@functools.lru_cache(2_048)
def _parsed(text: str) -> dt.datetime | None:
    try:
        return _in_utc(dt.datetime.fromisoformat(text))
    except ValueError:
        return None


def _in_utc(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    try:
        return value.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return value.replace(tzinfo=dt.UTC)


def read_text(value: object) -> str | None:
    """A stored word as text that every encoding can carry."""
    if value is None:
        return None
    if isinstance(value, enum.Enum):
        value = value.name
    return printable(str(decoded(value))[:TEXT_LIMIT])


def printable(text: str) -> str:
    """The text with each character that cannot or must not be shown replaced."""
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub("\ufffd", text.encode("utf-8", "replace").decode("utf-8"))


def read_count(value: object) -> int | None:
    """A stored count: a whole number from 0 up, ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < math.inf else None


def read_json(text: object) -> t.Any:
    """Stored JSON text as a value.

    :raises ValueError: it is not JSON, or nested beyond what can be read.
    """
    text = decoded(text)
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decoded(value: object) -> object:
    """Bytes as the text they are meant to be; anything else as it is."""
    if isinstance(value, _BYTES):
        return bytes(value).decode("utf-8", "replace")
    return value


def whole_number(text: str) -> int:
    """A whole number as every database can hold it.

    :raises ValueError: the text is not the usual form of one, or it is too large.
    """
    number = int(text) if len(text) <= 20 else 2**63
    if not -(2**63) <= number < 2**63 or str(number) != text:
        raise ValueError(f"not a whole number of 64 bits: {text[:40]!r}")
    return number
