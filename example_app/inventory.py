"""``inventory.collect``: what is installed, under which licence, how large?"""

from __future__ import annotations

import collections
import collections.abc as cabc
import dataclasses
import email.message
import os
import stat
import typing as t

from .environments import BadRecord
from .environments import Distribution
from .environments import Environment
from .findings import Failure
from .pacing import Pacer
from .progress import Progress

_LONGEST_TEXT = 120
_MOST_LICENCES = 30
_LARGEST_SHOWN = 20
_LICENCE_CLASSIFIER = "License :: "


@dataclasses.dataclass
class Item:
    """One distribution of the inventory."""

    name: str
    version: str | None = None
    licence: str | None = None
    requires: tuple[str, ...] = ()
    files: int = 0
    size_bytes: int = 0
    problems: list[Failure] = dataclasses.field(default_factory=list)


def collect(environment: Environment, progress: Progress, pacer: Pacer) -> None:
    """Read every distribution's metadata and measure its files."""
    distributions = environment.distributions()
    progress.describe(
        environment=str(environment.prefix), python=environment.python_version()
    )
    progress.expect(len(distributions))
    items = []
    for distribution in distributions:
        item = read_item(environment, distribution, pacer)
        items.append(item)
        if item.problems:
            progress.failed(*item.problems)
        else:
            progress.succeeded()
    progress.describe(**_summary(items))


def read_item(
    environment: Environment, distribution: Distribution, pacer: Pacer
) -> Item:
    """One distribution with everything that is wrong with it."""
    item = Item(distribution.label)
    metadata = distribution.metadata()
    if metadata is None:
        item.problems.append(
            Failure("missing_metadata", "Its metadata is missing.", item.name)
        )
    else:
        _read_metadata(item, metadata)
    _measure(item, environment, distribution, pacer)
    return item


def _read_metadata(item: Item, metadata: email.message.Message) -> None:
    item.name = _text(metadata, "Name") or item.name
    item.version = _text(metadata, "Version")
    item.licence = _licence(metadata)
    item.requires = tuple(map(str, metadata.get_all("Requires-Dist", ())))
    if item.version is None:
        item.problems.append(
            Failure("no_version", "Its metadata names no version.", item.name)
        )
    if item.licence is None:
        item.problems.append(
            Failure("no_licence", "Its metadata names no licence.", item.name)
        )


def _licence(metadata: email.message.Message) -> str | None:
    """The licence expression; where there is none, the classifiers, the old field."""
    classifiers = [
        str(each).removeprefix(_LICENCE_CLASSIFIER).split(" :: ")[-1]
        for each in metadata.get_all("Classifier", ())
        if str(each).startswith(_LICENCE_CLASSIFIER)
    ]
    return (
        _text(metadata, "License-Expression")
        or ", ".join(classifiers)[:_LONGEST_TEXT]
        or _text(metadata, "License")
    )


def _text(metadata: email.message.Message, name: str) -> str | None:
    """The first line of a field, if it says anything."""
    lines = str(metadata.get(name, "")).strip().splitlines()
    if not lines or lines[0].strip().upper() == "UNKNOWN":
        return None
    return lines[0].strip()[:_LONGEST_TEXT]


def _measure(
    item: Item, environment: Environment, distribution: Distribution, pacer: Pacer
) -> None:
    try:
        recorded = distribution.recorded_files()
    except BadRecord as error:
        item.problems.append(Failure("bad_record", str(error), item.name))
        return
    for file in recorded or ():
        pacer.wait()
        path = environment.resolve(distribution, file.path)
        size = _size(path) if path else None
        if size is not None:
            item.files += 1
            item.size_bytes += size


def _size(path: str) -> int | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _summary(items: cabc.Sequence[Item]) -> dict[str, t.Any]:
    """What a run keeps of an inventory, however long that is."""
    licences = collections.Counter(item.licence or "none named" for item in items)
    largest = sorted(items, key=lambda item: item.size_bytes, reverse=True)
    return {
        "distributions": len(items),
        "files": sum(item.files for item in items),
        "size_bytes": sum(item.size_bytes for item in items),
        "licences": dict(licences.most_common(_MOST_LICENCES)),
        "largest": [
            {
                "name": item.name,
                "version": item.version,
                "licence": item.licence,
                "size_bytes": item.size_bytes,
                "requires": len(item.requires),
            }
            for item in largest[:_LARGEST_SHOWN]
        ],
    }
