"""The review pack card: a tenant's latest pack, live while it is being made."""

from __future__ import annotations

import inspect

from flask import current_app
from flask import render_template
from flask_admin.base import AdminIndexView
from flask_admin.base import BaseView
from flask_admin.theme import Theme
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from . import clock
from . import formatting
from . import json_view
from . import live_region
from . import reader_locale
from .installation import Installation
from .intervals import review_pack_interval
from .live_region import Args
from .live_region import LiveRegion
from .live_region import LiveState
from .pack_download import offered_url
from .request_state import request_state
from .review_packs import PackReader
from .review_packs import PackRow
from .scope import Scope
from .translation import gettext
from .vitality import vitality_of

#: What an index view has as its template unless the app gave it another.
STOCK_TEMPLATE = "admin/index.html"
_DASHBOARD_TEMPLATE = "flask_ops_refresh/dashboard.html"

#: Figures shown of a pack's summary.
_SHOWN_FIGURES = 12


class ReviewPackRegion(LiveRegion):
    """The card's region, ``review-pack?tenant_id=``.

    It belongs to the admin's index view.
    """

    signature: inspect.Signature = inspect.signature(lambda scope, *, tenant_id: None)

    def __init__(
        self,
        view: BaseView,
        installation: Installation,
        reader: PackReader,
    ) -> None:
        super().__init__("review-pack", view=view)
        self._installation = installation
        self._reader = reader

    def load(self, scope: Scope, args: Args) -> LiveState | None:
        """Read the tenant's latest pack with one SELECT."""
        session = self._installation.get_session()
        pack = self._reader.latest(session, scope, args.get("tenant_id", ""))
        if pack is None:
            return None
        now = clock.utc_now()
        settings = self._installation.settings
        vitality = vitality_of(pack, settings, now)
        interval = review_pack_interval(
            awaited=vitality.awaited, seconds=settings.review_pack_interval_seconds
        )
        silent_since = pack.last_sign_of_life if vitality.stalled else None
        times = (pack.is_offered(now), vitality, silent_since)
        version = (pack.stored_values, times, self._run_url(pack))
        return LiveState(version, interval, lambda: {"scope": scope, "pack": pack})

    def render(self, state: LiveState) -> str:
        """Render the card's body."""
        found = state.context()
        pack: PackRow = found["pack"]
        now = clock.utc_now()
        return render_template(
            "flask_ops_refresh/_review_pack.html",
            pack=pack,
            now=now,
            vitality=vitality_of(pack, self._installation.settings, now),
            figures=self._figures(pack),
            run_url=self._run_url(pack),
            download_url=offered_url(self._installation, found["scope"], pack),
            formatting=formatting,
            file_size=reader_locale.file_size,
            _gettext=gettext,
        )

    def _figures(self, pack: PackRow) -> list[tuple[str, str]]:
        summary = json_view.read_figures(
            *pack.json("summary"), self._installation.masking
        )
        return summary[:_SHOWN_FIGURES]

    def _run_url(self, pack: PackRow) -> str | None:
        region = self._installation.regions.get("operation-detail")
        if region is None or region.view is None or pack.run_key is None:
            return None
        view = region.view
        if not view.is_accessible() or not getattr(view, "can_view_details", True):
            return None
        return region.view.get_url(
            f"{region.view.endpoint}.details_view", id=pack.run_key
        )


def draw_card(installation: Installation) -> Markup:
    """The card of the current tenant, once on a page.

    Nothing for those who may not see it, or whose current tenant is out of scope.
    """
    region = installation.regions.get("review-pack")
    if region is None or request_state().get("card"):
        return Markup()
    try:
        scope = installation.access.require(region.view)
    except HTTPException:
        return Markup()
    request_state()["card"] = True
    tenant_id = scope.tenant_id
    if tenant_id is not None and not scope.includes_tenant(tenant_id):
        return Markup()
    inner = Markup()
    if tenant_id is not None:
        args = live_region.as_args({"tenant_id": tenant_id})
        inner = live_region.draw(installation, region, args)
    return Markup(
        render_template(
            "flask_ops_refresh/_review_pack_card.html",
            inner=inner,
            has_tenant=tenant_id is not None,
            stylesheet=live_region.stylesheet(installation),
            _gettext=gettext,
        )
    )


def put_on_dashboard(view: BaseView) -> None:
    """Let an index view with Flask-Admin's stock template show the cards."""
    if isinstance(view, AdminIndexView) and view._template == STOCK_TEMPLATE:
        view._template = _DASHBOARD_TEMPLATE


def is_stock_dashboard(theme: Theme) -> bool:
    """Whether the index template is the theme's own file, not the app's."""
    template = current_app.jinja_env.get_template(STOCK_TEMPLATE)
    path = (template.filename or "").replace("\\", "/")
    return path.endswith(f"/{theme.folder}/{STOCK_TEMPLATE}")
