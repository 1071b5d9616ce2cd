"""Python environments as they lie on the disk; nothing in them is ever run."""

from __future__ import annotations

import collections.abc as cabc
import csv
import dataclasses
import email.message
import email.parser
import email.policy
import io
import os
import pathlib
import re
import typing as t

_LARGEST_FILE = 50 * 1024 * 1024
_PACKAGE_FOLDERS = (
    "lib/python3*/site-packages",
    "lib64/python3*/site-packages",
    "lib/python3*/dist-packages",
    "local/lib/python3*/dist-packages",
    "Lib/site-packages",
)


class BadRecord(Exception):
    """A distribution's list of files cannot be read."""


class RecordedFile(t.NamedTuple):
    """One line of a RECORD: a path, its hash as ``sha256=…``, if any."""

    path: str
    hash: str


@dataclasses.dataclass(frozen=True)
class Distribution:
    """One installed distribution.

    :param folder: its ``.dist-info`` or ``.egg-info``.
    """

    folder: pathlib.Path

    @property
    def label(self) -> str:
        """What its folder calls it."""
        name = os.fsencode(self.folder.name).decode("utf-8", "backslashreplace")
        return name.removesuffix(".dist-info").removesuffix(".egg-info")

    def metadata(self) -> email.message.Message | None:
        """Its core metadata; ``None`` if there is none that can be read."""
        names = ("METADATA", "PKG-INFO") if self.folder.is_dir() else ("",)
        for name in names:
            text = _read_text(self.folder / name)
            if text:
                return email.parser.Parser(policy=email.policy.compat32).parsestr(text)
        return None

    def recorded_files(self) -> list[RecordedFile] | None:
        """The files it was installed with; ``None`` if it was not written down.

        :raises BadRecord: it was, but not in a way that can be read.
        """
        record = self.folder / "RECORD"
        if not self.folder.is_dir() or not record.exists():
            return None
        # File names may hold bytes that are no text; so may their list.
        text = _read_text(record, errors="surrogateescape")
        if text is None:
            raise BadRecord("Its RECORD cannot be read.")
        try:
            return [_recorded_file(row) for row in csv.reader(io.StringIO(text)) if row]
        except csv.Error as error:
            raise BadRecord(f"Its RECORD is not CSV: {error}.") from error


class Environment:
    """A virtual environment, or the place where an interpreter is installed.

    :param prefix: what ``sys.prefix`` is in it.
    """

    def __init__(self, prefix: str | os.PathLike[str]) -> None:
        self.prefix = pathlib.Path(prefix)
        self._real_prefix = os.path.join(os.path.realpath(prefix), "")

    def exists(self) -> bool:
        """Whether there is a place for packages."""
        return bool(self.package_folders())

    def package_folders(self) -> list[pathlib.Path]:
        """Where its packages are, each once however many ways lead to it."""
        found = {
            os.path.realpath(folder): folder
            for pattern in reversed(_PACKAGE_FOLDERS)
            for folder in sorted(self.prefix.glob(pattern))
            if folder.is_dir()
        }
        return sorted(found.values())

    def distributions(self) -> list[Distribution]:
        """What is installed, by name."""
        found = [
            Distribution(path)
            for folder in self.package_folders()
            for pattern in ("*.dist-info", "*.egg-info")
            for path in folder.glob(pattern)
        ]
        return sorted(found, key=lambda each: (each.label.casefold(), each.folder))

    def python_version(self) -> str | None:
        """The version in ``pyvenv.cfg``; ``None`` if this is no virtual environment."""
        text = _read_text(self.prefix / "pyvenv.cfg") or ""
        found = re.search(r"^version(?:_info)?\s*=\s*([\w.+]+)", text, re.MULTILINE)
        return found[1] if found else None

    def resolve(self, distribution: Distribution, path: str) -> str | None:
        """Where a recorded path leads; ``None`` if that is out of the environment.

        Symbolic links are followed first: none leads out unnoticed.
        """
        if "\0" in path:
            return None
        real = os.path.realpath(distribution.folder.parent / path)
        return real if real.startswith(self._real_prefix) else None


def _recorded_file(row: cabc.Sequence[str]) -> RecordedFile:
    if len(row) != 3 or not row[0]:
        raise BadRecord(f"A line of its RECORD has {len(row)} fields, not three.")
    return RecordedFile(row[0], row[1])


def _read_text(path: pathlib.Path, errors: str = "replace") -> str | None:
    try:
        if path.stat().st_size > _LARGEST_FILE or not path.is_file():
            return None
        return path.read_text(encoding="utf-8", errors=errors)
    except OSError:
        return None
