"""The live regions of the Operations view: a run's page, and a page of the list."""

from __future__ import annotations

import collections.abc as cabc
import inspect
import typing as t

from flask import render_template
from flask import request
from markupsafe import Markup

from . import clock
from . import json_view
from . import reader_locale
from .intervals import list_interval
from .intervals import run_interval
from .live_region import Args
from .live_region import LiveRegion
from .live_region import LiveState
from .operation_actions import allowed_actions
from .operation_actions import draw_dialogs
from .operation_actions import offered_actions
from .operation_runs import RunRow
from .produced_pack import produced_pack
from .request_origin import way_back
from .scope import Scope
from .vitality import vitality_of

if t.TYPE_CHECKING:
    from .operations_view import OperationsView


class OperationDetailRegion(LiveRegion):
    """The detail page's region, ``operation-detail?id=``.

    A ``failure_code`` beside the id leaves one code of its failures to be seen, and
    the ``url`` of the list as it was left stays in the links to the page.
    """

    signature: inspect.Signature = inspect.signature(
        lambda scope, *, id, failure_code=None, url=None: None
    )
    stylesheets: tuple[str, ...] = ("operation_detail.css",)

    def __init__(self, view: OperationsView) -> None:
        super().__init__("operation-detail", view=view)
        self._view = view

    def load(self, scope: Scope, args: Args) -> LiveState | None:
        """Read the run with one SELECT, and with another the pack of one at rest."""
        run = self._view.read_run(scope, args.get("id", ""))
        if run is None or not self._view.can_view_details:
            return None
        now, installation = clock.utc_now(), self._view.installation
        vitality = self._view.vitality(run, now)
        interval = run_interval(
            awaited=vitality.awaited,
            created_at=run.created_at,
            now=now,
            steps=installation.settings.run_intervals_seconds,
        )
        pack = produced_pack(installation, scope, run)
        shown_of_pack = None if pack is None else pack.version
        actions = offered_actions(self._view, run)
        offered = [(action.name, action.text) for action in actions]
        own = self._view.own_version([run])
        version = (run.stored_values, vitality, shown_of_pack, own, offered)
        found = {
            "run": run,
            "pack": pack,
            "failure_code": args.get("failure_code"),
            "listed": way_back(args.get("url")),
            "actions": actions,
        }
        return LiveState(version, interval, lambda: found)

    def render(self, state: LiveState) -> str:
        """Render the view's region template."""
        found = state.context()
        pack, code = found["pack"], found["failure_code"]
        return render_template(
            self._view.detail_region_template,
            **{
                "pack": pack and pack.row,
                "pack_url": pack and pack.download_url(),
                "failure_code": None if code is None else json_view.inline(code),
                "file_size": reader_locale.file_size,
                "has_script": self._has_script(state),
                "stays_live": self._stays_live(state),
                "actions": found["actions"],
                **self._view.detail_context(found["run"]),
                "page_url": self._page_url(found),
            },
        )

    def _has_script(self, state: LiveState) -> bool:
        """Whether a script is there that what is rendered may count on."""
        polls = self._view.installation.poll_endpoint
        return request.endpoint == polls or self._stays_live(state)

    def _stays_live(self, state: LiveState) -> bool:
        """Whether that script goes on once this is shown."""
        return state.interval is not None and not self._view.is_dialog()

    def beside(self, state: LiveState) -> Markup:
        """The dialogs of the actions, of those too that a poll may offer yet."""
        found = state.context()
        run, actions = found["run"], found["actions"]
        if state.interval is not None:
            actions = allowed_actions(self._view, run)
        return draw_dialogs(self._view, run, actions, self._page_url(found))

    def _page_url(self, found: cabc.Mapping[str, t.Any]) -> str:
        return self._view.url_with_way_back(found["run"], found["listed"])


class OperationListRegion(LiveRegion):
    """The list page's region, ``operation-list?`` with the page's own query."""

    def __init__(self, view: OperationsView) -> None:
        super().__init__("operation-list", view=view)
        self._view = view

    def load(self, scope: Scope, args: Args) -> LiveState:
        """Read the page with one SELECT, and its tabs' counts with another if empty."""
        return self.state(self._view.read_page())

    def state(self, rows: list[RunRow]) -> LiveState:
        """The state of a page of these rows."""
        now, settings = clock.utc_now(), self._view.installation.settings
        vitalities = [vitality_of(row, settings, now) for row in rows]
        interval = list_interval(
            any_awaited=any(vitality.awaited for vitality in vitalities),
            seconds=settings.list_interval_seconds,
        )
        own = self._view.own_version(rows)
        counts = () if rows else self._view.tab_counts(rows)
        version = ([row.stored_values for row in rows], vitalities, own, counts)
        return LiveState(version, interval, lambda: {"rows": rows})

    def render(self, state: LiveState) -> str:
        """Render the table by Flask-Admin's own template."""
        return self._view.render_list_region(state)
