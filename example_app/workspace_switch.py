"""Changing the workspace and the tenant one works on."""

from __future__ import annotations

from flask import abort
from flask import Blueprint
from flask import Flask
from flask import redirect
from flask import request
from flask import url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from .current_place import choose_tenant
from .current_place import choose_workspace
from .current_place import current_memberships
from .current_place import current_place

_blueprint = Blueprint("workspace_switch", __name__)


def init_workspace_switch(app: Flask) -> None:
    """Add the two forms' targets, and what templates need to draw the forms."""
    app.register_blueprint(_blueprint)
    app.context_processor(
        lambda: {
            "current_place": current_place,
            "current_memberships": current_memberships,
        }
    )


@_blueprint.post("/workspace")
@login_required  # type: ignore[untyped-decorator]
def switch_workspace() -> Response:
    """Work in another of one's workspaces."""
    if not choose_workspace(request.form.get("workspace_id", type=int)):
        abort(404)
    return redirect(url_for("admin.index"))


@_blueprint.post("/tenant")
@login_required  # type: ignore[untyped-decorator]
def switch_tenant() -> Response:
    """Work on another of the tenants in reach."""
    if not choose_tenant(request.form.get("tenant_id", type=int)):
        abort(404)
    return redirect(url_for("admin.index"))
