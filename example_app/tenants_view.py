"""Tenants: the environments looked after, and the start of work on each."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort
from flask import redirect
from flask import request
from flask import url_for
from flask_admin.base import BaseView
from flask_admin.base import expose
from sqlalchemy import orm
from werkzeug.wrappers import Response

from .current_place import current_place
from .current_place import Place
from .database import db
from .models import OperationRun
from .models import Tenant
from .operation_catalogue import Operation
from .operation_catalogue import OPERATIONS
from .operation_runs import operation_run_service
from .sign_in import ask_to_sign_in
from .sign_in import signed_in_user


class TenantsView(BaseView):
    """The tenants in reach of a member of the current workspace."""

    def __init__(self) -> None:
        super().__init__(name="Tenants", endpoint="tenants", url="tenants")

    def is_accessible(self) -> bool:
        """Whether someone is signed in who works somewhere."""
        return signed_in_user() is not None and current_place() is not None

    def inaccessible_callback(self, name: str, **kwargs: object) -> Response:
        """Ask to sign in; show nothing to someone who works nowhere."""
        if signed_in_user() is not None:
            abort(404)
        return ask_to_sign_in()

    @expose("/")
    def index(self) -> str:
        """The list."""
        place = _place()
        return self.render(
            "tenants.html", rows=_with_latest_run(place), operations=_startable()
        )

    @expose("/start", methods=["POST"])
    def start(self) -> Response:
        """Accept an operation on a tenant and show its run."""
        place = _place()
        tenant = place.tenant_of(request.form.get("tenant_id", type=int))
        if tenant is None:
            abort(404)
        operation = _startable().get(request.form.get("type", ""))
        if operation is None:
            abort(400)
        run = operation_run_service().request(
            operation.type,
            workspace_id=place.workspace.id,
            tenant=tenant,
            user=signed_in_user(),
        )
        return redirect(url_for("operations.details_view", id=run.id))


def _startable() -> dict[str, Operation]:
    """The operations started here; review packs are asked for on the dashboard."""
    return {
        type: operation
        for type, operation in OPERATIONS.items()
        if not operation.makes_pack
    }


def _place() -> Place:
    return current_place() or abort(404)


def _with_latest_run(place: Place) -> list[tuple[Tenant, OperationRun | None]]:
    newest = orm.aliased(OperationRun)
    newest_id = (
        sa.select(newest.id)
        .where(newest.workspace_id == Tenant.workspace_id)
        .where(newest.tenant_id == Tenant.id)
        .order_by(newest.created_at.desc(), newest.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = (
        place.tenants_query()
        .add_columns(OperationRun)
        .outerjoin(OperationRun, OperationRun.id == newest_id)
    )
    return [(row[0], row[1]) for row in db.session.execute(found)]
