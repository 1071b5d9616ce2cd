"""``review_pack.generate``: what a review of an environment needs, in one ZIP."""

from __future__ import annotations

import collections
import collections.abc as cabc
import contextlib
import csv
import dataclasses
import datetime as dt
import hashlib
import io
import json
import typing as t
import zipfile

from flask import render_template

from flask_ops_refresh.spreadsheet import defused

from .environments import Environment
from .integrity import Checked
from .integrity import Inspection
from .inventory import Item
from .inventory import read_item
from .pacing import Pacer
from .progress import Progress

_INVENTORY = ("name", "version", "licence", "files", "size_bytes", "requires")
_INTEGRITY = ("distribution", "path", "result", "explanation")
_IN_ORDER = "in_order"
_NOT_TOLD = "not_told"
#: Problems that the summary page names one by one.
_NAMED_PROBLEMS = 200


@dataclasses.dataclass(frozen=True)
class PackOrder:
    """What a pack is made of and for.

    :param file: takes the ZIP; open for binary writing.
    """

    file: t.IO[bytes]
    workspace: str
    tenant: str
    asked_for_by: str | None
    made_at: dt.datetime


@dataclasses.dataclass
class _Review:
    """The figures of a review, and the first of what is wrong."""

    distributions: int = 0
    files: int = 0
    size_bytes: int = 0
    without_licence: int = 0
    results: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    problems: list[Checked] = dataclasses.field(default_factory=list)

    def add_item(self, item: Item) -> None:
        self.distributions += 1
        self.size_bytes += item.size_bytes
        self.without_licence += item.licence is None

    def add_checked(self, checked: Checked) -> None:
        self.files += bool(checked.path)
        self.results[_result(checked)] += 1
        if checked.failure is not None and len(self.problems) < _NAMED_PROBLEMS:
            self.problems.append(checked)

    @property
    def problems_total(self) -> int:
        """How many files and lists of files are not in order."""
        fine = self.results[_IN_ORDER] + self.results[_NOT_TOLD]
        return self.results.total() - fine

    def figures(self) -> dict[str, int]:
        """What the card shows of it."""
        return {
            "distributions": self.distributions,
            "files": self.files,
            "altered_files": self.results["hash_mismatch"],
            "missing_files": self.results["missing_file"],
            "other_problems": self.problems_total
            - self.results["hash_mismatch"]
            - self.results["missing_file"],
            "without_licence": self.without_licence,
            "installed_bytes": self.size_bytes,
        }


class _Archive:
    """A ZIP that knows the SHA-256 of each file put into it."""

    def __init__(self, file: t.IO[bytes], made_at: dt.datetime) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._made_at = made_at
        self.sums: dict[str, dict[str, t.Any]] = {}

    @contextlib.contextmanager
    def add(self, name: str) -> cabc.Iterator[t.TextIO]:
        """A file of the archive, open for writing text."""
        info = zipfile.ZipInfo(name, self._made_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w") as member:
            summed = _Summed(member)
            # File names may hold bytes that are no text.
            text = io.TextIOWrapper(
                io.BufferedWriter(summed),
                encoding="utf-8",
                errors="backslashreplace",
                newline="",
            )
            yield text
            text.flush()
        self.sums[name] = {"sha256": summed.digest.hexdigest(), "bytes": summed.size}

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Writes the directory without which it is no ZIP.
        self._zip.close()


class _Summed(io.RawIOBase):
    """Passes bytes on and sums them up."""

    def __init__(self, target: t.IO[bytes]) -> None:
        self._target = target
        self.digest = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """It is for nothing else."""
        return True

    def write(self, data: t.Any) -> int:
        """Pass on all of it."""
        self.digest.update(data)
        self.size += len(data)
        return self._target.write(data)


def generate(
    environment: Environment, progress: Progress, pacer: Pacer, order: PackOrder
) -> dict[str, int]:
    """Write a review pack; gives its figures.

    The ZIP holds ``inventory.csv``, ``integrity.csv``, ``summary.html``, and
    ``manifest.json`` with the SHA-256 of each of them.
    """
    distributions = environment.distributions()
    inspection = Inspection(environment)
    progress.expect(len(distributions) + len(inspection))
    review = _Review()
    with _Archive(order.file, order.made_at) as archive:
        with archive.add("inventory.csv") as file:
            write = _start_table(file, _INVENTORY)
            for distribution in distributions:
                item = read_item(environment, distribution, pacer)
                review.add_item(item)
                write(_inventory_row(item))
                progress.succeeded()
        with archive.add("integrity.csv") as file:
            write = _start_table(file, _INTEGRITY)
            for checked in inspection.check(pacer):
                review.add_checked(checked)
                write(_integrity_row(checked))
                progress.succeeded()
        with archive.add("summary.html") as file:
            file.write(_summary_page(environment, order, review))
        with archive.add("manifest.json") as file:
            json.dump(_manifest(order, archive.sums), file, indent=2)
    figures = review.figures()
    progress.describe(environment=str(environment.prefix), **figures)
    return figures


def _summary_page(environment: Environment, order: PackOrder, review: _Review) -> str:
    return render_template(
        "pack_summary.html",
        order=order,
        environment=environment,
        figures=review.figures(),
        problems=review.problems,
        problems_total=review.problems_total,
    )


def _manifest(order: PackOrder, sums: cabc.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "workspace": order.workspace,
        "tenant": order.tenant,
        "asked_for_by": order.asked_for_by,
        "made_at": order.made_at.isoformat(),
        "files": dict(sums),
    }


def _start_table(
    file: t.TextIO, names: cabc.Sequence[str]
) -> cabc.Callable[[cabc.Iterable[t.Any]], object]:
    writer = csv.writer(file)
    writer.writerow(names)
    return lambda values: writer.writerow(
        defused(value) if isinstance(value, str) else value for value in values
    )


def _inventory_row(item: Item) -> tuple[t.Any, ...]:
    requires = "; ".join(item.requires)
    licence = item.licence
    return (item.name, item.version, licence, item.files, item.size_bytes, requires)


def _integrity_row(checked: Checked) -> tuple[str, ...]:
    explanation = checked.failure.message if checked.failure else ""
    return (checked.distribution, checked.path, _result(checked), explanation)


def _result(checked: Checked) -> str:
    if checked.failure is not None:
        return checked.failure.code
    return _IN_ORDER if checked.told else _NOT_TOLD
