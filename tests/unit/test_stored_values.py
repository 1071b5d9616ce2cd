from __future__ import annotations

import contextlib
import datetime as dt
import enum
import typing as t
import uuid
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from flask_ops_refresh.stored_values import read_count
from flask_ops_refresh.stored_values import read_datetime
from flask_ops_refresh.stored_values import read_json
from flask_ops_refresh.stored_values import read_text
from flask_ops_refresh.stored_values import stored_id
from flask_ops_refresh.stored_values import whole_number

MOMENT = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("2026-03-14 12:00:00.000000", MOMENT),
        ("2026-03-14T13:00:00+01:00", MOMENT),
        (MOMENT.replace(tzinfo=None), MOMENT),
        (MOMENT.astimezone(dt.timezone(dt.timedelta(hours=-5))), MOMENT),
        ("", None),
        ("yesterday", None),
        ("2026-13-45", None),
        ("2026-03-14 12:00:00".ljust(200), MOMENT),
        ("2026-03-14 12:00:00." + "0" * 200, None),
        (None, None),
        (17, None),
        (b"2026", None),
        (dt.date(2026, 3, 14), None),
    ],
)
def test_points_in_time(stored: t.Any, read: dt.datetime | None) -> None:
    """Text, naive and aware values are one moment in UTC; others are none."""
    assert read_datetime(stored) == read


@given(st.datetimes(timezones=st.timezones() | st.none(), allow_imaginary=True))
def test_any_point_in_time_is_read(moment: dt.datetime) -> None:
    """From one end of the calendar to the other, in any zone."""
    read = read_datetime(moment)
    assert read is not None
    assert read.tzinfo is dt.UTC


def test_an_hour_that_comes_twice_is_two() -> None:
    """When clocks are put back, the second half past two is an hour later."""
    half_past_two = dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    for fold, hour in ((0, 0), (1, 1), (0, 0)):
        moment = dt.datetime(2026, 10, 25, hour, 30, tzinfo=dt.UTC)
        assert read_datetime(half_past_two.replace(fold=fold)) == moment


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (0, 0),
        (7, 7),
        (7.9, 7),
        (10**30, 10**30),
        (10**400, 10**400),
        (-1, None),
        (True, None),
        ("7", None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        ([], None),
    ],
)
def test_counts(stored: t.Any, read: int | None) -> None:
    """A count is a number from nought up; anything else is none."""
    assert read_count(stored) == read


class Colour(enum.Enum):
    RED = "r"


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("a", "a"),
        (None, None),
        (7, "7"),
        (Colour.RED, "RED"),
        (b"\xff", "\ufffd"),
        ("a\x00\u202eb", "a\ufffd\ufffdb"),
        ("\ud800", "?"),
        ("x" * 9999, "x" * 500),
    ],
)
def test_text(stored: t.Any, read: str | None) -> None:
    """Any value is text that can be shown, of a bounded length."""
    assert read_text(stored) == read


def test_ids_are_as_the_model_has_them() -> None:
    """A UUID that a database keeps as text is a UUID; what is none stays."""
    id = uuid.UUID(int=7)
    assert stored_id(sa.Uuid(), id.hex) == id
    assert stored_id(sa.Uuid(), "x") == "x"
    assert stored_id(sa.Integer(), 7) == 7
    assert stored_id(None, "x") == "x"


@pytest.mark.parametrize("text", ["0", "-1", "7", str(2**63 - 1), str(-(2**63))])
def test_whole_numbers(text: str) -> None:
    """A number of 64 bits in its usual form is one."""
    assert str(whole_number(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "x", "1.0", "+1", " 1", "01", "-0", "1_0", "٣", str(2**63), "9" * 5000],
)
def test_what_is_no_whole_number(text: str) -> None:
    """Other forms, and numbers that no column can hold, are refused."""
    with pytest.raises(ValueError, match="64 bits|invalid literal"):
        whole_number(text)


raw = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.lists(st.integers())
)


@given(stored=raw)
def test_whatever_is_stored_makes_no_exception(stored: t.Any) -> None:
    """A time, a count and a text, or nothing: never an error."""
    moment = read_datetime(stored)
    assert moment is None or moment.tzinfo is dt.UTC
    count = read_count(stored)
    assert count is None or count >= 0
    text = read_text(stored)
    assert (text is None) is (stored is None)
    (text or "").encode()


@given(stored=st.text() | st.binary())
def test_json_is_a_value_or_a_value_error(stored: str | bytes) -> None:
    """There is one kind of error for text that is not JSON."""
    with contextlib.suppress(ValueError):
        read_json(stored)


@pytest.mark.parametrize("nested", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_nests_too_deeply_is_a_value_error(nested: str) -> None:
    """A hundred thousand levels do not reach the interpreter's limit unseen."""
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(nested)
