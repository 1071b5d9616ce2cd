"""The runs beside one on its page: of its type, in scope, in the order of creation."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import pathlib
import typing as t

import hypothesis
import pytest
import sqlalchemy as sa
from bs4 import Tag
from hypothesis import strategies as st
from sqlalchemy import orm
from werkzeug.test import TestResponse

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
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .host_app import Model
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import poll
from .pages import region
from .pages import soup

pytestmark = pytest.mark.usefixtures("frozen_clock")

DETAILS = "/admin/operations/details/?id="


def beside(response: TestResponse) -> tuple[str | None, str | None]:
    """The ids of the runs that a page leads on to: before and after."""
    assert response.status_code == 200
    page = soup(response)
    found = [page.select_one(f"a[rel={name}]") for name in ("prev", "next")]
    before, after = (
        str(link["href"]).partition("?id=")[2] if isinstance(link, Tag) else None
        for link in found
    )
    return before, after


class Step(Model):
    """A run under names of its own, with a key of two parts."""

    __tablename__ = "neighbour_steps"
    shard: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    number: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    org: orm.Mapped[int]
    kind: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))
    state: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    made: orm.Mapped[dt.datetime | None] = orm.mapped_column(sa.DateTime)
    workspace_id = orm.synonym("org")
    type = orm.synonym("kind")
    status = orm.synonym("state")
    created_at = orm.synonym("made")

    __table_args__ = (sa.Index("ix_steps", "org", "kind", "made"),)


@pytest.fixture(params=KINDS)
def steps(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> cabc.Iterator[Host]:
    """A host whose runs are steps, on each database."""
    with database(request.param, tmp_path) as url:
        ops = OpsRefresh(operation_run=Step)
        ops.scope_loader(lambda user: Scope(workspace_id=1))
        host = populate(create_host(url, ops=ops))
        yield host
        with host.app.app_context():
            db.session.remove()
            db.engine.dispose()


# Few values, so that many runs share their moment, or have none.
_ROWS = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.integers(1, 9),
        st.sampled_from([1, 1, 1, 2]),
        st.sampled_from(["a", "a", "b", None]),
        st.none() | st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)


def expected(
    rows: list[tuple[t.Any, ...]], row: tuple[t.Any, ...]
) -> tuple[str | None, str | None]:
    """What plain Python finds: sorted by moment and key, those without one first."""
    peers = [r for r in rows if r[2] == 1 and r[3] == row[3] and r[3] is not None]
    peers.sort(key=lambda r: (-1 if r[4] is None else r[4], r[0], r[1]))
    if row not in peers:
        return None, None
    at = peers.index(row)
    keys = [f"{r[0]}%2C{r[1]}" for r in peers]
    return keys[at - 1] if at else None, keys[at + 1] if at + 1 < len(keys) else None


def test_neighbours_are_those_of_a_sorted_list(steps: Host) -> None:
    """On each database: ties by key, no time first, never another workspace's."""
    client = steps.client(ADA)
    table = Step.__table__

    @hypothesis.settings(
        max_examples=12,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(_ROWS)
    def check(rows: list[tuple[t.Any, ...]]) -> None:
        with steps.app.app_context(), db.engine.begin() as connection:
            connection.execute(sa.delete(table))
            for shard, number, org, kind, second in rows:
                moment = (
                    None if second is None else dt.datetime(2026, 3, 1, 0, 0, second)
                )
                values = {"shard": shard, "number": number, "org": org, "kind": kind}
                connection.execute(
                    sa.insert(table).values(**values, state="completed", made=moment)
                )
        for row in rows:
            page = client.get(f"{DETAILS}{row[0]},{row[1]}")
            if row[2] == 1:
                assert beside(page) == expected(rows, row)
            else:
                assert page.status_code == 404

    check()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_run_of_its_own_kind_has_no_neighbours(host: Host, number: int) -> None:
    """Alone it has none; the first has a next one, the last one before it."""
    runs = [
        host.add_run(type="kind.a", created_at=NOW + dt.timedelta(seconds=n))
        for n in range(number + 1)
    ]
    host.add_run(type="kind.b")
    client = host.client(ADA)
    ids = [None, *map(str, runs), None]
    for place, run in enumerate(runs, 1):
        page = client.get(f"{DETAILS}{run}")
        assert beside(page) == (ids[place - 1], ids[place + 1])
        assert ("Runs of this type" in page.text) is (number > 0)


def test_neighbours_out_of_scope_are_passed_over(host: Host) -> None:
    """Of another tenant or workspace there is no link, and no sign of a gap."""
    times = [NOW + dt.timedelta(seconds=n) for n in range(4)]
    first, _, mine, _ = (
        host.add_run(created_at=moment, **whose)
        for moment, whose in zip(
            times,
            (
                {"tenant_id": 2},
                {"tenant_id": 1},
                {"tenant_id": None},
                {"tenant_id": None, "workspace_id": 2},
            ),
            strict=True,
        )
    )
    page = host.client(BEN).get(f"{DETAILS}{mine}")
    assert beside(page) == (str(first), None)


class _WithoutDrafts(OperationsView):
    def get_query(self) -> t.Any:
        return super().get_query().filter(OperationRun.outcome.is_not(None))


def test_what_a_subclass_leaves_out_is_no_neighbour(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A narrowed ``get_query`` narrows the neighbours, too."""
    ops = OpsRefresh(operation_run=OperationRun, operations_view=_WithoutDrafts)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    first, _, third = (
        host.add_run(outcome=outcome, created_at=NOW + dt.timedelta(seconds=n))
        for n, outcome in enumerate(["failed", None, "failed"])
    )
    client = host.client(ADA)
    assert beside(client.get(f"{DETAILS}{third}")) == (str(first), None)
    assert beside(client.get(f"{DETAILS}{first}")) == (None, str(third))


def test_neighbours_stand_outside_of_what_is_refreshed(host: Host) -> None:
    """One SELECT on the page, none on a poll; and they go when the region does."""
    host.add_run(created_at=NOW - dt.timedelta(seconds=1))
    run = host.add_run(status="running")
    client = host.client(ADA)
    with host.statements() as statements:
        page = client.get(f"{DETAILS}{run}")
    assert sum("FROM operation_runs" in each for each in statements) == 2
    found = region(page)
    assert not found.element.select("a[rel=prev]")
    links = soup(page).select_one(".ops-refresh-surface")
    assert links is not None
    assert links["data-for"] == found.element["id"]
    assert found.url is not None
    with host.statements() as statements:
        poll(client, found.url)
    assert sum("FROM operation_runs" in each for each in statements) == 1


def test_whoever_asks_first_decides_no_neighbours(
    make_host: cabc.Callable[..., Host],
) -> None:
    """The statement is shared, the scope is not: in either order each sees theirs."""
    ops = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    ids = [
        host.add_run(tenant_id=tenant, created_at=NOW + dt.timedelta(seconds=n))
        for n, tenant in enumerate([1, 2, 1, 2])
    ]
    for user in (ADA, BEN, ADA):
        shown = ids[2] if user == ADA else ids[1]
        page = host.client(user).get(f"{DETAILS}{ids[3]}")
        assert beside(page) == (str(shown), None)
