"""Monitoring → Operations: the list and the detail of an app's operation runs."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import inspect
import pathlib
import re
import typing as t
import urllib.parse

import flask_admin
from flask import abort
from flask import current_app
from flask import render_template
from flask import request
from flask_admin.base import expose
from flask_admin.model.helpers import get_mdict_item_or_list
from jinja2 import pass_context
from markupsafe import escape
from markupsafe import Markup
from sqlalchemy import exc

from . import clock
from . import formatting
from . import json_view
from . import live_region
from . import reader_locale
from .installation import Installed
from .intervals import list_interval
from .intervals import run_interval
from .live_region import Args
from .live_region import LiveRegion
from .live_region import LiveState
from .locality import one_locality
from .neighbours import NeighbourReader
from .neighbours import Neighbours
from .operation_columns import count_label
from .operation_columns import EXPORT_FORMATTERS
from .operation_columns import EXPORTED
from .operation_columns import FORMATTERS
from .operation_columns import LABELS
from .operation_columns import LISTED
from .operation_filters import run_filters
from .operation_runs import RunInstances
from .operation_runs import RunReader
from .operation_runs import RunRow
from .page_title import page_title
from .produced_pack import produced_pack
from .request_origin import stays_here
from .request_state import request_state
from .run_detail import run_detail
from .scope import Scope
from .scoped_view import ScopedModelView
from .spreadsheet import defused
from .stored_row import StoredRow
from .translation import gettext
from .translation import lazy_gettext
from .vitality import Vitality
from .vitality import vitality_of

#: Pages beyond this one are not offered: each would read every row before it.
_LAST_PAGE = 2_000
_SEARCH_LIMIT = 200


class OperationsView(ScopedModelView):
    """A read-only model view over operation runs; subclass it as any other.

    What a subclass turns on, such as ``can_edit`` or actions, works in scope. Rows
    are :class:`~flask_ops_refresh.operation_runs.RunRow` objects: the
    attributes of the contract read raw, any other that of the model's instance.

    :param installed: gives the extension as it stands in the current app.
    :param reader: what reads the app's runs.
    :raises TypeError: it is made by the app, which only gives its class.
    """

    can_create = False
    can_edit = False
    can_delete = False
    can_view_details = True
    can_export = True
    can_set_page_size = True
    page_size = 50
    page_size_options: tuple[int, ...] = (20, 50, 100)
    export_max_rows = 10_000
    simple_list_pager = True
    column_display_actions: bool = False
    list_template = "flask_ops_refresh/operation_list.html"
    details_template = "flask_ops_refresh/operation_detail.html"
    details_modal_template = "flask_ops_refresh/operation_dialog.html"

    # Filled in for each view with what its model allows.
    column_list: t.Any = None
    column_export_list: t.Any = None
    column_formatters: t.Any = None
    column_formatters_export: t.Any = None
    column_labels: t.Any = None
    column_default_sort: t.Any = None
    column_sortable_list: t.Any = None
    column_searchable_list: t.Any = None
    column_filters: t.Any = None

    #: The inner HTML of the detail page's region.
    detail_region_template = "flask_ops_refresh/_operation_detail.html"

    def __init__(
        self,
        model: type[t.Any],
        session: t.Any,
        *,
        installed: Installed | None = None,
        reader: RunReader | None = None,
        **options: t.Any,
    ) -> None:
        if installed is None or reader is None:
            raise TypeError(
                f"{type(self).__name__} is made and added to the Admin by init_app. "
                "Give its class: OpsRefresh(..., operations_view="
                f"{type(self).__name__})."
            )
        self._installed = installed
        self._reader = reader
        self._shows_more = any(
            getattr(type(self), name) is not getattr(OperationsView, name)
            for name in _SHOWING
        )
        self._fill_in_columns()
        options.setdefault("name", lazy_gettext("Operations"))
        options.setdefault("category", lazy_gettext("Monitoring"))
        options.setdefault("endpoint", "operations")
        super().__init__(
            model, session, installed=installed, records=reader.runs, **options
        )
        # Rows carry the names of what they belong to; nothing else is joined.
        self._auto_joins = ()
        self._neighbours = NeighbourReader(reader.runs, reader.statuses)
        self.detail_region: OperationDetailRegion = OperationDetailRegion(self)
        self.list_region: OperationListRegion = OperationListRegion(self)

    def _fill_in_columns(self) -> None:
        """Give what the app has not set itself the defaults its model allows."""
        runs = self._reader.runs
        key = [column.key for column in runs.primary_key]
        present = {
            "tenant": runs.has("tenant_id"),
            "user": runs.has("user"),
            "progress": runs.has("summary_counts"),
            "duration": runs.has("completed_at"),
        }
        self.column_list = self.column_list or [
            name for name in LISTED if present.get(name, True)
        ]
        self.column_export_list = self.column_export_list or [*EXPORTED]
        self.column_formatters = {**FORMATTERS, **(self.column_formatters or {})}
        self.column_formatters_export = {
            **EXPORT_FORMATTERS,
            **(self.column_formatters_export or {}),
        }
        related: dict[t.Any, t.Any] = {
            f"{name}.{runs.label_attribute(name)}": LABELS[name]
            for name in ("tenant", "user")
            if runs.is_relationship(name)
        }
        labels: dict[t.Any, t.Any] = {**dict.fromkeys(key, LABELS["key"]), **LABELS}
        self.column_labels = {**labels, **related, **(self.column_labels or {})}
        if self.column_default_sort is None:
            self.column_default_sort = [(name, True) for name in ("created_at", *key)]
        if self.column_sortable_list is None:
            self.column_sortable_list = [
                (name, (name, *key)) for name in ("created_at", "type")
            ]
        if self.column_searchable_list is None:
            self.column_searchable_list = [*key, "type", *related]
        if self.column_filters is None:
            self.column_filters = run_filters(
                self._installed, runs, self._reader.statuses
            )
        if self.column_extra_row_actions or self.can_edit or self.can_delete:
            self.column_display_actions = True

    def handle_filter(self, filter: t.Any) -> t.Any:
        """A filter of the list; a ``column_property`` has no table to be joined."""
        handled = super().handle_filter(filter)
        column: t.Any = getattr(handled, "column", None)
        if getattr(column, "table", self) is None:
            self._filter_joins.pop(column, None)
        return handled

    # Reading, each time through the scope

    def get_pk_value(self, model: t.Any) -> str:
        """The primary key as it stands in addresses."""
        if isinstance(model, RunRow):
            return model.key
        return str(super().get_pk_value(model))

    def get_list(  # type: ignore[override]
        self,
        page: int | None,
        sort_column: t.Any,
        sort_desc: t.Any,
        search: str | None,
        filters: t.Any,
        execute: bool = True,
        page_size: int | None = None,
    ) -> tuple[None, t.Any]:
        """One page of runs in one SELECT; they are not counted."""
        if (rows := request_state().get("rows")) is not None:
            return None, rows
        _, query = super().get_list(
            page, sort_column, sort_desc, search, filters, False, page_size
        )
        if not execute:
            return None, query
        try:
            return None, self._rows(query)
        except exc.DataError:
            if not (search or filters):
                raise
            # A filter's value that the column cannot hold: nothing has it.
            self.installation.get_session().rollback()
            return None, []

    def read_page(self) -> list[RunRow]:
        """The rows of the page that the request's query names."""
        args = self._get_list_extra_args()
        sort = self._get_column_by_idx(args.sort)
        _, rows = self.get_list(
            args.page,
            sort[0] if sort else None,
            args.sort_desc,
            args.search,
            args.filters,
            page_size=self.get_safe_page_size(args.page_size),
        )
        return rows  # type: ignore[no-any-return]

    def read_run(self, scope: Scope, id: str) -> RunRow | None:
        """One run with everything its detail page shows."""
        stored = self._find(scope, id)
        return stored and self._reader.row(stored, RunInstances(self._instances))

    def neighbours(self, scope: Scope, run: RunRow) -> Neighbours:
        """The runs of its type before and after a run, as far as the view has them."""
        query = self.get_query() if self._narrows() else None
        session = self.installation.get_session()
        return self._neighbours.read(session, scope, run, query)

    def _narrows(self) -> bool:
        """Whether a subclass shows less than what is in scope."""
        return type(self).get_query is not OperationsView.get_query

    def _find(self, scope: Scope, id: str) -> t.Any:
        every = self._shows_more
        if not self._narrows():
            session = self.installation.get_session()
            return self._reader.find(session, scope, id, every=every)
        columns = self._reader.columns(detail=True, every=every)
        query = self.get_query().filter(self._records.named(id))
        return query.with_entities(*columns).one_or_none()

    def _rows(self, query: t.Any) -> list[RunRow]:
        columns = self._reader.columns(detail=False, every=self._shows_more)
        instances = RunInstances(self._instances)
        found = query.with_entities(*columns).all()
        return [self._reader.row(stored, instances) for stored in found]

    def _instances(self, keys: cabc.Sequence[tuple[t.Any, ...]]) -> dict[str, t.Any]:
        return {self.get_pk_value(each): each for each in self.get_those(keys)}

    # Pages

    @expose("/")
    def index_view(self) -> t.Any:
        """The list."""
        if any(name.startswith("_") or name in _TAKEN for name in request.args):
            abort(404)
        return super().index_view()

    @expose("/details/")
    def details_view(self) -> t.Any:
        """One run, or 404 for one that is not there, out of scope or malformed."""
        id = get_mdict_item_or_list(request.args, "id")
        region, asked = self.detail_region, request.args.get("failure_code")
        args = live_region.as_args({"id": id, "failure_code": asked})
        scope = self.installation.access.require(self)
        state = live_region.load(self.installation, region, scope, args)
        if state is None:
            abort(404)
        inner = Markup(region.render(state))
        if self.is_dialog():
            return self.render(self.details_modal_template, live_inner=inner)
        return_url = request.args.get("url")
        if not return_url or not stays_here(return_url):
            return_url = self.get_url(".index_view")
        run = state.context()["run"]
        stylesheet = live_region.stylesheet(self.installation, *region.stylesheets)
        frame = live_region.frame(self.installation, region, args, scope, state)
        return self.render(
            self.details_template,
            details_columns=(),
            stylesheet=stylesheet,
            print_stylesheet=live_region.print_stylesheet(self.installation),
            page_title=page_title(run),
            is_live=state.interval is not None,
            neighbours=self._draw_neighbours(scope, run, frame.region_id),
            live_frame=frame,
            live_inner=inner,
            return_url=return_url,
        )

    def is_dialog(self) -> bool:
        """Whether details are asked for as what opens over a page."""
        return bool(self.details_modal and request.args.get("modal"))

    def _draw_neighbours(self, scope: Scope, run: RunRow, region_id: str) -> Markup:
        """The links to the runs beside a run; they go when its region does."""
        drawn = render_template(
            "flask_ops_refresh/_operation_neighbours.html",
            neighbours=self.neighbours(scope, run),
            region_id=region_id,
            run_url=self.run_url,
            timestamp=formatting.timestamp,
            _gettext=gettext,
        )
        return Markup(drawn)

    def render(self, template: str, **kwargs: t.Any) -> str:
        """Render a template; the list's as a region alone when a poll asks for it."""
        if "stylesheet" not in kwargs:
            # Where details open over the list, it has their style.
            more = self.detail_region.stylesheets if self.details_modal else ()
            kwargs["stylesheet"] = live_region.stylesheet(self.installation, *more)
        if template == self.list_template and "data" in kwargs:
            kwargs["row_cells"] = self._row_cells(kwargs)
            kwargs["keyed_row"] = _keyed_row
            kwargs["unindented"] = _unindented
            kwargs["given_up"] = self._given_up_note(kwargs["data"])
            kwargs["live_frame"] = live_region.Frame(Markup(), Markup())
            if "rows" in request_state():
                kwargs["list_template"] = template
                template = "flask_ops_refresh/_operation_list.html"
            else:
                kwargs["live_frame"] = self._list_frame(kwargs["data"])
        with one_locality():
            return super().render(template, **kwargs)

    def _row_cells(self, shown: cabc.Mapping[str, t.Any]) -> t.Any:
        """What writes a row as Flask-Admin's template does, in a third of the time.

        ``None`` where a row has more than its columns, or the app's own template.
        """
        has_more = shown["actions"] or self.column_display_actions
        if has_more or self.column_editable_list or not self._has_stock_rows():
            return None
        columns = [
            (formatting.filled(_CELL, name), name) for name, _ in shown["list_columns"]
        ]

        @pass_context
        def row_cells(context: t.Any, row: t.Any) -> Markup:
            values = [
                (start, self.get_list_value(context, row, c)) for start, c in columns
            ]
            return Markup("".join(f"{start}{escape(v)}\n</td>" for start, v in values))

        return row_cells

    def _has_stock_rows(self) -> bool:
        if self.list_template != OperationsView.list_template:
            return False
        stock = current_app.jinja_env.get_template("admin/model/list.html").filename
        return stock is not None and pathlib.Path(stock).is_relative_to(_FLASK_ADMIN)

    def _given_up_note(self, rows: list[RunRow]) -> Markup:
        """What a page of these rows says that is no longer polled, not at its end."""
        now = clock.utc_now()
        vitalities = [self.vitality(row, now) for row in rows]
        given_up = any(vitality.given_up for vitality in vitalities)
        if not given_up or any(vitality.awaited for vitality in vitalities):
            return Markup()
        return formatting.refresh_note(gettext("This page is no longer refreshed."))

    def _list_frame(self, rows: list[RunRow]) -> live_region.Frame:
        scope = self.installation.access.require(self)
        state = self.list_region.state(rows)
        return live_region.frame(
            self.installation, self.list_region, request.args, scope, state
        )

    def render_list_region(self, rows: list[RunRow]) -> str:
        """The list page's table and pager by themselves."""
        request_state()["rows"] = rows
        self._template_args["admin_base_template"] = _REGION_ONLY
        try:
            return str(self.index_view())
        finally:
            del self._template_args["admin_base_template"]

    # Positional only, as a query may have an argument called "endpoint".
    def get_url(  # type: ignore[override]
        self, endpoint: str, /, **kwargs: t.Any
    ) -> str:
        """An address; a relative endpoint is this view's, on a poll as well."""
        if endpoint.startswith("."):
            endpoint = self.endpoint + endpoint
        return super().get_url(endpoint, **kwargs)

    def run_url(self, run: StoredRow) -> str:
        """The address of a run's detail page."""
        state = request_state()
        if (start := state.get("run_url")) is None:
            url = self.get_url(".details_view")
            start = state["run_url"] = f"{url}{'&' if '?' in url else '?'}id="
        return start + urllib.parse.quote(run.key, safe="")

    def get_empty_list_message(self) -> str:
        """What stands in an empty list."""
        if any(name.startswith(("flt", "search")) for name in request.args):
            return gettext("No operation matches these filters.")
        return gettext("No operation has been started yet.")

    def get_export_value(self, model: t.Any, name: t.Any) -> t.Any:
        """A cell of an export; text that a spreadsheet would run is defused."""
        value = super().get_export_value(model, name)
        is_plain = value is None or isinstance(value, bool | int | float)
        return value if is_plain else defused(str(value))

    def _get_filter_groups(self) -> t.Any:
        # Their choices are read from the database, and a poll shows none of them.
        return None if "rows" in request_state() else super()._get_filter_groups()

    def _get_list_extra_args(self) -> t.Any:
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), _LAST_PAGE)
        if args.search:
            args.search = args.search.replace("\0", "")[:_SEARCH_LIMIT]
        return args

    # What the regions ask for

    def own_version(self, runs: cabc.Sequence[RunRow]) -> t.Any:
        """What a subclass shows beyond the columns of the runs themselves.

        Override it where templates or formatters show values of other records: a
        page is brought up to date when this changes.
        """
        return ()

    def _get_field_value(self, model: t.Any, name: t.Any) -> t.Any:
        # A dotted name leads through the model's own relationships.
        if isinstance(model, RunRow) and "." in name:
            model = model.instance
        return super()._get_field_value(model, name)

    def vitality(self, run: RunRow, now: dt.datetime) -> Vitality:
        """Whether a run is waited for, and whether it seems dead."""
        return vitality_of(run, self.installation.settings, now)

    def detail_context(self, run: RunRow) -> dict[str, t.Any]:
        """The variables of the detail region's template."""
        now = clock.utc_now()
        return {
            "run": run,
            "now": now,
            "vitality": self.vitality(run, now),
            "page_url": self.run_url(run),
            **run_detail(run, self.installation.masking),
            "formatting": formatting,
            "number": reader_locale.number,
            "count_label": count_label,
            "own_columns": self._details_columns if self.column_details_list else (),
            "get_value": self.get_detail_value,
            "_gettext": gettext,
        }


class OperationDetailRegion(LiveRegion):
    """The detail page's region, ``operation-detail?id=``.

    A ``failure_code`` beside the id leaves one code of its failures to be seen.
    """

    signature: inspect.Signature = inspect.signature(
        lambda scope, *, id, failure_code=None: None
    )
    stylesheets = ("operation_detail.css",)

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
        own = self._view.own_version([run])
        version = (run.stored_values, vitality, shown_of_pack, own)
        code = args.get("failure_code")
        found = {"run": run, "pack": pack, "failure_code": code}
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
                **self._view.detail_context(found["run"]),
            },
        )

    def _has_script(self, state: LiveState) -> bool:
        """Whether a script is there that what is rendered may count on."""
        if request.endpoint == self._view.installation.poll_endpoint:
            return True
        return state.interval is not None and not self._view.is_dialog()


class OperationListRegion(LiveRegion):
    """The list page's region, ``operation-list?`` with the page's own query."""

    def __init__(self, view: OperationsView) -> None:
        super().__init__("operation-list", view=view)
        self._view = view

    def load(self, scope: Scope, args: Args) -> LiveState:
        """Read the page with one SELECT."""
        return self.state(self._view.read_page())

    def state(self, rows: list[RunRow]) -> LiveState:
        """The state of a page of these rows."""
        now = clock.utc_now()
        vitalities = [self._view.vitality(row, now) for row in rows]
        interval = list_interval(
            any_awaited=any(vitality.awaited for vitality in vitalities),
            seconds=self._view.installation.settings.list_interval_seconds,
        )
        own = self._view.own_version(rows)
        version = ([row.stored_values for row in rows], vitalities, own)
        return LiveState(version, interval, lambda: {"rows": rows})

    def render(self, state: LiveState) -> str:
        """Render the table by Flask-Admin's own template."""
        return self._view.render_list_region(state.context()["rows"])


# What a subclass may have changed so that its pages show more of a run.
_SHOWING = (
    "column_list",
    "column_formatters",
    "column_details_list",
    "list_template",
    "details_template",
    "details_modal_template",
    "detail_region_template",
    "get_list_value",
    "get_detail_value",
)

_REGION_ONLY = "flask_ops_refresh/_region_only.html"

# Names in the query that Flask-Admin's own templates cannot pass on.
_TAKEN = frozenset({"endpoint", "export_type"})


#: Where Flask-Admin's own templates are.
_FLASK_ADMIN = pathlib.Path(flask_admin.__file__).parent

_CELL = '<td class="col-%s">\n'
_END = "\n</td>"
_KEYED_CELL = '<td data-key="%s"'


def _keyed_row(cells: Markup, key: str) -> Markup:
    """The cells of a table row, the first of them naming the row."""
    # As plain text: before MarkupSafe 3 markup looks for what it is given escaped.
    return Markup(str(cells).replace("<td", _KEYED_CELL % escape(key), 1))


_INDENTATION = re.compile(r"\n[ \n]+")


def _unindented(table: Markup) -> Markup:
    """The list without the blanks that its template is laid out with: half of it."""
    if "<pre" in table or "<textarea" in table:
        return table
    return Markup(_INDENTATION.sub("\n", table))
