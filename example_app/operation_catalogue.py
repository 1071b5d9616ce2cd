"""The operations that can be started, and what does each."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses

from . import integrity
from . import inventory
from .environments import Environment
from .pacing import Pacer
from .progress import Progress


@dataclasses.dataclass(frozen=True)
class Operation:
    """One kind of operation.

    :param type: its name in the records.
    :param work: does it; raises nothing for what it finds, only for what it did
        not foresee.
    """

    type: str
    title: str
    description: str
    work: cabc.Callable[[Environment, Progress, Pacer], None]


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
    )
}


def operation_title(type: str) -> str:
    """An operation's name for people, its type where there is none."""
    operation = OPERATIONS.get(type)
    return operation.title if operation else type
