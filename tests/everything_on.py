"""The host's own Operations views, and the people and records of several scopes."""

from __future__ import annotations

import typing as t

from flask_admin import AdminIndexView
from flask_admin.actions import action
from flask_login import current_user

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import DANA
from .conftest import Host
from .conftest import NOW
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import ReviewPack
from .host_app import Tenant
from .host_app import User

EVE, FAY, GUS, HAL = 5, 6, 7, 8

#: Flask-Admin's select boxes do not yet speak WTForms' newest dialect.
OLD_CHOICES = "ignore:Yielding raw tuples:DeprecationWarning"

#: Who asks. Workspace 1 has the tenants 1 and 2, workspace 2 has tenant 3.
ROLES = {
    "anonymous": None,
    "inactive": FAY,
    "no scope": DANA,
    "other workspace": CLEO,
    "without the tenant": BEN,
    "tenant member": EVE,
    "all tenants": ADA,
    "view not accessible": GUS,
}

#: What they ask for: the ids of a run, as they stand in an address.
RECORDS = {
    "own": "1",
    "foreign": "2",
    "tenantless": "3",
    "missing": "999",
    "malformed": "x",
}

#: Who sees which of them, by the rules of the contract.
SEEN = {
    "other workspace": {"foreign"},
    "without the tenant": {"tenantless"},
    "tenant member": {"own", "tenantless"},
    "all tenants": {"own", "tenantless"},
}

#: What those are answered who see nothing at all.
REFUSED = {
    "anonymous": 401,
    "inactive": 401,
    "no scope": 404,
    "view not accessible": 403,
}


class _NotForGus:
    def is_accessible(self) -> bool:
        return bool(current_user.get_id() != str(GUS))


class GuardedIndex(_NotForGus, AdminIndexView):
    """A dashboard that one person may not see."""


class ReadOnly(_NotForGus, OperationsView):
    """The view as it comes, that one person may not see."""


class EverythingOn(_NotForGus, OperationsView):
    """A view on which a host has turned on all that Flask-Admin has."""

    can_create = True
    can_edit = True
    can_delete = True
    column_editable_list: t.ClassVar[t.Any] = ["type"]
    form_columns = ("workspace_id", "type", "status", "created_at", "tenant", "user")
    form_ajax_refs: t.ClassVar[t.Any] = {"user": {"fields": ("name",)}}
    form_args: t.ClassVar[t.Any] = {
        "tenant": {"get_label": "name"},
        "created_at": {"default": NOW},
    }

    def is_action_offered(self, name: str, run: t.Any) -> bool:
        """Of the two actions one is never possible."""
        return name != "settle"

    @action("settle", "Settle")
    def action_settle(self, ids: list[str]) -> None:
        """Would do as the other does."""
        self.action_mark(ids)

    @action("mark", "Mark", "Really?")
    def action_mark(self, ids: list[str]) -> None:
        """Trusts what it is given, as an app's action may."""
        for id in ids:
            db.session.get(OperationRun, int(id)).status = "marked"
        db.session.commit()


def make_ops(view: type[OperationsView]) -> OpsRefresh:
    """The extension with a view of the host's own."""
    ops = OpsRefresh(
        operation_run=OperationRun, review_pack=ReviewPack, operations_view=view
    )
    ops.scope_loader(load_scope)
    return ops


def add_people(host: Host) -> None:
    """Add who is not in the usual host app."""
    host.add(
        Tenant(id=3, name="East"),
        User(id=EVE, name="Eve", workspace_id=1, tenant_ids=[1]),
        User(id=FAY, name="Fay", workspace_id=1, tenant_ids="*", active=False),
        User(id=GUS, name="Gus", workspace_id=1, tenant_ids="*"),
        User(id=HAL, name="Hal", workspace_id=2, tenant_ids="*"),
    )


def add_records(host: Host) -> None:
    """Add the runs of :data:`RECORDS`, and the pack of each tenant."""
    for id, workspace_id, tenant_id, user_id in (
        (1, 1, 1, EVE),
        (2, 2, 3, HAL),
        (3, 1, None, EVE),
    ):
        host.add_run(
            id=id,
            workspace_id=workspace_id,
            tenant_id=tenant_id,
            user_id=user_id,
            type=f"kind-{id}",
            status="running",
        )
        if tenant_id is not None:
            host.add(
                ReviewPack(
                    workspace_id=workspace_id,
                    tenant_id=tenant_id,
                    status="generating",
                    created_at=NOW,
                    summary={f"pack {id}": 1},
                )
            )
