"""Monitoring → Operations: the list and the detail of an app's operation runs."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t
import urllib.parse

import sqlalchemy as sa
from flask import abort
from flask import flash
from flask import render_template
from flask import request
from flask_admin.base import expose
from flask_admin.model.helpers import get_mdict_item_or_list
from markupsafe import Markup
from sqlalchemy import exc

from . import clock
from . import formatting
from . import list_parts
from . import list_rows
from . import live_region
from . import reader_locale
from .installation import Installed
from .live_region import LiveState
from .locality import one_locality
from .narrowing import Narrowing
from .narrowing import options_of
from .neighbours import NeighbourReader
from .neighbours import Neighbours
from .newest_runs import NewestRuns
from .operation_actions import left_out
from .operation_columns import count_label
from .operation_columns import EXPORT_FORMATTERS
from .operation_columns import EXPORTED
from .operation_columns import FORMATTERS
from .operation_columns import LABELS
from .operation_columns import LISTED
from .operation_filters import run_filters
from .operation_regions import OperationDetailRegion
from .operation_regions import OperationListRegion
from .operation_retries import draw_retries
from .operation_retries import read_retries
from .operation_runs import RunInstances
from .operation_runs import RunReader
from .operation_runs import RunRow
from .operation_tabs import only
from .operation_tabs import TabCounts
from .page_title import page_title
from .request_origin import way_back
from .request_state import request_state
from .run_detail import run_detail
from .scope import ALL_TENANTS
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
    list_template = list_rows.LIST_TEMPLATE
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

    #: Whether there is an overview, on the dashboard and above the list.
    show_overview: bool = True

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
        self._shows_more = self._has_own(_SHOWING)
        self._has_own_order: bool = self.column_default_sort is not None
        self._newest_runs = NewestRuns(reader, every=self._shows_more)
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

    def _has_own(self, names: cabc.Iterable[str]) -> bool:
        """Whether the app has changed any of these, in a subclass or on the view."""
        return any(
            name in vars(self)
            or getattr(type(self), name) is not getattr(OperationsView, name)
            for name in names
        )

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
        size = self.page_size if page_size is None else page_size
        is_asked_for = sort_column is not None or search or filters
        if execute and size and not is_asked_for and self._reads_as_it_comes:
            return None, self._read_newest(page or 0, size)
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

    @property
    def _reads_as_it_comes(self) -> bool:
        """Whether the app has no say in which runs are read, and in what order."""
        is_own = self._has_own_order or self._has_own(_READING)
        return not is_own and self._has_stock_queries()

    def _has_stock_queries(self) -> bool:
        """Whether nothing of the app's own has a say in what a query finds."""
        query = self.installation.get_session().query(self.model)
        library = type(query).__module__.partition(".")[0]
        is_stock = library in ("sqlalchemy", "flask_sqlalchemy")
        is_bare = query.whereclause is None and not options_of(query)
        return is_stock and is_bare and not query.dispatch.before_compile

    def _read_newest(self, page: int, size: int) -> list[RunRow]:
        session, access = self.installation.get_session(), self.installation.access
        found = self._newest_runs.page(
            session,
            access.require(),
            clock.utc_now(),
            tab=self._tab,
            page=page,
            size=size,
        )
        return self._as_rows(found)

    def _apply_pagination(
        self, query: t.Any, page: int | None, page_size: int | None
    ) -> t.Any:
        # The last step before a query has a LIMIT, and can be narrowed no more.
        if tab := self._tab:
            query = query.filter(self._reader.tabs.condition(tab))
        return super()._apply_pagination(query, page, page_size)

    @property
    def _tab(self) -> str:
        return self._reader.tabs.chosen(request.args)

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
        return stored and self._reader.row(stored, RunInstances(self.instances))

    def neighbours(self, scope: Scope, run: RunRow) -> Neighbours:
        """The runs of its type before and after a run, as far as the view has them."""
        query = self.get_query() if self._is_narrowed else None
        session = self.installation.get_session()
        return self._neighbours.read(session, scope, run, query)

    def _find(self, scope: Scope, id: str) -> t.Any:
        every = self._shows_more
        if not self._is_narrowed:
            session = self.installation.get_session()
            return self._reader.find(session, scope, id, every=every)
        columns = self._reader.columns(detail=True, every=every)
        query = self.get_query().filter(self._records.named(id))
        return query.with_entities(*columns).one_or_none()

    def _rows(self, query: t.Any) -> list[RunRow]:
        columns = self._reader.columns(detail=False, every=self._shows_more)
        counts, values = self._counts()
        return self._as_rows(query.with_entities(*columns, *counts).params(values))

    def _as_rows(self, found: cabc.Iterable[sa.Row[t.Any]]) -> list[RunRow]:
        instances = RunInstances(self.instances)
        return [self._reader.row(stored, instances) for stored in found]

    def _ids_offered(self, name: str, ids: list[str]) -> list[str]:
        keys = [key for key in map(self._records.decode_key, ids) if key is not None]
        columns = self._reader.columns(detail=True, every=self._shows_more)
        rows = self._as_rows(
            stored
            for query in self._queries_of(keys)
            for stored in query.with_entities(*columns)
        )
        offered = {row.key for row in rows if self.is_action_offered(name, row)}
        if len(offered) < len(ids):
            flash(left_out(self, name, ids, offered), "warning")
        return [id for id in ids if id in offered]

    def instances(self, keys: cabc.Sequence[tuple[t.Any, ...]]) -> dict[str, t.Any]:
        """The model's instances of those runs that are in scope, by their keys.

        Where a stored value cannot be read, each column that is read raw is left
        for whoever asks the instance for it.
        """
        try:
            found = self.get_those(keys)
        except _UNREADABLE:
            found = self.get_those(keys, *self._reader.runs.left_to_read())
        return {self.get_pk_value(each): each for each in found}

    @property
    def _is_narrowed(self) -> bool:
        """Whether the app has narrowed what there is to see."""
        return self._has_own(("get_query",)) or not self._has_stock_queries()

    def narrowing(self) -> Narrowing | None:
        """The narrowing to what the app has left of what there is to see."""
        if not self._is_narrowed:
            return None
        return Narrowing.to(self.get_query(), self._reader.runs.primary_key)

    def tab_counts(self, rows: cabc.Sequence[RunRow]) -> TabCounts:
        """How many runs the tabs have; a page without rows asks for that alone."""
        if rows:
            return rows[0].tab_counts
        state = request_state()
        if "tab_counts" not in state:
            session = self.installation.get_session()
            counts, values = self._counts()
            alone = only(counts).options(*options_of(self.get_query()))
            found = session.execute(alone, values)
            state["tab_counts"] = self._reader.tabs.read(found.one()._mapping)
        return t.cast("TabCounts", state["tab_counts"])

    def _counts(self) -> tuple[list[t.Any], dict[str, t.Any]]:
        """The columns that tell how many runs the tabs have, and their parameters."""
        scope, tabs = self.installation.access.require(), self._reader.tabs
        values = tabs.parameters(scope, clock.utc_now())
        if not self._is_narrowed:
            return tabs.counts(scope), values
        return tabs.counts_within(self.get_query), values

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
        region, listed = self.detail_region, way_back(request.args.get("url"))
        code = request.args.get("failure_code")
        args = live_region.as_args({"id": id, "failure_code": code, "url": listed})
        scope = self.installation.access.require(self)
        state = live_region.load(self.installation, region, scope, args)
        if state is None:
            abort(404)
        shown = state.context()
        run = shown["run"]
        if self.is_dialog():
            # A dialog of its own cannot be opened over this one.
            bare = LiveState(None, None, lambda: {**shown, "actions": ()})
            inner = Markup(region.render(bare))
            return self.render(self.details_modal_template, live_inner=inner)
        stylesheet = live_region.stylesheet(self.installation, *region.stylesheets)
        frame = live_region.frame(self.installation, region, args, scope, state)
        return self.render(
            self.details_template,
            details_columns=(),
            stylesheet=stylesheet,
            print_stylesheet=live_region.print_stylesheet(self.installation),
            page_title=page_title(run),
            is_live=state.interval is not None,
            neighbours=self._draw_neighbours(scope, run, listed, frame.region_id),
            live_frame=frame,
            live_inner=Markup(region.render(state)),
            retries=self._retries(run, listed, frame.region_id),
            return_url=listed or self.get_url(".index_view"),
        )

    def is_dialog(self) -> bool:
        """Whether details are asked for as what opens over a page."""
        return bool(self.details_modal and request.args.get("modal"))

    def _draw_neighbours(
        self, scope: Scope, run: RunRow, listed: str | None, region_id: str
    ) -> Markup:
        """The links to the runs beside a run; they go when its region does."""
        drawn = render_template(
            "flask_ops_refresh/_operation_neighbours.html",
            neighbours=self.neighbours(scope, run),
            region_id=region_id,
            run_url=lambda beside: self.url_with_way_back(beside, listed),
            timestamp=formatting.timestamp,
            _gettext=gettext,
        )
        return Markup(drawn)

    def _retries(self, run: RunRow, listed: str | None, region_id: str) -> Markup:
        """The run's retries, in what goes with its region."""
        retries = read_retries(self._reader, self.get_query, run)
        drawn = draw_retries(
            retries, lambda other: self.url_with_way_back(other, listed)
        )
        return live_region.surface(region_id, drawn) if drawn else drawn

    def render(self, template: str, **kwargs: t.Any) -> str:
        """Render a template; the list's as a region alone when a poll asks for it."""
        if "stylesheet" not in kwargs:
            # Where details open over the list, it has their style.
            more = self.detail_region.stylesheets if self.details_modal else ()
            kwargs["stylesheet"] = live_region.stylesheet(self.installation, *more)
        if template == self.list_template and "data" in kwargs:
            self._add_list_parts(kwargs)
            if "rows" in request_state():
                kwargs["list_template"] = template
                template = "flask_ops_refresh/_operation_list.html"
        with one_locality():
            return super().render(template, **kwargs)

    def _add_list_parts(self, shown: dict[str, t.Any]) -> None:
        """What the list's template shows beside what Flask-Admin gives it."""
        rows, args = shown["data"], self._get_list_extra_args()
        polled = request_state().get("list_state")
        state = polled or self.list_region.state(rows)
        is_live, is_wallboard = state.interval is not None, self._is_wallboard()
        if is_wallboard:
            shown.update(filters=None, search_supported=False, actions=None)
        plain_rows = list_rows.plain_rows(self, shown)
        counts, title = self.tab_counts(rows), self._plain_title()
        if is_live:
            title = list_parts.live_title(counts, title)
        shown.update(
            plain_rows=plain_rows,
            data=rows if plain_rows is None else list_rows.AllAtOnce(rows),
            keyed_row=list_rows.keyed_row,
            unindented=list_rows.unindented,
            tabs=list_parts.tabs(self._tab, counts, self._tab_urls(args)),
            at_rest=self._note_at_rest(rows, is_live=is_live),
            wallboard=is_wallboard,
            title_mark=list_parts.title_mark(title) if is_live or polled else "",
            live_frame=live_region.Frame(Markup(), Markup()),
        )
        if polled is not None:
            return
        shown.update(
            live_frame=self._list_frame(state),
            wallboard_style=self._wallboard_style(),
            view_links=list_parts.view_links(
                this=shown["return_url"], wallboard=self._url_with(args, wallboard="1")
            ),
            leave_link=list_parts.leave_link(self._url_with(args, wallboard=None)),
        )

    def _list_frame(self, state: LiveState) -> live_region.Frame:
        scope = self.installation.access.require(self)
        return live_region.frame(
            self.installation, self.list_region, request.args, scope, state
        )

    def _plain_title(self) -> str:
        """A page's title as Flask-Admin has it."""
        parts = (self.category, self.name, self.admin.name if self.admin else None)
        return " - ".join(str(part) for part in parts if part)

    def _tab_urls(self, args: t.Any) -> cabc.Callable[[str], str]:
        """The addresses of the tabs, with all that the query says beside the page."""
        url = self._url_with(args, tab=None)
        start = f"{url}{'&' if '?' in url else '?'}tab="
        return lambda tab: start + tab if tab else url

    def _url_with(self, args: t.Any, **changed: str | None) -> str:
        """The address of the list with other arguments, on its first page."""
        extra = {**args.extra_args, **changed}
        return self._get_list_url(args.clone(page=None, extra_args=extra))

    def _is_wallboard(self) -> bool:
        return request.args.get("wallboard") == "1"

    def _wallboard_style(self) -> Markup:
        if not self._is_wallboard():
            return Markup()
        return live_region.stylesheet(self.installation, "wallboard.css")

    def _note_at_rest(self, rows: list[RunRow], *, is_live: bool) -> Markup:
        """What a page says that is not polled, though somebody may wait for it."""
        now = clock.utc_now()
        if is_live:
            return Markup()
        if any(self.vitality(row, now).given_up for row in rows):
            said = gettext("This page is no longer refreshed.")
        elif self._is_wallboard():
            said = gettext("Nothing on this page is active, so it is not refreshed.")
        else:
            return Markup()
        return formatting.refresh_note(said)

    def render_list_region(self, state: LiveState) -> str:
        """The list page's tabs, table and pager by themselves."""
        request_state().update(list_state=state, rows=state.context()["rows"])
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
        return self.url_of(run.key)

    def url_with_way_back(self, run: StoredRow, listed: str | None) -> str:
        """The address of a run's detail page, from which a link leads back.

        :param listed: the address of the list as it was left.
        """
        url = self.run_url(run)
        if not listed:
            return url
        sign = "&" if "?" in url else "?"
        return f"{url}{sign}url={urllib.parse.quote(listed, safe='')}"

    def url_of(self, key: str) -> str:
        """The address of the detail page of the run that has this key."""
        state = request_state()
        if (start := state.get("run_url")) is None:
            url = self.get_url(".details_view")
            start = state["run_url"] = f"{url}{'&' if '?' in url else '?'}id="
        return start + urllib.parse.quote(key, safe="")

    def get_empty_list_message(self) -> str:
        """What stands in an empty list: why it is empty, and what to do."""
        args = self._get_list_extra_args()
        narrowed = args.clone(page=None)
        return list_parts.empty_page(
            self._tab,
            is_narrowed=bool(args.search or args.filters),
            page=args.page or 0,
            urls={
                "first": self._get_list_url(narrowed),
                "cleared": self._get_list_url(
                    args.clone(page=None, search=None, filters=None)
                ),
                "all": self._url_with(args, tab=None),
                "this": "",
            },
        )

    def tenant_tag(self, run: RunRow) -> Markup:
        """Whose a run is: a tag for each tenant, and another one for none.

        Where the reader sees a single tenant there is nothing to tell apart.
        """
        tags, key = run.shared, run.stored_tenant
        if key not in tags:
            tags[key] = self._make_tenant_tag(run.tenant_id, run.tenant)
        return t.cast("Markup", tags[key])

    def _make_tenant_tag(self, id: t.Any, name: str | None) -> Markup:
        access = self.installation.access
        if id is None:
            has_all = gettext("Whole workspace")
            none = has_all if access.workspaces else gettext("No tenant")
            return formatting.tenantless_tag(none)
        ids = access.require().tenant_ids
        sees_one = ids is not ALL_TENANTS and len(ids) == 1
        return formatting.tenant_tag(name or str(id), None if sees_one else id)

    def get_export_value(self, model: t.Any, name: t.Any) -> t.Any:
        """A cell of an export; text that a spreadsheet would run is defused."""
        value = super().get_export_value(model, name)
        is_plain = value is None or isinstance(value, bool | int | float)
        return value if is_plain else defused(str(value))

    def _get_filter_groups(self) -> t.Any:
        # Their choices are read from the database, and a poll shows none of them.
        if "rows" in request_state() or self._is_wallboard():
            return None
        return super()._get_filter_groups()

    def _get_list_extra_args(self) -> t.Any:
        state = request_state()
        # Once a request: each time it is told which filters are wrong.
        if "list_args" not in state:
            state["list_args"] = self._read_list_args()
        return state["list_args"]

    def _read_list_args(self) -> t.Any:
        if len(request.args) > _MOST_ARGUMENTS:
            abort(400)
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), _LAST_PAGE)
        if args.search:
            args.search = args.search.replace("\0", "")[:_SEARCH_LIMIT]
        return args

    # Actions

    def is_action_offered(self, name: str, run: RunRow) -> bool:
        """Whether an action is possible for a run as it is now.

        Override it for actions that are not possible at any time. It is asked for
        the buttons on a run's page, in each poll as well, and again of every run
        that an action is sent for: runs for which it is not offered are left out.
        """
        return True

    def _may_delete(self, id: str) -> bool:
        return bool(self._ids_offered("delete", [id]))

    def _return_url(self) -> str | None:
        """Where the form leads back to; not to the page of a run that is gone."""
        url = super()._return_url()
        parts = urllib.parse.urlsplit(url or "")
        if parts.path != urllib.parse.urlsplit(self.get_url(".details_view")).path:
            return url
        query = dict(urllib.parse.parse_qsl(parts.query))
        if self.get_one(query.get("id")) is not None:
            return url
        return way_back(query.get("url"))

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
            "tenant_tag": self.tenant_tag(run),
            "own_columns": self._details_columns if self.column_details_list else (),
            "get_value": self.get_detail_value,
            "_gettext": gettext,
        }


# What a column's type raises over a stored value that it does not know.
_UNREADABLE = (ArithmeticError, LookupError, TypeError, ValueError)

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

# What a subclass may have changed so that its list reads other runs, or in another
# order.
_READING = (
    "get_query",
    "_get_default_order",
    "_apply_sorting",
    "_order_by",
    "_apply_pagination",
)

_REGION_ONLY = "flask_ops_refresh/_region_only.html"

# Names in the query that Flask-Admin's own templates cannot pass on.
_TAKEN = frozenset({"self", "endpoint", "export_type"})

# Arguments of a list's address: each may be a filter, and so a condition in the SELECT.
_MOST_ARGUMENTS = 100
