"""The one view that answers polls."""

from __future__ import annotations

import sys
import typing as t

from flask import Blueprint
from flask import current_app
from flask import got_request_exception
from flask import request
from flask import Response
from sqlalchemy import exc
from werkzeug.exceptions import default_exceptions
from werkzeug.exceptions import HTTPException

from . import live_region
from .installation import Installation
from .locality import one_locality
from .poll_transaction import reading_only
from .quiet_session import is_remembered_only
from .request_origin import read_by_own_site

#: Seconds after which a client may ask again when the database is unavailable.
RETRY_AFTER_SECONDS = 5

_UNAVAILABLE = (exc.OperationalError, exc.TimeoutError, exc.InterfaceError)

# All of them, so that each is answered here and not by the app.
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# When to ask again is told whoever refuses.
_KEPT_ON_ERROR = ("Retry-After",)

_HEADERS = {
    "Cache-Control": "private, no-store",
    "Vary": "Cookie",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class _BareResponse(Response):
    """Of no type where it has no body."""

    default_mimetype = None


def answer_polls(blueprint: Blueprint, installation: Installation) -> None:
    """Add the route of the polls and their error answers."""

    def poll(region: str = "") -> Response:
        try:
            with reading_only(installation):
                return _poll(installation, region)
        except Exception as error:
            return _on_error(error)

    for rule in ("/", "/<path:region>"):
        blueprint.add_url_rule(
            rule, "poll", poll, methods=_METHODS, provide_automatic_options=False
        )
    # What other code raises before the view is reached. An app's handlers for a
    # code come before a blueprint's for all exceptions, so each code is named.
    kinds: list[type[Exception] | int] = [*default_exceptions, Exception]
    for kind in kinds:
        blueprint.register_error_handler(kind, _on_error)


def settle(response: Response) -> Response:
    """What every answer to a poll has, wherever in the app it came from.

    A redirect, as to a login page, is no answer to a poll: it is a 401.
    """
    if 300 <= response.status_code < 400 and response.status_code != 304:
        response = _answer(401)
    response.headers.update(_HEADERS)
    response.headers.remove("Set-Cookie")
    return response


def _poll(installation: Installation, name: str) -> Response:
    if request.method not in ("GET", "HEAD"):
        return _answer(405, headers={"Allow": "GET, HEAD"})
    if not _from_own_page():
        return _answer(400)
    if is_remembered_only():
        return _answer(401)
    region = installation.regions.get(name)
    scope = installation.access.require(region.view if region else None)
    if region is None:
        return _answer(404)
    state = live_region.load(installation, region, scope, request.args)
    if state is None:
        return _answer(404)
    etag = live_region.etag(region, request.args, scope, state)
    headers = {"ETag": etag, "Ops-Refresh-Region": region.name}
    if state.interval is not None:
        headers["Ops-Refresh-Interval"] = live_region.seconds_text(state.interval)
    if request.if_none_match.contains_weak(etag.strip('"')):
        return _answer(304, headers=headers)
    with one_locality():
        return _answer(200, region.render(state), headers)


def _from_own_page() -> bool:
    return request.headers.get("Ops-Refresh") == "1" and read_by_own_site()


def _answer(
    status: int, body: str = "", headers: t.Mapping[str, str] | None = None
) -> Response:
    return _BareResponse(body, status, headers, mimetype="text/html" if body else None)


def _on_error(error: Exception) -> Response:
    """An answer of the extension's own, whatever error pages the app has."""
    if isinstance(error, HTTPException):
        refused = error.get_response()
        kept = {n: refused.headers[n] for n in _KEPT_ON_ERROR if n in refused.headers}
        return settle(_answer(refused.status_code, headers=kept))
    if _is_unavailable(error):
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        current_app.logger.warning("Poll refused, database unavailable: %s", reason)
        return _answer(503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    _report(error)
    return _answer(500)


def _report(error: Exception) -> None:
    """Report an unforeseen error as Flask would.

    :raises Exception: the error itself, where the app lets errors through.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    got_request_exception.send(app, _async_wrapper=app.ensure_sync, exception=error)
    lets_through = app.config["PROPAGATE_EXCEPTIONS"]
    if lets_through or (lets_through is None and (app.testing or app.debug)):
        raise error
    app.log_exception(sys.exc_info())


def _is_unavailable(error: Exception) -> bool:
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, _UNAVAILABLE)
