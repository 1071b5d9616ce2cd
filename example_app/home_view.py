"""Home: the workspace at a glance."""

from __future__ import annotations

import sqlalchemy as sa
from flask_admin.base import AdminIndexView
from flask_admin.base import expose
from sqlalchemy import orm
from werkzeug.wrappers import Response

from flask_ops_refresh import LiveState
from flask_ops_refresh import Scope

from .current_place import current_place
from .live_operations import ops
from .models import OperationRun
from .notice_board import HOURS_CHOICES
from .notice_board import LONGEST_TEXT
from .notice_board import standing_notice
from .operation_runs import KEEP_DAYS
from .review_packs import KEEP_CHOICES
from .sign_in import ask_to_sign_in
from .sign_in import signed_in_user

_LATEST = 5


class HomeView(AdminIndexView):
    """The dashboard, for everyone who is signed in."""

    def __init__(self) -> None:
        super().__init__(template="home.html")

    def is_accessible(self) -> bool:
        """Whether someone is signed in."""
        return signed_in_user() is not None

    def inaccessible_callback(self, name: str, **kwargs: object) -> Response:
        """Ask to sign in."""
        return ask_to_sign_in()

    @expose()
    def index(self) -> str:
        """The dashboard of the current workspace."""
        place = current_place()
        if place is None:
            return self.render("no_workspace.html")
        return self.render(
            "home.html",
            place=place,
            keep_choices=KEEP_CHOICES,
            keep_days=KEEP_DAYS,
            notice=standing_notice(place),
            notice_hours=HOURS_CHOICES,
            notice_length=LONGEST_TEXT,
        )


@ops.live_region("latest-operations", template="_latest_operations.html")
def latest_operations(scope: Scope) -> LiveState:
    """The newest runs in scope, and how many are still to end."""
    active = ops.session.scalar(_active_count(scope))
    runs = ops.session.scalars(_latest(scope)).all()
    shown = [(*_shown_of(run), run.tenant and run.tenant.name) for run in runs]
    return LiveState(
        version=(active, shown),
        interval=5 if active else None,
        context=lambda: {"active": active, "runs": runs},
    )


def _shown_of(run: OperationRun) -> tuple[object, ...]:
    return (run.id, run.type, run.status, run.outcome, run.created_at)


def _active_count(scope: Scope) -> sa.Select[int]:
    in_scope = scope.criteria(OperationRun)
    active = OperationRun.status.in_(("queued", "running"))
    return sa.select(sa.func.count(OperationRun.id)).where(active, *in_scope)


def _latest(scope: Scope) -> sa.Select[OperationRun]:
    newest = (OperationRun.created_at.desc(), OperationRun.id.desc())
    found = scope.select(OperationRun).options(orm.joinedload(OperationRun.tenant))
    return found.order_by(*newest).limit(_LATEST)
