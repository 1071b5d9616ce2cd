"""Hosts with other extensions beside this one."""

from __future__ import annotations

import pathlib

import cachelib
import flask_talisman
import pytest
from flask import current_app
from flask import Flask
from flask import session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_session import Session
from flask_wtf import CSRFProtect

from .site import Site
from .site import usual


def with_a_strict_policy(folder: pathlib.Path) -> Site:
    """Flask-Talisman with a nonce for scripts and styles, behind a proxy's TLS."""

    def protect(app: Flask) -> None:
        flask_talisman.Talisman(
            app,
            force_https=False,
            session_cookie_secure=False,
            content_security_policy={
                "default-src": "'self'",
                "script-src": "'self'",
                "style-src": "'self'",
                "img-src": "'self' data:",
                "object-src": "'none'",
            },
            content_security_policy_nonce_in=["script-src", "style-src"],
        )

    return usual(
        folder,
        first=protect,
        admin={"csp_nonce_generator": csp_nonce},
    )


def csp_nonce() -> str:
    """Talisman's nonce of the current request."""
    return str(current_app.jinja_env.globals["csp_nonce"]())


def with_csrf_protect(folder: pathlib.Path) -> Site:
    """Flask-WTF checks every POST of the app."""
    return usual(folder, first=CSRFProtect)


def with_csrf_protect_later(folder: pathlib.Path) -> Site:
    """The same, joining the app last."""
    return usual(folder, after=CSRFProtect)


def in_the_readers_language(folder: pathlib.Path) -> Site:
    """Flask-Babel chooses the language, German unless the session says another."""
    reason = "this run is without Flask-Babel"
    flask_babel = pytest.importorskip("flask_babel", reason=reason)
    site = usual(folder)
    config = flask_babel.get_babel(site.app)
    config.locale_selector = lambda: session.get("language", "de")
    return site


def with_sessions_on_the_server(folder: pathlib.Path) -> Site:
    """Flask-Session keeps sessions in files, and joins the app last."""
    store = cachelib.FileSystemCache(str(folder / "sessions"))
    config = {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": store}
    return usual(folder, config=config, after=Session)


def with_a_rate_limit(folder: pathlib.Path) -> Site:
    """Flask-Limiter counts every request, polls too."""

    def limit(app: Flask) -> None:
        Limiter(
            get_remote_address,
            app=app,
            default_limits=["20 per minute"],
            headers_enabled=True,
            storage_uri="memory://",
        )

    return usual(folder, before=limit)


HOSTS = [
    with_a_strict_policy,
    with_csrf_protect,
    with_csrf_protect_later,
    in_the_readers_language,
    with_sessions_on_the_server,
    with_a_rate_limit,
]
