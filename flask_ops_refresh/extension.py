"""The extension object: it wires the parts together and holds no request's state."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import typing as t
import warnings
import weakref

from flask import current_app
from flask import Flask
from flask import has_request_context
from flask import request
from flask_admin.base import Admin
from flask_admin.base import BaseView
from flask_admin.blueprints import _BlueprintWithHostSupport as Blueprint
from flask_admin.contrib.sqla import view as sqla_view
from flask_admin.helpers import get_current_view
from markupsafe import Markup
from sqlalchemy import orm

from . import clock
from . import formatting
from . import live_region
from . import operation_runs
from . import review_packs
from .access import Access
from .access import ScopeLoader
from .app_secret import secret_of
from .arguments import require_admin
from .arguments import require_app
from .arguments import require_function
from .arguments import require_subclass
from .arguments import require_view
from .arguments import require_yes_or_no
from .assets import belonging_to_nobody
from .assets import serve_assets
from .denial_log import DenialLog
from .denial_log import log_denials
from .installation import Installation
from .json_view import Masking
from .live_region import FunctionRegion
from .live_region import LiveRegion
from .live_region import LiveState
from .model_mapping import ModelMapping
from .operation_runs import RunReader
from .operations_view import OperationsView
from .overview import OverviewReader
from .overview_card import draw_overview
from .overview_card import OverviewRegion
from .pack_download import DownloadUrl
from .poll_endpoint import answer_polls
from .poll_endpoint import settle
from .poll_transaction import separate_polls
from .quiet_session import keep_quiet
from .review_pack_card import draw_card
from .review_pack_card import is_stock_dashboard
from .review_pack_card import put_on_dashboard
from .review_pack_card import ReviewPackRegion
from .review_packs import PackReader
from .session_source import session_getter
from .session_source import session_source
from .settings import read_settings
from .settings import Settings
from .statuses import review_pack_statuses
from .statuses import run_statuses

_NAME = "flask_ops_refresh"

_Loader = t.TypeVar("_Loader", bound=ScopeLoader)
_Download = t.TypeVar("_Download", bound=DownloadUrl)
_Load = t.TypeVar("_Load", bound=cabc.Callable[..., LiveState | None])


class OpsRefresh:
    """Live operations pages for a Flask-Admin app.

    :param app: the app, if it is at hand; otherwise call :meth:`init_app`.
    :param admin: the Admin to join, where the app has several.
    :param operation_run: the app's model of an operation run. Without it there is
        no Operations view.
    :param review_pack: the app's model of a review pack. Without it there is no
        card.
    :param session: what reads the models: a SQLAlchemy session, a
        ``scoped_session``, or an object with one as ``session``. By default that
        of Flask-SQLAlchemy.
    :param statuses: the app's own words for the status and outcome of a run, such
        as ``{"pending": "queued"}``.
    :param pack_statuses: the app's own words for the status of a review pack.
    :param operations_view: the class of the Operations view, a subclass of
        :class:`OperationsView`.
    :param workspaces: whether the app has workspaces. Without them models need no
        ``workspace_id`` and a :class:`Scope` names none.
    :raises TypeError: an argument is not what it has to be, or there is no model;
        the message says how to mend it.
    :raises ValueError: a status word stands for nothing that is known.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        admin: Admin | None = None,
        operation_run: type[t.Any] | None = None,
        review_pack: type[t.Any] | None = None,
        session: t.Any = None,
        statuses: cabc.Mapping[str, str] | None = None,
        pack_statuses: cabc.Mapping[str, str] | None = None,
        operations_view: type[OperationsView] = OperationsView,
        workspaces: bool = True,
    ) -> None:
        require_admin(admin)
        require_subclass("OpsRefresh(operations_view", operations_view, OperationsView)
        require_yes_or_no("OpsRefresh(workspaces", workspaces)
        if operation_run is None and review_pack is None:
            raise TypeError(
                "OpsRefresh has no model to show. Give it the app's own: "
                "OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)."
            )
        self._admin = admin
        self._operation_run = operation_run
        self._session = session
        self._review_pack = review_pack
        self._statuses = run_statuses(statuses)
        self._pack_statuses = review_pack_statuses(pack_statuses)
        self._download_url: DownloadUrl | None = None
        self._operations_view = operations_view
        self._workspaces = workspaces
        self._access = Access(workspaces=workspaces)
        self._own_regions: dict[str, FunctionRegion] = {}
        self._installations: weakref.WeakKeyDictionary[Flask, list[Installation]] = (
            weakref.WeakKeyDictionary()
        )
        self._views: weakref.WeakSet[OperationsView] = weakref.WeakSet()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, *, admin: Admin | None = None) -> None:
        """Add the surfaces to an app, after its Admin.

        Reads the ``OPS_REFRESH_*`` settings. Called again with another Admin of the
        app, it adds them there as well.

        :param admin: the Admin to join, where the app has several.
        :raises RuntimeError: the app has no Admin, or several and none was named;
            it has no SECRET_KEY or no session; or that Admin already has the
            extension.
        :raises TypeError: an argument is not what it has to be, or a model lacks an
            attribute.
        :raises ValueError: a setting is unknown or not allowed, or the endpoint of
            the Operations view is taken.
        """
        require_app(app)
        require_admin(admin)
        joined = self._installations.get(app, [])
        admin = _the_admin(app, admin or self._admin)
        is_taken = app.extensions.get(_NAME, self) is not self
        if is_taken or any(each.admin is admin for each in joined):
            raise RuntimeError(
                "Flask-Ops-Refresh is already initialised on this app. Call init_app "
                "once for each Admin; its object is "
                "app.extensions['flask_ops_refresh']."
            )
        settings = read_settings(app.config)
        runs, packs = self._readers(settings)
        source = session_source(app, self._session)
        secret_of(app)
        installation = Installation(
            admin=admin,
            access=self._access,
            settings=settings,
            masking=Masking(settings.masked_context_keys),
            blueprint_name=f"{_NAME}_{admin.endpoint}" if joined else _NAME,
            get_session=session_getter(source),
            runs=runs,
            packs=packs,
            download_url=lambda: self._download_url,
        )
        if runs is not None:
            self._add_operations(app, installation, runs, source)
        if packs is not None:
            self._add_review_pack(installation, packs)
        installation.regions.update(self._own_regions)
        _add_routes(app, installation)
        polls = installation.poll_endpoint
        keep_quiet(
            app, {polls: settle, installation.static_endpoint: belonging_to_nobody}
        )
        models = [mapping.model for mapping in installation.mappings]
        separate_polls(app, lambda endpoint: endpoint == polls, installation, models)
        log_denials(app, installation.is_guarded, DenialLog())
        app.jinja_env.globals["ops_refresh"] = TemplateGlobal(self)
        app.extensions[_NAME] = self
        self._installations[app] = [*joined, installation]

    def scope_loader(self, loader: _Loader) -> _Loader:
        """Register the function that says what a user may see.

        It is called with an authenticated, active user, at most once per request,
        and returns a :class:`Scope`, or ``None`` for a user who sees nothing.

        :raises TypeError: it cannot be called with a user.
        """
        require_function("@ops.scope_loader", loader, "def load_scope(user)")
        self._access.set_loader(loader)
        return loader

    def review_pack_download_url(self, make: _Download) -> _Download:
        """Register the function that gives a pack's download address.

        It is called with a ready pack that has not expired, and returns a path or
        an http address, or ``None`` for no link. The extension opens no file.

        :raises TypeError: it cannot be called with a pack.
        """
        where = "@ops.review_pack_download_url"
        require_function(where, make, "def download_url(pack)")
        self._download_url = make
        return make

    def live_region(
        self,
        name: str,
        *,
        template: str,
        view: BaseView | None = None,
        pause_when_hidden: bool = True,
        pause_on_dialog: bool = True,
    ) -> cabc.Callable[[_Load], _Load]:
        """Make any record of the app live in its templates.

        The decorated function takes the scope and the address's arguments, as
        strings unless annotated ``int``, ``bool`` or ``uuid.UUID``, and returns a
        :class:`LiveState`, or ``None`` for what is missing or out of scope.

        :param name: the region's name in templates and addresses.
        :param template: renders the region's inner HTML.
        :param view: the admin view whose ``is_accessible()`` holds for it.
        :param pause_when_hidden: whether it rests while the tab is hidden.
        :param pause_on_dialog: whether it rests while a dialog is open.
        :raises TypeError: an argument is not what it has to be, or the function does
            not take the scope first and the rest by name.
        :raises ValueError: the name is taken or cannot stand in an address.
        """
        where = f"live_region({name!r})"
        require_view(where, view)
        require_yes_or_no("live_region(..., pause_when_hidden", pause_when_hidden)
        require_yes_or_no("live_region(..., pause_on_dialog", pause_on_dialog)
        if not isinstance(template, str):
            raise TypeError(
                f"{where}: template={template!r} is no template's name. Give one: "
                'template="imports/_progress.html".'
            )
        self._require_free(name)

        def register(load: _Load) -> _Load:
            region = FunctionRegion(
                name,
                load,
                template,
                view=view,
                pause_when_hidden=pause_when_hidden,
                pause_on_dialog=pause_on_dialog,
            )
            self._register(region)
            return load

        return register

    @property
    def session(self) -> t.Any:
        """The session that reads the models, in the current app."""
        return self.installation.get_session()

    @property
    def installation(self) -> Installation:
        """The extension as it stands in the current app.

        Where it joined several Admins: in the one that answers the request.

        :raises RuntimeError: it was not initialised on this app.
        """
        first, *others = self._joined()
        for each in others if has_request_context() else ():
            if each.is_asked(request.blueprint, get_current_view()):
                return each
        return first

    def _joined(self) -> list[Installation]:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        try:
            return self._installations[app]
        except KeyError:
            raise RuntimeError(
                "Flask-Ops-Refresh is not initialised on this app. Either init_app "
                "was not called, or this is another OpsRefresh object."
            ) from None

    def _joined_at(self, admin: Admin) -> Installation:
        return next(each for each in self._joined() if each.admin is admin)

    def _require_free(self, name: object) -> None:
        if not isinstance(name, str):
            raise TypeError(
                f"live_region({name!r}): give a name and a template, such as "
                'live_region("import-progress", template="imports/_progress.html").'
            )
        if not name.replace("-", "").replace("_", "").isalnum():
            raise ValueError(
                f"live_region({name!r}): a name has letters, digits, - and _."
            )
        if name in _BUILT_IN:
            raise ValueError(
                f"live_region({name!r}): the name is taken by the extension's own "
                "region. Choose another."
            )
        if name in self._own_regions:
            raise ValueError(
                f"live_region({name!r}): the name is taken. Register a region once, "
                "beside the OpsRefresh object, or choose another name."
            )

    def _register(self, region: FunctionRegion) -> None:
        self._require_free(region.name)
        self._own_regions[region.name] = region
        for joined in self._installations.values():
            for installation in joined:
                installation.regions[region.name] = region

    def _readers(
        self, settings: Settings
    ) -> tuple[RunReader | None, PackReader | None]:
        runs = self._mapping("operation_run", self._operation_run, operation_runs)
        packs = self._mapping("review_pack", self._review_pack, review_packs)
        signs_of_life = settings.stalled_after_seconds is not None
        return (
            None if runs is None else RunReader(runs, self._statuses),
            None
            if packs is None
            else PackReader(
                packs, self._pack_statuses, runs, signs_of_life=signs_of_life
            ),
        )

    def _mapping(
        self, argument: str, model: t.Any, names: t.Any
    ) -> ModelMapping | None:
        if model is None:
            return None
        required = [
            name
            for name in names.REQUIRED
            if self._workspaces or name != "workspace_id"
        ]
        try:
            return ModelMapping(model, required=required, optional=names.OPTIONAL)
        except TypeError as error:
            raise TypeError(f"OpsRefresh({argument}=...): {error}") from None

    def _add_review_pack(self, installation: Installation, packs: PackReader) -> None:
        index_view = installation.admin.index_view
        region = ReviewPackRegion(index_view, installation, packs)
        installation.regions[region.name] = region
        put_on_dashboard(index_view)

    def _add_operations(
        self, app: Flask, installation: Installation, runs: RunReader, source: t.Any
    ) -> None:
        admin = installation.admin
        views = [each for each in admin._views if isinstance(each, OperationsView)]
        if any(each not in self._views for each in views):
            raise RuntimeError(
                "This Admin already has the Operations view of another OpsRefresh "
                "object. An Admin that serves several apps needs one OpsRefresh "
                "object beside it, with ops.init_app(app) for each app."
            )
        if not views:
            views = [self._make_view(app, installation, runs, source)]
            _require_free_endpoint(app, views[0])
            admin.add_view(views[0])
        regions: list[LiveRegion] = [views[0].detail_region, views[0].list_region]
        if views[0].show_overview:
            reader = OverviewReader(runs)
            regions.append(OverviewRegion(views[0], installation, reader))
            put_on_dashboard(admin.index_view)
        installation.regions.update({region.name: region for region in regions})

    def _make_view(
        self, app: Flask, installation: Installation, runs: RunReader, source: t.Any
    ) -> OperationsView:
        admin, options = installation.admin, {}
        if installation.blueprint_name != _NAME:
            options = {"endpoint": f"{admin.endpoint}_operations", "url": "operations"}
        source = _as_views_take_it(source)
        with _where_it_has_a_session(app, source), warnings.catch_warnings():
            # A bare session is all that an app without Flask-SQLAlchemy has.
            warnings.filterwarnings("ignore", "Passing a session", DeprecationWarning)
            view = self._operations_view(
                runs.runs.model,
                source,
                installed=lambda: self._joined_at(admin),
                reader=runs,
                **options,
            )
        self._views.add(view)
        return view


class TemplateGlobal:
    """The Jinja global ``ops_refresh``."""

    #: How values look, for the macros.
    format = formatting

    def __init__(self, ops: OpsRefresh) -> None:
        self._ops = ops

    def now(self) -> dt.datetime:
        """The current time, for durations that are not over."""
        return clock.utc_now()

    def live(self, name: str, /, **args: t.Any) -> Markup:
        """A live region; nothing for those who may not see it.

        :raises LookupError: there is no region of this name.
        :raises TypeError: its arguments are others.
        """
        installation = self._ops.installation
        region = installation.regions.get(name)
        if region is None:
            known = ", ".join(sorted(installation.regions))
            raise LookupError(f"No live region {name!r}. Known are {known}.")
        if name == "operation-list":
            raise LookupError(
                "The live region 'operation-list' is the list page's own: it is read "
                "from that page's query. Link to the page instead."
            )
        region.require_arguments(args)
        return live_region.draw(installation, region, live_region.as_args(args))

    def overview_card(self) -> Markup:
        """What is active, and how the last day's runs ended; once on a page."""
        return draw_overview(self._ops.installation)

    def review_pack_card(self) -> Markup:
        """The current tenant's review pack, once on a page."""
        return draw_card(self._ops.installation)

    def is_stock_dashboard(self) -> bool:
        """Whether the dashboard is the theme's own, so that the cards go on it."""
        return is_stock_dashboard(self._ops.installation.admin.theme)


_BUILT_IN = (
    "operation-detail",
    "operation-list",
    "operations-overview",
    "review-pack",
)


def _the_admin(app: Flask, admin: Admin | None) -> Admin:
    admins: list[Admin] = app.extensions.get("admin", [])
    if admin is not None:
        if admin not in admins:
            raise RuntimeError(
                "The Admin given to Flask-Ops-Refresh is not one of this app. "
                "Initialise it first: admin.init_app(app)."
            )
        return admin
    if not admins:
        raise RuntimeError(
            "Flask-Ops-Refresh found no Flask-Admin on this app. Create it first: "
            "admin = Admin(app), then ops.init_app(app)."
        )
    if len(admins) > 1:
        names = ", ".join(repr(each.endpoint) for each in admins)
        raise RuntimeError(
            f"This app has several Admins (endpoints {names}). Name the one to "
            "join: ops.init_app(app, admin=admin)."
        )
    return admins[0]


def _as_views_take_it(source: t.Any) -> t.Any:
    """The object that has the session; before Flask-Admin 2.1 the session itself."""
    if isinstance(source, orm.Session):
        # Beside Flask-SQLAlchemy-Lite it takes no other kind of session.
        return orm.scoped_session(t.cast("t.Any", lambda: source))
    takes_objects = hasattr(sqla_view, "_get_deprecated_session")
    return source if takes_objects else getattr(source, "session", source)


def _where_it_has_a_session(
    app: Flask, source: t.Any
) -> contextlib.AbstractContextManager[t.Any]:
    """Where Flask-Admin may look for it; Flask-SQLAlchemy-Lite's are an app context's.

    Nowhere else is one pushed: in it Flask-Babel would have to have joined the app.
    """
    try:
        hasattr(source, "session")
    except RuntimeError:
        return app.app_context()
    return contextlib.nullcontext()


def _require_free_endpoint(app: Flask, view: OperationsView) -> None:
    endpoint = str(view.endpoint)
    if endpoint in app.blueprints:
        raise ValueError(
            f"The endpoint {endpoint!r} of the Operations view is taken by another "
            "view or blueprint of this app. Give it another: subclass OperationsView "
            "with an __init__ that passes endpoint=..., and give the class as "
            "OpsRefresh(..., operations_view=...)."
        )


def _add_routes(app: Flask, installation: Installation) -> None:
    admin = installation.admin
    prefix = (admin.url or "").rstrip("/")
    blueprint = Blueprint(
        installation.blueprint_name,
        __name__,
        url_prefix=f"{prefix}/ops-refresh",
        subdomain=admin.subdomain,
        template_folder="templates",
    )
    blueprint.attach_url_defaults_and_value_preprocessor(app, admin.host or "")
    serve_assets(blueprint)
    answer_polls(blueprint, installation)
    app.register_blueprint(blueprint, host=admin.host)
