from __future__ import annotations

import collections
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_ops_refresh.failure_summary import Failure
from flask_ops_refresh.failure_summary import Failures
from flask_ops_refresh.failure_summary import failures
from flask_ops_refresh.failure_summary import SHOWN_FAILURES
from flask_ops_refresh.json_view import Masking
from flask_ops_refresh.settings import Settings
from flask_ops_refresh.stored_values import JSON_LIMIT

MASKING = Masking(Settings().masked_context_keys)
SECRET = "sEntinel"


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


@pytest.mark.parametrize("stored", ["[]", "{}", "null", '{"total": 0, "entries": []}'])
def test_no_failure_is_nothing(stored: str) -> None:
    """A summary of none, in whatever shape, has no heading either."""
    assert failures(stored, None, MASKING) is None


def test_many_failures_are_bounded() -> None:
    """Fifty are shown, the total is said, and secrets in them are masked."""
    stored = [{"code": "x", "token": SECRET} for _ in range(400)]
    found = failures(json.dumps(stored), None, MASKING)
    assert found is not None
    assert (len(found.entries), found.total) == (50, 400)
    assert SECRET not in repr(found)


def test_counts_without_end_do_no_harm() -> None:
    """A total of hundreds of digits is a total."""
    found = failures('{"total": 1' + "0" * 400 + ', "items": ["x"]}', None, MASKING)
    assert found is not None
    assert found.total == 10**400


def read(stored: t.Any) -> Failures:
    """What is made of a value as the database gives it: its beginning, and its size."""
    text = json.dumps(stored)
    found = failures(text[:JSON_LIMIT], len(text), MASKING)
    assert found is not None
    return found


CODES = st.sampled_from(["a", "b", "hash_mismatch", "", 7, None, True])


@given(codes=st.lists(CODES, min_size=1, max_size=200))
def test_groups_count_what_a_counter_counts(codes: list[t.Any]) -> None:
    """Each code has as many as were stored with it, the most frequent first."""
    found = read([{"code": code, "message": str(n)} for n, code in enumerate(codes)])
    expected = collections.Counter(
        "" if code is None else "true" if code is True else str(code) for code in codes
    )
    assert {group.code: group.count for group in found.groups} == expected
    counts = [group.count for group in found.groups]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == found.total == found.counted == len(codes)
    for group in found.groups:
        assert len(group.examples) == min(group.count, SHOWN_FAILURES)
        assert {example.code for example in group.examples} == {group.code}
        numbers = [int(example.message) for example in group.examples]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("number", [0, 1, 100_000])
def test_any_number_of_failures_is_counted_as_far_as_it_is_read(number: int) -> None:
    """None, one, and a hundred thousand: what is said is stored, or said to be cut."""
    stored = [{"code": f"code {n % 3}", "message": "m"} for n in range(number)]
    text = json.dumps({"items": stored, "note": "n"})
    found = failures(text[:JSON_LIMIT], len(text), MASKING)
    assert found is not None
    counted = sum(group.count for group in found.groups)
    assert counted == found.counted == found.total or found.is_cut
    assert found.is_cut is (number == 100_000)
    assert [group.code for group in found.groups] == [
        f"code {n}" for n in range(min(number, 3))
    ]
    assert found.counted <= number
    if number:
        assert found.counted >= min(number, 1_000)


def test_a_total_that_was_stored_is_believed_beyond_the_list() -> None:
    """An app that keeps the first hundred of many says how many there are."""
    entries = [{"code": "a", "message": "m"}] * 100
    found = read({"total": 100_000, "entries": entries})
    assert (found.total, found.counted, found.is_cut) == (100_000, 100, False)


def test_a_code_that_the_cut_went_through_is_no_group() -> None:
    """The last entry of a list that was cut is left out of the counts."""
    text = json.dumps([{"code": "hash_mismatch"}] * 100)
    for end in range(60, 120):
        found = failures(text[:end], JSON_LIMIT + 1, MASKING)
        assert found is not None
        codes = [group.code for group in found.groups]
        # Of a single entry that much is shown as there is.
        assert codes in ([], ["hash_mismatch"]) or found.total == 1


def test_one_code_can_be_picked() -> None:
    """A code gives its own group, an unknown one none, no code all of them."""
    found = read([{"code": "a"}, {"code": "b"}, "text"])
    assert [group.code for group in found.of_code("b")] == ["b"]
    assert [group.code for group in found.of_code("")] == [""]
    assert found.of_code("c") == ()
    assert len(found.of_code(None)) == 3
