"""Who reads: the language and the time zone that Flask-Babel's selectors choose."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import contextvars
import dataclasses
import functools
import importlib
import pathlib
import typing as t

from flask import current_app
from flask import has_request_context

try:
    flask_babel: t.Any = importlib.import_module("flask_babel")
except ImportError:
    # As in Flask-Admin, which then speaks English too.
    flask_babel = None

#: The name of the catalogues.
DOMAIN = "flask_ops_refresh"

#: Where the extension's own are.
CATALOGUES = pathlib.Path(__file__).parent / "translations"


@dataclasses.dataclass(frozen=True, eq=False)
class Locality:
    """A language and a time zone: one object for all of an app who share them."""

    locale: t.Any
    time_zone: t.Any
    catalogue: t.Any


_held: contextvars.ContextVar[Locality | None] = contextvars.ContextVar(
    "flask_ops_refresh_locality", default=None
)


def current_locality() -> Locality | None:
    """Who reads; ``None`` without a request, and in an app without Flask-Babel."""
    return _held.get() or _look_up()


@contextlib.contextmanager
def one_locality() -> cabc.Iterator[None]:
    """Look up once who reads what is written meanwhile: a list has a lot of words."""
    token = _held.set(_look_up())
    try:
        yield
    finally:
        _held.reset(token)


def fingerprint() -> str:
    """What tells the current reader's locality from another's.

    An app that lets nobody choose has one, whose names need no looking up.
    """
    configured = _configured()
    if configured is None:
        return ""
    if configured.locale_selector is None and configured.timezone_selector is None:
        return f"{configured.default_locale} {configured.default_timezone}"
    return f"{flask_babel.get_locale()} {flask_babel.get_timezone()}"


def _look_up() -> Locality | None:
    configured = _configured()
    if configured is None:
        return None
    locale, time_zone = flask_babel.get_locale(), flask_babel.get_timezone()
    return _locality(configured.instance, locale, str(time_zone))


def _configured() -> t.Any:
    """Flask-Babel's settings of the app whose request it is."""
    if flask_babel is None or not has_request_context():
        return None
    return current_app.extensions.get("babel")


@functools.lru_cache(256)
def _locality(babel: t.Any, locale: t.Any, time_zone_name: str) -> Locality:
    """The current one; of a time zone the name, for not every zone can be a key."""
    return Locality(
        locale,
        flask_babel.get_timezone(),
        _catalogue(babel, str(locale)),
    )


@functools.lru_cache(64)
def _catalogue(babel: t.Any, locale_name: str) -> t.Any:
    # The current ones, kept under these names. The later ones have the last word.
    own = flask_babel.get_babel().translation_directories
    return flask_babel.Domain([str(CATALOGUES), *own], DOMAIN).get_translations()
