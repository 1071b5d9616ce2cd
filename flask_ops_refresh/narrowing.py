"""What a view's own query leaves out, carried over to statements of another shape."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

import sqlalchemy as sa


@dataclasses.dataclass(frozen=True)
class Narrowing:
    """What has to be said for a statement to find only what a query has.

    :param conditions: of its rows.
    :param options: of the whole statement.
    """

    conditions: tuple[sa.ColumnElement[bool], ...] = ()
    options: tuple[t.Any, ...] = ()

    @classmethod
    def to(cls, query: t.Any, keys: cabc.Sequence[t.Any]) -> Narrowing:
        """The narrowing to the rows of a query.

        :param keys: the primary key of its model.
        """
        found = query.with_entities(*keys).statement.correlate(None)
        key = sa.tuple_(*keys) if keys[1:] else keys[0]
        return cls((key.in_(found),), options_of(query))


def options_of(query: t.Any) -> tuple[t.Any, ...]:
    """What narrows a query and does so at the top of a statement alone.

    ``with_loader_criteria`` is told by no public name of SQLAlchemy's.
    """
    return tuple(each for each in query._with_options if each._is_criteria_option)
