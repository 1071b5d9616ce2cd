"""What people can do with a run: cancel it, and run it again once it has ended.

Those may who may start operations on its tenant.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import sqlalchemy as sa
from flask import flash
from flask import redirect
from flask import url_for
from flask_admin.actions import action
from werkzeug.wrappers import Response

from flask_ops_refresh import OperationsView
from flask_ops_refresh.operation_runs import RunRow

from .current_place import current_place
from .models import OperationRun
from .operation_catalogue import OPERATIONS
from .operation_runs import AlreadyUnderWay
from .operation_runs import IllegalTransition
from .operation_runs import operation_run_service
from .sign_in import signed_in_user
from .visible_scope import load_scope


class RunsView(OperationsView):
    """Monitoring → Operations, with what can be done there."""

    def is_action_offered(self, name: str, run: RunRow) -> bool:
        """Whether it can be cancelled, or run again, by who is signed in."""
        place = current_place()
        if place is None or place.tenant_of(run.tenant_id) is None:
            return False
        if name == "cancel":
            return run.active
        return not run.active and run.type in OPERATIONS

    @action(
        "cancel",
        "Cancel",
        "What is running stops at its next file, and what was done until then stays. "
        "What is queued will not begin.",
    )
    def action_cancel(self, ids: cabc.Sequence[str]) -> None:
        """Have runs cancelled."""
        service, within = operation_run_service(), _in_reach()
        _do_with_each(
            ids,
            lambda id: service.cancel(id, within=within),
            "is being cancelled",
            "are being cancelled",
        )

    @action(
        "run_again",
        "Run again",
        "The same operation is done on the same tenant once more, as a run of its own.",
    )
    def action_run_again(self, ids: cabc.Sequence[str]) -> Response | None:
        """Have runs that have ended run again; leads to the run that comes of one."""
        service, within, user = operation_run_service(), _in_reach(), signed_in_user()
        begun = _do_with_each(
            ids,
            lambda id: service.run_again(id, user=user, within=within).id,
            "is queued once more",
            "are queued once more",
        )
        if len(ids) > 1 or not begun:
            return None
        return redirect(url_for("operations.details_view", id=begun[0]))


_Result = t.TypeVar("_Result")


def _do_with_each(
    ids: cabc.Sequence[str],
    do: cabc.Callable[[int], _Result],
    one: str,
    several: str,
) -> list[_Result]:
    """Take a step with each run and say what became of them."""
    results = []
    for id in ids:
        try:
            results.append(do(int(id)))
        except IllegalTransition:
            flash(
                f"Operation {id} is past that by now: nothing was changed.", "warning"
            )
        except AlreadyUnderWay:
            flash(f"What operation {id} does is under way already.", "warning")
    if len(results) == 1:
        flash(f"The operation {one}.", "success")
    elif results:
        flash(f"{len(results)} operations {several}.", "success")
    return results


def _in_reach() -> list[sa.ColumnElement[bool]]:
    """The runs on tenants that the signed-in person may start operations on."""
    user = signed_in_user()
    scope = user and load_scope(user)
    if scope is None:
        return [sa.false()]
    return [*scope.criteria(OperationRun), OperationRun.tenant_id.is_not(None)]
