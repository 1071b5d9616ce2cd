"""Fields to choose related records in: what was sent, and what a form leaves alone."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask_admin.contrib.sqla.fields import QuerySelectField
from flask_admin.contrib.sqla.fields import QuerySelectMultipleField
from flask_admin.model.fields import AjaxSelectField
from flask_admin.model.fields import AjaxSelectMultipleField
from wtforms.fields import SelectFieldBase
from wtforms.validators import StopValidation

#: What Flask-Admin's fields send for no choice.
_NOTHING = ("", "__None")


def all_fields(form: t.Any) -> cabc.Iterator[t.Any]:
    """The fields of a form and of the forms within it."""
    for field in form:
        yield field
        for inner in getattr(field, "entries", [field]):
            if hasattr(inner, "form"):
                yield from all_fields(inner.form)


def choices_not_offered(form: t.Any) -> list[str]:
    """What was chosen in fields that do not offer it; of several all of them.

    The fields themselves take it for no choice where none is allowed, and a
    record without a tenant is seen by more people than one with a tenant.
    """
    return [
        key
        for field in all_fields(form)
        for keys in [_sent(field)]
        if len(keys) > len(_chosen(field))
        for key in keys
    ]


def _sent(field: t.Any) -> list[str]:
    """The keys that were sent for a field, each once."""
    sent = field.raw_data or []
    if isinstance(field, AjaxSelectMultipleField):
        sent = [key for each in sent for key in each.split(field.separator)]
    elif not isinstance(field, QuerySelectMultipleField):
        is_choice = isinstance(field, QuerySelectField | AjaxSelectField)
        sent = sent[:1] if is_choice else []
    return [key for key in dict.fromkeys(sent) if key not in _NOTHING]


def _chosen(field: t.Any) -> list[t.Any]:
    if isinstance(field.data, list):
        return field.data
    return [] if field.data is None else [field.data]


def chosen_records(form: t.Any) -> list[t.Any]:
    """The records that were chosen in a form, of those that its fields offer."""
    return [
        each
        for field in all_fields(form)
        if _sent(field) and len(_sent(field)) <= len(_chosen(field))
        for each in _chosen(field)
    ]


def keeping_hidden(field_class: type[t.Any]) -> type[t.Any]:
    """A field that keeps those of a record's choices that it does not offer."""
    for kind, kept in _KEEPING.items():
        if issubclass(field_class, kind):
            return type(field_class.__name__, (kept, field_class), {})
    return field_class


def _offers(field: t.Any, record: t.Any) -> bool:
    """Whether a field names a record: by its options, or by finding it."""
    if isinstance(field, AjaxSelectField):
        return field.loader.format(record) is not None
    return any(record == each for _, each in field._get_object_list())


class _KeepsUnlisted(QuerySelectMultipleField):
    """A select box that leaves records alone that are not among its options."""

    def populate_obj(self, obj: t.Any, name: str) -> None:
        hidden = [each for each in getattr(obj, name) if not _offers(self, each)]
        setattr(obj, name, [*hidden, *(self.data or ())])


class _KeepsUnfound(AjaxSelectMultipleField):
    """A look-up that neither shows nor takes away records that it does not find."""

    def process_data(self, value: t.Any) -> None:
        super().process_data([each for each in value or () if _offers(self, each)])

    def populate_obj(self, obj: t.Any, name: str) -> None:
        hidden = [each for each in getattr(obj, name) if not _offers(self, each)]
        setattr(obj, name, [*hidden, *(self.data or ())])


class _KeepsHidden(SelectFieldBase):  # type: ignore[misc]
    """A field of one record: where that is hidden, no choice leaves it as it is."""

    allow_blank: bool
    _hides = False

    def process_data(self, value: t.Any) -> None:
        super().process_data(value)
        self._hides = value is not None and not _offers(self, value)
        # Without a blank the first of the others would seem to be chosen.
        self.allow_blank = self.allow_blank or self._hides

    def pre_validate(self, form: t.Any) -> None:
        if self._hides and self.data is None:
            raise StopValidation()
        super().pre_validate(form)

    def populate_obj(self, obj: t.Any, name: str) -> None:
        if not self._hides or self.data is not None:
            super().populate_obj(obj, name)


# Those of several records first: they are also those of one.
_KEEPING: dict[type[t.Any], type[t.Any]] = {
    QuerySelectMultipleField: _KeepsUnlisted,
    AjaxSelectMultipleField: _KeepsUnfound,
    QuerySelectField: _KeepsHidden,
    AjaxSelectField: _KeepsHidden,
}
