from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import typing as t

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import orm

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import Scope


class Base(orm.DeclarativeBase):
    pass


class Record(Base):
    __tablename__ = "records"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int | None]


class Shared(Base):
    __tablename__ = "shared"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


def test_a_scope_without_a_workspace_is_refused() -> None:
    """None is no workspace: whoever sees nothing has no scope at all."""
    with pytest.raises(TypeError) as error:
        Scope(workspace_id=None)
    assert str(error.value) == (
        "Scope(workspace_id=None) names no workspace. For a user who sees nothing, "
        "return None from the scope loader instead of a Scope."
    )


@pytest.mark.parametrize("tenant_ids", ["12", b"12", 12, None])
def test_tenants_are_a_collection(tenant_ids: t.Any) -> None:
    """A single id, or text that would be taken apart, is an error."""
    with pytest.raises(TypeError) as error:
        Scope(1, tenant_ids=tenant_ids)
    assert str(error.value) == (
        f"Scope(tenant_ids={tenant_ids!r}): give a collection of tenant ids, "
        "or ALL_TENANTS."
    )


def test_none_among_the_tenants_grants_nothing() -> None:
    """Tenantless records are a matter of sees_tenantless alone."""
    scope = Scope(1, tenant_ids=[None, 2, 2], sees_tenantless=False)
    assert scope.tenant_ids == (2,)
    assert not scope.includes_tenant(None)


def test_a_model_without_a_workspace_is_refused() -> None:
    """What cannot be kept in scope is not selected."""
    with pytest.raises(TypeError) as error:
        Scope(1).select(Shared)
    assert str(error.value) == (
        f"{Shared!r} has no attribute 'workspace_id', so its records cannot be kept "
        "in scope. Map the column that holds it: workspace_id = synonym('...')."
    )


def test_an_app_without_workspaces_selects_by_tenant_alone() -> None:
    """A scope that names no workspace puts no condition on one."""
    assert "WHERE" not in str(Scope().select(Shared))
    assert "workspace_id =" not in str(Scope(tenant_ids=[1]).select(Record))


def test_equal_scopes_have_one_fingerprint() -> None:
    """The order in which a loader names tenants makes no difference."""
    one, other = Scope(1, tenant_ids=[1, 2]), Scope(1, tenant_ids=[2, 1])
    assert one.fingerprint() == other.fingerprint()


def test_scopes_that_differ_have_fingerprints_that_differ() -> None:
    """Whatever one scope sees and another does not tells them apart."""
    scopes = [
        Scope(1),
        Scope(2),
        Scope(1, tenant_ids=[1]),
        Scope(1, tenant_ids=[2]),
        Scope(1, tenant_ids=[1, 2]),
        Scope(1, tenant_ids=ALL_TENANTS),
        Scope(1, tenant_id=1),
        Scope(1, sees_tenantless=False),
    ]
    assert len({repr(scope.fingerprint()) for scope in scopes}) == len(scopes)


def test_a_scope_cannot_be_widened() -> None:
    """What a loader has said stays as it is."""
    scope = Scope(1, tenant_ids=[1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        scope.tenant_ids = ALL_TENANTS  # type: ignore[misc]


def test_the_words_for_all_and_none_are_seen_as_such() -> None:
    """A scope in a log or an error says what it sees."""
    assert repr(ALL_TENANTS) == "ALL_TENANTS"
    assert "workspace_id=NO_WORKSPACES, tenant_ids=()" in repr(Scope())


tenants = st.none() | st.integers(1, 4)
scopes = st.builds(
    Scope,
    workspace_id=st.integers(1, 3),
    tenant_ids=st.just(ALL_TENANTS) | st.lists(st.integers(1, 4)),
    sees_tenantless=st.booleans(),
)


@given(scope=scopes, rows=st.lists(st.tuples(st.integers(1, 3), tenants)))
def test_what_is_selected_is_what_the_rule_says(
    scope: Scope, rows: list[tuple[int, int | None]]
) -> None:
    """For any scope and rows, the SELECT finds what a plain rule in Python finds."""
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all(
            Record(id=i, workspace_id=workspace, tenant_id=tenant)
            for i, (workspace, tenant) in enumerate(rows)
        )
        session.commit()
        found = {record.id for record in session.scalars(scope.select(Record))}
    engine.dispose()
    assert found == {
        i
        for i, (workspace, tenant) in enumerate(rows)
        if workspace == scope.workspace_id
        and (
            scope.sees_tenantless
            if tenant is None
            else scope.tenant_ids is ALL_TENANTS or tenant in scope.tenant_ids
        )
    }
    assert all(scope.includes_tenant(rows[i][1]) for i in found)


def test_a_scope_has_no_subclass() -> None:
    """Conditions of a subclass would be everybody's: it is refused, with the mend."""
    with pytest.raises(TypeError, match=r"subclass of Scope.*get_query"):
        type("OwnScope", (Scope,), {})


def test_an_id_may_be_of_any_type_that_a_column_has() -> None:
    """What is no number, text or UUID, and no column either, is an id."""
    scope = Scope(workspace_id=decimal.Decimal(7), tenant_ids=[dt.date(2026, 3, 1)])
    assert scope.workspace_id == 7
    assert scope.includes_tenant(dt.date(2026, 3, 1))
