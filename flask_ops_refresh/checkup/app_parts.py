"""What the extension stands on, from the Admin to the templates of live regions."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import Flask
from jinja2 import TemplateError
from sqlalchemy import orm

from ..installation import Installation
from ..live_region import FunctionRegion
from .findings import Finding
from .findings import ok
from .findings import wrong


def look_at_parts(app: Flask, installation: Installation) -> cabc.Iterator[Finding]:
    """How the parts stand. To be called in the app's context."""
    admin = installation.admin
    yield ok("admin", f"Flask-Admin is at {admin.url} (endpoint {admin.endpoint!r}).")
    yield _login(getattr(app, "login_manager", None))
    yield _scope_loader(installation)
    yield _session(app, installation)
    for region in installation.regions.values():
        if isinstance(region, FunctionRegion):
            yield _template(app, region)


def _login(manager: t.Any) -> Finding:
    if manager is None:
        return wrong(
            "login-manager",
            "Flask-Login is not on this app, so nobody can be told from anybody.",
            "Create its manager: LoginManager(app).",
        )
    if not (
        getattr(manager, "_user_callback", None)
        or getattr(manager, "_request_callback", None)
    ):
        return wrong(
            "login-manager",
            "Flask-Login has no user loader, so nobody can be signed in.",
            "Add one: @login_manager.user_loader.",
        )
    return ok("login-manager", "Flask-Login is there and has a user loader.")


def _scope_loader(installation: Installation) -> Finding:
    if not installation.access.has_loader:
        return wrong(
            "scope-loader",
            "There is no scope loader, so nothing is shown to anyone.",
            "Add one: @ops.scope_loader on a function that takes a user and returns a "
            "Scope.",
        )
    return ok("scope-loader", "There is a scope loader.")


def _session(app: Flask, installation: Installation) -> Finding:
    here = installation.get_session()
    with app.app_context():
        elsewhere = installation.get_session()
    if isinstance(here, orm.Session) and here is elsewhere:
        return wrong(
            "session",
            "One SQLAlchemy session serves all requests, and threads must not share "
            "one.",
            "Give one that is made for each: scoped_session(sessionmaker(engine)).",
        )
    return ok("session", "Each request has a SQLAlchemy session of its own.")


def _template(app: Flask, region: FunctionRegion) -> Finding:
    try:
        app.jinja_env.get_template(region.template)
    except TemplateError as error:
        return wrong(
            "live-region",
            f"The template {region.template!r} of the live region {region.name!r} "
            f"cannot be had: {type(error).__name__}: {error}.",
            "Put it right, in the templates folder of the app or of a blueprint.",
        )
    return ok("live-region", f"The live region {region.name!r} has its template.")
