"""Pages for requests that are refused."""

from __future__ import annotations

import logging

from flask import current_app
from flask import Flask
from flask import render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from .database import DATABASE_AWAY
from .database import why_away

_log = logging.getLogger(__name__)

_RETRY_AFTER_SECONDS = "5"
_PAGES = {
    400: ("This did not arrive as it should", "Go back, reload the page, try again."),
    403: ("Not for you", "You are signed in, but may not do this."),
    404: ("Nothing here", "It is not there, or not yours to see."),
    405: ("Not this way", "Use the buttons and links of the pages."),
    413: ("Too much", "More was sent than this app takes."),
    500: ("Something broke", "It is in the log. Trying again may help."),
    503: ("Back in a moment", "The database does not answer. Nothing is lost; reload."),
}


def init_error_pages(app: Flask) -> None:
    """Answer errors with a page of the app."""
    for code in _PAGES:
        app.register_error_handler(code, _page)
    app.register_error_handler(CSRFError, _page)
    for away in DATABASE_AWAY:
        app.register_error_handler(away, _away)


def _page(error: HTTPException) -> tuple[str, int]:
    code = error.code or 500
    title, advice = _PAGES[code]
    return render_template("error.html", title=title, advice=advice), code


def _away(error: Exception) -> tuple[str, int, dict[str, str]]:
    _log.error("The database is away: %s", why_away(error))
    title, advice = _PAGES[503]
    # Without what usually comes with a page: the person is in the database, too.
    template = current_app.jinja_env.get_template("error.html")
    page = template.render(title=title, advice=advice)
    return page, 503, {"Retry-After": _RETRY_AFTER_SECONDS}
