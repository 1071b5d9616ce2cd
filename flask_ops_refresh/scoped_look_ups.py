"""Look-ups of related records: they find and name what is in scope."""

from __future__ import annotations

import copy
import typing as t

from flask_admin.contrib.sqla.ajax import QueryAjaxModelLoader

from .finding import found_or_none
from .model_mapping import key_value
from .request_state import request_state

if t.TYPE_CHECKING:
    from .scoped_forms import RelatedRecords

#: Records offered by one look-up, and how far into the matches it may go.
_MOST_FOUND = 100
_FURTHEST = 10_000


class ScopedLoader(QueryAjaxModelLoader):
    """A look-up that finds records in scope, a bounded number at a time."""

    related: RelatedRecords

    def get_query(self) -> t.Any:
        """The records that may be found."""
        return self.related.offered(self.model)

    def get_one(self, pk: t.Any) -> t.Any:
        """The record of this key; ``None`` if it may not be found."""
        column = getattr(self.model, self.pk)
        key = key_value(column.type, str(pk))
        if key is None:
            return None
        with self.related.session.no_autoflush:
            query = self.get_query().filter(column == key)
            return found_or_none(self.related.session, query.one_or_none)

    def get_list(
        self, term: str | None, offset: int | None = 0, limit: int = 10
    ) -> t.Any:
        """The records whose fields contain a term."""
        found = super().get_list(
            (term or "").replace("\0", "").encode("utf-8", "replace").decode(),
            min(max(offset or 0, 0), _FURTHEST),
            min(max(limit, 1), _MOST_FOUND),
        )
        request_state()["found"] = found
        return found

    def format(self, model: t.Any) -> tuple[t.Any, str] | None:
        """Key and name of a record; ``None`` if it may not be found."""
        known = any(each is model for each in request_state().get("found", ()))
        if model is None or not known and self._cannot_find(model):
            return None
        return super().format(model)

    def _cannot_find(self, record: t.Any) -> bool:
        return self.get_one(getattr(record, self.pk)) is None


#: What says which records a look-up finds.
_FINDING = ("get_query", "get_list", "get_one")


def scoped_loader(loader: t.Any, related: RelatedRecords) -> t.Any:
    """A look-up in scope. One that says itself what it finds stays as it is."""
    kind = type(loader)
    if not isinstance(loader, QueryAjaxModelLoader) or any(
        getattr(kind, name) is not getattr(QueryAjaxModelLoader, name)
        for name in _FINDING
    ):
        return loader
    scoped_kind = type(kind.__name__, (ScopedLoader, kind), {"related": related})
    scoped = copy.copy(loader)
    scoped.__class__ = scoped_kind
    return scoped
