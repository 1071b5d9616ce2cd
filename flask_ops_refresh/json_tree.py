"""A JSON value as a tree of branches that fold, bounded in width, depth and length."""

from __future__ import annotations

import collections
import dataclasses
import json
import typing as t

from .json_view import Mask
from .stored_values import printable

#: Branches of one tree, and of one branch.
MOST_BRANCHES, WIDEST = 400, 100
#: Characters of one value, and of all values and names of a tree.
LONGEST_TEXT, MOST_CHARACTERS = 500, 20_000
_LONGEST_NAME = 100


@dataclasses.dataclass
class Branch:
    """A value in the tree.

    :param name: its key, or its place in a list.
    :param text: a plain value as JSON writes it.
    :param is_masked: the value is not shown, as its name is that of a secret.
    :param kind: ``object`` or ``list``; empty for a plain value.
    :param size: how many branches it has, of which ``branches`` are the first.
    """

    name: str
    text: str = ""
    is_masked: bool = False
    kind: str = ""
    size: int = 0
    branches: list[Branch] = dataclasses.field(default_factory=list)

    @property
    def left_out(self) -> int:
        """How many of its branches are not in the tree."""
        return self.size - len(self.branches)

    def count(self) -> int:
        """How many branches are in the tree below it."""
        return sum(1 + each.count() for each in self.branches)


class _Tree:
    """What is left to be spent on one tree."""

    def __init__(self) -> None:
        self.branches = MOST_BRANCHES
        self.characters = MOST_CHARACTERS

    def branch(self, name: str, value: t.Any) -> Branch:
        """A branch without those of its own."""
        name = self._text(name, _LONGEST_NAME)
        if isinstance(value, dict | list):
            kind = "object" if isinstance(value, dict) else "list"
            return Branch(name, kind=kind, size=len(value))
        if isinstance(value, Mask):
            return Branch(name, str(value), is_masked=True)
        text = json.dumps(value, ensure_ascii=False)
        return Branch(name, self._text(text, LONGEST_TEXT))

    def _text(self, text: str, longest: int) -> str:
        longest = min(longest, max(0, self.characters))
        self.characters -= min(len(text), longest)
        return printable(text if len(text) <= longest else text[:longest] + "…")


def json_tree(value: t.Any) -> Branch:
    """The tree of a value, level by level: none has so much that others get nothing."""
    tree = _Tree()
    root = tree.branch("", value)
    level = collections.deque([(root, value)])
    while level:
        above, inside = level.popleft()
        if not above.kind:
            continue
        items = inside.items() if isinstance(inside, dict) else enumerate(inside)
        for name, item in items:
            if not tree.branches or len(above.branches) == WIDEST:
                break
            tree.branches -= 1
            branch = tree.branch(str(name), item)
            above.branches.append(branch)
            level.append((branch, item))
    return root
