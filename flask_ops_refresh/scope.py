"""What the current user may see, as a condition of every SELECT."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t
import uuid

import sqlalchemy as sa


class _Sentinel:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


#: Given as ``tenant_ids``: every tenant of the workspace.
ALL_TENANTS: t.Final = _Sentinel("ALL_TENANTS")

#: What ``workspace_id`` is in an app without workspaces.
NO_WORKSPACES: t.Final = _Sentinel("NO_WORKSPACES")

#: What decides which conditions a scope has, whatever their values.
ScopeKind: t.TypeAlias = tuple[bool, bool, bool]


def own_parameter(name: str) -> str:
    """The name of a statement's parameter that no app has among its own."""
    return f"ops_refresh_{name}"


#: What ids mostly are; anything else is looked at more closely.
_IDS = frozenset({int, str, uuid.UUID, type(None)})
_EXAMPLES = {
    "workspace_id": "user.workspace_id of the user at hand",
    "tenant_id": "tenant.id",
    "tenant_ids": "[tenant.id for tenant in user.tenants]",
}


@t.final
@dataclasses.dataclass(frozen=True)
class Scope:
    """One workspace and some or all of its tenants.

    :param workspace_id: the workspace the user works in. Left out only in an
        app without workspaces, ``OpsRefresh(..., workspaces=False)``.
    :param tenant_ids: the tenants whose records the user may see, or
        :data:`ALL_TENANTS`. None of them by default.
    :param tenant_id: the tenant whose review pack the dashboard shows.
    :param sees_tenantless: whether records without a tenant are in scope.
    :raises TypeError: ``workspace_id`` is ``None``, ``tenant_ids`` is not a
        collection, or something else than an id stands for one. A user who sees
        nothing has no scope: the loader returns ``None``.
    """

    workspace_id: t.Any = NO_WORKSPACES
    tenant_ids: t.Any = ()
    tenant_id: t.Any = None
    sees_tenantless: bool = True

    def __init_subclass__(cls) -> None:
        # Statements are prepared for the conditions that stand here, and shared.
        raise TypeError(
            f"{cls.__name__} cannot be a subclass of Scope. Narrow what a view shows "
            "by its get_query, and a region of the app's own where it reads."
        )

    def __post_init__(self) -> None:
        if self.workspace_id is None:
            raise TypeError(
                "Scope(workspace_id=None) names no workspace. For a user who sees "
                "nothing, return None from the scope loader instead of a Scope."
            )
        if self.workspace_id is not NO_WORKSPACES:
            _require_id("workspace_id", self.workspace_id)
        _require_id("tenant_id", self.tenant_id)
        if not isinstance(self.sees_tenantless, bool):
            raise TypeError(
                f"Scope(sees_tenantless={self.sees_tenantless!r}): give True or False."
            )
        if self.tenant_ids is ALL_TENANTS or _is_parameter(self.tenant_ids):
            return
        if isinstance(self.tenant_ids, str | bytes) or not isinstance(
            self.tenant_ids, cabc.Iterable
        ):
            raise TypeError(
                f"Scope(tenant_ids={self.tenant_ids!r}): give a collection of "
                "tenant ids, or ALL_TENANTS."
            )
        ids = [each for each in self.tenant_ids if each is not None]
        for each in ids:
            _require_id("tenant_ids", each)
        object.__setattr__(self, "tenant_ids", tuple(dict.fromkeys(ids)))

    def select(self, model: t.Any) -> sa.Select[t.Any]:
        """A SELECT of the records of ``model`` that are in scope."""
        return sa.select(model).where(*self.criteria(model))

    def criteria(self, model: t.Any) -> list[sa.ColumnElement[bool]]:
        """The conditions that keep ``model`` (or an alias of it) in scope.

        :raises TypeError: this scope names a workspace and the model has none.
        """
        conditions: list[sa.ColumnElement[bool]] = []
        if self.workspace_id is not NO_WORKSPACES:
            conditions.append(_attribute(model, "workspace_id") == self.workspace_id)
        if hasattr(model, "tenant_id"):
            conditions.extend(self._tenant_criteria(model.tenant_id))
        return conditions

    def includes_tenant(self, tenant_id: t.Any) -> bool:
        """Whether records of this tenant are in scope."""
        if tenant_id is None:
            return self.sees_tenantless
        return self.tenant_ids is ALL_TENANTS or tenant_id in self.tenant_ids

    def fingerprint(self) -> tuple[t.Any, ...]:
        """The same for equal scopes, in whatever order their tenants came."""
        tenants = self.tenant_ids
        if tenants is not ALL_TENANTS:
            tenants = sorted(map(repr, tenants))
        return (self.workspace_id, tenants, self.tenant_id, self.sees_tenantless)

    @property
    def kind(self) -> ScopeKind:
        """The same for scopes whose conditions differ in their values alone."""
        return (
            self.workspace_id is NO_WORKSPACES,
            self.tenant_ids is ALL_TENANTS,
            self.sees_tenantless,
        )

    def with_parameters(self) -> Scope:
        """This scope with parameters of a statement in place of its values."""
        parameters: dict[str, t.Any] = {
            name: sa.bindparam(own_parameter(name)) for name in self._values()
        }
        return dataclasses.replace(self, **parameters)

    def parameters(self) -> dict[str, t.Any]:
        """The values of the parameters of :meth:`with_parameters`."""
        return {own_parameter(name): value for name, value in self._values().items()}

    def _values(self) -> dict[str, t.Any]:
        values = {"workspace_id": self.workspace_id, "tenant_ids": self.tenant_ids}
        return {
            name: value
            for name, value in values.items()
            if not isinstance(value, _Sentinel)
        }

    def _tenant_criteria(self, column: t.Any) -> list[sa.ColumnElement[bool]]:
        if self.tenant_ids is ALL_TENANTS:
            return [] if self.sees_tenantless else [column.is_not(None)]
        among = column.in_(self.tenant_ids)
        return [sa.or_(among, column.is_(None))] if self.sees_tenantless else [among]


def _require_id(name: str, value: object) -> None:
    """Refuse what is no value of a column. A column itself would match every row."""
    if type(value) in _IDS or _is_parameter(value):
        return
    if (
        isinstance(value, _Sentinel | tuple | list | set | frozenset | dict)
        or sa.inspect(value, raiseerr=False) is not None
    ):
        raise TypeError(
            f"Scope({name}=...) holds {value}, which is no id. Give the stored id, "
            f"such as {_EXAMPLES[name]}."
        )


def _is_parameter(value: object) -> bool:
    return isinstance(value, sa.BindParameter)


def _attribute(model: t.Any, name: str) -> t.Any:
    try:
        return getattr(model, name)
    except AttributeError:
        raise TypeError(
            f"{model!r} has no attribute {name!r}, so its records cannot be kept "
            f"in scope. Map the column that holds it: {name} = synonym('...')."
        ) from None
