from __future__ import annotations

import collections.abc as cabc
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_admin import Admin
from flask_login import login_user
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import CLEO
from .conftest import Host
from .host_app import add_sign_in
from .host_app import add_translations
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import User
from .pages import own_scripts
from .pages import poll
from .pages import region
from .pages import soup
from .small_models import Job


def bare_app(**config: t.Any) -> Flask:
    app = Flask("bare")
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://", **config)
    add_translations(app)
    db.init_app(app)
    LoginManager(app)
    return app


def usual() -> OpsRefresh:
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)
    return ops


def test_an_app_without_an_admin_is_told_to_make_one() -> None:
    """init_app needs a Flask-Admin and says how to get one."""
    with pytest.raises(RuntimeError, match=r"no Flask-Admin.*admin = Admin\(app\)"):
        usual().init_app(bare_app())


def test_an_app_with_several_admins_is_asked_which() -> None:
    """Of several Admins one has to be named; then that one gets the view."""
    app = bare_app()
    Admin(app)
    second = Admin(app, url="/second", endpoint="second")
    with pytest.raises(
        RuntimeError, match=r"several Admins.*'admin', 'second'.*admin="
    ):
        usual().init_app(app)
    ops = usual()
    ops.init_app(app, admin=second)
    assert (
        app.url_map.bind("").match("/second/operations/")[0] == "operations.index_view"
    )
    assert app.extensions["flask_ops_refresh"] is ops


def test_an_admin_of_another_app_is_refused() -> None:
    """The Admin that is named has to be one of the app."""
    app = bare_app()
    with pytest.raises(
        RuntimeError, match=r"not one of this app.*admin\.init_app\(app\)"
    ):
        usual().init_app(app, admin=Admin())


def test_no_login_manager_is_an_error_on_the_first_request() -> None:
    """Flask-Login may come later than the extension, but has to come."""
    app = Flask("bare")
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://", TESTING=True)
    add_translations(app)
    db.init_app(app)
    Admin(app)
    usual().init_app(app)
    with pytest.raises(RuntimeError, match=r"no Flask-Login.*LoginManager\(app\)"):
        app.test_client().get("/admin/operations/")


def test_a_second_init_app_is_an_error() -> None:
    """An app is initialised once, and the error says where the object is."""
    app = bare_app()
    Admin(app)
    ops = usual()
    ops.init_app(app)
    for again in (ops, usual()):
        with pytest.raises(RuntimeError, match="already initialised.*app.extensions"):
            again.init_app(app)


def test_no_model_is_an_error() -> None:
    """Without a model there is nothing to show."""
    app = bare_app()
    Admin(app)
    with pytest.raises(TypeError, match="operation_run=OperationRun"):
        OpsRefresh(app)


def test_no_database_extension_is_an_error() -> None:
    """Without Flask-SQLAlchemy a session has to be given."""
    app = Flask("bare")
    Admin(app)
    with pytest.raises(RuntimeError, match=r"no Flask-SQLAlchemy.*session=session"):
        usual().init_app(app)


@pytest.mark.parametrize(
    ("workspaces", "name"), [(True, "workspace_id"), (False, "type")]
)
def test_a_missing_attribute_is_named_with_its_mend(
    workspaces: bool, name: str
) -> None:
    """A model that lacks an attribute is told which, and about synonym."""
    app = bare_app()
    Admin(app)
    message = rf"Job has no attribute '{name}'.*{name} = sqlalchemy.orm.synonym"
    with pytest.raises(TypeError, match=message):
        OpsRefresh(app, operation_run=Job, workspaces=workspaces)


def test_what_is_no_model_is_refused() -> None:
    """Anything but a mapped class is an error that says so."""
    app = bare_app()
    Admin(app)
    with pytest.raises(TypeError, match="not a mapped SQLAlchemy model"):
        OpsRefresh(app, operation_run=dict)


def test_a_bad_setting_stops_the_app() -> None:
    """Settings are validated when the app is set up."""
    app = bare_app(OPS_REFRESH_LIST_INTERVAL_SECONDS=0)
    Admin(app)
    with pytest.raises(ValueError, match="OPS_REFRESH_LIST_INTERVAL_SECONDS is 0"):
        usual().init_app(app)


def test_settings_change_the_intervals(make_host: cabc.Callable[..., Host]) -> None:
    """The intervals on pages are those of the settings."""
    host = make_host(
        config={
            "OPS_REFRESH_LIST_INTERVAL_SECONDS": 30,
            "OPS_REFRESH_RUN_INTERVALS_SECONDS": ((None, 2.5),),
        }
    )
    run = host.add_run(status="running")
    client = host.client(ADA)
    assert region(client.get("/admin/operations/")).interval == "30"
    page = region(client.get(f"/admin/operations/details/?id={run}"))
    assert page.interval == "2.5"


def test_without_a_scope_loader_the_first_request_says_how_to_add_one(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Nothing is shown to anyone before there is a scope loader."""
    host = make_host(ops=OpsRefresh(operation_run=OperationRun))
    host.add_run(status="running")
    with pytest.raises(RuntimeError, match="@ops.scope_loader"):
        host.client(ADA).get("/admin/operations/")


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ("workspace 1", "returned 'workspace 1'. Return a Scope"),
        (Scope(), "names no workspace.*workspaces=False"),
    ],
)
def test_a_scope_loader_that_returns_no_proper_scope_is_an_error(
    make_host: cabc.Callable[..., Host], scope: t.Any, message: str
) -> None:
    """A scope that does not narrow anything shows nothing but an error."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(lambda user: scope)
    host = make_host(ops=ops)
    with pytest.raises(TypeError, match=message):
        host.client(ADA).get("/admin/operations/")


def test_the_scope_loader_is_asked_once_per_request(
    make_host: cabc.Callable[..., Host],
) -> None:
    """However much a page shows, the loader runs once, with the signed-in user."""
    asked: list[User] = []
    ops = OpsRefresh(operation_run=OperationRun)

    @ops.scope_loader
    def load(user: User) -> Scope | None:
        asked.append(user)
        return load_scope(user)

    host = make_host(ops=ops)
    host.add_run(status="running")
    host.client(ADA).get("/admin/operations/")
    assert [user.name for user in asked] == ["Ada"]
    host.client().get("/admin/operations/")
    assert len(asked) == 1


def test_an_app_without_workspaces_says_so(
    make_host: cabc.Callable[..., Host],
) -> None:
    """With workspaces=False scopes name none, and login and tenants still count."""
    ops = OpsRefresh(operation_run=OperationRun, workspaces=False)
    ops.scope_loader(lambda user: Scope(tenant_ids=[2]))
    host = make_host(ops=ops)
    host.add_run(workspace_id=1, tenant_id=1, type="kind.north")
    host.add_run(workspace_id=7, tenant_id=2, type="kind.south")
    text = host.client(ADA).get("/admin/operations/").text
    assert "kind.south" in text
    assert "kind.north" not in text
    assert host.client().get("/admin/operations/").status_code == 401


def test_a_workspace_in_an_app_without_them_is_an_error(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A scope that names a workspace where there are none is a contradiction."""
    ops = OpsRefresh(operation_run=OperationRun, workspaces=False)
    ops.scope_loader(lambda user: Scope(workspace_id=1))
    with pytest.raises(TypeError, match="workspaces=False"):
        make_host(ops=ops).client(ADA).get("/admin/operations/")


def test_own_status_words(make_host: cabc.Callable[..., Host]) -> None:
    """An app's own words are shown, filtered and polled as what they stand for."""
    words = {"pending": "queued", "SUCCESS": "succeeded"}
    ops = OpsRefresh(operation_run=OperationRun, statuses=words)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    run = host.add_run(status="pending")
    host.add_run(status="SUCCESS", type="kind.done")
    client = host.client(ADA)
    page = client.get(f"/admin/operations/details/?id={run}")
    assert region(page).interval is not None
    found = client.get("/admin/operations/?flt0_0=succeeded").text
    assert "kind.done" in found
    assert "integrity.verify" not in found.split("filter-groups-data")[0]


def test_a_subclass_of_the_view_is_used(make_host: cabc.Callable[..., Host]) -> None:
    """Columns, formatters and model attributes of an app's own view are shown live."""

    class Own(OperationsView):
        column_list = ("status", "user_id", "shout")
        column_formatters: t.ClassVar[t.Any] = {
            "shout": lambda view, context, run, name: run.type.upper()
        }

    ops = OpsRefresh(operation_run=OperationRun, operations_view=Own)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    run = host.add_run(status="running", user_id=ADA)
    client = host.client(ADA)
    with host.statements() as statements:
        page = client.get("/admin/operations/?page_size=50")
    assert sum("FROM operation_runs" in each for each in statements) == 4
    cells = [cell.get_text(strip=True) for cell in region(page).element.select("td")]
    assert cells == ["Running", str(ADA), "INTEGRITY.VERIFY"]
    host.update(OperationRun, run, user_id=2)
    found = region(page)
    assert found.url is not None
    assert poll(client, found.url, found.etag).status_code == 200


def test_columns_of_related_records_are_shown_and_told(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A dotted column leads through the model; own_version says when it changes."""

    class Own(OperationsView):
        column_list = ("type", "user.workspace_id")

        def own_version(self, runs: t.Any) -> t.Any:
            return [run.instance.user.workspace_id for run in runs]

    ops = OpsRefresh(operation_run=OperationRun, operations_view=Own)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add_run(status="running", user_id=CLEO)
    client = host.client(ADA)
    page = region(client.get("/admin/operations/"))
    cells = [cell.get_text(strip=True) for cell in page.element.select("td")]
    assert cells == ["integrity.verify", "2"]
    host.update(User, CLEO, workspace_id=7)
    assert page.url is not None
    answer = poll(client, page.url, page.etag)
    assert answer.status_code == 200
    shown = [cell.get_text(strip=True) for cell in soup(answer).select("td")]
    assert shown == ["integrity.verify", "7"]


def test_views_get_one_from_the_scope_alone(host: Host) -> None:
    """What a subclass or action loads by id comes through the same SELECT."""
    run = host.add_run()
    foreign = host.add_run(workspace_id=2, tenant_id=None)
    view = host.app.extensions["admin"][0]._views[1]
    with host.app.test_request_context():
        login_user(t.cast(User, db.session.get(User, ADA)))
        assert view.get_one(str(run)).id == run
        assert view.get_one(str(foreign)) is None
        assert view.get_one("x") is None
        assert view.get_count_query().scalar() == 1


def test_one_object_serves_several_apps() -> None:
    """A module-level OpsRefresh works for each app a factory makes."""
    ops = usual()
    apps = [create_host(ops=ops, config={"SECRET_KEY": name}) for name in "ab"]
    for app in apps:
        assert app.extensions["flask_ops_refresh"] is ops
        with app.test_request_context():
            assert ops.installation.admin.app is app
            assert ops.session is db.session


def test_outside_of_its_apps_the_object_says_so() -> None:
    """An OpsRefresh that was not initialised on the current app is an error."""
    with bare_app().app_context(), pytest.raises(RuntimeError, match="not initialised"):
        _ = usual().session


def test_only_one_jinja_global_and_no_table_are_added(host: Host) -> None:
    """The app's template environment gets one name, its metadata nothing."""
    plain = bare_app()
    Admin(plain)
    added = set(host.app.jinja_env.globals) - set(plain.jinja_env.globals)
    assert added == {"ops_refresh"}
    assert "flask_ops_refresh" not in " ".join(db.metadata.tables)


@pytest.mark.parametrize("nonce", ["n0nce-=", None, ""])
def test_scripts_carry_the_admins_nonce_where_it_has_one(
    make_host: cabc.Callable[..., Host], nonce: str | None
) -> None:
    """Where the admin has a CSP nonce our script has it; elsewhere no attribute."""
    host = make_host(csp_nonce_generator=(lambda: nonce) if nonce is not None else None)
    run = host.add_run(status="running")
    page = host.client(ADA).get(f"/admin/operations/details/?id={run}")
    [script] = soup(page).select("script[type=module]")
    assert script.get("nonce") == (nonce or None)
    assert len(own_scripts(page)) == 1


@pytest.mark.parametrize("url", ["/", "/control/panel"])
def test_addresses_follow_the_admin(
    make_host: cabc.Callable[..., Host], url: str
) -> None:
    """Poll and script addresses stand under the admin's own."""
    host = make_host(url=url)
    run = host.add_run(status="running")
    prefix = url.rstrip("/")
    client = host.client(ADA)
    page = client.get(f"{prefix}/operations/details/?id={run}")
    found = region(page)
    assert found.url == f"{prefix}/ops-refresh/operation-detail?id={run}"
    assert own_scripts(page)[0].startswith(f"{prefix}/ops-refresh/static/")
    assert poll(client, found.url, found.etag).status_code == 304


def test_addresses_follow_a_prefix_of_the_server(host: Host) -> None:
    """Under SCRIPT_NAME every address has the prefix."""
    run = host.add_run(status="running")
    page = host.client(ADA).get(
        f"/admin/operations/details/?id={run}", base_url="http://localhost/pre"
    )
    assert region(page).url == f"/pre/admin/ops-refresh/operation-detail?id={run}"
    assert own_scripts(page)[0].startswith("/pre/admin/ops-refresh/static/")


def test_a_session_of_the_apps_own_reads_the_runs(tmp_path: t.Any) -> None:
    """Any scoped session will do, a replica's too."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/replica.sqlite")
    OperationRun.metadata.create_all(engine)
    own = orm.scoped_session(orm.sessionmaker(engine))
    own.add(OperationRun(id=7, workspace_id=1, type="kind.replica", status="running"))
    own.commit()
    own.remove()
    app = bare_app()
    add_sign_in(app)
    Admin(app)
    ops = OpsRefresh(operation_run=OperationRun, session=own)
    ops.scope_loader(load_scope)
    ops.init_app(app)
    client = Host(app).client(ADA)
    with app.app_context():
        db.create_all()
        db.session.add(User(id=ADA, name="Ada", workspace_id=1, tenant_ids="*"))
        db.session.commit()
        assert ops.session is own
    assert "kind.replica" in client.get("/admin/operations/").text
    own.remove()
    engine.dispose()


def test_the_database_object_may_be_named() -> None:
    """A Flask-SQLAlchemy object is taken as the source of the session."""
    app = bare_app()
    Admin(app)
    ops = OpsRefresh(app, operation_run=OperationRun, session=db)
    with app.app_context():
        assert ops.session is db.session
    assert isinstance(db, SQLAlchemy)
