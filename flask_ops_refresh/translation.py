"""The extension's sentences in the reader's language; English without Flask-Babel.

The catalogues lie in ``translations/``. One of the app's own, of the same domain in any
of its ``BABEL_TRANSLATION_DIRECTORIES``, says what it wants to say otherwise.
"""

from __future__ import annotations

import importlib
import pathlib
import typing as t
import weakref

from flask import current_app
from flask import Flask
from flask import has_request_context

from .request_state import request_state

try:
    flask_babel: t.Any = importlib.import_module("flask_babel")
except ImportError:
    # As in Flask-Admin, which then speaks English too.
    flask_babel = None

#: The name of the catalogues.
DOMAIN = "flask_ops_refresh"

#: Where the extension's own are.
CATALOGUES = pathlib.Path(__file__).parent / "translations"

_domains: weakref.WeakKeyDictionary[Flask, t.Any] = weakref.WeakKeyDictionary()


def is_translated() -> bool:
    """Whether there is a reader, in an app that has Flask-Babel."""
    has_reader = flask_babel is not None and has_request_context()
    return has_reader and "babel" in current_app.extensions


def gettext(message: str, **values: object) -> str:
    """A sentence in the reader's language, with values for its ``%(name)s``."""
    if is_translated():
        message = _catalogue().ugettext(message)
    return message % values if values else message


def _catalogue() -> t.Any:
    """The reader's, looked for once: a list has the same words in every row."""
    locale, state = flask_babel.get_locale(), request_state()
    if state.get("catalogue_for") is not locale:
        state["catalogue"] = _domain().get_translations()
        state["catalogue_for"] = locale
    return state["catalogue"]


def _domain() -> t.Any:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    domain = _domains.get(app)
    if domain is None:
        # The later ones have the last word.
        own = flask_babel.get_babel(app).translation_directories
        domain = flask_babel.Domain([str(CATALOGUES), *own], DOMAIN)
        _domains[app] = domain
    return domain


def lazy_gettext(message: str) -> str:
    """A sentence that is translated when it is read, not when it is named."""
    if flask_babel is None:
        return message
    return t.cast("str", flask_babel.speaklater.LazyString(gettext, message))
