"""Forms within a form: they show, change and delete records in scope only."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask_admin.contrib.sqla.fields import get_field_id
from flask_admin.contrib.sqla.fields import get_obj_pk
from flask_admin.contrib.sqla.fields import InlineModelFormList
from flask_admin.contrib.sqla.fields import InlineModelOneToOneField
from flask_admin.contrib.sqla.form import InlineModelConverter

from .scoped_forms import NotOffered
from .scoped_forms import RelatedRecords


def scoped_inline_converter(
    base: type[InlineModelConverter], related: RelatedRecords
) -> type[InlineModelConverter]:
    """A converter of inline forms that stays in scope, whatever class it was."""

    class ScopedInlineConverter(base):  # type: ignore[misc, valid-type]
        inline_field_list_type = _scoped_field(base.inline_field_list_type, related)

        def _calculate_mapping_key_pair(self, model: t.Any, info: t.Any) -> t.Any:
            pairs = super()._calculate_mapping_key_pair(model, info)
            related.add_part(info.model, pairs.values())
            return pairs

        def process_ajax_refs(self, info: t.Any) -> dict[t.Any, t.Any]:
            found = super().process_ajax_refs(info)
            scoped = {name: related.scoped_loader(found[name]) for name in found}
            for loader in scoped.values():
                self.view._form_ajax_refs[loader.name] = loader
            return scoped

    return ScopedInlineConverter


def _scoped_field(base: type[t.Any], related: RelatedRecords) -> type[t.Any]:
    scoped: type[t.Any] = _OneInScope
    if issubclass(base, InlineModelFormList):
        scoped = _ListInScope
    elif not issubclass(base, InlineModelOneToOneField):
        return base  # The app's own, from the ground up.
    return type(base.__name__, (scoped, base), {"related": related})


class _ListInScope(InlineModelFormList):
    """The records on the other side of a relationship that are in scope."""

    related: RelatedRecords

    def process(
        self, formdata: t.Any, data: t.Any = None, extra_filters: t.Any = None
    ) -> None:
        known = [*data] if isinstance(data, cabc.Iterable) else []
        super().process(
            formdata, self.related.those_offered(self.model, known), extra_filters
        )

    def populate_obj(self, obj: t.Any, name: str) -> None:
        known = [*getattr(obj, name)]
        shown = self.related.those_offered(self.model, known)
        keys = {get_obj_pk(each, self._pk) for each in shown}
        hidden = {get_obj_pk(each, self._pk) for each in known} - keys
        for entry in self.entries:
            key = get_field_id(entry)
            is_new = isinstance(key, tuple) or key in ("", "None")
            if key in hidden or not (is_new or key in keys):
                raise NotOffered([key])
        super().populate_obj(obj, name)


class _OneInScope(InlineModelOneToOneField):
    """The one record on the other side of a relationship, if it is in scope."""

    related: RelatedRecords

    def process(
        self, formdata: t.Any, data: t.Any = None, extra_filters: t.Any = None
    ) -> None:
        known = [data] if isinstance(data, self.model) else []
        shown = self.related.those_offered(self.model, known)
        super().process(formdata, shown[0] if shown else None, extra_filters)

    def populate_obj(self, model: t.Any, field_name: str) -> None:
        known = getattr(model, field_name)
        if known is None or self.related.those_offered(self.model, [known]):
            super().populate_obj(model, field_name)
        elif not all(self._looks_empty(field.data) for field in self.form):
            raise NotOffered([get_obj_pk(known, self._pk)])
