from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import typing as t
import uuid

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_admin.contrib.sqla.ajax import QueryAjaxModelLoader
from flask_admin.model.form import InlineFormAdmin
from sqlalchemy import orm
from wtforms import IntegerField

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import BEN
from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .everything_on import add_people
from .everything_on import add_records
from .everything_on import EVE
from .everything_on import EverythingOn
from .everything_on import HAL
from .everything_on import make_ops
from .everything_on import OLD_CHOICES
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .host_app import Model
from .host_app import OperationRun
from .host_app import Tenant
from .host_app import User
from .pages import soup
from .small_models import Kind
from .small_models import Office
from .small_models import OfficeRun
from .test_route_matrix import stored
from .test_route_matrix import token_of

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.filterwarnings(OLD_CHOICES),
]

LIST = "/admin/operations/"


class Country(Model):
    """A model that tells no workspace."""

    __tablename__ = "countries"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class Depot(Model):
    """A tenant that tells its workspace."""

    __tablename__ = "depots"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class DepotRun(Model):
    """A run with a unique name, steps, a country, and the run that it repeats."""

    __tablename__ = "depot_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    depot_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("depots.id"))
    tenant_id = orm.synonym("depot_id")
    country_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("countries.id")
    )
    repeats_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("depot_runs.id")
    )
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="queued")
    created_at: orm.Mapped[t.Any] = orm.mapped_column(sa.DateTime, default=NOW)
    depot: orm.Mapped[Depot | None] = orm.relationship()
    country: orm.Mapped[Country | None] = orm.relationship()
    repeats: orm.Mapped[DepotRun | None] = orm.relationship(remote_side=[id])
    steps: orm.Mapped[list[DepotStep]] = orm.relationship(back_populates="run")

    __table_args__ = (sa.UniqueConstraint("type"),)


class DepotStep(Model):
    """A part of a run that somebody did."""

    __tablename__ = "depot_steps"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    run_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("depot_runs.id"))
    user_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    user: orm.Mapped[User | None] = orm.relationship()
    run: orm.Mapped[DepotRun | None] = orm.relationship(back_populates="steps")


class DepotView(OperationsView):
    can_create = can_edit = can_delete = True
    form_columns = ("workspace_id", "type", "depot", "country", "repeats")
    form_args: t.ClassVar[t.Any] = {
        name: {"get_label": label}
        for name, label in (("depot", "name"), ("country", "name"), ("repeats", "type"))
    }


def depot_host(
    make_host: cabc.Callable[..., Host], view: type[OperationsView] = DepotView
) -> Host:
    """A host app whose tenants are depots; run 3 and depots 3 and 4 are foreign."""
    ops = OpsRefresh(operation_run=DepotRun, operations_view=view)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add(User(id=EVE, name="Eve", workspace_id=1, tenant_ids=[1]))
    host.add(User(id=HAL, name="Hal", workspace_id=2, tenant_ids="*"))
    host.add(
        *(
            Depot(id=id, workspace_id=workspace_id, name=f"depot {id}")
            for id, workspace_id in ((1, 1), (2, 1), (3, 2), (4, 2))
        ),
        *(
            DepotRun(id=id, workspace_id=workspace_id, depot_id=id, type=f"run {id}")
            for id, workspace_id in ((1, 1), (2, 1), (3, 2))
        ),
        Country(id=1, name="Freedonia"),
    )
    return host


def options(client: FlaskClient, field: str, path: str = "new/") -> list[str]:
    """What a select box of a form offers, but for nothing at all."""
    found = soup(client.get(LIST + path)).select(f"select[name={field}] option")
    return [each.text for each in found if each["value"] != "__None"]


def look_up(client: FlaskClient, name: str = "user", **query: t.Any) -> list[t.Any]:
    query = {"name": name, **query}
    answer = client.get(f"{LIST}ajax/lookup/", query_string=query)
    assert answer.status_code == 200
    return t.cast(list[t.Any], json.loads(answer.text))


def edit(client: FlaskClient, id: int | str, **data: t.Any) -> tuple[int, str]:
    form = {"csrf_token": token_of(client), **data}
    response = client.post(f"{LIST}edit/?id={id}", data=form)
    alerts = [
        each.get_text(" ", strip=True) for each in soup(response).select(".alert")
    ]
    return response.status_code, " ".join(alerts)


@pytest.mark.parametrize(
    ("user", "depots", "runs"),
    [
        (ADA, ["depot 1", "depot 2"], ["run 1", "run 2"]),
        (EVE, ["depot 1"], ["run 1"]),
        (HAL, ["depot 3", "depot 4"], ["run 3"]),
    ],
)
def test_a_select_box_offers_what_is_in_scope(
    make_host: cabc.Callable[..., Host],
    user: int,
    depots: list[str],
    runs: list[str],
) -> None:
    """Tenants and runs are those of the scope; what tells no workspace is left out."""
    client = depot_host(make_host).client(user)
    assert options(client, "depot") == depots
    assert options(client, "repeats") == runs
    assert options(client, "country") == []


def test_a_narrower_query_narrows_what_is_offered_of_the_same_model(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Runs that a view does not show are neither offered by it nor taken."""

    class Narrow(DepotView):
        def get_query(self) -> t.Any:
            return super().get_query().filter(DepotRun.type != "run 2")

    host = depot_host(make_host, Narrow)
    host.add(DepotRun(id=5, workspace_id=1, depot_id=1, type="run 5"))
    client = host.client(ADA)
    assert options(client, "repeats") == ["run 1", "run 5"]
    form = {"workspace_id": 1, "type": "a", "depot": 1}
    assert edit(client, 1, **form, repeats=2)[0] == 200
    assert edit(client, 1, **form, repeats=5)[0] == 302


def test_an_app_says_itself_who_sees_its_other_records(
    make_host: cabc.Callable[..., Host],
) -> None:
    """related_criteria is the place for models that tell a scope in another way."""

    class Own(DepotView):
        def related_criteria(self, scope: Scope, model: t.Any) -> t.Any:
            return [] if model is Country else super().related_criteria(scope, model)

    client = depot_host(make_host, Own).client(EVE)
    assert options(client, "country") == ["Freedonia"]
    assert options(client, "depot") == ["depot 1"]
    assert edit(client, 1, workspace_id=1, type="a", depot=1, country=1)[0] == 302


def test_a_query_of_the_apps_own_stays(make_host: cabc.Callable[..., Host]) -> None:
    """A query_factory that a host writes is the host's word."""

    class Own(DepotView):
        form_args: t.ClassVar[t.Any] = {
            **DepotView.form_args,
            "country": {
                "get_label": "name",
                "query_factory": lambda: db.session.query(Country),
            },
        }

    assert options(depot_host(make_host, Own).client(EVE), "country") == ["Freedonia"]


def test_without_workspaces_other_records_are_everybodys(
    make_host: cabc.Callable[..., Host],
) -> None:
    """In an app without workspaces only tenants narrow what a form offers."""
    ops = OpsRefresh(
        operation_run=DepotRun, operations_view=DepotView, workspaces=False
    )
    ops.scope_loader(
        lambda user: Scope(tenant_ids=ALL_TENANTS if user.id == ADA else [2])
    )
    host = make_host(ops=ops)
    host.add(
        *(Depot(id=id, workspace_id=id, name=f"depot {id}") for id in (1, 2)),
        Country(id=1, name="Freedonia"),
    )
    assert options(host.client(ADA), "depot") == ["depot 1", "depot 2"]
    assert options(host.client(BEN), "depot") == ["depot 2"]
    assert options(host.client(BEN), "country") == ["Freedonia"]


@pytest.fixture
def full_host(make_host: cabc.Callable[..., Host]) -> Host:
    host = make_host(ops=make_ops(EverythingOn))
    add_people(host)
    add_records(host)
    return host


def test_a_look_up_finds_people_of_the_workspace(full_host: Host) -> None:
    """However wide the term, nobody of another workspace is found."""
    client = full_host.client(EVE)
    everyone = {1, 2, 5, 6, 7}
    for term in ("", "%", "_"):
        assert {id for id, _ in look_up(client, query=term, limit=100)} == everyone
    assert look_up(client, query="Hal") == []
    assert look_up(client, query="Eve") == [[EVE, "<User 5>"]]
    assert client.get(f"{LIST}ajax/lookup/?name=nothing").status_code == 404
    assert client.get(f"{LIST}ajax/lookup/").status_code == 404


def test_a_look_up_is_bounded(full_host: Host) -> None:
    """Odd limits, offsets and terms neither read everything nor fail."""
    full_host.add(*(User(name=f"Many {i}", workspace_id=1) for i in range(150)))
    client = full_host.client(EVE)
    assert len(look_up(client, query="Many", limit=10**9)) == 100
    for query in (
        {"limit": -5, "query": "Many"},
        {"offset": -5, "query": "Many", "limit": 1},
        {"limit": 0, "query": "Many"},
    ):
        assert len(look_up(client, **query)) == 1
    assert look_up(client, offset=10**30, query="Many") == []
    for query in ({"query": "\0"}, {}, {"limit": "x"}, {"query": "a" * 5000}):
        look_up(client, **query)


def test_a_look_up_does_not_name_what_it_does_not_find(full_host: Host) -> None:
    """The form of an own run tells nothing of the foreign person it leads to."""
    client = full_host.client(EVE)
    assert "User 5" in client.get(f"{LIST}edit/?id=1").text
    full_host.update(OperationRun, 1, user_id=HAL)
    for path in ("edit/?id=1", ""):
        page = client.get(LIST + path).text
        assert "User 8" not in page


@pytest.mark.parametrize("allow_blank", [True, False])
def test_a_choice_that_is_hidden_is_kept_unless_another_is_made(
    make_host: cabc.Callable[..., Host], allow_blank: bool
) -> None:
    """A record that the form may not name is neither shown nor lost by saving it."""

    class View(DepotView):
        form_args: t.ClassVar[t.Any] = {
            **DepotView.form_args,
            "repeats": {"get_label": "type", "allow_blank": allow_blank},
        }

    host = depot_host(make_host, View)
    host.add(DepotRun(id=5, workspace_id=1, depot_id=1, type="run 5"))
    client = host.client(EVE)
    form = {"workspace_id": 1, "depot": 1}
    host.update(DepotRun, 1, repeats_id=3)
    page = soup(client.get(f"{LIST}edit/?id=1"))
    blank = page.select_one("select[name=repeats] option")
    assert blank is not None
    assert blank["value"] == "__None"
    assert "run 3" not in page.text

    def repeated_after(choice: str) -> int | None:
        assert edit(client, 1, **form, type=f"to {choice}", repeats=choice)[0] == 302
        with host.app.app_context():
            run = db.session.get(DepotRun, 1)
            assert run.type == f"to {choice}"
            return t.cast("int | None", run.repeats_id)

    assert repeated_after("__None") == 3
    assert repeated_after("5") == 5
    if allow_blank:
        assert repeated_after("__None") is None


def test_a_person_who_is_hidden_is_kept_unless_another_is_found(
    full_host: Host,
) -> None:
    """A look-up that may not name its record leaves it, and takes another one."""
    client = full_host.client(EVE)
    full_host.update(OperationRun, 1, user_id=HAL)
    form = {"workspace_id": 1, "tenant": 1, "type": "a", "status": "queued"}
    form["created_at"] = "2026-01-01 00:00:00"

    def user_after(choice: str) -> int | None:
        assert edit(client, 1, **form, user=choice)[0] == 302
        with full_host.app.app_context():
            run = db.session.get(OperationRun, 1)
            return t.cast("int | None", run.user_id)

    assert user_after("") == HAL
    assert user_after(str(EVE)) == EVE
    assert user_after("") is None


@pytest.mark.parametrize("name", ["<User 5>", "EVE"])
def test_loaders_are_scoped_unless_a_host_writes_its_own(
    make_host: cabc.Callable[..., Host], name: str
) -> None:
    """Only a host's own class that says itself what it finds is left alone."""

    class Loud(QueryAjaxModelLoader):
        def format(self, model: t.Any) -> t.Any:
            return None if model is None else (model.id, model.name.upper())

    loader = Loud if name == "EVE" else QueryAjaxModelLoader

    class OwnLoader(QueryAjaxModelLoader):
        def get_query(self) -> t.Any:
            return super().get_query()

    class Own(EverythingOn):
        form_ajax_refs: t.ClassVar[t.Any] = {
            "user": loader("user", db.session, User, fields=["name"]),
            "tenant": OwnLoader("tenant", db.session, Tenant, fields=["name"]),
        }

    host = make_host(ops=make_ops(Own))
    add_people(host)
    client = host.client(EVE)
    assert look_up(client, query="Hal") == []
    assert look_up(client, query="Eve") == [[EVE, name]]
    assert len(look_up(client, "tenant", query="East")) == 1


class Typed(EverythingOn):
    """A form in which keys are typed as numbers."""

    form_columns = ("workspace_id", "tenant_id", "user_id", "type", "status")


@pytest.mark.parametrize(
    ("user", "change"),
    [
        (ADA, {"workspace_id": 2}),
        (ADA, {"tenant_id": 3}),
        (ADA, {"tenant_id": 999}),
        (ADA, {"workspace_id": 2, "tenant_id": 3}),
        (ADA, {"user_id": HAL}),
        (ADA, {"user_id": 999}),
        (EVE, {"tenant_id": 2}),
        (EVE, {"workspace_id": 2, "tenant_id": ""}),
    ],
    ids=str,
)
def test_no_edit_and_no_new_record_leaves_the_scope(
    make_host: cabc.Callable[..., Host], user: int, change: dict[str, t.Any]
) -> None:
    """A key that is typed by hand leads neither the record nor its names elsewhere."""
    host = make_host(ops=make_ops(Typed))
    add_people(host)
    add_records(host)
    host.add_run(id=7, tenant_id=2)
    client = host.client(user)
    before = stored(host)
    usual = {"workspace_id": 1, "tenant_id": 1, "type": "a", "status": "running"}
    form = {"csrf_token": token_of(client), **usual, **change}
    for path in ("edit/?id=1", "new/"):
        response = client.post(LIST + path, data=form)
        assert response.status_code == 200
        assert "East" not in response.text
        assert "Hal" not in response.text
        assert stored(host) == before


def test_a_key_in_scope_may_be_typed(make_host: cabc.Callable[..., Host]) -> None:
    """What stays in scope is stored, and a foreign key that stays as it was too."""
    host = make_host(ops=make_ops(Typed))
    add_people(host)
    add_records(host)
    host.add_run(id=7, tenant_id=2, user_id=HAL)
    client = host.client(ADA)
    form = {"workspace_id": 1, "tenant_id": 2, "type": "a", "status": "queued"}
    assert edit(client, 1, **form, user_id=BEN)[0] == 302
    assert edit(client, 7, **form, user_id=HAL)[0] == 302
    with host.app.app_context():
        run = db.session.get(OperationRun, 1)
        assert (run.tenant_id, run.user_id, run.type) == (2, BEN, "a")


class KeyedRun(Model):
    """A run with foreign keys alone: no relationship leads anywhere."""

    __tablename__ = "keyed_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    tenant_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("depots.id"))
    repeats_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("keyed_runs.id")
    )
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[t.Any] = orm.mapped_column(sa.DateTime, default=NOW)


class KeyedView(OperationsView):
    can_edit = can_delete = True
    form_columns = ("type", "status", "repeats", "depot")
    form_extra_fields: t.ClassVar[t.Any] = {
        "repeats": IntegerField(),
        "depot": IntegerField(),
    }

    def on_model_change(self, form: t.Any, model: t.Any, is_created: bool) -> None:
        """What a form stores by hand."""
        model.repeats_id, model.tenant_id = form.repeats.data, form.depot.data


@pytest.mark.parametrize("kind", KINDS)
def test_keys_without_a_relationship_lead_into_scope(
    kind: str, tmp_path: pathlib.Path
) -> None:
    """A foreign record and one that is not there are refused alike, however set."""
    ops = OpsRefresh(operation_run=KeyedRun, operations_view=KeyedView)
    ops.scope_loader(load_scope)
    with database(kind, tmp_path) as url:
        app = create_host(url, ops=ops)
        host = populate(app)
        for id, workspace_id in ((1, 1), (2, 1), (3, 2)):
            host.add(Depot(id=id, workspace_id=workspace_id, name="depot"))
            host.add(
                KeyedRun(id=id, workspace_id=workspace_id, type="a", status="queued")
            )
        client = host.client(ADA)
        usual = {"type": "b", "status": "queued"}
        abroad = (3, 999, 10**18)
        for keys in ({name: id} for name in ("repeats", "depot") for id in abroad):
            status, alert = edit(client, 1, **usual, **keys)
            assert (status, alert.endswith("Not a valid choice")) == (200, True)
        assert edit(client, 1, **usual, repeats=2, depot=1)[0] == 302
        with app.app_context():
            run = db.session.get(KeyedRun, 1)
            assert (run.repeats_id, run.tenant_id, run.type) == (2, 1, "b")
            db.session.remove()
            db.engine.dispose()


def test_a_key_set_on_a_change_leads_into_scope(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What on_model_change makes of a field of the app's own is looked at as well."""

    class Own(EverythingOn):
        form_columns = ("type", "status", "person")
        form_ajax_refs = None
        form_extra_fields: t.ClassVar[t.Any] = {"person": IntegerField()}

        def on_model_change(self, form: t.Any, model: t.Any, is_created: bool) -> None:
            model.user = db.session.get(User, form.person.data)

    host = make_host(ops=make_ops(Own))
    add_people(host)
    add_records(host)
    client = host.client(EVE)
    before = stored(host)
    status, alert = edit(client, 1, type="a", status="queued", person=HAL)
    assert (status, "Not a valid choice" in alert) == (200, True)
    assert stored(host) == before
    assert edit(client, 1, type="a", status="queued", person=ADA)[0] == 302


def test_the_refusal_of_an_edit_in_the_list_changes_nothing(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A cell that would move its record out of scope is refused like a form."""

    class Cells(EverythingOn):
        column_list = ("type", "workspace_id")
        column_editable_list: t.ClassVar[t.Any] = ["workspace_id"]

    host = make_host(ops=make_ops(Cells))
    add_people(host)
    add_records(host)
    client = host.client(ADA)
    data = {"csrf_token": token_of(client), "list_form_pk": 1, "workspace_id": 2}
    before = stored(host)
    response = client.post(f"{LIST}ajax/update/", data=data)
    assert response.status_code == 500  # What Flask-Admin's script shows as an error.
    assert "You may not see what this would become" in response.text
    assert stored(host) == before


def test_editing_in_the_list_needs_can_edit(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Editable columns alone do not make a view editable."""

    class Closed(EverythingOn):
        can_edit = False

    host = make_host(ops=make_ops(Closed))
    add_people(host)
    add_records(host)
    client = host.client(ADA)
    data = {"csrf_token": token_of(client), "list_form_pk": 1, "type": "changed"}
    before = stored(host)
    assert client.post(f"{LIST}ajax/update/", data=data).status_code == 404
    assert stored(host) == before


def test_a_choice_that_is_not_offered_is_never_taken_for_none(full_host: Host) -> None:
    """A record does not become the whole workspace's by a tenant that is not there."""
    client = full_host.client(EVE)
    before = stored(full_host)
    form = {"workspace_id": 1, "type": "kind-1", "status": "running", "user": ""}
    for tenant in ("2", "3", "999", "x"):
        status, alert = edit(client, 1, **form, tenant=tenant)
        assert (status, "Not a valid choice" in alert) == (200, True)
    for user in (str(HAL), "999", "x"):
        status, alert = edit(client, 1, **{**form, "tenant": "1", "user": user})
        assert (status, "Not a valid choice" in alert) == (200, True)
    assert stored(full_host) == before
    assert edit(client, 1, **form, tenant="__None")[0] == 302


def test_an_error_of_the_database_is_told_to_the_log_alone(
    make_host: cabc.Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """A failed change says that it failed: no statement, no value, no table's name."""
    host = depot_host(make_host)
    client = host.client(ADA)
    form = {"workspace_id": 1, "type": "run 3", "depot": 1}
    status, alert = edit(client, 1, **form)
    assert status == 200
    assert alert.endswith("The change could not be saved.")
    data = {"csrf_token": token_of(client), **form}
    created = client.post(f"{LIST}new/", data=data)
    for word in ("UNIQUE", "INSERT", "depot_runs", "IntegrityError"):
        assert word not in alert + created.text
    lines = [line for line in caplog.text.splitlines() if "Failed:" in line]
    assert len(lines) == 2
    assert all("IntegrityError SQLITE_CONSTRAINT_UNIQUE" in line for line in lines)
    assert "depot_runs" not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_change_forges_no_line_of_the_log(
    kind: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a database quotes of a typed value stands in no line, and lines are few."""
    ops = OpsRefresh(operation_run=DepotRun, operations_view=DepotView)
    ops.scope_loader(load_scope)
    forged = "x\nWARNING Denied: status=403"
    with database(kind, tmp_path) as url:
        app = create_host(url, ops=ops)
        host = populate(app)
        for id, type in ((1, forged), (2, "b")):
            host.add(DepotRun(id=id, workspace_id=1, type=type))
        client = host.client(ADA)
        form = {"csrf_token": token_of(client), "workspace_id": 1, "type": forged}
        for _ in range(15):
            assert client.post(f"{LIST}edit/?id=2", data=form).status_code == 200
        assert "status=403" not in caplog.text
        assert len(caplog.messages) == 10
        caplog.set_level("DEBUG", logger="flask_ops_refresh")
        client.post(f"{LIST}edit/?id=2", data=form)
        assert "update_model" in caplog.text
        assert not any(
            line.startswith("WARNING Denied")
            for message in caplog.messages
            for line in message.splitlines()
        )
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_refused_choices_are_logged(
    full_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """A choice out of scope leaves a line that names it; one in scope leaves none."""
    client = full_host.client(EVE)
    form = {"workspace_id": 1, "type": "a", "status": "running", "tenant": 1}
    assert edit(client, 1, **form)[0] == 302
    assert caplog.messages == []
    for refused, named in (
        ({"tenant": 3}, "'3'"),
        ({"user": HAL}, f"'{HAL}'"),
        ({"workspace_id": 2}, "'1'"),
    ):
        assert edit(client, 1, **{**form, **refused})[0] == 200
        (line,) = caplog.messages
        assert line.startswith("Denied: status=404 user='5'")
        assert line.endswith(f"record={named}")
        caplog.clear()


@pytest.mark.parametrize(
    ("setting", "raised"),
    [
        ("FLASK_ADMIN_RAISE_ON_INTEGRITY_ERROR", True),
        ("FLASK_ADMIN_RAISE_ON_VIEW_EXCEPTION", True),
    ],
)
def test_an_app_may_have_such_errors_raised(
    make_host: cabc.Callable[..., Host], setting: str, raised: bool
) -> None:
    """Flask-Admin's own settings for tests and debugging hold here too."""
    host = depot_host(make_host)
    host.app.config[setting] = raised
    with pytest.raises(sa.exc.IntegrityError):
        edit(host.client(ADA), 1, workspace_id=1, type="run 3", depot=1)


def test_inline_forms_offer_what_is_in_scope(
    make_host: cabc.Callable[..., Host],
) -> None:
    """The select boxes and look-ups of forms within a form are scoped as well."""

    class Steps(InlineFormAdmin):
        form_columns = ("id", "user")
        form_args: t.ClassVar[t.Any] = {"user": {"get_label": "name"}}

    class LookedUp(InlineFormAdmin):
        form_columns = ("id", "user")
        form_ajax_refs: t.ClassVar[t.Any] = {"user": {"fields": ["name"]}}

    class Own(DepotView):
        form_columns = ("workspace_id", "type", "depot")
        inline_models = (Steps(DepotStep),)

    class OwnLookUp(Own):
        inline_models = (LookedUp(DepotStep),)

    page = depot_host(make_host, Own).client(ADA).get(f"{LIST}new/").text
    assert "Eve" in page
    assert "Hal" not in page
    host = depot_host(make_host, OwnLookUp)
    client = host.client(ADA)
    assert look_up(client, "depotstep-user", query="Eve") == [[EVE, "<User 5>"]]
    assert look_up(client, "depotstep-user", query="Hal") == []
    form = {"workspace_id": 1, "type": "run 1", "depot": 1, "steps-0-id": ""}
    status, alert = edit(client, 1, **form, **{"steps-0-user": HAL})
    assert (status, "Not a valid choice" in alert) == (200, True)
    assert edit(client, 1, **form, **{"steps-0-user": EVE})[0] == 302
    with host.app.app_context():
        steps = db.session.scalars(sa.select(DepotStep.user_id)).all()
    assert steps == [EVE]


@pytest.mark.parametrize("kind", KINDS)
def test_malformed_ids_are_nothing_on_every_database(
    kind: str, tmp_path: pathlib.Path
) -> None:
    """What no column of the database's can hold is a missing record, not an error."""
    with database(kind, tmp_path) as url:
        app = create_host(url, ops=make_ops(EverythingOn))
        host = populate(app)
        add_people(host)
        add_records(host)
        client = host.client(ADA)
        token = {"csrf_token": token_of(client)}
        for id in ("x", "9" * 18, "9" * 30, "-1", "\0", "1,2"):
            query = {"id": id}
            for path in ("edit/", "details/"):
                response = client.get(LIST + path, query_string=query)
                assert response.status_code == 404
            for path, data in (
                ("delete/", {"id": id}),
                ("ajax/update/", {"list_form_pk": id, "type": "x"}),
                ("action/", {"action": "mark", "rowid": id}),
            ):
                response = client.post(LIST + path, data={**token, **data})
                assert response.status_code == 404
        data = {**token, "action": "mark", "rowid": ["x", "2", "1"]}
        assert client.post(f"{LIST}action/", data=data).status_code == 302
        assert [row[0] for row in stored(host) if "marked" in row] == ["1"]
        with app.app_context():
            db.engine.dispose()


class OfficeView(OperationsView):
    can_delete = True


@pytest.mark.parametrize("batch", [500, 2])
def test_actions_reach_uuids_in_scope(
    make_host: cabc.Callable[..., Host], monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Keys that are no numbers are resolved in scope, however many SELECTs it takes."""
    monkeypatch.setattr("flask_ops_refresh.scoped_view._BATCH", batch)
    ops = OpsRefresh(operation_run=OfficeRun, operations_view=OfficeView)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    ids = [uuid.uuid4() for _ in range(6)]
    with host.app.app_context():
        db.session.add(Office(workspace_id=1, id=1, name="North"))
        db.session.add_all(
            OfficeRun(
                id=id,
                workspace_id=1 + (i == 5),
                tenant_id=1,
                type=Kind.ALPHA,
                status="queued",
                created_at=NOW,
            )
            for i, id in enumerate(ids)
        )
        db.session.commit()
    client = host.client(ADA)
    data = {
        "csrf_token": token_of(client),
        "action": "delete",
        "rowid": [*map(str, ids[1:]), str(uuid.uuid4()), "x"],
    }
    page = client.post(f"{LIST}action/", data=data, follow_redirects=True)
    assert "4 records were successfully deleted." in page.text
    with host.app.app_context():
        left = set(db.session.scalars(sa.select(OfficeRun.id)))
    assert left == {ids[0], ids[5]}


class PairRun(Model):
    """A run that is known by two keys."""

    __tablename__ = "runs_of_two_keys"
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    part: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    created_at: orm.Mapped[t.Any] = orm.mapped_column(sa.DateTime, default=NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_one_statement_finds_any_number_of_composite_keys(
    kind: str, tmp_path: pathlib.Path
) -> None:
    """Actions of ever other sizes fill no cache, and reach what is in scope."""
    ops = OpsRefresh(operation_run=PairRun, operations_view=OfficeView)
    ops.scope_loader(load_scope)
    with database(kind, tmp_path) as url:
        app = create_host(url, ops=ops)
        host = populate(app)
        keys = [uuid.UUID(int=i) for i in range(6)]
        with app.app_context():
            db.session.add_all(
                PairRun(
                    number=i, part=key, workspace_id=1 + (i == 5), type="a", status="b"
                )
                for i, key in enumerate(keys)
            )
            db.session.commit()
        client = host.client(ADA)
        data = {"csrf_token": token_of(client), "action": "delete"}
        absent = [f"9,{uuid.UUID(int=i)}" for i in range(30)]
        client.post(f"{LIST}action/", data={**data, "rowid": absent[:2]})
        with app.app_context():
            kept = len(db.engine._compiled_cache)
        for ids in [absent[:count] for count in range(3, 30, 3)]:
            response = client.post(f"{LIST}action/", data={**data, "rowid": ids})
            assert response.status_code == 404
        with app.app_context():
            assert len(db.engine._compiled_cache) == kept
        none = client.post(f"{LIST}action/", data={**data, "rowid": ["x"]})
        assert none.status_code == 404
        ids = [f"{i},{key}" for i, key in enumerate(keys) if i]
        ids.append(f"0,{keys[1]}")
        client.post(f"{LIST}action/", data={**data, "rowid": ids})
        with app.app_context():
            left = set(db.session.scalars(sa.select(PairRun.number)))
            assert left == {0, 5}
            db.session.remove()
            db.engine.dispose()
