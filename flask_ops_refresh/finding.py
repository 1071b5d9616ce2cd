"""Reading by what stands in an address, which the database may not be able to take."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from sqlalchemy import exc

# What a type of the app's own may raise over a value that it cannot have.
_NO_SUCH_VALUE = (AttributeError, IndexError, TypeError, ValueError)

_Found = t.TypeVar("_Found")


def found_or_none(session: t.Any, read: cabc.Callable[[], _Found]) -> _Found | None:
    """What is read; a value that no row can hold finds nothing.

    :param session: the session that reads.
    """
    try:
        return read()
    except exc.StatementError as error:
        if not _is_malformed(error):
            raise
        session.rollback()
        return None


def _is_malformed(error: exc.StatementError) -> bool:
    if isinstance(error, exc.DBAPIError):
        return isinstance(error, exc.DataError)
    return isinstance(error.orig, _NO_SUCH_VALUE)
