"""What any route shows is what a rule in plain Python says may be seen."""

from __future__ import annotations

import collections.abc as cabc
import csv
import dataclasses
import datetime as dt
import json
import re
import typing as t

import pytest
from flask import session
from flask.testing import FlaskClient
from flask_login import login_user
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import run_state_machine_as_test

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from .conftest import ADA
from .conftest import BEN
from .conftest import Clock
from .conftest import Host
from .conftest import NOW
from .host_app import db
from .host_app import OperationRun
from .host_app import ReviewPack
from .host_app import Tenant
from .host_app import User
from .pages import poll
from .pages import soup

WORKSPACES = (1, 2)
TENANTS = (1, 2, 3)
TYPES = ("kind.a", "kind.b", "kind.c")
PEOPLE = (ADA, BEN)
POLLS = "/admin/ops-refresh"

# Stored status and outcome, what they are called, and whether there is more to come.
RUN_STATES = {
    ("queued", None): ("queued", True),
    ("running", None): ("running", True),
    ("completed", "succeeded"): ("succeeded", False),
    ("completed", "partially_succeeded"): ("partial", False),
    ("completed", "failed"): ("failed", False),
    ("completed", None): ("unknown", False),
    ("paused", None): ("unknown", False),
}
PACK_STATES = {
    "queued": True,
    "generating": True,
    "ready": False,
    "failed": False,
    "expired": False,
}


@dataclasses.dataclass(frozen=True)
class Membership:
    """What a person may see, as an admin of the app would put it.

    :param tenants: ``None``: all of them.
    """

    workspace: int
    tenants: frozenset[int] | None
    tenantless: bool

    def scope(self) -> Scope:
        """The same in the extension's words."""
        return Scope(
            self.workspace,
            tenant_ids=ALL_TENANTS if self.tenants is None else self.tenants,
            sees_tenantless=self.tenantless,
        )

    def may_see(self, record: Run | Pack) -> bool:
        """The rule."""
        if record.workspace != self.workspace:
            return False
        if record.tenant is None:
            return self.tenantless
        return self.tenants is None or record.tenant in self.tenants


@dataclasses.dataclass(frozen=True)
class Run:
    workspace: int
    tenant: int | None
    state: tuple[str, str | None]
    type: str
    created_at: dt.datetime
    processed: int = 0

    @property
    def is_active(self) -> bool:
        return RUN_STATES[self.state][1]

    def values(self) -> dict[str, t.Any]:
        return {
            "workspace_id": self.workspace,
            "tenant_id": self.tenant,
            "status": self.state[0],
            "outcome": self.state[1],
            "type": self.type,
            "created_at": self.created_at,
            "completed_at": self.created_at if self.state[1] else None,
            "summary_counts": {"processed": self.processed, "total": 9},
        }

    def interval(self, now: dt.datetime) -> int | None:
        """Seconds until the run is asked for again."""
        age = (now - self.created_at).total_seconds()
        if not self.is_active:
            return None
        return 1 if age < 10 else 5 if age < 60 else 10


@dataclasses.dataclass(frozen=True)
class Pack:
    workspace: int
    tenant: int
    status: str
    created_at: dt.datetime

    def values(self) -> dict[str, t.Any]:
        return {
            "workspace_id": self.workspace,
            "tenant_id": self.tenant,
            "status": self.status,
            "created_at": self.created_at,
        }


class World:
    """Records and memberships, in the app and in plain Python."""

    def __init__(self, host: Host, memberships: dict[int, Membership | None]) -> None:
        self.host = host
        self.memberships = memberships
        self.runs: dict[int, Run] = {}
        self.packs: dict[int, Pack] = {}
        self.clear()

    def clear(self) -> None:
        """Begin with no record and with nobody allowed anything."""
        self.runs.clear()
        self.packs.clear()
        self.memberships.clear()
        for table in ("operation_runs", "review_packs"):
            self.host.execute(f"DELETE FROM {table}")

    def add(self, record: Run | Pack) -> None:
        """Store a record under the next id."""
        if isinstance(record, Run):
            id = len(self.runs) + 1
            self.host.add(OperationRun(id=id, **record.values()))
            self.runs[id] = record
        else:
            id = len(self.packs) + 1
            self.host.add(ReviewPack(id=id, **record.values()))
            self.packs[id] = record

    def client(self, user: int, tenant: int | None = None) -> FlaskClient:
        """A browser of this person, with a current tenant."""
        client = self.host.client(user)
        with client.session_transaction() as session:
            session["tenant_id"] = tenant
        return client

    def visible_runs(self, user: int) -> dict[int, Run]:
        """What the person may see, newest first."""
        membership = self.memberships.get(user)
        newest = sorted(
            self.runs.items(), key=lambda run: (run[1].created_at, run[0]), reverse=True
        )
        return {id: run for id, run in newest if membership and membership.may_see(run)}

    def latest_pack(self, user: int, tenant: int) -> tuple[int, Pack] | None:
        """The tenant's newest pack, if the person may see it."""
        membership = self.memberships.get(user)
        seen = [
            (id, pack)
            for id, pack in self.packs.items()
            if membership and membership.may_see(pack) and pack.tenant == tenant
        ]
        return max(seen, key=lambda each: (each[1].created_at, each[0]), default=None)


@pytest.fixture
def world(make_host: cabc.Callable[..., Host], frozen_clock: Clock) -> World:
    memberships: dict[int, Membership | None] = {}
    ops = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)

    @ops.scope_loader
    def load_scope(user: User) -> Scope | None:
        membership = memberships.get(user.id)
        if membership is None:
            return None
        tenant = session.get("tenant_id")
        return dataclasses.replace(membership.scope(), tenant_id=tenant)

    host = make_host(ops=ops)
    host.add(Tenant(id=3, name="East"))
    return World(host, memberships)


some_membership = st.builds(
    Membership,
    workspace=st.sampled_from(WORKSPACES),
    tenants=st.none() | st.frozensets(st.sampled_from(TENANTS)),
    tenantless=st.booleans(),
)
any_membership = st.none() | some_membership
times = st.sampled_from([0, 9, 10, 59, 60, 3600]).map(
    lambda age: NOW - dt.timedelta(seconds=age)
)
runs = st.builds(
    Run,
    workspace=st.sampled_from(WORKSPACES),
    tenant=st.none() | st.sampled_from(TENANTS),
    state=st.sampled_from([*RUN_STATES]),
    type=st.sampled_from(TYPES),
    created_at=times,
)
packs = st.builds(
    Pack,
    workspace=st.sampled_from(WORKSPACES),
    tenant=st.sampled_from(TENANTS),
    status=st.sampled_from([*PACK_STATES]),
    created_at=times,
)


def shown_ids(response: t.Any) -> list[int]:
    """The runs of a list page or of a poll of it."""
    cells = soup(response).select("td[data-key]")
    return [int(str(cell["data-key"])) for cell in cells]


def shown_interval(response: t.Any, name: str = "") -> str | None:
    """The interval of a page's one active region beside the overview, or of that."""
    found = [
        str(each["data-ops-refresh-interval"])
        for each in soup(response).select("[data-ops-refresh-interval]")
        if ("operations-overview" in str(each["id"])) is (name == "overview")
    ]
    return found[0] if found else None


def overview_of(visible: dict[int, Run]) -> t.Any:
    """All that the overview shows of these."""
    ended = {id: run for id, run in visible.items() if run.state[1]}
    newest = sorted(ended, key=lambda id: (ended[id].created_at, id), reverse=True)
    failed = [id for id in newest if ended[id].state[1] != "succeeded"]
    types = {run.type for run in ended.values()}
    return (
        sorted(run.state[0] for run in visible.values() if run.is_active),
        sorted((run.created_at.hour, str(run.state[1])) for run in ended.values()),
        [(each, ids_of_type(ended, each)) for each in sorted(types)],
        [(id, ended[id]) for id in failed[:5]],
    )


def ids_of_type(ended: dict[int, Run], name: str) -> tuple[int, int]:
    """How many there are, and the slowest of those that took no time at all."""
    ids = [id for id, run in ended.items() if run.type == name]
    return len(ids), min(ids)


def text_of(seconds: int | None) -> str | None:
    return None if seconds is None else str(seconds)


def test_every_route_shows_what_the_rule_says(world: World) -> None:
    """List, filters and what they offer, search, detail, export, count, card, polls."""

    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(
        memberships=st.tuples(some_membership, any_membership),
        stored_runs=st.lists(runs, min_size=4, max_size=8),
        stored_packs=st.lists(packs, max_size=5),
    )
    def check(
        memberships: tuple[Membership | None, ...],
        stored_runs: list[Run],
        stored_packs: list[Pack],
    ) -> None:
        world.clear()
        for record in [*stored_runs, *stored_packs]:
            world.add(record)
        world.memberships.update(zip(PEOPLE, memberships, strict=True))
        for user in PEOPLE:
            if world.memberships[user] is None:
                check_nothing(world, user)
                continue
            check_list(world, user)
            check_narrowed_lists(world, user)
            check_details(world, user)
            check_export_and_count(world, user)
            check_cards(world, user)
            check_overview(world, user)

    check()


def check_nothing(world: World, user: int) -> None:
    """Without a scope every route is a 404, and the dashboard shows no card."""
    client = world.client(user, tenant=1)
    for path in ("", "export/csv/", *(f"details/?id={id}" for id in world.runs)):
        assert client.get(f"/admin/operations/{path}").status_code == 404
    regions = ("operation-list", "operation-detail?id=1", "review-pack?tenant_id=1")
    for path in (*regions, "operations-overview"):
        assert poll(client, f"{POLLS}/{path}").status_code == 404
    assert "ops-refresh" not in client.get("/admin/").text


def check_list(world: World, user: int) -> None:
    client = world.client(user)
    visible = world.visible_runs(user)
    expected = "5" if any(run.is_active for run in visible.values()) else None
    page = client.get("/admin/operations/")
    answer = poll(client, f"{POLLS}/operation-list")
    assert shown_ids(page) == shown_ids(answer) == [*visible]
    assert shown_interval(page) == expected
    assert answer.headers.get("Ops-Refresh-Interval") == expected


def check_narrowed_lists(world: World, user: int) -> None:
    """Filters offer what is in scope, and narrow it, whatever they are given."""
    client = world.client(user)
    visible = world.visible_runs(user)
    membership = t.cast(Membership, world.memberships[user])
    groups = soup(client.get("/admin/operations/")).select_one("#filter-groups-data")
    assert groups is not None
    offered = {
        name: {value for value, _ in (filters[0].get("options") or ())}
        for name, filters in json.loads(groups.text).items()
    }
    argument = {
        name: filters[0]["arg"] for name, filters in json.loads(groups.text).items()
    }
    of_rows = {run.tenant for run in visible.values()} - {None}
    tenants = of_rows if membership.tenants is None else membership.tenants
    assert offered["Type"] == {run.type for run in visible.values()}
    assert offered["Tenant"] == {str(tenant) for tenant in tenants}

    narrowed: dict[str, cabc.Callable[[Run], bool]] = {
        "search=kind.b": lambda run: run.type == "kind.b",
        f"flt0_{argument['Type']}=kind.a": lambda run: run.type == "kind.a",
        f"flt0_{argument['Status']}=queued": lambda run: run.state[0] == "queued",
        f"flt0_{argument['Status']}=unknown": lambda run: (
            RUN_STATES[run.state][0] == "unknown"
        ),
        **{
            f"flt0_{argument['Tenant']}={tenant}": lambda run, tenant=tenant: (
                run.tenant == tenant
            )
            for tenant in TENANTS
        },
    }
    for query, keeps in narrowed.items():
        expected = [id for id, run in visible.items() if keeps(run)]
        assert shown_ids(poll(client, f"{POLLS}/operation-list?{query}")) == expected


def check_details(world: World, user: int) -> None:
    client = world.client(user)
    visible = world.visible_runs(user)
    for id, run in world.runs.items():
        page = client.get(f"/admin/operations/details/?id={id}")
        answer = poll(client, f"{POLLS}/operation-detail?id={id}")
        expected = 200 if id in visible else 404
        assert (page.status_code, answer.status_code) == (expected, expected)
        if expected == 200:
            interval = text_of(run.interval(NOW))
            assert shown_interval(page) == interval
            assert answer.headers.get("Ops-Refresh-Interval") == interval
            assert run.type in answer.text


def check_export_and_count(world: World, user: int) -> None:
    client = world.client(user)
    visible = world.visible_runs(user)
    exported = client.get("/admin/operations/export/csv/").text.splitlines()
    assert [int(row[0]) for row in csv.reader(exported[1:])] == [*visible]
    view = world.host.app.extensions["admin"][0]._views[1]
    with world.host.app.test_request_context():
        login_user(t.cast(User, db.session.get(User, user)))
        assert view.get_count_query().scalar() == len(visible)


def check_cards(world: World, user: int) -> None:
    membership = t.cast(Membership, world.memberships[user])
    for tenant in TENANTS:
        client = world.client(user, tenant)
        latest = world.latest_pack(user, tenant)
        answer = poll(client, f"{POLLS}/review-pack?tenant_id={tenant}")
        page = client.get("/admin/")
        badges = [
            str(each["data-key"]) for each in soup(page).select("[data-announce]")
        ]
        if latest is None:
            assert answer.status_code == 404
            assert badges == []
            sees = membership.tenants is None or tenant in membership.tenants
            assert ("There is no review pack yet" in page.text) is sees
            continue
        id, pack = latest
        interval = "10" if PACK_STATES[pack.status] else None
        assert badges == [f"status-{id}"]
        assert f"status-{id}" in answer.text
        assert answer.headers.get("Ops-Refresh-Interval") == interval
        assert shown_interval(page) == interval


def check_overview(world: World, user: int) -> None:
    """What is counted, and which failures are named, on page and poll."""
    client = world.client(user)
    active, hours, types, failed = overview_of(world.visible_runs(user))
    for response in (
        poll(client, f"{POLLS}/operations-overview"),
        client.get("/admin/"),
        client.get("/admin/operations/"),
    ):
        figures = [
            int(each.text) for each in soup(response).select(".ops-refresh-figures dd")
        ]
        outcomes = [outcome for _, outcome in hours]
        names = ("succeeded", "partially_succeeded", "failed") if outcomes else ()
        assert figures == [
            active.count("queued"),
            active.count("running"),
            *(outcomes.count(name) for name in names),
        ]
        keys = [
            str(each["data-key"])
            for each in soup(response).select(".ops-refresh-failures li")
        ]
        assert keys == [f"failure-{id}" for id, _ in failed]
        named = {each.text for each in soup(response).select(".ops-refresh-types th")}
        assert named >= {name for name, _ in types}
        assert not (named & {*TYPES}) - {name for name, _ in types}


@dataclasses.dataclass
class Seen:
    """What a person was last told at an address.

    :param depends_on: all that the rule says the answer hangs on.
    """

    etag: str
    body: str
    depends_on: t.Any


def without_ticks(body: str) -> str:
    """A body without the times that count on by themselves."""
    return re.sub(r"(<time\b[^>]*>)[^<]*(</time>)", r"\1\2", body)


class PollsOverTime(RuleBasedStateMachine):
    """Memberships change, work goes on, people poll: in any order."""

    world: World
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.world.clear()
        self.clock.now = NOW
        self.inactive: set[int] = set()
        self.told: dict[tuple[int, str], Seen] = {}
        for user in PEOPLE:
            self.set_active(user, True)

    def set_active(self, user: int, active: bool) -> None:
        self.world.host.update(User, user, active=active)
        (self.inactive.discard if active else self.inactive.add)(user)

    def write(self, id: int, **changes: t.Any) -> None:
        """Change a run as the app's own service would."""
        run = dataclasses.replace(self.world.runs[id], **changes)
        self.world.runs[id] = run
        self.world.host.update(OperationRun, id, **run.values())

    @invariant()
    def everybody_is_told_the_truth(self) -> None:
        for user in PEOPLE:
            self.poll_everything(user)

    def some_run(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from([*self.world.runs]), label="run")

    @initialize(
        records=st.lists(runs | packs, min_size=3, max_size=6),
        memberships=st.tuples(some_membership, some_membership),
    )
    def begin(
        self, records: list[Run | Pack], memberships: tuple[Membership, ...]
    ) -> None:
        for record in records:
            self.world.add(record)
        self.world.memberships.update(zip(PEOPLE, memberships, strict=True))

    @rule(user=st.sampled_from(PEOPLE), membership=any_membership)
    def give_or_take_membership(self, user: int, membership: Membership | None) -> None:
        self.world.memberships[user] = membership

    @rule(user=st.sampled_from(PEOPLE), active=st.booleans())
    def disable_or_enable(self, user: int, active: bool) -> None:
        self.set_active(user, active)

    @rule(record=runs | packs)
    def ask_for_work(self, record: Run | Pack) -> None:
        if len(self.world.runs) < 8 and len(self.world.packs) < 8:
            self.world.add(dataclasses.replace(record, created_at=self.clock.now))

    @precondition(lambda self: self.world.runs)
    @rule(data=st.data(), state=st.sampled_from([*RUN_STATES]))
    def go_on(self, data: st.DataObject, state: tuple[str, str | None]) -> None:
        self.write(self.some_run(data), state=state)

    @precondition(lambda self: self.world.runs)
    @rule(data=st.data(), processed=st.integers(0, 9))
    def make_progress(self, data: st.DataObject, processed: int) -> None:
        self.write(self.some_run(data), processed=processed)

    @precondition(lambda self: self.world.runs)
    @rule(data=st.data(), tenant=st.none() | st.sampled_from(TENANTS))
    def move_to_tenant(self, data: st.DataObject, tenant: int | None) -> None:
        self.write(self.some_run(data), tenant=tenant)

    @rule(seconds=st.sampled_from([1, 9, 10, 50, 60]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    def poll_everything(self, user: int) -> None:
        visible = self.world.visible_runs(user)
        some_active = any(run.is_active for run in visible.values())
        shown = (*visible.items(),)
        self.poll(user, "operation-list", shown, 5 if some_active else None)
        overview = overview_of(visible)
        interval = 10 if some_active else None
        self.poll(user, "operations-overview", overview, interval)
        for id in range(1, len(self.world.runs) + 2):
            run = visible.get(id)
            interval = run.interval(self.clock.now) if run else None
            self.poll(user, f"operation-detail?id={id}", run, interval)
        for tenant in TENANTS:
            latest = self.world.latest_pack(user, tenant)
            active = latest is not None and PACK_STATES[latest[1].status]
            url = f"review-pack?tenant_id={tenant}"
            self.poll(user, url, latest, 10 if active else None)

    def poll(self, user: int, name: str, shown: t.Any, interval: int | None) -> None:
        """Poll with the last ETag, and hold the answer against the rule."""
        membership = self.world.memberships.get(user)
        last = self.told.get((user, name))
        client = self.world.client(user)
        url = f"{POLLS}/{name}"
        answer = poll(client, url, last.etag if last else None)
        if user in self.inactive:
            assert answer.status_code == 401
            return
        if membership is None or shown is None:
            assert answer.status_code == 404
            return
        assert answer.headers.get("Ops-Refresh-Interval") == text_of(interval)
        depends_on = (membership, shown)
        if last is not None and last.depends_on == depends_on:
            assert answer.status_code == 304
        fresh = poll(client, url)
        assert fresh.headers["ETag"] == answer.headers["ETag"]
        if answer.status_code == 304:
            assert last is not None
            assert last.depends_on == depends_on
            assert without_ticks(fresh.text) == without_ticks(last.body)
        else:
            assert answer.status_code == 200
            assert answer.text == fresh.text
        self.told[user, name] = Seen(answer.headers["ETag"], fresh.text, depends_on)


def test_polls_keep_to_the_rule_through_any_history(
    world: World, frozen_clock: Clock
) -> None:
    """A 304 means that nothing shown changed; who may not see is refused at once."""

    class Machine(PollsOverTime):
        pass

    Machine.world, Machine.clock = world, frozen_clock
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=5,
            stateful_step_count=15,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
