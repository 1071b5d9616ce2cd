"""The operations that can be started, and what does each."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from . import integrity
from . import inventory
from . import review_pack


@dataclasses.dataclass(frozen=True)
class Operation:
    """One kind of operation.

    :param type: its name in the records.
    :param work: does it with an environment, a progress and a pacer; raises nothing
        for what it finds, only for what it did not foresee.
    :param makes_pack: whether it makes a review pack: its work then takes an order
        as well, and gives figures.
    """

    type: str
    title: str
    description: str
    work: cabc.Callable[..., t.Any]
    makes_pack: bool = False


OPERATIONS = {
    operation.type: operation
    for operation in (
        Operation(
            "integrity.verify",
            "Verify integrity",
            "Compares every installed file with the hash it was installed with, and "
            "names those that are missing or altered.",
            integrity.verify,
        ),
        Operation(
            "inventory.collect",
            "Collect inventory",
            "Reads the metadata of every distribution: version, licence, size. Names "
            "those that leave something out.",
            inventory.collect,
        ),
        Operation(
            "review_pack.generate",
            "Generate review pack",
            "Puts inventory and integrity of every file into one ZIP to hand on.",
            review_pack.generate,
            makes_pack=True,
        ),
    )
}


def makes_pack(type: str) -> bool:
    """Whether runs of this type make a review pack."""
    operation = OPERATIONS.get(type)
    return operation is not None and operation.makes_pack


def operation_title(type: str) -> str:
    """An operation's name for people, its type where there is none."""
    operation = OPERATIONS.get(type)
    return operation.title if operation else type
