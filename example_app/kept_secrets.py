"""Secrets that are made up once and kept in a file only its owner reads."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import secrets


def kept_secret(path: pathlib.Path, make: cabc.Callable[[], str]) -> str:
    """The secret in the file, made up first if there is none.

    Of several processes that come at once, all get the same.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        with open(
            os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w"
        ) as f:
            f.write(make())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()
