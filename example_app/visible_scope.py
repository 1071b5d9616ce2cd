"""What a person may see, where they work now."""

from __future__ import annotations

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import Scope

from .current_place import current_place
from .models import User


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
