"""The files of review packs, in a folder that nobody else reads."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import errno
import os
import pathlib
import re
import secrets
import stat
import typing as t

from flask import current_app

_NAME = re.compile(r"(\d+)-[0-9a-f]{16}\.(zip|draft)")


@dataclasses.dataclass(frozen=True)
class StoredFile:
    """A file that is whole and on the disk."""

    name: str
    size_bytes: int


class PackFiles:
    """The folder, and all that is done with it.

    A file's name begins with the id of the run that made it.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def draft(self, run_id: int) -> cabc.Iterator[Draft]:
        """A new file to be filled; it is gone afterwards unless it was kept."""
        draft = Draft(self._folder / f"{run_id}-{secrets.token_hex(8)}.draft")
        try:
            yield draft
        finally:
            draft.close()

    def open(self, name: str) -> t.IO[bytes]:
        """A kept file, open for reading.

        :raises FileNotFoundError: there is no such file in this folder, whatever
            the name leads to elsewhere.
        """
        found = _NAME.fullmatch(name)
        if found is None or found[2] != "zip":
            raise FileNotFoundError(name)
        try:
            # No link is followed and no pipe waited for: it was written here.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(self._folder / name, flags)
        except OSError as error:
            # ELOOP: the name is a link's.
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                raise
            raise FileNotFoundError(name) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(name)
        return os.fdopen(descriptor, "rb")

    def names(self) -> dict[str, int]:
        """All files, kept or not, with the id of the run of each."""
        with os.scandir(self._folder) as entries:
            names = [each.name for each in entries if not each.is_dir()]
        found = map(_NAME.fullmatch, names)
        return {match[0]: int(match[1]) for match in found if match}

    def remove(self, name: str) -> None:
        """Remove a file, if it is still there."""
        (self._folder / name).unlink(missing_ok=True)


class Draft:
    """A file that is not whole yet; nobody is offered it.

    :param path: where it lies until then.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR
        #: Takes its content.
        self.file: t.IO[bytes] = os.fdopen(os.open(path, flags, 0o600), "w+b")

    def keep(self) -> StoredFile:
        """Put it on the disk as it is, under its lasting name."""
        self.file.flush()
        os.fsync(self.file.fileno())
        size = os.fstat(self.file.fileno()).st_size
        kept = self._path.with_suffix(".zip")
        os.rename(self._path, kept)
        _sync_folder(kept.parent)
        return StoredFile(kept.name, size)

    def close(self) -> None:
        """Be done with it."""
        try:
            self.file.close()
        finally:
            self._path.unlink(missing_ok=True)


def pack_files() -> PackFiles:
    """Those of the current app."""
    return PackFiles(current_app.config["DATA"] / "review-packs")


def _sync_folder(folder: pathlib.Path) -> None:
    """Put the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
