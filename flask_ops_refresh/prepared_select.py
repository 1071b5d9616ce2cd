"""A SELECT in scope that is put together once, and run with the values of each poll.

To put a SELECT together, and to find it again among those that are compiled, takes
SQLAlchemy longer than the database takes to answer it.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa

from .scope import Scope
from .scope import ScopeKind


class PreparedSelect:
    """One SELECT for each kind of scope.

    :param build: makes it for a scope whose values are parameters.
    :param model: whose records it reads, where it does not begin with them: that says
        in which of several databases they are.
    """

    def __init__(
        self, build: cabc.Callable[[Scope], sa.SelectBase], model: t.Any = None
    ) -> None:
        self._build = build
        self._bind = {} if model is None else {"mapper": sa.inspect(model)}
        self._prepared: dict[ScopeKind, sa.SelectBase] = {}

    def run(
        self, session: t.Any, scope: Scope, values: cabc.Mapping[str, t.Any]
    ) -> sa.Result[t.Any]:
        """Run it in a scope.

        :param values: those of the parameters that ``build`` has added.
        """
        prepared = self._prepared.get(scope.kind)
        if prepared is None:
            prepared = self._build(scope.with_parameters())
            self._prepared[scope.kind] = prepared
        result: sa.Result[t.Any] = session.execute(
            prepared,
            {**scope.parameters(), **values},
            bind_arguments=self._bind,
        )
        return result
