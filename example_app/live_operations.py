"""The extension, and what it has to know of this app: who may see what."""

from __future__ import annotations

from flask import url_for

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope
from flask_ops_refresh.statuses import run_statuses

from .current_place import current_place
from .models import OperationRun
from .models import ReviewPack
from .models import User

ops = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)

_statuses = run_statuses()


def shown_status(run: OperationRun) -> str:
    """The status of a run as people are told it, the same on every page."""
    return _statuses.normalise(run.status, run.outcome)


@ops.scope_loader
def load_scope(user: User) -> Scope | None:
    """What the signed-in person sees, where they work now."""
    place = current_place()
    if place is None:
        return None
    everything = place.membership.all_tenants
    return Scope(
        workspace_id=place.workspace.id,
        tenant_ids=ALL_TENANTS if everything else [each.id for each in place.tenants],
        tenant_id=place.tenant and place.tenant.id,
        # A run of the whole workspace is for those who see the whole of it.
        sees_tenantless=everything,
    )


@ops.review_pack_download_url
def download_url(pack: ReviewPack) -> str:
    """Where a review pack is downloaded."""
    return url_for("review_packs.download", id=pack.id)
