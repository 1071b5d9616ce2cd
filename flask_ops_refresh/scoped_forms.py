"""Forms of the Operations view: what they offer and what they may store.

Flask-Admin's own select boxes, look-ups and inline forms read every row of the
models they lead to. Here each of them reads through the scope.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from flask_admin.contrib.sqla.ajax import QueryAjaxModelLoader
from flask_admin.contrib.sqla.fields import QuerySelectField
from flask_admin.contrib.sqla.form import AdminModelConverter
from flask_admin.contrib.sqla.form import InlineModelConverter
from flask_admin.model.fields import AjaxSelectField
from wtforms.validators import ValidationError

from .finding import found_or_none
from .installation import Installed
from .model_mapping import key_value
from .model_mapping import ModelMapping
from .scope import ALL_TENANTS
from .scope import NO_WORKSPACES
from .scope import Scope
from .translation import gettext

#: Records offered by one look-up, and how far into the matches it may go.
_MOST_FOUND = 100
_FURTHEST = 10_000

Criteria: t.TypeAlias = list[sa.ColumnElement[bool]]


def related_criteria(records: ModelMapping, scope: Scope, model: t.Any) -> Criteria:
    """The conditions under which a form offers a record that ``records`` lead to.

    A tenant is offered if it is one of the scope's; any other record if its own
    ``workspace_id`` and ``tenant_id`` are in scope. Of a model that tells no
    workspace nothing is offered, but for tenants: of all tenants of a workspace
    those are known to be its own that have a record in it.

    :param records: the model that the form is of.
    """
    if model is records.model:
        return scope.criteria(model)
    has_workspace = hasattr(model, "workspace_id")
    without_workspaces = scope.workspace_id is NO_WORKSPACES
    tenant_key = records.key_led_to("tenant_id", model)
    if tenant_key is None:
        may_tell = has_workspace or without_workspaces
        return scope.criteria(model) if may_tell else [sa.false()]
    conditions: Criteria = []
    if scope.tenant_ids is not ALL_TENANTS:
        conditions.append(tenant_key.in_(scope.tenant_ids))
    if has_workspace and not without_workspaces:
        conditions.append(model.workspace_id == scope.workspace_id)
    elif not without_workspaces and scope.tenant_ids is ALL_TENANTS:
        conditions.append(tenant_key.in_(_tenants_with_records(records, scope)))
    return conditions


def _tenants_with_records(records: ModelMapping, scope: Scope) -> t.Any:
    """The tenants that are known to be of the workspace: something in it is theirs."""
    column = records.model.tenant_id
    return sa.select(column).where(*scope.criteria(records.model), column.is_not(None))


class RelatedRecords:
    """The records of other models that a form may offer and name.

    :param criteria: what keeps a model's records in scope, see
        :func:`related_criteria`.
    """

    def __init__(
        self,
        installed: Installed,
        criteria: cabc.Callable[[Scope, t.Any], Criteria],
    ) -> None:
        self._installed = installed
        self._criteria = criteria

    @property
    def session(self) -> t.Any:
        """The session of the current app."""
        return self._installed().get_session()

    def offered(self, model: t.Any) -> t.Any:
        """The records of a model that may be offered, as a query."""
        scope = self._installed().access.require()
        return self.session.query(model).filter(*self._criteria(scope, model))

    def scoped_loader(self, loader: t.Any) -> t.Any:
        """A look-up in scope. One of the app's own class says itself what it finds."""
        if type(loader) is not QueryAjaxModelLoader:
            return loader
        return ScopedLoader(
            loader.name, loader.session, loader.model, related=self, **loader.options
        )

    def require_named_in_scope(self, form: t.Any, record: t.Any) -> None:
        """Refuse a form that chooses, or names by its key, a record not offered.

        To be asked before the record is flushed.

        :raises ValidationError: there is such a choice or key.
        """
        if any(map(_chose_nothing_offered, _fields(form))):
            raise ValidationError(gettext("Not a valid choice"))
        state = sa.inspect(record)
        with self.session.no_autoflush:
            for relationship in state.mapper.relationships:
                keys = [
                    state.mapper.get_property_by_column(local).key
                    for local, _ in relationship.local_remote_pairs or ()
                ]
                typed = [
                    key
                    for key in keys
                    if key in form and state.attrs[key].history.has_changes()
                ]
                if typed and not self._leads_into_scope(relationship, record, keys):
                    raise ValidationError(gettext("Not a valid choice"))

    def _leads_into_scope(
        self, relationship: t.Any, record: t.Any, keys: cabc.Sequence[str]
    ) -> bool:
        values = [getattr(record, key) for key in keys]
        if None in values:
            return True  # It leads nowhere.
        remote = [far for _, far in relationship.local_remote_pairs]
        query = self.offered(relationship.mapper.class_).filter(
            *(far == value for far, value in zip(remote, values, strict=True))
        )
        found = found_or_none(self.session, lambda: query.with_entities(*remote).all())
        return bool(found)


class ScopedLoader(QueryAjaxModelLoader):
    """A look-up that finds records in scope, a bounded number at a time."""

    def __init__(self, *args: t.Any, related: RelatedRecords, **options: t.Any) -> None:
        super().__init__(*args, **options)
        self._related = related

    def get_query(self) -> t.Any:
        """The records that may be found."""
        return self._related.offered(self.model)

    def get_one(self, pk: t.Any) -> t.Any:
        """The record of this key; ``None`` if it may not be found."""
        column = getattr(self.model, self.pk)
        key = key_value(column.type, str(pk))
        wanted = sa.false() if key is None else column == key
        with self._related.session.no_autoflush:
            query = self.get_query().filter(wanted)
            return found_or_none(self._related.session, query.one_or_none)

    def get_list(
        self, term: str | None, offset: int | None = 0, limit: int = 10
    ) -> t.Any:
        """The records whose fields contain a term."""
        return super().get_list(
            (term or "").replace("\0", "").encode("utf-8", "replace").decode(),
            min(max(offset or 0, 0), _FURTHEST),
            min(max(limit, 1), _MOST_FOUND),
        )


def _fields(form: t.Any) -> cabc.Iterator[t.Any]:
    """The fields of a form and of the forms within it."""
    for field in form:
        yield field
        for inner in getattr(field, "entries", [field]):
            if hasattr(inner, "form"):
                yield from _fields(inner.form)


def _chose_nothing_offered(field: t.Any) -> bool:
    """Whether a choice was sent that the field does not offer.

    The fields themselves take it for none at all where none is allowed, and a
    record without a tenant is seen by more people than one with a tenant.
    """
    if not isinstance(field, QuerySelectField | AjaxSelectField):
        return False
    sent = field.raw_data[0] if field.raw_data else ""
    return sent not in ("", "__None") and field.data is None


def scoped_converter(
    base: type[AdminModelConverter], related: RelatedRecords
) -> type[AdminModelConverter]:
    """A form converter whose select boxes offer what is in scope.

    A ``query_factory`` of the app's own in ``form_args`` stays as it is.
    """

    class ScopedConverter(base):  # type: ignore[misc, valid-type]
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


def scoped_inline_converter(
    base: type[InlineModelConverter], related: RelatedRecords
) -> type[InlineModelConverter]:
    """A converter of inline forms whose look-ups find what is in scope."""

    class ScopedInlineConverter(base):  # type: ignore[misc, valid-type]
        def process_ajax_refs(self, info: t.Any) -> dict[t.Any, t.Any]:
            found = super().process_ajax_refs(info)
            scoped = {name: related.scoped_loader(found[name]) for name in found}
            for loader in scoped.values():
                self.view._form_ajax_refs[loader.name] = loader
            return scoped

    return ScopedInlineConverter
