"""Runs that repeat others: the links between them, and who sees which."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import pathlib
import typing as t
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import BEN
from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .host_app import Model
from .pages import poll
from .pages import region
from .pages import soup

pytestmark = pytest.mark.usefixtures("frozen_clock")


class _Columns:
    workspace_id: orm.Mapped[int] = orm.mapped_column(default=1)
    tenant_id: orm.Mapped[int | None] = orm.mapped_column(default=1)
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80), default="integrity.verify")
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="completed")
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        sa.DateTime(timezone=True), default=NOW
    )


class NumberedRun(_Columns, Model):
    __tablename__ = "retried_numbered_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    parent: orm.Mapped[int | None] = orm.mapped_column(index=True)
    retry_of_id: orm.Mapped[int | None] = orm.synonym("parent")


class UuidRun(_Columns, Model):
    __tablename__ = "retried_uuid_runs"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    retry_of_id: orm.Mapped[uuid.UUID | None] = orm.mapped_column(index=True)


class WordRun(_Columns, Model):
    __tablename__ = "retried_word_runs"
    id: orm.Mapped[str] = orm.mapped_column(sa.String(40), primary_key=True)
    retry_of_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(40), index=True)


class PairRun(_Columns, Model):
    """A key of two columns is held as it stands in addresses."""

    __tablename__ = "retried_pair_runs"
    day: orm.Mapped[str] = orm.mapped_column(sa.String(20), primary_key=True)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    retry_of_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(40), index=True)


class TextHeldRun(_Columns, Model):
    """What holds the key is of another type than the key."""

    __tablename__ = "retried_text_held_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    retry_of_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(40), index=True)


FIRST, SECOND = (uuid.UUID(int=number) for number in (1, 2))
#: Two keys of each model, and the first as another run holds it.
MODELS: dict[type[t.Any], tuple[dict[str, t.Any], dict[str, t.Any], t.Any]] = {
    NumberedRun: ({"id": 1}, {"id": 2}, 1),
    UuidRun: ({"id": FIRST}, {"id": SECOND}, FIRST),
    WordRun: ({"id": "a,b/c"}, {"id": "x y"}, "a,b/c"),
    PairRun: ({"day": "a,b", "number": 1}, {"day": "c", "number": 2}, "a.,b,1"),
    TextHeldRun: ({"id": 1}, {"id": 2}, "1"),
}


def ops_of(model: type[t.Any], **options: t.Any) -> OpsRefresh:
    ops = OpsRefresh(operation_run=model, **options)
    ops.scope_loader(load_scope)
    return ops


def add(host: Host, *records: t.Any) -> None:
    with host.app.app_context():
        db.session.add_all(records)
        db.session.commit()


def key_of(model: type[t.Any], key: dict[str, t.Any]) -> str:
    from flask_admin.tools import iterencode

    return str(iterencode(str(value) for value in key.values()))


def details(host: Host, user: int, key: str) -> t.Any:
    url = "/admin/operations/details/"
    return host.client(user).get(url, query_string={"id": key})


def links(response: t.Any) -> dict[str, list[str]]:
    """What a page says of retries: the sentences' beginnings, and the links in each."""
    assert response.status_code == 200
    return {
        str(line.contents[0]).strip(): [link.text for link in line.select("a")]
        for line in soup(response).select(".ops-refresh-surface > p")
    }


@pytest.fixture
def numbered(make_host: cabc.Callable[..., Host]) -> Host:
    return make_host(ops=ops_of(NumberedRun))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_run_and_its_retry_lead_to_each_other(
    model: type[t.Any], kind: str, tmp_path: pathlib.Path
) -> None:
    """Whatever the key is made of, on every database; the links can be followed."""
    first, second, held = MODELS[model]
    with database(kind, tmp_path) as url:
        host = populate(create_host(url, ops=ops_of(model)))
        later = NOW + dt.timedelta(minutes=1)
        add(host, model(**first), model(**second, retry_of_id=held, created_at=later))
        one, two = (key_of(model, key) for key in (first, second))
        original, retry = (details(host, ADA, key) for key in (one, two))
        assert links(original) == {"Retried as": [two]}
        assert links(retry) == {"Retry of": [one]}
        for page, other in ((original, two), (retry, one)):
            [link] = soup(page).select(".ops-refresh-surface > p a")
            followed = host.client(ADA).get(str(link["href"]))
            assert other in region(followed).element.text
        with host.app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_only_what_is_in_scope_is_named(numbered: Host) -> None:
    """Another tenant's, another workspace's and a missing run are not there."""
    add(
        numbered,
        NumberedRun(id=1, tenant_id=1),
        NumberedRun(id=2, tenant_id=2, parent=1),
        NumberedRun(id=3, tenant_id=sa.null(), parent=2),
        NumberedRun(id=4, tenant_id=1, parent=2),
        NumberedRun(id=5, workspace_id=2, parent=2),
        NumberedRun(id=6, tenant_id=2, parent=999),
        NumberedRun(id=7, tenant_id=2, parent=5),
    )
    assert links(details(numbered, BEN, "2")) == {"Retried as": ["3"]}
    assert links(details(numbered, ADA, "2")) == {
        "Retry of": ["1"],
        "Retried as": ["4", "3"],
    }
    for key in ("6", "7"):
        assert links(details(numbered, ADA, key)) == {}


class Narrowed(OperationsView):
    """A view that shows less than the scope does."""

    def get_query(self) -> t.Any:
        return super().get_query().filter(NumberedRun.id != 3)


def test_what_a_view_leaves_out_is_not_named(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A subclass that narrows what there is to see narrows these, too."""
    host = make_host(ops=ops_of(NumberedRun, operations_view=Narrowed))
    add(host, *(NumberedRun(id=id, parent=1 if id > 1 else 3) for id in range(1, 5)))
    assert links(details(host, ADA, "1")) == {"Retried as": ["4", "2"]}


def test_the_newest_few_are_named(numbered: Host) -> None:
    """Newest first, and where there are more it is said."""
    add(numbered, NumberedRun(id=1))
    for number in range(2, 9):
        moment = NOW + dt.timedelta(minutes=number)
        add(numbered, NumberedRun(id=number, parent=1, created_at=moment))
    page = details(numbered, ADA, "1")
    assert links(page) == {"Retried as": ["8", "7", "6", "5", "4"]}
    [line] = soup(page).select(".ops-refresh-surface > p")
    assert line.text.strip().endswith("…")


def test_they_are_read_for_the_page_and_not_in_polls(numbered: Host) -> None:
    """A poll makes one SELECT of runs; a page one more for each direction.

    One more still is that of the runs before and after.
    """
    add(numbered, NumberedRun(id=1), NumberedRun(id=2, parent=1, status="running"))
    client = numbered.client(ADA)
    live = region(client.get("/admin/operations/details/?id=2"))
    for etag in (live.etag, None):
        with numbered.statements() as seen:
            answer = poll(client, str(live.url), etag)
        assert len([each for each in seen if "retried_" in each]) == 1
        assert "Retry of" not in answer.text
    with numbered.statements() as seen:
        client.get("/admin/operations/details/?id=1")
    assert len([each for each in seen if "retried_" in each]) == 3


def test_models_that_tell_of_none_cost_nothing(host: Host) -> None:
    """Without the attribute nothing is read and nothing is shown."""
    run = host.add_run(status="completed")
    with host.statements() as seen:
        page = details(host, ADA, str(run))
    assert not [
        each for each in seen if "retr" in each.replace("NULL AS stored_retry", "")
    ]
    assert not soup(page).select(".ops-refresh-surface")


@pytest.mark.parametrize("held", ["", "x", "1,2", "9" * 40, "\x01", "é" * 40])
def test_whatever_is_held_the_page_stays_up(
    make_host: cabc.Callable[..., Host], held: str
) -> None:
    """What is no key leads nowhere."""
    host = make_host(ops=ops_of(TextHeldRun))
    add(host, TextHeldRun(id=1, retry_of_id=held))
    assert links(details(host, ADA, "1")) == {}


def test_a_terminal_page_with_retries_stays_the_same(numbered: Host) -> None:
    """Nothing of them hangs on the clock, and none of it is a script's."""
    add(numbered, NumberedRun(id=1), NumberedRun(id=2, parent=1))
    client = numbered.client(ADA)
    first, second = (client.get("/admin/operations/details/?id=1") for _ in range(2))
    assert first.data == second.data
