"""Flask-Admin's actions on one run: its buttons, and the dialogs that ask first.

The buttons stand in the run's region and come and go with its state. The dialogs
hold a token and stand beside it, where no poll changes them.
"""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import typing as t

from flask import render_template
from markupsafe import Markup

from .operation_runs import RunRow
from .translation import gettext

if t.TYPE_CHECKING:
    from .operations_view import OperationsView


class RunAction(t.NamedTuple):
    """An action as a run's page shows it.

    :param text: what its button says.
    :param question: what its dialog asks.
    """

    name: str
    text: str
    question: str
    dialog_id: str


def allowed_actions(view: OperationsView, run: RunRow) -> list[RunAction]:
    """The actions that the reader may use at all."""
    actions, confirmations = view.get_actions_list()
    return [
        RunAction(
            name,
            str(text),
            confirmations.get(name) or gettext("Do you want to do this?"),
            _dialog_id(run, name),
        )
        for name, text in actions
    ]


def offered_actions(view: OperationsView, run: RunRow) -> list[RunAction]:
    """Those of them that are possible for the run as it is now."""
    return [
        action
        for action in allowed_actions(view, run)
        if view.is_action_offered(action.name, run)
    ]


def draw_dialogs(
    view: OperationsView,
    run: RunRow,
    actions: cabc.Sequence[RunAction],
    return_url: str,
) -> Markup:
    """A dialog with a form for each action.

    :param return_url: where the form leads to.
    """
    if not actions:
        return Markup()
    form = view.action_form()
    token = form._fields.get(form.meta.csrf_field_name) if form.meta.csrf else None
    return Markup(
        render_template(
            "flask_ops_refresh/_operation_dialogs.html",
            actions=actions,
            run=run,
            token=token,
            action_url=view.get_url(".action_view"),
            return_url=return_url,
            _gettext=gettext,
        )
    )


def left_out(
    view: OperationsView,
    name: str,
    ids: cabc.Sequence[str],
    offered: cabc.Collection[str],
) -> str:
    """What a person is told whose action is not possible for all that they chose."""
    text = str(view._actions_data[name][1])
    if len(ids) == 1:
        return gettext(
            "“%(action)s” is not possible for operation %(run)s as it is now. "
            "Nothing was changed.",
            action=text,
            run=ids[0],
        )
    return gettext(
        "“%(action)s” is not possible now for %(count)s of the operations chosen. "
        "They were left out.",
        action=text,
        count=len(ids) - len(offered),
    )


def _dialog_id(run: RunRow, name: str) -> str:
    told_apart = repr((run.key, name)).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(told_apart, digest_size=8).hexdigest()
    return f"operation-action-{digest}"
