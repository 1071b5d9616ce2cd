from __future__ import annotations

import dataclasses
import typing as t

import pytest

from flask_ops_refresh.settings import read_settings
from flask_ops_refresh.settings import Settings


def test_without_any_key_the_defaults_hold() -> None:
    """An app that sets nothing gets the documented defaults."""
    assert read_settings({"SECRET_KEY": "x"}) == Settings()
    assert Settings().run_intervals_seconds == ((10, 1), (60, 5), (None, 10))
    assert Settings().list_interval_seconds == 5
    assert Settings().review_pack_interval_seconds == 10
    assert Settings().stop_after_seconds is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("LIST_INTERVAL_SECONDS", 1),
        ("LIST_INTERVAL_SECONDS", 300),
        ("REVIEW_PACK_INTERVAL_SECONDS", 2.5),
        ("STOP_AFTER_SECONDS", None),
        ("STOP_AFTER_SECONDS", 86400),
        ("STALLED_AFTER_SECONDS", 0.5),
        ("RUN_INTERVALS_SECONDS", ((None, 1),)),
        ("MASKED_CONTEXT_KEYS", ("a",)),
        ("MASKED_CONTEXT_KEYS", ()),
    ],
)
def test_allowed_values_are_taken(key: str, value: t.Any) -> None:
    """Both ends of each range are allowed."""
    settings = read_settings({f"OPS_REFRESH_{key}": value})
    assert getattr(settings, key.lower()) == value


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("LIST_INTERVAL_SECONDS", 0, "from 1 to 300"),
        ("LIST_INTERVAL_SECONDS", 301, "from 1 to 300"),
        ("LIST_INTERVAL_SECONDS", "5", "from 1 to 300"),
        ("LIST_INTERVAL_SECONDS", True, "from 1 to 300"),
        ("LIST_INTERVAL_SECONDS", None, "from 1 to 300"),
        ("REVIEW_PACK_INTERVAL_SECONDS", float("nan"), "from 1 to 300"),
        ("STOP_AFTER_SECONDS", 0, "above 0, or None"),
        ("STALLED_AFTER_SECONDS", "60", "above 0, or None"),
        ("STALLED_AFTER_SECONDS", float("inf"), "above 0, or None"),
        ("MASKED_CONTEXT_KEYS", "password", "a list of words"),
        ("MASKED_CONTEXT_KEYS", [""], "a list of words"),
        ("MASKED_CONTEXT_KEYS", [1], "a list of words"),
        ("MASKED_CONTEXT_KEYS", 1, "a list of words"),
        ("RUN_INTERVALS_SECONDS", (), "the last age None"),
        ("RUN_INTERVALS_SECONDS", ((10, 1),), "the last age None"),
        ("RUN_INTERVALS_SECONDS", ((60, 1), (10, 5), (None, 9)), "ages rising"),
        ("RUN_INTERVALS_SECONDS", ((10, 1), (10, 5), (None, 9)), "ages rising"),
        ("RUN_INTERVALS_SECONDS", ((0, 1), (None, 9)), "ages rising"),
        ("RUN_INTERVALS_SECONDS", ((None, 1), (None, 9)), "the last age None"),
        ("RUN_INTERVALS_SECONDS", ((10, 0), (None, 9)), "intervals from 1"),
        ("RUN_INTERVALS_SECONDS", 5, "pairs"),
        ("RUN_INTERVALS_SECONDS", [(1, 2, 3)], "pairs"),
    ],
)
def test_other_values_are_errors_that_say_what_is_allowed(
    key: str, value: t.Any, allowed: str
) -> None:
    """An error names the key, the value and what may stand there."""
    with pytest.raises(ValueError, match=allowed) as caught:
        read_settings({f"OPS_REFRESH_{key}": value})
    assert f"OPS_REFRESH_{key} is {value!r}." in str(caught.value)


def test_a_misspelt_key_is_an_error_that_names_the_near_one() -> None:
    """A key that is not known never passes silently."""
    with pytest.raises(ValueError, match="Did you mean OPS_REFRESH_LIST_INTERVAL_SEC"):
        read_settings({"OPS_REFRESH_LIST_INTERVAL": 5})
    with pytest.raises(ValueError, match="OPS_REFRESH_QQQ is not a setting. Known are"):
        read_settings({"OPS_REFRESH_QQQ": 5})


def test_settings_are_frozen() -> None:
    """What was validated stays as it was."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().stop_after_seconds = 1  # type: ignore[misc]
