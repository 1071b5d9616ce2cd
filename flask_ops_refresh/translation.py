"""The extension's sentences in the reader's language; English without Flask-Babel.

The catalogues lie in ``translations/``. One of the app's own, of the same domain in any
of its ``BABEL_TRANSLATION_DIRECTORIES``, says what it wants to say otherwise.
"""

from __future__ import annotations

import typing as t

from .locality import current_locality
from .locality import flask_babel


def gettext(message: str, **values: object) -> str:
    """A sentence in the reader's language, with values for its ``%(name)s``."""
    if locality := current_locality():
        message = locality.catalogue.ugettext(message)
    return message % values if values else message


def lazy_gettext(message: str) -> str:
    """A sentence that is translated when it is read, not when it is named."""
    if flask_babel is None:
        return message
    return t.cast("str", flask_babel.speaklater.LazyString(gettext, message))
