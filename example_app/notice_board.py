"""Notices to everyone in a workspace, from those who see the whole of it."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask import abort
from flask import Blueprint
from flask import Flask
from flask import redirect
from flask import request
from flask import url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from flask_ops_refresh import LiveState
from flask_ops_refresh import Scope

from .current_place import current_place
from .current_place import Place
from .database import db
from .database import utc_now
from .live_operations import ops
from .models import Notice
from .sign_in import signed_in_user

#: Hours for which a notice may stand.
HOURS_CHOICES = (1, 4, 24)
#: Characters a notice may have.
LONGEST_TEXT = 300

_blueprint = Blueprint("notice_board", __name__, url_prefix="/notice")


def init_notice_board(app: Flask) -> None:
    """Add the targets of the two forms."""
    app.register_blueprint(_blueprint)


def standing_notice(place: Place) -> Notice | None:
    """The notice that stands in a workspace now."""
    found = _standing(place).order_by(Notice.ends_at.desc(), Notice.id.desc())
    return db.session.scalar(found.limit(1))


@ops.live_region("workspace-notice", template="_notice.html")
def workspace_notice(scope: Scope, *, id: int) -> LiveState | None:
    """A notice to everyone in the workspace, live until its time is over."""
    notice = ops.session.scalar(scope.select(Notice).where(Notice.id == id))
    if notice is None:
        return None
    stands = notice.ends_at > utc_now()
    return LiveState(
        version=(notice.text, notice.user.name, notice.ends_at, stands),
        interval=10 if stands else None,
        context=lambda: {"notice": notice, "stands": stands},
    )


@_blueprint.post("/")
@login_required  # type: ignore[untyped-decorator]
def post() -> Response:
    """Put up a notice, in the place of one that stands."""
    place = _own_workspace()
    text = _plain(request.form.get("text", ""))
    hours = request.form.get("hours", type=int)
    if not text or len(text) > LONGEST_TEXT or hours not in HOURS_CHOICES:
        abort(400)
    now = utc_now()
    _end_standing(place, now)
    notice = Notice(
        workspace_id=place.workspace.id,
        user=signed_in_user(),
        text=text,
        created_at=now,
        ends_at=now + dt.timedelta(hours=hours),
    )
    db.session.add(notice)
    db.session.commit()
    return redirect(url_for("admin.index"))


@_blueprint.post("/take-down")
@login_required  # type: ignore[untyped-decorator]
def take_down() -> Response:
    """End the notice that stands."""
    _end_standing(_own_workspace(), utc_now())
    db.session.commit()
    return redirect(url_for("admin.index"))


def _plain(text: str) -> str:
    """Text in one line, without characters that control a terminal or turn lines."""
    words = ("".join(filter(str.isprintable, word)) for word in text.split())
    return " ".join(filter(None, words))


def _own_workspace() -> Place:
    """The current place of somebody who may speak to all of it."""
    place = current_place() or abort(404)
    if not place.membership.all_tenants:
        abort(403)
    # The form was drawn for one workspace; another tab may have chosen another.
    if request.form.get("workspace_id", type=int) != place.workspace.id:
        abort(404)
    return place


def _standing(place: Place) -> sa.Select[Notice]:
    return sa.select(Notice).where(
        Notice.workspace_id == place.workspace.id, Notice.ends_at > utc_now()
    )


def _end_standing(place: Place, now: dt.datetime) -> None:
    for notice in db.session.scalars(_standing(place)):
        notice.ends_at = now
