"""Home: the workspace at a glance."""

from __future__ import annotations

import sqlalchemy as sa
from flask_admin.base import AdminIndexView
from flask_admin.base import expose
from sqlalchemy import orm
from werkzeug.wrappers import Response

from .current_place import current_place
from .current_place import Place
from .database import db
from .models import OperationRun
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
            active_count=_active_count(place),
            latest=_latest(place),
        )


def _active_count(place: Place) -> int:
    """How many runs in reach are still to end."""
    runs = place.runs_query().where(OperationRun.status.in_(("queued", "running")))
    found = sa.select(sa.func.count()).select_from(runs.subquery())
    return db.session.scalar(found) or 0


def _latest(place: Place) -> list[OperationRun]:
    found = (
        place.runs_query()
        .options(orm.joinedload(OperationRun.tenant))
        .order_by(OperationRun.created_at.desc(), OperationRun.id.desc())
        .limit(_LATEST)
    )
    return list(db.session.scalars(found))
