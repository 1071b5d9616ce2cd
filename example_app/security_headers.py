"""What a browser may do with our pages."""

from __future__ import annotations

import base64
import hashlib
import secrets

from flask import Flask
from flask import g
from flask import request
from flask import Response

# Flask-Admin's own menus hold inline scripts: two that do nothing, and one for each
# action of a list. They are allowed by what they say, and no other is.
_INLINE = (
    "return false;",
    "javascript:void(0)",
    *(f"return modelActions.execute('{name}');" for name in ("cancel", "run_again")),
)
_ALLOWED = " ".join(
    f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
    for each in _INLINE
)


def csp_nonce() -> str:
    """The nonce of this request's scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def init_security_headers(app: Flask) -> None:
    """Send the headers with every answer."""
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = _policy()
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if "Cache-Control" not in headers and not _is_static():
        headers["Cache-Control"] = "private, no-store"
    return response


def _policy() -> str:
    nonce = csp_nonce()
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}' 'unsafe-hashes' {_ALLOWED}",
            f"style-src 'self' 'nonce-{nonce}'",
            # Bootstrap 4 and Select2 draw some icons from data: URLs.
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def _is_static() -> bool:
    return (request.endpoint or "").endswith("static")
