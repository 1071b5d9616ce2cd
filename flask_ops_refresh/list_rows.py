"""The rows of the operations list: as Flask-Admin's template writes them, sooner."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import typing as t

import flask_admin
from flask import current_app
from flask_admin.contrib.sqla.view import ModelView
from jinja2 import pass_context
from markupsafe import escape
from markupsafe import Markup

from .formatting import filled
from .operation_columns import FORMATTERS
from .operation_runs import RunRow

#: The list's template, unless the app gave the view another.
LIST_TEMPLATE = "flask_ops_refresh/operation_list.html"

#: Where Flask-Admin's own templates are.
_FLASK_ADMIN = pathlib.Path(flask_admin.__file__).parent

_CELL = '<td class="col-%s">\n'
_END = "\n</td>"
_KEYED_CELL = '<td data-key="%s"'
_INDENTATION = re.compile(r"\n[ \n]+")


def plain_rows(view: t.Any, shown: cabc.Mapping[str, t.Any]) -> t.Any:
    """What writes all rows of a view as Flask-Admin's template does, in less time.

    ``None`` where a row has more than its columns, or the app's own template.

    :param shown: the variables of the list's template.
    """
    has_more = shown["actions"] or view.column_display_actions
    if has_more or view.column_editable_list or not _has_stock_rows(view):
        return None
    columns = [
        (filled(_CELL, name), name, _own_formatter(view, name))
        for name, _ in shown["list_columns"]
    ]

    def cells(context: t.Any, row: RunRow) -> cabc.Iterator[str]:
        for start, name, formatter in columns:
            if formatter is not None:
                value = formatter(view, context, row, name)
            else:
                value = view.get_list_value(context, row, name)
            # What an app's own methods give may be text. Markup stays as it is, and
            # escape() takes its time to leave it so.
            markup = value if type(value) is Markup else escape(value)
            yield f"{start}{markup}{_END}"

    @pass_context
    def write(context: t.Any, rows: cabc.Sequence[RunRow]) -> Markup:
        each = [keyed_row("".join(cells(context, row)), row.key) for row in rows]
        return Markup("\n</tr>\n<tr>\n".join(each))

    return write


def _own_formatter(view: t.Any, name: str) -> t.Any:
    """The extension's formatter of a column, if nothing of the app's is first."""
    formatter = view.column_formatters.get(name)
    types: t.Any = view.column_type_formatters or ()
    is_ours = (
        formatter is FORMATTERS.get(name)
        and type(view).get_list_value is ModelView.get_list_value
        and not view._column_choices_map.get(name)
        and not any(issubclass(Markup, kind) for kind in types)
    )
    return formatter if is_ours else None


def _has_stock_rows(view: t.Any) -> bool:
    if view.list_template != LIST_TEMPLATE:
        return False
    stock = current_app.jinja_env.get_template("admin/model/list.html").filename
    return stock is not None and pathlib.Path(stock).is_relative_to(_FLASK_ADMIN)


class AllAtOnce(cabc.Sized, cabc.Iterable[t.Any]):
    """Rows that a template's loop takes in one step, and its pager counts singly."""

    def __init__(self, rows: cabc.Sequence[t.Any]) -> None:
        self._rows = rows

    def __iter__(self) -> cabc.Iterator[t.Any]:
        return iter([self._rows] if self._rows else [])

    def __len__(self) -> int:
        return len(self._rows)


def keyed_row(cells: str, key: str) -> Markup:
    """The cells of a table row, the first of them naming the row."""
    # As plain text: before MarkupSafe 3 markup looks for what it is given escaped.
    return Markup(str(cells).replace("<td", _KEYED_CELL % escape(key), 1))


def unindented(table: Markup) -> Markup:
    """The list without the blanks that its template is laid out with: half of it."""
    if "<pre" in table or "<textarea" in table:
        return table
    return Markup(_INDENTATION.sub("\n", table))
