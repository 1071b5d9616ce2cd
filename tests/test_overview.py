"""Every figure of the overview is what plain Python counts over the same rows."""

from __future__ import annotations

import collections
import collections.abc as cabc
import contextlib
import dataclasses
import datetime as dt
import itertools
import pathlib
import re
import statistics
import typing as t
import urllib.parse
import uuid
import zoneinfo

import pytest
import sqlalchemy as sa
from bs4 import Tag
from flask import Flask
from flask_admin import AdminIndexView
from flask_admin import expose
from flask_login import current_user
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from jinja2 import DictLoader
from sqlalchemy import orm
from werkzeug.test import TestResponse

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope
from flask_ops_refresh.formatting import duration
from flask_ops_refresh.reader_locale import clock_time

from .any_row import PairRun
from .any_row import UuidRun
from .conftest import ADA
from .conftest import Clock
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
from .host_app import Tenant
from .pages import is_silent
from .pages import own_scripts
from .pages import poll
from .pages import region
from .pages import soup
from .small_models import Job

pytestmark = pytest.mark.usefixtures("frozen_clock")

LIST = "/admin/operations/"
POLL_URL = "/admin/ops-refresh/operations-overview"
NAME = "operations-overview"
HOUR = dt.timedelta(hours=1)
OUTCOMES = ("succeeded", "partial", "failed")
MEANINGS = {
    ("queued", None): "queued",
    ("running", None): "running",
    ("completed", "succeeded"): "succeeded",
    ("completed", "partially_succeeded"): "partial",
    ("completed", "failed"): "failed",
    ("completed", None): "unknown",
    ("COMPLETED", "failed"): "unknown",
    ("paused", "failed"): "unknown",
}
OWN_WORDS = {
    "pending": "queued",
    "done": "completed",
    "ko": "failed",
    "OK": "succeeded",
}
OWN_MEANINGS = {
    **MEANINGS,
    ("pending", None): "queued",
    ("OK", None): "succeeded",
    ("ko", None): "failed",
    ("done", "ko"): "failed",
    ("done", "succeeded"): "succeeded",
    ("completed", "OK"): "succeeded",
    ("ok", None): "unknown",
}


class PlainRun(Model):
    """A run of an app without workspaces and tenants."""

    __tablename__ = "overview_plain_runs"
    id: orm.Mapped[str] = orm.mapped_column(sa.String(40), primary_key=True)
    type: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    outcome: orm.Mapped[str | None] = orm.mapped_column(sa.String(30))
    created_at: orm.Mapped[dt.datetime | None]
    completed_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(
        sa.DateTime(timezone=True)
    )


@dataclasses.dataclass(frozen=True)
class Case:
    """A kind of app.

    :param key: the primary key of the run of a number.
    """

    model: type[t.Any]
    key: cabc.Callable[[int], dict[str, t.Any]]
    meanings: dict[tuple[str, str | None], str]
    options: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def address(self, row: t.Any) -> str:
        return ",".join(str(getattr(row, name)) for name in self.key(0))


CASES = {
    "usual": Case(OperationRun, lambda number: {"id": number}, MEANINGS),
    "own words": Case(
        OperationRun,
        lambda number: {"id": number},
        OWN_MEANINGS,
        {"statuses": OWN_WORDS},
    ),
    "uuid": Case(UuidRun, lambda number: {"id": uuid.UUID(int=number)}, MEANINGS),
    "two keys": Case(
        PairRun, lambda number: {"shard": number % 2, "id": f"r{number}"}, MEANINGS
    ),
    "plain": Case(
        PlainRun, lambda number: {"id": f"{number:03}"}, MEANINGS, {"workspaces": False}
    ),
}


@dataclasses.dataclass(frozen=True)
class Membership:
    """What somebody may see; ``None``: all tenants."""

    workspace: int
    tenants: frozenset[int] | None
    tenantless: bool

    def may_see(self, row: t.Any) -> bool:
        if getattr(row, "workspace_id", self.workspace) != self.workspace:
            return False
        if not hasattr(row, "tenant_id"):
            return True
        if row.tenant_id is None:
            return self.tenantless
        return self.tenants is None or row.tenant_id in self.tenants

    def scope(self, case: Case) -> Scope:
        named = {"workspace_id": self.workspace} if case.model is not PlainRun else {}
        tenants = ALL_TENANTS if self.tenants is None else self.tenants
        return Scope(**named, tenant_ids=tenants, sees_tenantless=self.tenantless)


def utc(moment: dt.datetime | None) -> dt.datetime | None:
    if moment is None or moment.tzinfo is None:
        return moment and moment.replace(tzinfo=dt.UTC)
    return moment.astimezone(dt.UTC)


class Expected:
    """The figures, by plain Python."""

    def __init__(
        self, case: Case, rows: list[t.Any], seen_by: Membership, now: dt.datetime
    ) -> None:
        self.case, self.now = case, now
        self.rows = [row for row in rows if seen_by.may_see(row)]
        self.since = now.replace(minute=0, second=0, microsecond=0) - 23 * HOUR
        self.ended = [
            row
            for row in self.rows
            if self.status(row) in OUTCOMES
            and row.completed_at
            and self.since <= t.cast(dt.datetime, utc(row.completed_at)) <= now
        ]

    def status(self, row: t.Any) -> str:
        anyway = self.case.meanings.get((row.status, None), "unknown")
        if anyway != "unknown":
            return anyway
        return self.case.meanings.get((row.status, row.outcome), "unknown")

    def figures(self) -> dict[str, int]:
        counted = collections.Counter(map(self.status, self.rows))
        ended = collections.Counter(map(self.status, self.ended))
        found = {"Queued": counted["queued"], "Running": counted["running"]}
        if self.ended:
            names = ("Succeeded", "Partially succeeded", "Failed")
            found |= {
                name: ended[key] for name, key in zip(names, OUTCOMES, strict=True)
            }
        return found

    def hours(self) -> list[tuple[str, list[int]]]:
        counted = collections.Counter(
            (
                t.cast(dt.datetime, utc(row.completed_at)).replace(
                    minute=0, second=0, microsecond=0
                ),
                self.status(row),
            )
            for row in self.ended
        )
        hours = [self.since + number * HOUR for number in range(24)]
        return [
            (hour.isoformat(), [counted[hour, outcome] for outcome in OUTCOMES])
            for hour in hours
        ]

    def seconds(self, row: t.Any) -> float | None:
        start = utc(getattr(row, "started_at", None) or row.created_at)
        end = t.cast(dt.datetime, utc(row.completed_at))
        if start is None or not self.now - dt.timedelta(days=366) <= start <= end:
            return None
        return (end - start).total_seconds()

    def types(self) -> list[tuple[str, str, str, str, str | None]]:
        by_type: dict[str, list[t.Any]] = {}
        for row in self.ended:
            by_type.setdefault(row.type, []).append(row)
        told = []
        for name, rows in by_type.items():
            timed = [
                (-seconds, [*self.key(row)], row)
                for row in rows
                if (seconds := self.seconds(row)) is not None
            ]
            line = (name or "Operation", f"{len(rows):,}")
            if timed:
                middle = statistics.median(-each[0] for each in timed)
                slowest, _, row = min(timed, key=lambda each: each[:2])
                line = (*line, duration(round(middle, 6)), duration(-slowest))
                told.append((-len(rows), name, (*line, self.case.address(row))))
            else:
                told.append((-len(rows), name, (*line, "–", "–", None)))
        in_order = sorted(told, key=lambda each: (each[0], each[1].encode()))
        return [line for _, _, line in in_order[:12]]

    def key(self, row: t.Any) -> cabc.Iterator[t.Any]:
        return (getattr(row, name) for name in self.case.key(0))

    def failures(self) -> list[str]:
        failed = [row for row in self.ended if self.status(row) != "succeeded"]
        failed.sort(key=lambda row: (utc(row.completed_at), [*self.key(row)]))
        return [self.case.address(row) for row in reversed(failed[-5:])]


class Shown:
    """The figures, as they stand on a page."""

    def __init__(self, body: Tag) -> None:
        self.body = body
        tables = body.select("table")
        self._hours = next((each for each in tables if "From" in each.text), None)
        self._types = next((each for each in tables if "Slowest" in each.text), None)

    def figures(self) -> dict[str, int]:
        return {
            each.select("dt")[0].text: int(each.select("dd")[0].text.replace(",", ""))
            for each in self.body.select(".ops-refresh-figures > div")
        }

    def hours(self) -> list[tuple[str, list[int]]]:
        assert self._hours is not None
        return [
            (
                str(row.select("time")[0]["datetime"]),
                [int(cell.text.replace(",", "")) for cell in row.select("td")],
            )
            for row in self._hours.select("tbody tr")
        ]

    def bars(self) -> list[list[str]]:
        """Whose bars there are in each hour, from the top down."""
        return [
            [str(bar["class"][-1]) for bar in reversed(each.select(".ops-refresh-bar"))]
            for each in self.body.select(".ops-refresh-hour")
        ]

    def types(self) -> list[tuple[str | None, ...]]:
        if self._types is None:
            return []
        return [
            (
                row.select("th")[0].text,
                *(cell.text for cell in row.select("td")),
                next((id_of(each) for each in row.select("a")), None),
            )
            for row in self._types.select("tbody tr")
        ]

    def failures(self) -> list[str]:
        found = self.body.select(".ops-refresh-failures li")
        for each in found:
            assert each["data-key"] == f"failure-{id_of(each.select('a')[0])}"
        return [id_of(each.select("a")[0]) for each in found]


def id_of(link: Tag) -> str:
    query = urllib.parse.urlsplit(str(link["href"])).query
    return urllib.parse.parse_qs(query)["id"][0]


def shown(response: TestResponse) -> Shown:
    assert response.status_code == 200
    return Shown(t.cast(Tag, soup(response).body))


def assert_right(found: Shown, expected: Expected) -> None:
    assert found.figures() == expected.figures()
    assert found.types() == expected.types()
    assert found.failures() == expected.failures()
    if expected.ended:
        hours = expected.hours()
        assert found.hours() == hours
        names = [f"ops-refresh-bar-{outcome}" for outcome in OUTCOMES]
        assert found.bars() == [
            [name for name, count in zip(names, counts, strict=True) if count]
            for _, counts in hours
        ]


class Office:
    """An app of a case on a database, with rows that come and go."""

    def __init__(self, case: Case, app: Flask, people: dict[str, Scope]) -> None:
        self.case, self.host, self._people = case, populate(app), people
        self.host.add(Tenant(id=3, name="East"))
        self.client = self.host.client(ADA)

    def store(self, runs: list[dict[str, t.Any]]) -> list[t.Any]:
        """Store these alone, and give them as the database has them."""
        model = self.case.model
        rows = [
            self._as_columns_take_it({**run, **self.case.key(number)})
            for number, run in enumerate(runs, 1)
        ]
        with self.host.app.app_context():
            db.session.execute(sa.delete(model))
            if rows:
                db.session.execute(sa.insert(model), rows)
            db.session.commit()
            return [*db.session.scalars(sa.select(model))]

    def _as_columns_take_it(self, values: dict[str, t.Any]) -> dict[str, t.Any]:
        kinds = {
            each.key: each.columns[0].type
            for each in sa.inspect(self.case.model).column_attrs
        }
        return {
            name: value.replace(tzinfo=None)
            if isinstance(value, dt.datetime) and not kinds[name].timezone
            else value
            for name, value in values.items()
            if name in kinds
        }

    def poll(self, membership: Membership) -> TestResponse:
        self._people["scope"] = membership.scope(self.case)
        return poll(self.client, POLL_URL)


@contextlib.contextmanager
def office(case: Case, kind: str, folder: pathlib.Path) -> cabc.Iterator[Office]:
    people: dict[str, Scope] = {}
    ops = OpsRefresh(operation_run=case.model, **case.options)
    ops.scope_loader(lambda user: people["scope"])
    with database(kind, folder) as url:
        app = create_host(url, ops=ops)
        try:
            yield Office(case, app, people)
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


memberships = st.builds(
    Membership,
    workspace=st.just(1),
    tenants=st.none() | st.frozensets(st.sampled_from((1, 2, 3))),
    tenantless=st.booleans(),
)
#: The hour's edges, and somewhere within.
nows = st.sampled_from(
    [
        NOW,
        NOW - dt.timedelta(microseconds=1),
        NOW + dt.timedelta(minutes=59, seconds=59, microseconds=999_999),
        NOW + dt.timedelta(minutes=17, seconds=3, microseconds=250_000),
    ]
)
ages = st.one_of(
    st.sampled_from(
        [
            dt.timedelta(0),
            dt.timedelta(microseconds=1),
            HOUR,
            23 * HOUR,
            23 * HOUR + dt.timedelta(microseconds=1),
            24 * HOUR,
            -HOUR,
            dt.timedelta(days=366),
            dt.timedelta(days=20_000),
        ]
    ),
    st.timedeltas(dt.timedelta(0), dt.timedelta(hours=25)),
)
#: What collations take for the same, and what has the names of others.
TYPES = ("kind.a", "kind.A", "kind.a ", "kind.ä", "", "<b>", "7", "x" * 60)


#: How long a run took, if its times tell; some ended before they began.
durations = st.none() | st.one_of(
    st.timedeltas(dt.timedelta(0), dt.timedelta(hours=3)),
    st.timedeltas(dt.timedelta(seconds=-2), dt.timedelta(seconds=2)),
    st.sampled_from([dt.timedelta(days=365), dt.timedelta(days=20_000)]),
)


@st.composite
def some_runs(
    draw: st.DrawFn, now: dt.datetime, meanings: cabc.Mapping[t.Any, str]
) -> list[dict[str, t.Any]]:
    """Many of few types that ended lately, and some of every other kind."""
    ended = [words for words, status in meanings.items() if status in OUTCOMES]
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))

    def one() -> dict[str, t.Any]:
        status, outcome = draw(st.sampled_from([*ended * 3, *meanings]))
        age, took, waited = draw(st.tuples(st.none() | ages, durations, durations))
        completed = None if age is None else now - age
        started = None if took is None else (completed or now) - took
        created = None if waited is None else (started or completed or now) - waited
        return {
            "workspace_id": draw(st.sampled_from((1, 1, 1, 1, 2))),
            "tenant_id": draw(st.sampled_from((None, 1, 2, 3))),
            "type": draw(st.sampled_from(types)),
            "status": status,
            "outcome": outcome,
            "created_at": created,
            "started_at": started,
            "completed_at": completed,
        }

    return [one() for _ in range(draw(st.integers(0, 25)))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_every_figure_is_what_python_counts(
    kind: str, name: str, tmp_path: pathlib.Path, frozen_clock: Clock
) -> None:
    """Counts, hours, bars, medians, slowest runs, failures: for any rows and scope."""
    case = CASES[name]
    with office(case, kind, tmp_path) as app:

        @settings(max_examples=25, suppress_health_check=list(HealthCheck))
        @given(membership=memberships, now=nows, data=st.data())
        def check(
            membership: Membership, now: dt.datetime, data: st.DataObject
        ) -> None:
            frozen_clock.now = now
            rows = app.store(data.draw(some_runs(now, case.meanings)))
            expected = Expected(case, rows, membership, now)
            response = app.poll(membership)
            assert_right(shown(response), expected)
            figures = expected.figures()
            active = figures["Queued"] + figures["Running"]
            interval = response.headers.get("Ops-Refresh-Interval")
            assert interval == ("10" if active else None)

        check()


def ended(host: Host, ago: dt.timedelta = HOUR, **values: t.Any) -> int:
    """A run that took a minute and ended so long ago."""
    at = NOW - ago
    times = {"created_at": at - dt.timedelta(minutes=1), "completed_at": at}
    defaults = {"status": "completed", "outcome": "succeeded", **times}
    return host.add_run(**{**defaults, **values})


def test_it_stands_on_the_dashboard_and_above_the_list(host: Host) -> None:
    """Both pages show the same figures, each once."""
    ended(host)
    host.add_run()
    client = host.client(ADA)
    for path in ("/admin/", LIST):
        page = client.get(path)
        [card] = soup(page).select(".ops-refresh-overview")
        assert Shown(card).figures()["Queued"] == 1
        assert region(page, NAME).interval == "10"
    page = soup(client.get(LIST))
    ids = [each.get("id") for each in page.select("[data-ops-refresh-url]")]
    assert ids == ["ops-refresh-operations-overview", "ops-refresh-operation-list"]


@pytest.mark.parametrize(
    "query", ["page=1", "search=x", "flt0_0=failed", "sort=0", "page_size=20"]
)
def test_the_lists_other_views_are_without_it(host: Host, query: str) -> None:
    """Whoever looks for something, or leafs through, is shown the list alone."""
    host.add_run()
    page = host.client(ADA).get(f"{LIST}?{query}")
    assert page.status_code == 200
    assert "ops-refresh-overview" not in page.text


def test_at_rest_it_has_no_script(host: Host) -> None:
    """With nothing queued or running there is no poll, and two loads are alike."""
    ended(host)
    client = host.client(ADA)
    for path in ("/admin/", LIST):
        pages = [client.get(path) for _ in range(2)]
        assert "Succeeded" in pages[0].text
        assert all(map(is_silent, pages))
        csrf = re.compile(r'name="csrf_token"[^>]*>')
        assert len({csrf.sub("", page.text) for page in pages}) == 1


def test_it_is_live_while_anything_is_active(host: Host) -> None:
    """The answer that brings the last end brings the stop."""
    run = host.add_run(status="running")
    client = host.client(ADA)
    page = client.get("/admin/")
    live = region(page, NAME)
    assert len(own_scripts(page)) == 1
    assert live.url is not None
    assert poll(client, live.url, live.etag).status_code == 304
    host.update(
        OperationRun, run, status="completed", outcome="failed", completed_at=NOW
    )
    answer = poll(client, live.url, live.etag)
    assert "Ops-Refresh-Interval" not in answer.headers
    assert shown(answer).failures() == [str(run)]
    assert shown(answer).figures()["Running"] == 0


def test_an_unchanged_poll_is_two_selects(host: Host) -> None:
    """One for the figures, one for failures where there are any; no more for more."""
    host.add_run(status="running")
    client = host.client(ADA)
    for failures in (0, 1, 30):
        for number in range(failures):
            ended(host, ago=number * HOUR / 2, outcome="failed")
        etag = poll(client, POLL_URL).headers["ETag"]
        with host.statements() as statements:
            assert poll(client, POLL_URL, etag).status_code == 304
        read = [each for each in statements if "operation_runs" in each]
        assert len(read) == (2 if failures else 1)


def test_a_changed_poll_asks_for_nothing_more(host: Host) -> None:
    """To render takes no further SELECT."""
    ended(host, outcome="failed", user_id=ADA)
    with host.statements() as statements:
        assert poll(host.client(ADA), POLL_URL).status_code == 200
    assert sum("operation_runs" in each for each in statements) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"type": "kind.other"},
        {"tenant_id": 2},
        {"outcome": "partially_succeeded"},
        {"status": "running"},
        {"completed_at": NOW - dt.timedelta(minutes=61)},
        {"started_at": NOW - dt.timedelta(minutes=99)},
    ],
    ids=lambda change: [*change][0],
)
def test_whatever_is_shown_changes_the_etag(
    host: Host, change: dict[str, t.Any]
) -> None:
    """What a change of a run alters on the card, it alters in the version too."""
    run = ended(host, outcome="failed")
    client = host.client(ADA)
    before = poll(client, POLL_URL)
    host.update(OperationRun, run, **change)
    after = poll(client, POLL_URL, before.headers["ETag"])
    assert after.status_code == 200
    assert after.text != before.text


def test_the_next_hour_changes_the_etag(host: Host, frozen_clock: Clock) -> None:
    """The chart moves on with the clock."""
    ended(host)
    client = host.client(ADA)
    frozen_clock.advance(minutes=59, seconds=59)
    etag = poll(client, POLL_URL).headers["ETag"]
    frozen_clock.advance(seconds=1)
    answer = poll(client, POLL_URL, etag)
    assert answer.status_code == 200
    last, _ = shown(answer).hours()[-1]
    assert last == (NOW + HOUR).isoformat()


def test_a_view_can_do_without(make_host: cabc.Callable[..., Host]) -> None:
    """Switched off, there is no card, no region and nothing to be polled."""

    class Bare(OperationsView):
        show_overview = False

    ops = OpsRefresh(operation_run=OperationRun, operations_view=Bare)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add_run()
    client = host.client(ADA)
    for path in ("/admin/", LIST):
        assert "overview" not in client.get(path).text
    assert poll(client, POLL_URL).status_code == 404


def test_an_app_without_runs_has_none(make_host: cabc.Callable[..., Host]) -> None:
    """Review packs alone have no overview."""
    ops = OpsRefresh(review_pack=ReviewPack)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    assert "overview" not in host.client(ADA).get("/admin/").text


def test_an_own_dashboard_is_left_alone(make_host: cabc.Callable[..., Host]) -> None:
    """An index view with a template of its own says itself where the card goes."""

    class Home(AdminIndexView):
        @expose()
        def index(self) -> str:
            return self.render("own.html")

    host = make_host(index_view=Home())
    own = '{% extends "admin/master.html" %}{% block body %}<p>own</p>{% endblock %}'
    host.app.jinja_loader = DictLoader({"own.html": own})
    host.add_run()
    assert "overview" not in host.client(ADA).get("/admin/").text


def test_who_may_not_see_operations_sees_no_card(
    make_host: cabc.Callable[..., Host],
) -> None:
    """The Operations view's own is_accessible() holds on the dashboard as well."""

    class Guarded(OperationsView):
        def is_accessible(self) -> bool:
            return False

    ops = OpsRefresh(operation_run=OperationRun, operations_view=Guarded)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add_run()
    client = host.client(ADA)
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "ops-refresh" not in page.text
    assert poll(client, POLL_URL).status_code == 403


def test_it_counts_what_a_narrowed_view_lists(
    make_host: cabc.Callable[..., Host],
) -> None:
    """What a subclass's query hides is in no figure and in no failure."""

    class Own(OperationsView):
        def get_query(self) -> t.Any:
            return super().get_query().filter_by(user_id=current_user.id)

    ops = OpsRefresh(operation_run=OperationRun, operations_view=Own)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    mine = ended(host, outcome="failed", user_id=ADA)
    ended(host, outcome="failed", type="secret")
    host.add_run(status="running")
    found = shown(poll(host.client(ADA), POLL_URL))
    assert found.figures() == {
        "Queued": 0,
        "Running": 0,
        "Succeeded": 0,
        "Partially succeeded": 0,
        "Failed": 1,
    }
    assert found.failures() == [str(mine)]
    assert "secret" not in found.body.text


def test_without_details_nothing_leads_there(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A view that shows no details is not linked to."""

    class Bare(OperationsView):
        can_view_details = False

    ops = OpsRefresh(operation_run=OperationRun, operations_view=Bare)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    ended(host, outcome="failed")
    [failure] = soup(poll(host.client(ADA), POLL_URL)).select(
        ".ops-refresh-failures li"
    )
    assert "integrity.verify" in failure.text
    assert not failure.select("a")


def test_with_no_run_at_all_it_says_so(host: Host) -> None:
    """Nothing is counted, nothing is drawn."""
    found = shown(poll(host.client(ADA), POLL_URL))
    assert found.figures() == {"Queued": 0, "Running": 0}
    assert "Nothing has ended in the last 24 hours." in found.body.text
    assert not found.body.select("svg, table")


def test_a_model_without_ends_shows_what_is_active(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Without the columns that tell it, nothing is said of the last day."""
    model = type("Named", (Job,), {"type": orm.synonym("kind")})
    ops = OpsRefresh(operation_run=model, workspaces=False)
    ops.scope_loader(lambda user: Scope())
    host = make_host(ops=ops)
    host.add(
        model(kind="a", status="running", created_at=NOW),
        model(kind="a", status="completed", created_at=NOW),
    )
    found = shown(poll(host.client(ADA), POLL_URL))
    assert found.figures() == {"Queued": 0, "Running": 1}
    assert "24 hours" not in found.body.text


class Inner(sa.types.TypeDecorator[dt.datetime]):
    impl = sa.DateTime
    cache_ok = True


class Outer(sa.types.TypeDecorator[dt.datetime]):
    impl = Inner
    cache_ok = True


class WrappedRun(Model):
    """A model whose times have a type of the app's own within another."""

    __tablename__ = "overview_wrapped_runs"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    workspace_id: orm.Mapped[int]
    type: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="a")
    status: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="completed")
    outcome: orm.Mapped[str] = orm.mapped_column(sa.String(20), default="failed")
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(Outer, default=NOW)
    completed_at: orm.Mapped[dt.datetime] = orm.mapped_column(Outer)


def test_types_within_types_are_times(make_host: cabc.Callable[..., Host]) -> None:
    """A time is one through whatever types of the app's own."""
    ops = OpsRefresh(operation_run=WrappedRun)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add(WrappedRun(workspace_id=1, completed_at=NOW - HOUR))
    found = shown(poll(host.client(ADA), POLL_URL)).figures()
    assert found["Failed"] == 1


def test_two_forms_of_a_time_are_one_hour(make_host: cabc.Callable[..., Host]) -> None:
    """What was stored by hand beside what SQLAlchemy stores is counted as well."""
    host = make_host()
    runs = [ended(host, 20 * HOUR, outcome="failed") for _ in range(4)]
    by_hand = f"{NOW - 20 * HOUR:%Y-%m-%dT%H:%M:%S}"
    with host.app.app_context():
        table = OperationRun.__table__
        row = sa.update(table).where(table.c.id == runs[0])
        db.session.execute(row.values(completed_at=sa.literal_column(f"'{by_hand}'")))
        db.session.commit()
    found = shown(poll(host.client(ADA), POLL_URL)).figures()
    assert found["Failed"] == 4


def test_the_types_beyond_twelve_are_left_out_and_that_is_said(host: Host) -> None:
    """Those of the most runs are shown."""
    for number in range(14):
        for _ in range(2 if number else 1):
            ended(host, type=f"kind.{number:02}")
    found = shown(poll(host.client(ADA), POLL_URL))
    assert [line[0] for line in found.types()] == [
        f"kind.{number:02}" for number in range(1, 13)
    ]
    assert "The 12 types with the most runs are shown." in found.body.text


def test_what_is_given_up_is_counted_and_not_polled_for(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Runs that nobody will finish are said to be running; the card is at rest."""
    host = make_host(config={"OPS_REFRESH_STOP_AFTER_SECONDS": 3600})
    host.add_run(status="running", created_at=NOW - HOUR)
    host.add_run(status="running", created_at=None)
    client = host.client(ADA)
    answer = poll(client, POLL_URL)
    assert "Ops-Refresh-Interval" not in answer.headers
    assert shown(answer).figures()["Running"] == 2
    assert "no longer refreshed" in answer.text
    host.add_run(created_at=NOW - HOUR + dt.timedelta(seconds=1))
    answer = poll(client, POLL_URL)
    assert answer.headers["Ops-Refresh-Interval"] == "10"
    assert "no longer refreshed" not in answer.text


def test_the_interval_is_a_setting(make_host: cabc.Callable[..., Host]) -> None:
    """A page is asked for again as often as the app has set."""
    host = make_host(config={"OPS_REFRESH_OVERVIEW_INTERVAL_SECONDS": 30})
    host.add_run()
    answer = poll(host.client(ADA), POLL_URL)
    assert answer.headers["Ops-Refresh-Interval"] == "30"


def test_the_chart_says_in_a_sentence_what_it_shows(host: Host) -> None:
    """It has a name with its essence, and each hour's bars their figures."""
    ended(host, ago=2 * HOUR)
    ended(host, ago=2 * HOUR)
    ended(host, ago=HOUR, outcome="failed")
    body = soup(poll(host.client(ADA), POLL_URL))
    [chart] = body.select("svg[role=img]")
    assert chart["aria-label"] == (
        "Runs that ended in the last 24 hours: Succeeded 2, Failed 1. The most in "
        f"one hour were 2, from {hour_text(host, NOW - 2 * HOUR)}."
    )
    titles = [each.text for each in chart.select("title")]
    assert len(titles) == 24
    assert titles[21].endswith("· Succeeded 2")
    assert titles[22].endswith("· Failed 1")
    assert "·" not in titles[23]
    assert not [each for each in chart.find_all(True) if "style" in each.attrs]


def test_a_single_failure_among_thousands_is_seen(host: Host) -> None:
    """The least number has a bar, and no bar stands out of the chart."""
    runs = [
        {
            "workspace_id": 1,
            "type": "a",
            "status": "completed",
            "outcome": "succeeded" if number else "failed",
            "completed_at": NOW - HOUR,
        }
        for number in range(3000)
    ]
    with host.app.app_context():
        db.session.execute(sa.insert(OperationRun), runs)
        db.session.commit()
    body = soup(poll(host.client(ADA), POLL_URL))
    for bar in body.select(".ops-refresh-hour .ops-refresh-bar"):
        top, height = (float(str(bar[name])[:-1]) for name in ("y", "height"))
        assert height >= 3
        assert top >= 0
        assert top + height <= 100.01
    assert len(body.select(".ops-refresh-hour .ops-refresh-bar-failed")) == 1


def hour_text(host: Host, hour: dt.datetime) -> str:
    with host.app.test_request_context():
        return clock_time(hour)


@pytest.mark.parametrize(
    "now",
    [dt.datetime(2026, 3, 29, 3, 30), dt.datetime(2026, 10, 25, 3, 30)],
    ids=["spring", "autumn"],
)
def test_hours_are_labelled_as_the_readers_clocks_showed_them(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock, now: dt.datetime
) -> None:
    """On the days that clocks are changed there are 24 hours of an hour each, too."""
    pytest.importorskip("flask_babel")
    config = {"BABEL_DEFAULT_TIMEZONE": "Europe/Berlin", "BABEL_DEFAULT_LOCALE": "de"}
    host = make_host(config=config)
    frozen_clock.now = now.replace(tzinfo=dt.UTC)
    for ago in range(24):
        at = frozen_clock.now - ago * HOUR
        host.add_run(status="completed", outcome="succeeded", completed_at=at)
    body = soup(poll(host.client(ADA), POLL_URL))
    hours = [frozen_clock.now.replace(minute=0) - ago * HOUR for ago in range(24)][::-1]
    rows = [row for row in body.select("tbody tr") if row.select("time")]
    assert [row.select("td")[0].text for row in rows] == ["1"] * 24
    told = [str(row.select("time")[0]["datetime"]) for row in rows]
    assert told == [hour.isoformat() for hour in hours]
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    clocks = [f"{hour.astimezone(zone):%H:%M}" for hour in [*hours, now_after(hours)]]
    labels = [each.text for each in body.select(".ops-refresh-hours span")]
    assert labels == clocks[:24:6]
    titles = [each.text.partition(" ")[0] for each in body.select("svg title")]
    assert titles == [f"{start}–{end}" for start, end in itertools.pairwise(clocks)]


def now_after(hours: list[dt.datetime]) -> dt.datetime:
    """When the last of the hours ends."""
    return hours[-1] + HOUR
