from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_ops_refresh.json_tree import Branch
from flask_ops_refresh.json_tree import json_tree
from flask_ops_refresh.json_tree import LONGEST_TEXT
from flask_ops_refresh.json_tree import MOST_BRANCHES
from flask_ops_refresh.json_tree import WIDEST
from flask_ops_refresh.json_view import MASK
from flask_ops_refresh.json_view import Masking

# Other characters are written in ways of their own, which other tests have.
printable = st.characters(min_codepoint=32, max_codepoint=126)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(printable, max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(printable, max_size=10), inner, max_size=4)
    ),
    max_leaves=30,
)


def unfolded(branch: Branch) -> t.Any:
    """The value that a tree stands for."""
    if branch.kind == "object":
        return {each.name: unfolded(each) for each in branch.branches}
    if branch.kind == "list":
        return [unfolded(each) for each in branch.branches]
    return json.loads(branch.text)


@given(values)
def test_a_tree_holds_the_value_it_was_made_of(value: t.Any) -> None:
    """Small values are in it whole: each name, each entry, each plain value."""
    assert unfolded(json_tree(value)) == value


def test_a_mask_is_not_the_value_that_looks_like_it() -> None:
    """A secret is marked; a value of the same dots is a value."""
    masked = Masking(["token"]).apply({"token": "x", "plain": "••••••", "t": [MASK]})
    found = {each.name: each for each in json_tree(masked).branches}
    assert found["token"].is_masked
    assert not found["plain"].is_masked
    assert found["plain"].text == '"••••••"'
    # Once stored again it is no mask any more.
    stored = json_tree(json.loads(json.dumps(masked)))
    assert not any(each.is_masked for each in stored.branches)


@pytest.mark.parametrize("number", [0, 1, 100_000])
def test_a_tree_is_bounded_and_says_what_it_leaves_out(number: int) -> None:
    """None, one, or a hundred thousand entries: so many, and so many more."""
    tree = json_tree({"entries": list(range(number)), "after": 1})
    entries, after = tree.branches
    assert len(entries.branches) == min(number, WIDEST)
    assert entries.left_out == number - len(entries.branches)
    assert after.text == "1"
    assert tree.count() <= MOST_BRANCHES


def test_a_large_part_leaves_room_for_the_others() -> None:
    """What is nearer to the root comes first, however much hangs on its neighbour."""
    wide = {f"k{n}": {f"l{m}": [1] * 50 for m in range(50)} for n in range(50)}
    tree = json_tree({**wide, "last": "shown"})
    assert tree.count() == MOST_BRANCHES
    assert tree.branches[-1].text == '"shown"'


def test_long_texts_are_cut() -> None:
    """A megabyte of text is not a megabyte of page."""
    tree = json_tree(["x" * 1_000_000] * 100)
    length = sum(len(each.text) for each in tree.branches)
    assert length < 25_000
    assert len(tree.branches[0].text) == LONGEST_TEXT + 1
    assert tree.branches[0].text.endswith("…")


def test_nothing_in_it_turns_the_text_around_it() -> None:
    """Names and values are printable, whatever was stored."""
    [branch] = json_tree({"a\u202eb": "c\u2066d\ud800"}).branches
    assert not {"\u202e", "\u2066", "\ud800"} & {*branch.name, *branch.text}
