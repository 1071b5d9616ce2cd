"""What runs and packs have in common: a row selected raw, read piece by piece."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import functools
import typing as t

import sqlalchemy as sa

from .model_mapping import ModelMapping
from .statuses import is_active
from .statuses import StatusRules
from .stored_values import read_datetime
from .stored_values import read_text


def select_list(
    mapping: ModelMapping, columns: cabc.Mapping[str, sa.ColumnElement[t.Any]]
) -> list[sa.Label[t.Any]]:
    """Columns by name, with the primary key's, for a :class:`StoredRow`."""
    keys = {f"key_{i}": column for i, column in enumerate(mapping.key_columns())}
    return [
        column.label(f"stored_{name}") for name, column in {**keys, **columns}.items()
    ]


class StoredRow:
    """A record as the database stores it.

    :param stored: a row of :func:`select_list`.
    """

    #: The times that tell when something was written to it.
    _signs_of_life: tuple[str, ...] = ("created_at", "updated_at")

    def __init__(
        self, mapping: ModelMapping, statuses: StatusRules, stored: sa.Row[t.Any]
    ) -> None:
        self._mapping = mapping
        self._statuses = statuses
        self._stored = stored._mapping
        #: Every stored value that was selected: what a version is made of.
        self.stored_values: tuple[t.Any, ...] = tuple(stored)

    @functools.cached_property
    def primary_key(self) -> tuple[t.Any, ...]:
        """The values of the primary key."""
        size = len(self._mapping.primary_key)
        return self._mapping.stored_key([self._raw(f"key_{i}") for i in range(size)])

    @functools.cached_property
    def key(self) -> str:
        """The primary key as it stands in addresses."""
        return self._mapping.encode_key(self.primary_key)

    @functools.cached_property
    def status(self) -> str:
        """The normalised status."""
        return self._statuses.normalise(
            read_text(self._raw("status")), read_text(self._raw("outcome"))
        )

    @property
    def active(self) -> bool:
        """Whether the record may still change on its own."""
        return is_active(self.status)

    @property
    def tenant(self) -> str | None:
        """The tenant's name, or its id where the model leads to no record of it."""
        return read_text(self._raw("tenant"))

    @property
    def user(self) -> str | None:
        """Who asked for it, where that is known and may be seen."""
        return read_text(self._raw("user"))

    @functools.cached_property
    def created_at(self) -> dt.datetime | None:
        """When it was asked for."""
        return self._moment("created_at")

    @functools.cached_property
    def last_sign_of_life(self) -> dt.datetime | None:
        """When something was last written to it, as far as its times tell."""
        moments = map(self._moment, self._signs_of_life)
        return max(filter(None, moments), default=None)

    def json(self, name: str) -> tuple[t.Any, int | None]:
        """The raw text of a JSON column, and how many characters are stored."""
        return self._raw(name), self._raw(f"{name}_length")

    def _moment(self, name: str) -> dt.datetime | None:
        return read_datetime(self._raw(name))

    def _raw(self, name: str) -> t.Any:
        # Not with get(), which takes a row five times as long.
        try:
            return self._stored[f"stored_{name}"]
        except KeyError:
            return None
