"""Mistakes in setting the extension up: each error says what, where and the mend.

Those of settings are in ``unit/test_settings.py``, those of what an app lacks in
``test_extension.py``.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import pytest
import sqlalchemy as sa
from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import render_template_string
from flask_admin import Admin
from flask_admin import AdminIndexView
from flask_login import LoginManager
from jinja2 import DictLoader
from jinja2 import TemplateNotFound
from sqlalchemy import orm

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import LiveState
from flask_ops_refresh import OperationRunMixin
from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope
from flask_ops_refresh.session_source import session_source

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import ReviewPack
from .host_app import Tenant
from .host_app import User
from .pages import poll
from .small_models import Job

Refused: t.TypeAlias = tuple[cabc.Callable[[], object], type[Exception], str]


@orm.registry().mapped
class Named(dict[str, int]):
    """A record that is a mapping as well."""

    __tablename__ = "named"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


def an_app(**config: t.Any) -> Flask:
    app = Flask("mistaken")
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://")
    app.config.update(config)
    db.init_app(app)
    LoginManager(app)
    Admin(app)
    return app


def ops(**options: t.Any) -> OpsRefresh:
    return OpsRefresh(**{"operation_run": OperationRun, **options})


def init(app: t.Any, **options: t.Any) -> None:
    ops(**options).init_app(app)


def in_context() -> None:
    with an_app().app_context():
        init(current_app)


def with_endpoint_taken() -> None:
    app = an_app()
    app.register_blueprint(Blueprint("operations", __name__))
    init(app)


class Base(orm.DeclarativeBase):
    """Of models that know no Flask-SQLAlchemy."""


class Bare:
    """No model."""


ARGUMENTS: dict[str, Refused] = {
    "no model": (
        OpsRefresh,
        TypeError,
        r"no model to show.* OpsRefresh\(operation_run=OperationRun, review_pack=",
    ),
    "a model in place of the app": (
        lambda: OpsRefresh(OperationRun, operation_run=OperationRun),  # type: ignore[arg-type]
        TypeError,
        r"init_app\(<class .*OperationRun'>\) takes a Flask app.* go by name",
    ),
    "current_app": (
        in_context,
        TypeError,
        r"init_app\(current_app\): give the app itself.* where the app is made",
    ),
    "an Admin by its name": (
        lambda: ops(admin="admin"),
        TypeError,
        r"admin='admin' is no Flask-Admin.* admin = Admin\(app\)",
    ),
    "an index view as the Admin": (
        lambda: ops().init_app(an_app(), admin=AdminIndexView()),  # type: ignore[arg-type]
        TypeError,
        r"admin=<.*AdminIndexView.*> is no Flask-Admin",
    ),
    "a run that is no model": (
        lambda: init(an_app(), operation_run=Bare),
        TypeError,
        r"OpsRefresh\(operation_run=\.\.\.\): .*Bare'> is not a mapped SQL",
    ),
    "a record as the model": (
        lambda: init(an_app(), operation_run=OperationRun()),
        TypeError,
        r"OpsRefresh\(operation_run=\.\.\.\): .* is not a mapped SQLAlchemy model. "
        r"Give the class",
    ),
    "a pack that lacks an attribute": (
        lambda: init(an_app(), review_pack=Job),
        TypeError,
        r"OpsRefresh\(review_pack=\.\.\.\): Job has no attribute 'workspace_id'.* "
        r"workspace_id = sqlalchemy.orm.synonym",
    ),
    "a view that is no subclass": (
        lambda: ops(operations_view=AdminIndexView),
        TypeError,
        r"OpsRefresh\(operations_view=<.*AdminIndexView'>\) is no subclass of Op"
        r"erationsView. Give the class, class Own\(OperationsView\)",
    ),
    "a view in place of its class": (
        lambda: ops(operations_view=AdminIndexView()),
        TypeError,
        r"OpsRefresh\(operations_view=<.*>\) is no subclass of OperationsView",
    ),
    "a view that the app makes itself": (
        lambda: OperationsView(OperationRun, db.session),
        TypeError,
        r"OperationsView is made and added to the Admin by init_app. "
        r"Give its class: OpsRefresh\(\.\.\., operations_view=OperationsView\)",
    ),
    "workspaces that are neither": (
        lambda: ops(workspaces="no"),
        TypeError,
        r"OpsRefresh\(workspaces='no'\): give True or False",
    ),
    "statuses that are a list": (
        lambda: ops(statuses=["pending"]),
        TypeError,
        r"OpsRefresh\(statuses=\['pending'\]\) is no mapping.* "
        r"statuses=\{\"pending\": \"queued\"\}",
    ),
    "a status word that is no text": (
        lambda: ops(statuses={1: "queued"}),
        TypeError,
        r"OpsRefresh\(statuses=\.\.\.\): 1 is no text. Give the word as it is stored",
    ),
    "a status word that stands for nothing": (
        lambda: ops(statuses={"pending": "waiting"}),
        ValueError,
        r"OpsRefresh\(statuses=\.\.\.\): 'pending' cannot stand for 'waiting'. A"
        r"llowed: completed, failed, .*succeeded\.",
    ),
    "a pack's word that stands for nothing": (
        lambda: ops(pack_statuses={"done": ["ready"]}),
        ValueError,
        r"OpsRefresh\(pack_statuses=\.\.\.\): 'done' cannot stand for \['ready'\]. "
        r"Allowed: expired, .*ready",
    ),
    "an engine as the session": (
        lambda: init(an_app(), session=sa.create_engine("sqlite://")),
        TypeError,
        r"OpsRefresh\(session=Engine.*\) is no session. Give a SQLAlchemy session, "
        r"such as scoped_session\(sessionmaker\(engine\)\)",
    ),
    "a factory as the session": (
        lambda: init(an_app(), session=orm.sessionmaker()),
        TypeError,
        r"OpsRefresh\(session=sessionmaker.*\) is no session",
    ),
    "a class as the session": (
        lambda: init(an_app(), session=orm.Session),
        TypeError,
        r"OpsRefresh\(session=<class .*Session'>\) is no session",
    ),
    "an address as the session": (
        lambda: init(an_app(), session="sqlite://"),
        TypeError,
        r"OpsRefresh\(session='sqlite://'\) is no session",
    ),
    "no secret key": (
        lambda: init(an_app(SECRET_KEY=None)),
        RuntimeError,
        r"needs the app's SECRET_KEY.* Set it before init_app: app.config",
    ),
    "an endpoint that is taken": (
        with_endpoint_taken,
        ValueError,
        r"The endpoint 'operations' of the Operations view is taken.* subclass "
        r"OperationsView.* endpoint=\.\.\.",
    ),
}


async def asynchronous(argument: t.Any) -> None: ...


def two(one: t.Any, other: t.Any) -> None: ...


def region(load: t.Any, **options: t.Any) -> None:
    given = {"name": "progress", "template": "progress.html", **options}
    ops().live_region(given.pop("name"), **given)(load)


def twice() -> None:
    found = ops()
    for _ in range(2):
        found.live_region("progress", template="x.html")(lambda scope: None)


DECORATORS: dict[str, Refused] = {
    "a scope in place of the loader": (
        lambda: ops().scope_loader(Scope(1)),  # type: ignore[type-var]
        TypeError,
        r"@ops.scope_loader: Scope\(.*\) is no function. Give one: def load_scope",
    ),
    "a loader that takes no user": (
        lambda: ops().scope_loader(lambda: None),  # type: ignore[type-var,arg-type]
        TypeError,
        r"@ops.scope_loader: <lambda>\(\) cannot be called with one argument.* "
        r"Write it as: def load_scope\(user\)",
    ),
    "a loader that takes more": (
        lambda: ops().scope_loader(two),  # type: ignore[type-var]
        TypeError,
        r"@ops.scope_loader: two\(one.*\(missing a required argument: 'other'\)",
    ),
    "a loader that nothing waits for": (
        lambda: ops().scope_loader(asynchronous),  # type: ignore[type-var]
        TypeError,
        r"@ops.scope_loader: asynchronous is asynchronous.* def load_scope\(user\)",
    ),
    "an address in place of a function": (
        lambda: ops().review_pack_download_url("/packs"),  # type: ignore[type-var]
        TypeError,
        r"@ops.review_pack_download_url: '/packs' is no function.* download_url",
    ),
    "a download function that takes no pack": (
        lambda: ops().review_pack_download_url(lambda: None),  # type: ignore[type-var,arg-type]
        TypeError,
        r"@ops.review_pack_download_url: <lambda>\(\) cannot be called with one",
    ),
    "a region without a name": (
        lambda: ops().live_region(two, template="x.html"),  # type: ignore[arg-type]
        TypeError,
        r"live_region\(<function two .*>\): give a name and a template, such as",
    ),
    "a region whose name no address can have": (
        lambda: region(None, name="a/b"),
        ValueError,
        r"live_region\('a/b'\): a name has letters, digits, - and _",
    ),
    "a region of the extension's name": (
        lambda: region(None, name="operation-list"),
        ValueError,
        r"live_region\('operation-list'\): the name is taken by the extension's own "
        r"region. Choose another",
    ),
    "a region registered twice": (
        twice,
        ValueError,
        r"live_region\('progress'\): the name is taken. Register a region once",
    ),
    "a region whose template is no name": (
        lambda: region(None, template=None),
        TypeError,
        r"live_region\('progress'\): template=None is no template's name. Give one",
    ),
    "a region whose view is a class": (
        lambda: region(None, view=AdminIndexView),
        TypeError,
        r"live_region\('progress'\): view=<class .*AdminIndexView'> is no view. Give "
        r"the object that is added to the Admin",
    ),
    "a region whose pause is neither": (
        lambda: region(None, pause_when_hidden="no"),
        TypeError,
        r"live_region\(\.\.\., pause_when_hidden='no'\): give True or False",
    ),
    "a region that takes no scope": (
        lambda: region(lambda: None),
        TypeError,
        r"live_region\('progress'\): <lambda>\(\) has to take the scope first.* "
        r"def load\(scope, \*, id: int\)",
    ),
    "a region that takes the scope by name alone": (
        lambda: region(lambda *, scope: None),
        TypeError,
        r"has to take the scope first, and the address's arguments by name",
    ),
    "a region whose arguments have no names": (
        lambda: region(lambda scope, id, /: None),
        TypeError,
        r"<lambda>\(scope, id, /\) has to take the scope first",
    ),
    "a region that nothing waits for": (
        lambda: region(asynchronous),
        TypeError,
        r"live_region\('progress'\): asynchronous is asynchronous, and nothing would",
    ),
    "a region that is no function": (
        lambda: region(LiveState(1, 1)),
        TypeError,
        r"live_region\('progress'\): LiveState\(.*\) is no function. Give one",
    ),
}

VALUES: dict[str, Refused] = {
    "an interval that is text": (
        lambda: LiveState(1, "5"),  # type: ignore[arg-type]
        TypeError,
        r"LiveState\(interval='5'\) is no number: allowed are 1 to 300 seconds",
    ),
    "an interval that is a truth": (
        lambda: LiveState(1, True),
        TypeError,
        r"LiveState\(interval=True\) is no number",
    ),
    "a context that is no function": (
        lambda: LiveState(1, 1, {"job": 1}),  # type: ignore[arg-type]
        TypeError,
        r"LiveState\(context=\{'job': 1\}\) is no function.* context=lambda: ",
    ),
    "a record as the version": (
        lambda: LiveState(Tenant(id=1), 1),
        TypeError,
        r"LiveState\(version=\.\.\.\) holds <.*Tenant.*>. Give the stored values",
    ),
    "a record in the version": (
        lambda: LiveState((1, Tenant(id=1)), 1),
        TypeError,
        r"LiveState\(version=\.\.\.\) holds <.*Tenant.*>. Give the stored values",
    ),
    "a record in the version that is a mapping too": (
        lambda: LiveState((1, Named()), 1),
        TypeError,
        r"LiveState\(version=\.\.\.\) holds {}. Give the stored values",
    ),
    "a record as the workspace": (
        lambda: Scope(Tenant(id=1)),
        TypeError,
        r"Scope\(workspace_id=\.\.\.\) holds <.*>, which is no id. Give the stored id",
    ),
    "a column as the workspace": (
        lambda: Scope(User.workspace_id),
        TypeError,
        r"Scope\(workspace_id=\.\.\.\) holds User.workspace_id, which is no id.* such "
        r"as user.workspace_id of the user at hand",
    ),
    "all tenants as the workspace": (
        lambda: Scope(ALL_TENANTS),
        TypeError,
        r"Scope\(workspace_id=\.\.\.\) holds ALL_TENANTS, which is no id",
    ),
    "records as the tenants": (
        lambda: Scope(1, tenant_ids=[Tenant(id=1)]),
        TypeError,
        r"Scope\(tenant_ids=\.\.\.\) holds <.*>, which is no id.* such as "
        r"\[tenant.id for tenant in user.tenants\]",
    ),
    "rows as the tenants": (
        lambda: Scope(1, tenant_ids=[(1,), (2,)]),
        TypeError,
        r"Scope\(tenant_ids=\.\.\.\) holds \(1,\), which is no id",
    ),
    "a column among the tenants": (
        lambda: Scope(1, tenant_ids=[Tenant.id]),
        TypeError,
        r"Scope\(tenant_ids=\.\.\.\) holds .*Tenant.id.*, which is no id",
    ),
    "a record as the tenant": (
        lambda: Scope(1, tenant_id=Tenant(id=1)),
        TypeError,
        r"Scope\(tenant_id=\.\.\.\) holds <.*>, which is no id.* such as tenant.id",
    ),
    "a word in place of yes or no": (
        lambda: Scope(1, sees_tenantless="no"),  # type: ignore[arg-type]
        TypeError,
        r"Scope\(sees_tenantless='no'\): give True or False",
    ),
    "a mixin without a table": (
        lambda: type("Run", (OperationRunMixin, Base), {}),
        TypeError,
        r"Run mixes in a model of Flask-Ops-Refresh and has no table name. Give it "
        r'one: __tablename__ = "runs"',
    ),
}


@pytest.mark.parametrize(
    ("mistake", "kind", "message"),
    [
        pytest.param(*refused, id=name)
        for name, refused in {**ARGUMENTS, **DECORATORS, **VALUES}.items()
    ],
)
def test_a_mistake_is_refused_where_it_is_made(
    mistake: cabc.Callable[[], object], kind: type[Exception], message: str
) -> None:
    """Before any request, with what is wrong, where, and how to write it."""
    with pytest.raises(kind, match=message):
        mistake()


def test_sessions_of_every_kind_are_taken() -> None:
    """What gives a session only within a request is not asked for it."""

    class OnRequest:
        @property
        def session(self) -> orm.Session:
            raise AssertionError("asked too early")

    app = an_app()
    for source in (orm.Session(), orm.scoped_session(orm.sessionmaker()), OnRequest()):
        assert session_source(app, source) is source
    assert session_source(app, None) is db


LOADS: dict[str, tuple[t.Any, type[Exception], str]] = {
    "a mapping in place of a state": (
        lambda scope: {"version": 1},
        TypeError,
        r"The live region 'progress' returned \{'version': 1\}. Return a LiveState, or "
        r"None",
    ),
    "a context that is no mapping": (
        lambda scope: LiveState(1, 1, lambda: ["job"]),  # type: ignore[arg-type,return-value]
        TypeError,
        r"The context of the live region 'progress' is \['job'\]. Give the template's "
        r"variables by name",
    ),
    "a template that is not there": (
        lambda scope: LiveState(1, 1),
        LookupError,
        r"live_region\('progress'\): there is no template 'progress.html'. Put it into",
    ),
}


@pytest.mark.parametrize(
    ("load", "kind", "message"),
    [pytest.param(*refused, id=name) for name, refused in LOADS.items()],
)
def test_what_only_a_request_shows_is_told_then(
    make_host: cabc.Callable[..., Host],
    load: t.Any,
    kind: type[Exception],
    message: str,
) -> None:
    """A region's own mistakes are told by its name."""
    found = ops()
    found.scope_loader(load_scope)
    found.live_region("progress", template="progress.html")(load)
    client = make_host(ops=found).client(ADA)
    with pytest.raises(kind, match=message):
        poll(client, "/admin/ops-refresh/progress")


def test_a_template_that_a_region_includes_is_named_itself(
    make_host: cabc.Callable[..., Host],
) -> None:
    """The region's own template is not blamed for what it includes."""
    found = ops()
    found.scope_loader(load_scope)
    found.live_region("outer", template="outer.html")(lambda scope: LiveState(1, 1))
    host = make_host(ops=found)
    host.app.jinja_loader = DictLoader({"outer.html": "{% include 'inner.html' %}"})
    with pytest.raises(TemplateNotFound, match="inner.html"):
        poll(host.client(ADA), "/admin/ops-refresh/outer")


TEMPLATES = {
    "ops_refresh.live('progress')": (
        r"ops_refresh.live\('progress'\) is called wrongly: missing a required .*"
        r"argument: 'id'. The region is progress\(scope, \*, id\); the scope comes"
    ),
    "ops_refresh.live('progress', nr=1)": (
        r"live\('progress'\) is called wrongly: .*'id'"
    ),
    "ops_refresh.live('progress', id=1, also=2)": (
        r"is called wrongly: got an unexpected keyword argument 'also'"
    ),
    "ops_refresh.live('operation-detail', run=1)": (
        r"live\('operation-detail'\) is called wrongly: .* operation-detail\(scope,"
    ),
    "ops_refresh.live('review-pack')": (
        r"live\('review-pack'\) is called wrongly: .*\(scope, \*, tenant_id\)"
    ),
    "macros.timestamp('2026-03-14')": (
        r"timestamp and elapsed show datetimes, and '2026-03-14' is none. Give what"
    ),
    "macros.elapsed(5)": r"timestamp and elapsed show datetimes, and 5 is none",
    "macros.progress_bar([1, 2])": (
        r"progress_bar shows counts by name, and \[1, 2\] are none. Give a mapping"
    ),
}


@pytest.mark.parametrize(("call", "message"), TEMPLATES.items())
def test_a_template_that_calls_wrongly_is_told_how_to(
    make_host: cabc.Callable[..., Host], call: str, message: str
) -> None:
    """Arguments that no address has, and values that cannot be shown."""
    found = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)
    found.scope_loader(load_scope)

    @found.live_region("progress", template="x.html")
    def progress(scope: Scope, *, id: int) -> LiveState | None:
        return None

    host = make_host(ops=found)
    source = "{% import 'flask_ops_refresh/macros.html' as macros %}{{ " + call + " }}"
    with host.app.test_request_context(), pytest.raises(TypeError, match=message):
        render_template_string(source)


def test_an_argument_that_has_no_value_yet_is_no_mistake(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What is given as None draws nothing, as a record that is not there."""
    found = ops()
    found.scope_loader(load_scope)

    @found.live_region("progress", template="x.html")
    def progress(scope: Scope, *, id: int) -> LiveState | None:
        raise AssertionError("asked for nothing")

    with make_host(ops=found).app.test_request_context():
        source = "{{ ops_refresh.live('progress', id=none) }}"
        assert render_template_string(source) == ""


@pytest.mark.parametrize("url", [7, "javascript:alert(1)"])
def test_an_address_that_is_none_is_told(
    make_host: cabc.Callable[..., Host], url: t.Any
) -> None:
    """The function that gives download addresses is named."""
    found = OpsRefresh(review_pack=ReviewPack)
    found.scope_loader(load_scope)
    found.review_pack_download_url(lambda pack: url)
    host = make_host(ops=found)
    host.add(ReviewPack(workspace_id=1, tenant_id=1, status="ready", created_at=NOW))
    message = r"review_pack_download_url returned .*: give a path, or an http address"
    with pytest.raises(ValueError, match=message):
        poll(host.client(ADA), "/admin/ops-refresh/review-pack?tenant_id=1")
