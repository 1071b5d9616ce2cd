"""Flask-Admin with the app's views, and the extension on it."""

from __future__ import annotations

from flask import Flask
from flask_admin.base import Admin
from flask_admin.theme import Bootstrap4Theme

from .home_view import HomeView
from .live_operations import ops
from .live_operations import shown_status
from .operation_catalogue import operation_title
from .security_headers import csp_nonce
from .tenants_view import TenantsView


def init_admin_site(app: Flask) -> None:
    """Add the admin pages."""
    admin = Admin(
        app,
        name="Workbench",
        theme=Bootstrap4Theme(swatch=app.config["SWATCH"], base_template="base.html"),
        index_view=HomeView(),
        csp_nonce_generator=csp_nonce,
    )
    admin.add_view(TenantsView())
    ops.init_app(app)
    app.add_template_filter(shown_status)
    app.add_template_filter(operation_title)
