"""What is prepared once is shared by everybody, and nobody's values are in it."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import BEN
from .conftest import Host
from .conftest import NOW
from .host_app import Model
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import poll

POLLS = "/admin/ops-refresh"

#: Scopes of two kinds, each with a tenant of a run that only the first may see.
PAIRS = {
    "all tenants or some": (
        Scope(workspace_id=1, tenant_ids=ALL_TENANTS),
        Scope(workspace_id=1, tenant_ids=[1]),
        2,
    ),
    "some tenants or others": (
        Scope(workspace_id=1, tenant_ids=[1, 2]),
        Scope(workspace_id=1, tenant_ids=[1]),
        2,
    ),
    "tenantless or not": (
        Scope(workspace_id=1, tenant_ids=[1]),
        Scope(workspace_id=1, tenant_ids=[1], sees_tenantless=False),
        None,
    ),
    "tenantless of all or not": (
        Scope(workspace_id=1, tenant_ids=ALL_TENANTS),
        Scope(workspace_id=1, tenant_ids=ALL_TENANTS, sees_tenantless=False),
        None,
    ),
    "one workspace or another": (
        Scope(workspace_id=1, tenant_ids=[1]),
        Scope(workspace_id=2, tenant_ids=[1]),
        1,
    ),
}


@pytest.mark.parametrize("first", [ADA, BEN])
@pytest.mark.parametrize("name", PAIRS)
def test_whoever_asks_first_decides_nothing_for_the_next(
    make_host: cabc.Callable[..., Host], name: str, first: int
) -> None:
    """Two people of different scopes see what is theirs, in either order."""
    wide, narrow, tenant_id = PAIRS[name]
    ops = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)
    ops.scope_loader(lambda user: wide if user.id == ADA else narrow)
    host = make_host(ops=ops)
    run = host.add_run(tenant_id=tenant_id, status="running")
    host.add(
        ReviewPack(workspace_id=1, tenant_id=2, status="generating", created_at=NOW)
    )
    for user in (first, ADA + BEN - first, first):
        client, scope = host.client(user), wide if user == ADA else narrow
        detail = poll(client, f"{POLLS}/operation-detail?id={run}")
        assert detail.status_code == (200 if user == ADA else 404)
        sees_pack = scope.workspace_id == 1 and scope.includes_tenant(2)
        overview = poll(client, f"{POLLS}/operations-overview")
        assert ("Ops-Refresh-Interval" in overview.headers) is (user == ADA)
        card = poll(client, f"{POLLS}/review-pack?tenant_id=2")
        assert card.status_code == (200 if sees_pack else 404)


class Note(Model):
    __tablename__ = "shared_statement_notes"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class NotedRun(Model):
    __tablename__ = "shared_statement_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[t.Any] = orm.mapped_column(sa.DateTime)
    user: orm.Mapped[str] = orm.column_property(
        sa.select(Note.text)
        .where(Note.id == sa.bindparam("key_0", 1, sa.Integer))
        .scalar_subquery()
    )


def test_an_apps_own_parameters_keep_their_values(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A parameter of a model's own is not filled with what a poll asks for."""
    ops = OpsRefresh(operation_run=NotedRun)
    ops.scope_loader(lambda user: Scope(workspace_id=1))
    host = make_host(ops=ops)
    host.add(
        Note(id=1, text="own note"),
        Note(id=7, text="another note"),
        NotedRun(id=7, workspace_id=1, type="a", status="running", created_at=NOW),
    )
    detail = poll(host.client(ADA), f"{POLLS}/operation-detail?id=7").text
    assert "own note" in detail
    assert "another note" not in detail
