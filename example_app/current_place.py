"""Where a signed-in person works now: one workspace, and one tenant of it.

Both are chosen in the session and checked against the memberships each time.
"""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa
from flask import g
from flask import session
from sqlalchemy import orm

from .database import db
from .models import Membership
from .models import membership_tenants
from .models import Tenant
from .models import User
from .models import Workspace
from .sign_in import signed_in_user


@dataclasses.dataclass(frozen=True)
class Place:
    """One membership and what it lets its holder see.

    :param tenants: the tenants in reach, by name.
    :param tenant: the one chosen among them; ``None`` if there are none.
    """

    membership: Membership
    tenants: tuple[Tenant, ...]
    tenant: Tenant | None

    @property
    def workspace(self) -> Workspace:
        """The workspace of the membership."""
        return self.membership.workspace

    def tenant_of(self, id: int | None) -> Tenant | None:
        """A tenant in reach by its id."""
        return _by_id(self.tenants, id)

    def tenants_query(self) -> sa.Select[Tenant]:
        """A SELECT of the tenants in reach, by name."""
        return _visible_tenants(self.membership)


def memberships_of(user: User) -> cabc.Sequence[Membership]:
    """A person's memberships, by name of the workspace."""
    found = (
        sa.select(Membership)
        .where(Membership.user_id == user.id)
        .join(Membership.workspace)
        .options(orm.contains_eager(Membership.workspace))
        .order_by(Workspace.name)
    )
    return db.session.scalars(found).all()


def current_memberships() -> cabc.Sequence[Membership]:
    """The memberships of whoever is signed in, read once per request."""
    user = signed_in_user()
    if user is None:
        return ()
    if "memberships" not in g:
        g.memberships = memberships_of(user)
    return t.cast("cabc.Sequence[Membership]", g.memberships)


def current_place() -> Place | None:
    """Where the signed-in person works now; ``None`` without any membership."""
    memberships = current_memberships()
    if not memberships:
        return None
    if "place" not in g:
        chosen = [
            each
            for each in memberships
            if each.workspace_id == session.get("workspace_id")
        ]
        g.place = _place((chosen or memberships)[0])
    return t.cast(Place, g.place)


def choose_workspace(workspace_id: int | None) -> bool:
    """Work in another workspace; refused if it is not one's own."""
    ids = [each.workspace_id for each in current_memberships()]
    if workspace_id not in ids:
        return False
    session["workspace_id"] = workspace_id
    session.pop("tenant_id", None)
    g.pop("place", None)
    return True


def choose_tenant(tenant_id: int | None) -> bool:
    """Work on another tenant; refused if it is not in reach."""
    place = current_place()
    if place is None or place.tenant_of(tenant_id) is None:
        return False
    session["tenant_id"] = tenant_id
    g.pop("place", None)
    return True


def _place(membership: Membership) -> Place:
    tenants = tuple(db.session.scalars(_visible_tenants(membership)))
    chosen = _by_id(tenants, session.get("tenant_id"))
    return Place(membership, tenants, chosen or next(iter(tenants), None))


def _visible_tenants(membership: Membership) -> sa.Select[Tenant]:
    found = sa.select(Tenant).where(Tenant.workspace_id == membership.workspace_id)
    if not membership.all_tenants:
        found = found.where(Tenant.id.in_(_listed_tenants(membership)))
    return found.order_by(Tenant.name)


def _listed_tenants(membership: Membership) -> sa.Select[int]:
    return sa.select(membership_tenants.c.tenant_id).where(
        membership_tenants.c.membership_id == membership.id
    )


def _by_id(tenants: cabc.Iterable[Tenant], id: int | None) -> Tenant | None:
    return next((tenant for tenant in tenants if tenant.id == id), None)
