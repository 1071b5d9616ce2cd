"""Forms of the Operations view: what they offer and what they may store.

Flask-Admin's own select boxes, look-ups and inline forms read every row of the
models they lead to. Here each of them reads through the scope.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from flask_admin.contrib.sqla.form import AdminModelConverter
from wtforms.fields.core import UnboundField
from wtforms.validators import ValidationError

from .finding import found_or_none
from .installation import Installed
from .model_mapping import ModelMapping
from .scope import ALL_TENANTS
from .scope import NO_WORKSPACES
from .scope import Scope
from .scoped_choices import keeping_hidden
from .scoped_look_ups import scoped_loader
from .translation import gettext

Criteria: t.TypeAlias = list[sa.ColumnElement[bool]]
#: The models that a form has inline, and what leads from there to its own record.
Parts: t.TypeAlias = dict[type[t.Any], set[str]]


class NotOffered(ValidationError):  # type: ignore[misc]
    """A form names, or would make, a record that it does not offer.

    :param keys: what it names.
    """

    def __init__(self, keys: cabc.Iterable[t.Any], message: str | None = None) -> None:
        super().__init__(message or gettext("Not a valid choice"))
        self.keys: list[t.Any] = [*keys]

    @classmethod
    def as_it_would_become(cls, keys: cabc.Iterable[t.Any]) -> NotOffered:
        """The refusal of a change whose outcome the person could not see."""
        return cls(
            keys,
            gettext("You may not see what this would become, so it is not saved."),
        )


def related_criteria(
    records: ModelMapping, scope: Scope, model: t.Any, parts: Parts | None = None
) -> Criteria:
    """The conditions under which a form offers a record that ``records`` lead to.

    A tenant is offered if it is one of the scope's; any other record if its own
    ``workspace_id`` and ``tenant_id`` are in scope. Of a model that tells no
    workspace nothing is offered, but for tenants and what a form has inline: of all
    tenants of a workspace those are known to be its own that have a record in it,
    and a part of a record is where that record is.

    :param records: the model that the form is of.
    """
    if model is records.model:
        return scope.criteria(model)
    has_workspace = hasattr(model, "workspace_id")
    without_workspaces = scope.workspace_id is NO_WORKSPACES
    tenant_key = records.key_led_to("tenant_id", model)
    if tenant_key is None:
        if has_workspace or without_workspaces:
            return scope.criteria(model)
        return [_belongs_to_records(records, scope, model, (parts or {}).get(model))]
    conditions: Criteria = []
    if scope.tenant_ids is not ALL_TENANTS:
        conditions.append(tenant_key.in_(scope.tenant_ids))
    if has_workspace and not without_workspaces:
        conditions.append(model.workspace_id == scope.workspace_id)
    elif not without_workspaces and scope.tenant_ids is ALL_TENANTS:
        conditions.append(tenant_key.in_(_tenants_with_records(records, scope)))
    return conditions


def _belongs_to_records(
    records: ModelMapping, scope: Scope, model: t.Any, led_by: set[str] | None
) -> sa.ColumnElement[bool]:
    """Whether what the model's records are a part of is in scope."""
    whole = sa.and_(sa.true(), *scope.criteria(records.model))
    ways = [getattr(model, name) for name in sorted(led_by or ())]
    return sa.or_(
        sa.false(),
        *(way.any(whole) if way.property.uselist else way.has(whole) for way in ways),
    )


def _tenants_with_records(records: ModelMapping, scope: Scope) -> t.Any:
    """The tenants that are known to be of the workspace: something in it is theirs."""
    column = records.model.tenant_id
    return sa.select(column).where(*scope.criteria(records.model), column.is_not(None))


class RelatedRecords:
    """The records of other models that a form may offer and name.

    :param criteria: what keeps a model's records in scope, see
        :func:`related_criteria`.
    :param own_query: of a model that is the form's own, the records that the view
        shows.
    """

    def __init__(
        self,
        installed: Installed,
        criteria: cabc.Callable[[Scope, t.Any], Criteria],
        own_query: cabc.Callable[[t.Any], t.Any],
    ) -> None:
        self._installed = installed
        self._criteria = criteria
        self._own_query = own_query
        self.parts: Parts = {}

    def add_part(self, model: type[t.Any], led_by: cabc.Iterable[str]) -> None:
        """Have records of a model known as parts of those that the form is of."""
        self.parts.setdefault(model, set()).update(led_by)

    @property
    def session(self) -> t.Any:
        """The session of the current app."""
        return self._installed().get_session()

    def offered(self, model: t.Any) -> t.Any:
        """The records of a model that may be offered, as a query."""
        scope = self._installed().access.require()
        own = self._own_query(model)
        if own is not None:
            return own.filter(*self._criteria(scope, model))
        return self.session.query(model).filter(*self._criteria(scope, model))

    def those_offered(self, model: t.Any, records: cabc.Sequence[t.Any]) -> list[t.Any]:
        """Those of some stored records that may be offered."""
        mapper = sa.inspect(model)
        keys = {tuple(mapper.primary_key_from_instance(each)): each for each in records}
        if not keys:
            return []
        wanted = sa.tuple_(*mapper.primary_key).in_(list(keys))
        with self.session.no_autoflush:
            query = self.offered(model).filter(wanted)
            # Not the records: what is being flushed must not be loaded beside it.
            found = {tuple(row) for row in query.with_entities(*mapper.primary_key)}
        return [record for key, record in keys.items() if key in found]

    def offers(
        self, model: t.Any, columns: cabc.Sequence[t.Any], values: cabc.Sequence[t.Any]
    ) -> bool:
        """Whether a record with these values may be offered."""
        wanted = (column == it for column, it in zip(columns, values, strict=True))
        with self.session.no_autoflush:
            query = self.offered(model).filter(*wanted).with_entities(*columns)
            return bool(found_or_none(self.session, query.all))

    def scoped_loader(self, loader: t.Any) -> t.Any:
        """A look-up in scope. One of the app's own class says itself what it finds."""
        return scoped_loader(loader, self)


def scoped_converter(
    base: type[AdminModelConverter], related: RelatedRecords
) -> type[AdminModelConverter]:
    """A form converter whose select boxes offer what is in scope.

    A ``query_factory`` of the app's own in ``form_args`` stays as it is.
    """

    class ScopedConverter(base):  # type: ignore[misc, valid-type]
        def _convert_relation(
            self,
            name: str,
            prop: t.Any,
            property_is_association_proxy: bool,
            kwargs: t.Any,
        ) -> t.Any:
            field = super()._convert_relation(
                name, prop, property_is_association_proxy, kwargs
            )
            if isinstance(field, UnboundField):
                field.field_class = keeping_hidden(field.field_class)
            return field

        def _model_select_field(
            self, prop: t.Any, multiple: t.Any, remote_model: t.Any, **options: t.Any
        ) -> t.Any:
            looked_up = getattr(self.view, "_form_ajax_refs", {})
            if prop.key not in looked_up:
                options.setdefault(
                    "query_factory", lambda: related.offered(remote_model)
                )
            return super()._model_select_field(prop, multiple, remote_model, **options)

    return ScopedConverter
