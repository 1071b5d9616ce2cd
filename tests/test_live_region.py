from __future__ import annotations

import collections.abc as cabc
import uuid

import pytest
from flask import abort
from flask import render_template_string
from flask_admin import BaseView
from flask_admin import expose
from flask_login import login_user
from jinja2 import DictLoader
from werkzeug.exceptions import TooManyRequests

from flask_ops_refresh import live_region
from flask_ops_refresh import LiveState
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import DANA
from .conftest import Host
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import Tenant
from .host_app import User
from .pages import is_silent
from .pages import own_scripts
from .pages import poll
from .pages import region

PAGE = "{{ ops_refresh.live('tenant', id=id) }}"


class Gate(BaseView):
    """A view of the app that may be closed."""

    closed = False

    @expose("/")
    def index(self) -> str:
        return "open"

    def is_accessible(self) -> bool:
        return not self.closed


@pytest.fixture
def gate() -> Gate:
    return Gate(endpoint="gate")


@pytest.fixture
def own(make_host: cabc.Callable[..., Host], gate: Gate) -> Host:
    """A host app with a live region of its own over its tenants."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)

    @ops.live_region("tenant", template="tenant.html", view=gate)
    def tenant(scope: Scope, *, id: int) -> LiveState | None:
        found = ops.session.get(Tenant, id)
        if found is None or not scope.includes_tenant(id):
            return None
        return LiveState(
            version=found.name,
            interval=3 if found.name.endswith("…") else None,
            context=lambda: {"tenant": found},
        )

    @ops.live_region(
        "by-uuid",
        template="tenant.html",
        pause_when_hidden=False,
        pause_on_dialog=False,
    )
    def by_uuid(scope: Scope, id: uuid.UUID, also: str = "") -> LiveState | None:
        if also == "abort":
            abort(418)
        return LiveState(id, 1, lambda: {"tenant": {"name": id.hex}})

    @ops.live_region("switch", template="switch.html")
    def switch(scope: Scope, on: bool) -> LiveState:
        return LiveState(on, 1, lambda: {"on": on})

    @ops.live_region("busy", template="switch.html")
    def busy(scope: Scope) -> LiveState:
        raise TooManyRequests(retry_after=7)

    @ops.live_region("whose", template="whose.html")
    def whose(scope: Scope) -> LiveState:
        return LiveState(scope, None, lambda: {"workspace": scope.workspace_id})

    host = make_host(ops=ops)
    templates = {
        "whose.html": "workspace {{ workspace }}",
        "tenant.html": "<b>{{ tenant.name }}</b>",
        "switch.html": "{{ 'on' if on else 'off' }}",
    }
    host.app.jinja_loader = DictLoader(templates)

    @host.app.get("/own/<int:id>")
    def page(id: int) -> str:
        return render_template_string(PAGE, id=id)

    @host.app.get("/macro/<int:id>")
    def macro(id: int) -> str:
        return render_template_string(
            '{% from "flask_ops_refresh/macros.html" import live %}'
            '{{ live("tenant", id=id) }}',
            id=id,
        )

    return host


@pytest.mark.parametrize("path", ["/own/1", "/macro/1"])
def test_a_record_of_the_app_is_live_in_its_own_templates(own: Host, path: str) -> None:
    """One decorator and one template make a record live, by global and by macro."""
    own.update(Tenant, 1, name="Moving…")
    client = own.client(ADA)
    page = client.get(path)
    found = region(page)
    assert found.element.decode_contents() == "<b>Moving…</b>"
    assert found.url == "/admin/ops-refresh/tenant?id=1"
    assert found.interval == "3"
    assert len(own_scripts(page)) == 1
    assert poll(client, found.url, found.etag).status_code == 304
    own.update(Tenant, 1, name="Done")
    answer = poll(client, found.url, found.etag)
    assert answer.text == "<b>Done</b>"
    assert "Ops-Refresh-Interval" not in answer.headers
    assert answer.headers["Ops-Refresh-Region"] == "tenant"


def test_an_inactive_region_is_a_plain_div(own: Host) -> None:
    """Where nothing is waited for there is an id and nothing else."""
    page = own.client(ADA).get("/own/1")
    assert is_silent(page)
    assert list(region(page).element.attrs) == ["id"]


@pytest.mark.parametrize("user", [None, DANA, BEN], ids=str)
def test_nothing_is_drawn_for_those_who_may_not_see_it(
    own: Host, user: int | None
) -> None:
    """Strangers and those without scope or tenant get no trace of a region."""
    own.update(Tenant, 1, name="Moving…")
    assert own.client(user).get("/own/1").text == ""


def test_the_regions_view_may_refuse(own: Host, gate: Gate) -> None:
    """A region that belongs to a view is shown and polled where the view is open."""
    own.update(Tenant, 1, name="Moving…")
    client = own.client(ADA)
    url = region(client.get("/own/1")).url
    assert url is not None
    gate.closed = True
    assert client.get("/own/1").text == ""
    assert poll(client, url).status_code == 403


@pytest.mark.parametrize(
    "query", ["", "id=x", "id=1&more=2", "id=99999999999999999999", "id=1.0", "id="]
)
def test_arguments_that_do_not_fit_are_404(own: Host, query: str) -> None:
    """Missing, unknown and malformed arguments find nothing."""
    assert (
        poll(own.client(ADA), f"/admin/ops-refresh/tenant?{query}").status_code == 404
    )


def test_annotations_say_what_arguments_are(own: Host) -> None:
    """A parameter annotated as UUID arrives as one."""
    id = uuid.UUID(int=7)
    answer = poll(own.client(ADA), f"/admin/ops-refresh/by-uuid?id={id}")
    assert answer.text == f"<b>{id.hex}</b>"
    bad = poll(own.client(ADA), "/admin/ops-refresh/by-uuid?id=7")
    assert bad.status_code == 404


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [("True", 200, "on"), ("False", 200, "off"), ("0", 404, ""), ("", 404, "")],
)
def test_a_truth_value_is_one_on_polls_too(
    own: Host, given: str, status: int, text: str
) -> None:
    """A parameter annotated as bool arrives as a template passed it, or not at all."""
    answer = poll(own.client(ADA), f"/admin/ops-refresh/switch?on={given}")
    assert (answer.status_code, answer.text) == (status, text)


def test_a_function_that_aborts_is_answered_bare(own: Host) -> None:
    """An abort in an app's own region keeps its status and loses its page."""
    url = f"/admin/ops-refresh/by-uuid?id={uuid.UUID(int=7)}&also=abort"
    answer = poll(own.client(ADA), url)
    assert answer.status_code == 418
    assert answer.data == b""


def test_a_function_that_refuses_says_when_to_ask_again(own: Host) -> None:
    """The Retry-After of an abort in an app's own region reaches the page."""
    answer = poll(own.client(ADA), "/admin/ops-refresh/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_the_scope_is_that_of_whoever_asks(own: Host) -> None:
    """Where an app signs in somebody else in the middle, they see what is theirs."""

    @own.app.get("/twice")
    def twice() -> str:
        seen = []
        for user in (ADA, CLEO):
            login_user(db.session.get(User, user))
            seen.append(render_template_string("{{ ops_refresh.live('whose') }}"))
        return "|".join(seen)

    seen = own.client().get("/twice").text.split("|")
    assert ["workspace 1" in seen[0], "workspace 2" in seen[1]] == [True, True]


def test_pauses_can_be_switched_off(own: Host) -> None:
    """A region that is to go on in hidden tabs and under dialogs says so."""

    @own.app.get("/uuid")
    def with_uuid() -> str:
        return render_template_string(
            "{{ ops_refresh.live('by-uuid', id=id) }}", id=uuid.UUID(int=7)
        )

    element = region(own.client(ADA).get("/uuid")).element
    assert element["data-ops-refresh-no-pause"] == "hidden dialog"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("operation-list", "taken"),
        ("twice", "taken"),
        ("a/b", "letters"),
        ("", "letters"),
    ],
)
def test_names_are_checked(name: str, message: str) -> None:
    """A name that is taken or cannot stand in an address is an error."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.live_region("twice", template="x.html")(lambda scope: None)
    with pytest.raises(ValueError, match=message):
        ops.live_region(name, template="x.html")(lambda scope: None)


def test_a_region_may_be_added_after_init_app(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Decorators that run after init_app work as those before it."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.app.jinja_loader = DictLoader({"late.html": "late"})
    ops.live_region("late", template="late.html")(lambda scope: LiveState(1, 1))
    assert poll(host.client(ADA), "/admin/ops-refresh/late").text == "late"


def test_an_unknown_region_in_a_template_is_an_error(host: Host) -> None:
    """A misspelt name names those that exist."""
    with (
        host.app.test_request_context(),
        pytest.raises(LookupError, match=r"'nothing'. Known are operation-detail"),
    ):
        render_template_string("{{ ops_refresh.live('nothing') }}")


def test_without_a_secret_key_nothing_is_polled(host: Host) -> None:
    """An ETag needs the app's secret; the error says so."""
    host.app.secret_key = None
    region_, state = (
        live_region.FunctionRegion("x", lambda scope: None, "x.html"),
        LiveState(1, 1),
    )
    with (
        host.app.test_request_context(),
        pytest.raises(RuntimeError, match="SECRET_KEY"),
    ):
        live_region.etag(region_, live_region.as_args({}), Scope(1), state)


@pytest.mark.parametrize("interval", [0, -1, 0.5, 301, float("nan")])
def test_an_interval_out_of_bounds_is_an_error(interval: float) -> None:
    """A state asks for 1 to 300 seconds, or for none."""
    with pytest.raises(ValueError, match="allowed are 1 to 300 seconds, or None"):
        LiveState(1, interval)


def test_the_lists_region_is_its_pages_own(host: Host) -> None:
    """The list cannot be drawn elsewhere, and the error says so."""
    with (
        host.app.test_request_context(),
        pytest.raises(LookupError, match="the list page's own"),
    ):
        render_template_string("{{ ops_refresh.live('operation-list', search='x') }}")


def test_annotations_for_type_checkers_alone_do_no_harm(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A function whose annotations name what only a type checker sees still works."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)

    def load(scope: "Unseen", id: "int | None" = None) -> "Unseen":  # type: ignore[name-defined] # noqa: F821, UP037
        return LiveState(id, 1, lambda: {"kind": type(id).__name__})

    ops.live_region("late", template="late.html")(load)
    host = make_host(ops=ops)
    host.app.jinja_loader = DictLoader({"late.html": "{{ kind }}"})
    assert poll(host.client(ADA), "/admin/ops-refresh/late?id=7").text == "int"
