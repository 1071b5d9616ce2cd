"""Forms within a form: parts of a run that are in scope, and parts that are not."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

import pytest
import sqlalchemy as sa
from flask_admin.contrib.sqla.fields import CheckboxListField
from flask_admin.contrib.sqla.form import InlineOneToOneModelConverter
from flask_admin.model.form import InlineFormAdmin
from sqlalchemy import orm

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .everything_on import add_people
from .everything_on import OLD_CHOICES
from .host_app import db
from .host_app import load_scope
from .host_app import Model
from .host_app import User
from .test_route_matrix import token_of
from .test_scoped_forms import edit
from .test_scoped_forms import LIST
from .test_scoped_forms import look_up

pytestmark = [
    pytest.mark.usefixtures("frozen_clock"),
    pytest.mark.filterwarnings(OLD_CHOICES),
]


parted_runs_labels = sa.Table(
    "parted_runs_labels",
    Model.metadata,
    sa.Column("run_id", sa.ForeignKey("parted_runs.id"), primary_key=True),
    sa.Column("label_id", sa.ForeignKey("labels.id"), primary_key=True),
)


class Label(Model):
    """What any number of runs may be given, in one workspace."""

    __tablename__ = "labels"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class PartedRun(Model):
    """A run with parts."""

    __tablename__ = "parted_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="queued")
    created_at: orm.Mapped[t.Any] = orm.mapped_column(sa.DateTime, default=NOW)
    parts: orm.Mapped[list[Part]] = orm.relationship(back_populates="run")
    labels: orm.Mapped[list[Label]] = orm.relationship(secondary=parted_runs_labels)
    report: orm.Mapped[Report | None] = orm.relationship(back_populates="run")


class Part(Model):
    """A part of a run that tells a workspace of its own."""

    __tablename__ = "parts"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    note: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    run_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("parted_runs.id"))
    run: orm.Mapped[PartedRun | None] = orm.relationship(back_populates="parts")

    def __str__(self) -> str:
        return f"Part {self.id}"


class Report(Model):
    """The one report of a run, and who wrote it."""

    __tablename__ = "reports"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    note: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    run_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("parted_runs.id"))
    run: orm.Mapped[PartedRun | None] = orm.relationship(back_populates="report")
    user_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    user: orm.Mapped[User | None] = orm.relationship()


class PartedView(OperationsView):
    can_create = can_edit = can_delete = True
    form_columns: t.Any = ("type",)
    inline_models: t.Any = (Part,)


#: Of run 1, which is Ada's, part 1 is hers and part 2 is foreign.
PARTS = [(1, 1, "own", 1), (2, 2, "FOREIGN", 1)]


def parted_host(
    make_host: cabc.Callable[..., Host], view: type[OperationsView] = PartedView
) -> Host:
    ops = OpsRefresh(operation_run=PartedRun, operations_view=view)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    add_people(host)
    host.add(
        PartedRun(id=1, workspace_id=1, type="a"),
        PartedRun(id=9, workspace_id=2, type="b"),
    )
    host.add(
        *(
            Part(id=id, workspace_id=workspace_id, note=note, run_id=run_id)
            for id, workspace_id, note, run_id in PARTS
        )
    )
    return host


def parts(host: Host) -> list[tuple[t.Any, ...]]:
    with host.app.app_context():
        statement = sa.select(Part.id, Part.workspace_id, Part.note, Part.run_id)
        return [tuple(row) for row in db.session.execute(statement.order_by(Part.id))]


def part(id: object, workspace_id: int, note: str, **more: str) -> dict[str, t.Any]:
    fields = {"id": id, "workspace_id": workspace_id, "note": note}
    return {**{f"parts-0-{name}": fields[name] for name in fields}, **more}


def test_an_inline_form_shows_parts_in_scope(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A foreign part of an own run is not shown."""
    page = parted_host(make_host).client(ADA).get(f"{LIST}edit/?id=1").text
    assert "own" in page
    assert "FOREIGN" not in page


@pytest.mark.parametrize(
    "sent",
    [
        part(2, 2, "changed"),
        part(2, 1, "changed"),
        part(2, 2, "x", **{"del-parts-0": "on"}),
        part(999, 1, "of no such part"),
        part(1, 2, "moved"),
        part("", 2, "planted"),
    ],
    ids=str,
)
def test_no_part_is_changed_in_or_moved_to_another_scope(
    make_host: cabc.Callable[..., Host], sent: dict[str, t.Any]
) -> None:
    """Parts out of scope are neither changed, deleted, made nor become so."""
    host = parted_host(make_host)
    status, alert = edit(host.client(ADA), 1, type="a", **sent)
    assert status == 200
    assert alert
    assert parts(host) == PARTS


def test_own_parts_are_changed_made_and_deleted(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What stays in scope is stored, and a foreign part stays where it is."""
    host = parted_host(make_host)
    client = host.client(ADA)
    assert edit(client, 1, type="a", **part(1, 1, "changed"))[0] == 302
    assert parts(host) == [(1, 1, "changed", 1), PARTS[1]]
    assert edit(client, 1, type="a", **part("", 1, "made"))[0] == 302
    assert parts(host)[2:] == [(3, 1, "made", 1)]
    gone = part(1, 1, "x", **{"del-parts-0": "on"})
    assert edit(client, 1, type="a", **gone)[0] == 302
    assert parts(host) == [PARTS[1], (3, 1, "made", 1)]


class OneReport(InlineFormAdmin):
    inline_converter = InlineOneToOneModelConverter
    form_columns = ("id", "workspace_id", "note", "user")
    form_args: t.ClassVar[t.Any] = {"user": {"get_label": "name"}}


class LookedUpReport(OneReport):
    form_ajax_refs: t.ClassVar[t.Any] = {"user": {"fields": ["name"]}}


def test_an_inline_converter_that_a_host_names_is_scoped(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Flask-Admin's one-to-one forms offer people in scope, by select or look-up."""

    class Selected(PartedView):
        inline_models = (OneReport(Report),)

    class LookedUp(PartedView):
        inline_models = (LookedUpReport(Report),)

    page = parted_host(make_host, Selected).client(ADA).get(f"{LIST}edit/?id=1").text
    assert "Eve" in page
    assert "Hal" not in page
    client = parted_host(make_host, LookedUp).client(ADA)
    assert len(look_up(client, "report-user", query="Eve")) == 1
    assert look_up(client, "report-user", query="Hal") == []


def reports(host: Host) -> list[tuple[t.Any, ...]]:
    with host.app.app_context():
        statement = sa.select(Report.workspace_id, Report.note, Report.run_id)
        return [tuple(row) for row in db.session.execute(statement)]


def report(workspace_id: object, note: str) -> dict[str, t.Any]:
    return {"report-workspace_id": workspace_id, "report-note": note}


def test_a_one_to_one_form_stays_in_scope(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A foreign report is not shown, changed or replaced, and none is made abroad."""

    class One(PartedView):
        inline_models = (OneReport(Report),)

    host = parted_host(make_host, One)
    client = host.client(ADA)
    assert edit(client, 1, type="a", **report(2, "planted"))[0] == 200
    assert reports(host) == []
    assert edit(client, 1, type="a", **report(1, "own"))[0] == 302
    assert edit(client, 1, type="a", **report(2, "moved"))[0] == 200
    assert reports(host) == [(1, "own", 1)]
    with host.app.app_context():
        db.session.execute(sa.update(Report).values(workspace_id=2, note="FOREIGN"))
        db.session.commit()
    assert "FOREIGN" not in client.get(f"{LIST}edit/?id=1").text
    assert edit(client, 1, type="a", **report(1, "taken"))[0] == 200
    assert reports(host) == [(2, "FOREIGN", 1)]


class ChosenParts(PartedView):
    """A form in which several parts are chosen in a select box."""

    form_columns = ("type", "parts")
    inline_models = ()
    form_args: t.ClassVar[t.Any] = {"parts": {"get_label": "note"}}


class LookedUpParts(ChosenParts):
    """A form in which several parts are looked up."""

    form_args: t.ClassVar[t.Any] = {}
    form_ajax_refs: t.ClassVar[t.Any] = {"parts": {"fields": ["note"]}}


@pytest.mark.parametrize("view", [ChosenParts, LookedUpParts])
def test_choosing_several_leaves_those_out_of_scope_alone(
    make_host: cabc.Callable[..., Host], view: type[PartedView]
) -> None:
    """A foreign part is neither shown nor taken off, and none can be taken over."""
    host = parted_host(make_host, view)
    host.add(
        Part(id=3, workspace_id=1, note="free", run_id=None),
        Part(id=4, workspace_id=2, note="FOREIGN", run_id=None),
    )
    client = host.client(ADA)
    page = client.get(f"{LIST}edit/?id=1").text
    assert "Part 1" in page or "own" in page
    assert "FOREIGN" not in page
    assert "Part 2" not in page

    def choose(*ids: int) -> int:
        keys = [str(id) for id in ids]
        sent = ",".join(keys) if view is LookedUpParts else keys
        return edit(client, 1, type="a", parts=sent)[0]

    before = parts(host)
    assert [choose(1, 2), choose(4), choose(1, 999)] == [200, 200, 200]
    assert parts(host) == before
    assert choose(1, 3) == 302
    assert [row[3] for row in parts(host)] == [1, 1, 1, None]
    assert choose() == 302
    assert [row[3] for row in parts(host)] == [None, 1, None, None]


def test_labels_out_of_scope_stay_on_a_run(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Many-to-many: what is not offered is neither taken off nor put on."""

    class Labelled(PartedView):
        form_columns = ("type", "labels")
        inline_models = ()
        form_overrides: t.ClassVar[t.Any] = {"labels": CheckboxListField}
        form_args: t.ClassVar[t.Any] = {
            "labels": {
                "get_label": "name",
                "query_factory": lambda: db.session.query(Label).filter_by(
                    workspace_id=1
                ),
            }
        }

    host = parted_host(make_host, Labelled)
    for id, workspace_id in ((1, 1), (2, 2), (3, 1), (4, 2)):
        host.add(Label(id=id, workspace_id=workspace_id, name=f"label {id}"))
    with host.app.app_context():
        for id in (1, 2):
            values = {"run_id": 1, "label_id": id}
            db.session.execute(sa.insert(parted_runs_labels).values(values))
        db.session.commit()
    client = host.client(ADA)

    def labels() -> list[int]:
        with host.app.app_context():
            return sorted(db.session.scalars(sa.select(parted_runs_labels.c.label_id)))

    assert "label 2" not in client.get(f"{LIST}edit/?id=1").text
    assert edit(client, 1, type="a", labels=["1", "4"])[0] == 200
    assert labels() == [1, 2]
    assert edit(client, 1, type="a", labels=["3"])[0] == 302
    assert labels() == [2, 3]


@pytest.mark.parametrize(("workspace_id", "status"), [(1, 302), (2, 200)])
def test_a_new_run_is_made_with_parts_in_scope_or_not_at_all(
    make_host: cabc.Callable[..., Host], workspace_id: int, status: int
) -> None:
    """A new run whose part would be foreign is not stored either."""

    class New(PartedView):
        form_columns = ("workspace_id", "type")

    host = parted_host(make_host, New)
    client = host.client(ADA)
    data = {
        "csrf_token": token_of(client),
        "workspace_id": 1,
        "type": "new",
        **part("", workspace_id, "first"),
    }
    assert client.post(f"{LIST}new/", data=data).status_code == status
    with host.app.app_context():
        runs = db.session.scalars(sa.select(PartedRun.type).order_by(PartedRun.id))
        made = [each for each in runs if each == "new"]
    assert len(made) == len(parts(host)) - len(PARTS) == (status == 302)
