"""The run that a run repeats, and the runs that repeat it."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import render_template
from markupsafe import Markup

from . import formatting
from .finding import found_or_none
from .operation_runs import RunReader
from .operation_runs import RunRow
from .stored_row import select_list
from .stored_row import StoredRow
from .translation import gettext

#: Retries of a run that its page names.
_MOST_SHOWN = 5


class Retries(t.NamedTuple):
    """What of them the reader may see.

    :param original: the run that is repeated.
    :param repeats: the newest that repeat the run, newest first.
    :param has_more: whether there are older ones.
    """

    original: StoredRow | None = None
    repeats: cabc.Sequence[StoredRow] = ()
    has_more: bool = False


def read_retries(
    reader: RunReader, in_scope: cabc.Callable[[], t.Any], run: RunRow
) -> Retries:
    """The retries of a run; nothing is read where the model tells of none.

    :param in_scope: gives the runs that may be seen, as a query.
    """
    runs = reader.runs
    if not runs.has("retry_of_id"):
        return Retries()
    columns = select_list(runs, {"created_at": runs.value("created_at")})

    def rows(query: t.Any) -> list[StoredRow]:
        narrow = query.with_entities(*columns)
        found = found_or_none(query.session, narrow.all) or ()
        return [StoredRow(runs, reader.statuses, stored) for stored in found]

    original: list[StoredRow] = []
    if run.original_key is not None:
        original = rows(in_scope().filter(runs.named(run.original_key)))
    repeats = rows(
        in_scope()
        .filter(runs.holds_key("retry_of_id", run.key))
        .order_by(runs.model.created_at.desc(), *(k.desc() for k in runs.primary_key))
        .limit(_MOST_SHOWN + 1)
    )
    return Retries(
        next(iter(original), None),
        repeats[:_MOST_SHOWN],
        has_more=len(repeats) > _MOST_SHOWN,
    )


def draw_retries(retries: Retries, url: cabc.Callable[[StoredRow], str]) -> Markup:
    """Links to them; nothing where there are none."""
    if retries.original is None and not retries.repeats:
        return Markup()
    drawn = render_template(
        "flask_ops_refresh/_operation_retries.html",
        retries=retries,
        url=url,
        formatting=formatting,
        _gettext=gettext,
    )
    return Markup(drawn)
