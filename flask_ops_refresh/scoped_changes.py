"""What a form may store: no record out of scope, and no key that leads to one.

Each flush is looked at twice: before it, so that the database's own complaint tells
nobody which keys there are, and after it, when every key is known.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as t

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import orm

from .scoped_choices import chosen_records
from .scoped_forms import NotOffered
from .scoped_forms import RelatedRecords


class Link(t.NamedTuple):
    """Attributes of a record that hold the key of another record."""

    target: type[t.Any]
    keys: tuple[str, ...]
    remote: tuple[t.Any, ...]


class ScopedChanges:
    """Looks at what is stored of one form.

    :param model: the model that the form is of.
    """

    def __init__(self, related: RelatedRecords, model: type[t.Any], form: t.Any):
        self._related = related
        self._model = model
        self._chosen = chosen_records(form)

    @contextlib.contextmanager
    def watched(self) -> cabc.Iterator[None]:
        """Meanwhile a flush that would leave the scope raises ``NotOffered``."""
        session = self._related.offered(self._model).session
        event.listen(session, "before_flush", self._before)
        event.listen(session, "after_flush", self._after)
        try:
            yield
        finally:
            event.remove(session, "before_flush", self._before)
            event.remove(session, "after_flush", self._after)

    def _before(self, session: t.Any, context: t.Any, instances: t.Any) -> None:
        for record in self._changed(session):
            self._require_keys_in_scope(record)

    def _after(self, session: t.Any, context: t.Any) -> None:
        for record in self._changed(session):
            self._require_keys_in_scope(record)
            # The form's own record is looked for once it is complete.
            if not isinstance(record, self._model):
                self._require_in_scope(record)

    def _changed(self, session: t.Any) -> list[t.Any]:
        """Of what is flushed, the records that the form is of or has inline."""
        kinds = (self._model, *self._related.parts)
        return [
            each
            for each in (*session.new, *session.dirty)
            if isinstance(each, kinds) and sa.inspect(each).modified
        ]

    def _require_in_scope(self, record: t.Any) -> None:
        if not self._related.those_offered(type(record), [record]):
            key = sa.inspect(record).mapper.primary_key_from_instance(record)
            raise NotOffered.as_it_would_become(key)

    def _require_keys_in_scope(self, record: t.Any) -> None:
        state = sa.inspect(record)
        for link in links(state.mapper):
            if any(state.attrs[key].history.has_changes() for key in link.keys):
                values = [getattr(record, key) for key in link.keys]
                if not self._leads_into_scope(link, values):
                    raise NotOffered(values)

    def _leads_into_scope(self, link: Link, values: list[t.Any]) -> bool:
        if None in values:
            return True  # It leads nowhere.
        for record in self._chosen:
            if isinstance(record, link.target):
                mapper = sa.inspect(record).mapper
                held = [
                    getattr(record, mapper.get_property_by_column(column).key)
                    for column in link.remote
                ]
                if held == values:
                    return True
        return self._related.offers(link.target, link.remote, values)


def links(mapper: orm.Mapper[t.Any]) -> set[Link]:
    """Where records of a model lead by keys of their own.

    Not by their workspace, which is looked at when they are looked for in scope.
    """
    workspace = getattr(mapper.class_, "workspace_id", None)
    own = getattr(getattr(workspace, "property", None), "key", None)
    found = (*_by_relationships(mapper), *_by_foreign_keys(mapper))
    return {link for link in found if link.keys != (own,)}


def _by_relationships(mapper: orm.Mapper[t.Any]) -> cabc.Iterator[Link]:
    for relationship in mapper.relationships:
        if relationship.direction is orm.MANYTOONE:
            pairs = relationship.local_remote_pairs or ()
            yield _link(mapper, relationship.mapper.class_, pairs)


def _by_foreign_keys(mapper: orm.Mapper[t.Any]) -> cabc.Iterator[Link]:
    for constraint in _constraints(mapper):
        pairs = [(each.parent, each.column) for each in constraint.elements]
        for other in mapper.registry.mappers:
            # Models that inherit a table are found by the one that they inherit.
            inherits = other.inherits is not None and (
                other.inherits.local_table is other.local_table
            )
            if other.local_table is constraint.referred_table and not inherits:
                yield _link(mapper, other.class_, pairs)


def _constraints(mapper: orm.Mapper[t.Any]) -> cabc.Iterator[sa.ForeignKeyConstraint]:
    """The foreign keys of a model but for those that join its own tables."""
    for table in mapper.tables:
        for constraint in getattr(table, "foreign_key_constraints", ()):
            joins = constraint.referred_table in mapper.tables
            if not joins or constraint.referred_table is table:
                yield constraint


def _link(
    mapper: orm.Mapper[t.Any],
    target: type[t.Any],
    pairs: cabc.Iterable[tuple[t.Any, t.Any]],
) -> Link:
    ordered = sorted(pairs, key=lambda pair: str(pair[0]))
    keys = tuple(mapper.get_property_by_column(local).key for local, _ in ordered)
    return Link(target, keys, tuple(remote for _, remote in ordered))
