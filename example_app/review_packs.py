"""Asking for review packs, and downloading them."""

from __future__ import annotations

import os

from flask import abort
from flask import Blueprint
from flask import flash
from flask import Flask
from flask import redirect
from flask import request
from flask import send_file
from flask import url_for
from flask_login import login_required
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response

from .current_place import choose_tenant
from .current_place import current_place
from .database import db
from .database import utc_now
from .models import ReviewPack
from .operation_runs import AlreadyUnderWay
from .operation_runs import KEEP_DAYS
from .operation_runs import operation_run_service
from .pack_files import pack_files
from .sign_in import signed_in_user
from .visible_scope import load_scope

#: Days for which a pack may be offered.
KEEP_CHOICES = (1, KEEP_DAYS, 30)

_LARGEST_ID = 2**31 - 1

_blueprint = Blueprint("review_packs", __name__, url_prefix="/review-packs")


def init_review_packs(app: Flask) -> None:
    """Add the form's target and the download."""
    app.register_blueprint(_blueprint)


@_blueprint.post("/")
@login_required  # type: ignore[untyped-decorator]
def generate() -> Response:
    """Accept a review pack of a tenant and show the dashboard of that tenant."""
    place = current_place() or abort(404)
    tenant = place.tenant_of(request.form.get("tenant_id", type=int))
    if tenant is None:
        abort(404)
    keep_days = request.form.get("keep_days", type=int)
    if keep_days not in KEEP_CHOICES:
        abort(400)
    try:
        operation_run_service().request(
            "review_pack.generate",
            workspace_id=place.workspace.id,
            tenant=tenant,
            user=signed_in_user(),
            keep_days=keep_days,
        )
    except AlreadyUnderWay:
        flash("A review pack of this tenant is being made already.", "warning")
    choose_tenant(tenant.id)
    return redirect(url_for("admin.index"))


@_blueprint.get("/<int:id>/download")
@login_required  # type: ignore[untyped-decorator]
def download(id: int) -> Response:
    """The file of a pack, if it is in scope, ready and not expired just now."""
    user = signed_in_user()
    scope = user and load_scope(user)
    if scope is None or id > _LARGEST_ID:
        abort(404)
    offered = scope.select(ReviewPack).where(
        ReviewPack.id == id,
        ReviewPack.status == "ready",
        ReviewPack.expires_at > utc_now(),
    )
    pack = db.session.scalar(offered)
    if pack is None or pack.file_name is None:
        abort(404)
    try:
        file = pack_files().open(pack.file_name)
    except FileNotFoundError:
        abort(404)
    answer = send_file(
        file,
        mimetype="application/zip",
        as_attachment=True,
        download_name=secure_filename(f"review-pack-{pack.tenant.name}-{pack.id}.zip"),
    )
    answer.content_length = os.fstat(file.fileno()).st_size
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
