"""The whole of an app, part by part."""

from __future__ import annotations

import warnings

from flask import Flask
from sqlalchemy import exc

from ..installation import Installation
from .addresses import look_at_addresses
from .app_parts import look_at_parts
from .cookies import look_at_cookies
from .databases import look_at_databases
from .findings import Finding
from .findings import wrong


def look_over(app: Flask) -> list[Finding]:
    """How every matter stands, in the order in which they are looked at."""
    ops = app.extensions.get("flask_ops_refresh")
    if ops is None:
        return [
            wrong(
                "extension",
                "Flask-Ops-Refresh is not on this app.",
                "Call ops.init_app(app), after Admin(app).",
            )
        ]
    with app.app_context(), warnings.catch_warnings():
        # Indexes of expressions, which serve none of the queries, are left out.
        warnings.filterwarnings("ignore", "Skipped unsupported", exc.SAWarning)
        installation: Installation = ops.installation
        return [
            *look_at_parts(app, installation),
            *look_at_cookies(app),
            *look_at_addresses(app, installation),
            *look_at_databases(installation),
        ]
