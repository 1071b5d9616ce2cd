"""The extension's own static files, under a path that names their release."""

from __future__ import annotations

import functools
import hashlib
import pathlib
import re

from flask import abort
from flask import Blueprint
from flask import Response
from flask import url_for

from .locality import CATALOGUES

_PACKAGE = pathlib.Path(__file__).parent
#: Where the static files lie.
STATIC_FOLDER = _PACKAGE / "static"
_YEAR_SECONDS = 365 * 24 * 3600

_TYPES = {".js": "text/javascript", ".css": "text/css"}

# Comments on lines of their own and within lines, blank lines and indentation: a third
# of what would be sent. No file has a text over several lines.
_FOR_READERS = re.compile(
    r"^ *(?:/\*(?:[^*]|\*(?!/))*\*/\n|//.*\n|\n)|^ +|/\*\*[^*\n]*\*/ ", re.MULTILINE
)


@functools.cache
def release() -> str:
    """A digest of all that pages are made of: it names what browsers may keep."""
    digest = hashlib.blake2b(digest_size=6)
    for folder in (STATIC_FOLDER, _PACKAGE / "templates", CATALOGUES):
        for path in sorted(folder.rglob("*.*")):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@functools.cache
def served_files() -> dict[str, str]:
    """The static files by name, as browsers get them."""
    return {
        path.name: _FOR_READERS.sub("", path.read_text("utf-8"))
        for path in STATIC_FOLDER.iterdir()
    }


def asset_url(blueprint_name: str, filename: str) -> str:
    """The address of a static file of this release."""
    return url_for(
        f"{blueprint_name}.static", path_release=release(), filename=filename
    )


def belonging_to_nobody(response: Response) -> Response:
    """A static file's answer, which any cache may give to anybody."""
    response.headers.remove("Set-Cookie")
    response.headers.remove("Vary")
    return response


def serve_assets(blueprint: Blueprint) -> None:
    """Add the route of the static files.

    A file of this release may be kept for good. Another release's address, as a
    page from before an upgrade has it, gets the present file, not to be kept.
    """

    @blueprint.get("/static/<path_release>/<path:filename>", endpoint="static")
    def static(path_release: str, filename: str) -> Response:
        content = served_files().get(filename)
        if content is None:
            abort(404)
        response = Response(content, mimetype=_TYPES[pathlib.Path(filename).suffix])
        if path_release == release():
            response.cache_control.public = True
            response.cache_control.max_age = _YEAR_SECONDS
            response.cache_control.immutable = True
        else:
            response.cache_control.no_store = True
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
