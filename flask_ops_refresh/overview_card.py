"""The overview card: operations at a glance, live while anything is active."""

from __future__ import annotations

import inspect

from flask import render_template
from markupsafe import Markup

from . import clock
from . import formatting
from . import live_region
from . import overview_chart
from . import reader_locale
from .installation import Installation
from .intervals import overview_interval
from .live_region import Args
from .live_region import LiveRegion
from .live_region import LiveState
from .operation_runs import RunInstances
from .operation_runs import RunRow
from .operations_view import OperationsView
from .overview import Figures
from .overview import MOST_TYPES
from .overview import OUTCOMES
from .overview import OverviewReader
from .request_state import request_state
from .scope import Scope
from .translation import gettext

#: The region's name.
NAME = "operations-overview"


class OverviewRegion(LiveRegion):
    """The card's region, ``operations-overview``.

    It belongs to the Operations view, and counts what that view lists.
    """

    signature: inspect.Signature = inspect.signature(lambda scope: None)

    def __init__(
        self, view: OperationsView, installation: Installation, reader: OverviewReader
    ) -> None:
        super().__init__(NAME, view=view)
        self._view = view
        self._installation = installation
        self.reader = reader

    def load(self, scope: Scope, args: Args) -> LiveState:
        """Read the figures, and the latest failures where there are any."""
        session = self._installation.get_session()
        settings = self._installation.settings
        stop_after, narrowing = settings.stop_after_seconds, self._view.narrowing()
        now = clock.utc_now()
        figures = self.reader.figures(session, scope, now, stop_after, narrowing)
        failures = self.reader.failures(
            session, scope, figures, RunInstances(self._view.instances), narrowing
        )
        version = (
            figures.stored_values,
            figures.window.since,
            figures.any_awaited,
            [run.stored_values for run in failures],
        )
        interval = overview_interval(
            any_awaited=figures.any_awaited, seconds=settings.overview_interval_seconds
        )
        found = {"figures": figures, "failures": failures}
        return LiveState(version, interval, lambda: found)

    def render(self, state: LiveState) -> str:
        """Render the card's body."""
        found = state.context()
        figures: Figures = found["figures"]
        failures: list[RunRow] = found["failures"]
        return render_template(
            "flask_ops_refresh/_overview.html",
            figures=figures,
            failures=failures,
            knows_ends=self.reader.knows_ends,
            given_up=any(figures.active.values()) and not figures.any_awaited,
            outcomes=OUTCOMES,
            chart=overview_chart,
            now=figures.window.now,
            run_url=self._view.url_of if self._view.can_view_details else None,
            most_types=MOST_TYPES,
            formatting=formatting,
            number=reader_locale.number,
            clock_time=reader_locale.clock_time,
            _gettext=gettext,
        )


def draw_overview(installation: Installation) -> Markup:
    """The card, once on a page; nothing for those who may not see it."""
    region = installation.regions.get(NAME)
    if region is None or request_state().get("overview"):
        return Markup()
    inner = live_region.draw(installation, region, live_region.as_args({}))
    if not inner:
        return Markup()
    request_state()["overview"] = True
    return Markup(
        render_template(
            "flask_ops_refresh/_overview_card.html",
            inner=inner,
            stylesheets=live_region.stylesheet(installation, "overview.css"),
            _gettext=gettext,
        )
    )
