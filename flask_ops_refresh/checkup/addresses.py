"""Prefixes and proxies, as far as they can be told without a request."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from ..installation import Installation
from .findings import advice
from .findings import Finding
from .findings import ok

#: Layers of middleware that are looked through.
_DEEPEST = 20
_NOT_SEEN = "What a server or a proxy in front of the app does cannot be told from here"


def look_at_addresses(app: Flask, installation: Installation) -> list[Finding]:
    """Whether addresses will have the prefix, and the scheme, of their proxy."""
    proxy_fix = next(
        (each for each in _layers(app) if isinstance(each, ProxyFix)), None
    )
    return [_prefix(app, installation, proxy_fix), _proxy(app, proxy_fix)]


def _prefix(
    app: Flask, installation: Installation, proxy_fix: ProxyFix | None
) -> Finding:
    root = "/" + str(app.config["APPLICATION_ROOT"] or "").strip("/")
    if root == "/":
        return ok("prefix", f"APPLICATION_ROOT names no prefix. {_NOT_SEEN}.")
    if f"{installation.admin.url}/".startswith(f"{root}/"):
        return advice(
            "prefix",
            f"The Admin's own address {installation.admin.url} begins with "
            f"APPLICATION_ROOT, so that under a SCRIPT_NAME of {root} its pages are at "
            f"{root}{installation.admin.url}. {_NOT_SEEN}.",
            f"Leave {root} out of Admin(url=...) where the server sets SCRIPT_NAME.",
        )
    if proxy_fix is not None and proxy_fix.x_prefix:
        return ok(
            "prefix",
            f"APPLICATION_ROOT is {root}, and ProxyFix takes the prefix from the "
            f"proxy, which has to send X-Forwarded-Prefix: {root}.",
        )
    return advice(
        "prefix",
        f"APPLICATION_ROOT is {root}, which puts no prefix before the addresses on "
        f"pages: they have the SCRIPT_NAME of the request. {_NOT_SEEN}.",
        f"Let the server set SCRIPT_NAME to {root}, or use ProxyFix(app.wsgi_app, "
        f"x_prefix=1) and let the proxy send X-Forwarded-Prefix: {root}.",
    )


def _proxy(app: Flask, proxy_fix: ProxyFix | None) -> Finding:
    if proxy_fix is not None:
        trusted = [
            f"{name} {count}"
            for name in ("x_for", "x_proto", "x_host", "x_port", "x_prefix")
            if (count := getattr(proxy_fix, name))
        ]
        return ok(
            "proxy-fix",
            f"ProxyFix trusts {', '.join(trusted) or 'nothing'}; each is the number of "
            "proxies that set it.",
        )
    config = app.config
    if config["PREFERRED_URL_SCHEME"] == "https" or config["SESSION_COOKIE_SECURE"]:
        return advice(
            "proxy-fix",
            "The app is meant for HTTPS and there is no ProxyFix around app.wsgi_app: "
            "behind a proxy that ends HTTPS, addresses and hosts would be wrong. "
            f"{_NOT_SEEN}.",
            "Behind a proxy: app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, "
            "x_host=1).",
        )
    return ok(
        "proxy-fix",
        f"There is no ProxyFix, which is right where there is no proxy. {_NOT_SEEN}.",
    )


def _layers(app: Flask) -> cabc.Iterator[object]:
    """The middleware around the app, from the outside in."""
    layer: t.Any = app.wsgi_app
    for _ in range(_DEEPEST):
        yield layer
        inside = [getattr(layer, name, None) for name in ("app", "wsgi_app")]
        layer = next((each for each in inside if callable(each)), None)
        if layer is None or isinstance(layer, Flask):
            return
