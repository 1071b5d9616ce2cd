"""Requests of two people at the same time: no byte of one is the other's."""

from __future__ import annotations

import collections.abc as cabc
import concurrent.futures
import contextlib
import sys
import threading

import pytest
import sqlalchemy as sa
from flask import before_render_template
from flask import template_rendered
from flask.testing import FlaskClient

from .conftest import BEN
from .conftest import CLEO
from .conftest import Host
from .conftest import NOW
from .host_app import db
from .host_app import OperationRun
from .host_app import ReviewPack
from .host_app import Tenant
from .host_app import User
from .pages import poll

pytestmark = pytest.mark.usefixtures("frozen_clock")

EVE = 5
ROUNDS = 5


class Person:
    """Somebody whose records all carry a mark of their own."""

    def __init__(
        self, host: Host, user_id: int, *, workspace_id: int, tenant_id: int, mark: str
    ) -> None:
        self.host = host
        self.user_id = user_id
        self.tenant_id = tenant_id
        self.mark = mark
        with host.app.app_context():
            db.session.merge(Tenant(id=tenant_id, name=f"{mark} tenant"))
            db.session.merge(
                User(
                    id=user_id,
                    name=f"{mark} person",
                    workspace_id=workspace_id,
                    tenant_ids=[tenant_id],
                )
            )
            db.session.commit()
        self.run, *_ = host.add(
            *(
                OperationRun(
                    workspace_id=workspace_id,
                    tenant_id=tenant_id,
                    user_id=user_id,
                    type=f"{mark}.kind{i}",
                    status="running",
                    created_at=NOW,
                    context={f"{mark} key": f"{mark} value"},
                    summary_counts={f"{mark} count": 1},
                    failure_summary=[{"code": f"{mark} code"}],
                )
                for i in range(5)
            )
        )
        host.add(
            ReviewPack(
                workspace_id=workspace_id,
                tenant_id=tenant_id,
                operation_run_id=self.run,
                status="generating",
                summary={f"{mark} figure": 1},
                created_at=NOW,
            )
        )

    def client(self) -> FlaskClient:
        """A browser of the person's own."""
        client = self.host.client(self.user_id)
        with client.session_transaction() as session:
            session["tenant_id"] = self.tenant_id
        return client

    def addresses(self) -> list[str]:
        """Every surface of the extension as this person opens it."""
        operations, polls = "/admin/operations", "/admin/ops-refresh"
        return [
            "/admin/",
            f"{operations}/",
            f"{operations}/?search=kind&page_size=20&sort=1",
            f"{operations}/details/?id={self.run}",
            f"{operations}/export/csv/",
            f"{polls}/operation-detail?id={self.run}",
            f"{polls}/operation-list",
            f"{polls}/operation-list?search=kind&page_size=20&sort=1",
            f"{polls}/review-pack?tenant_id={self.tenant_id}",
        ]

    def foreign(self, other: Person) -> list[str]:
        """Where the other's records would be."""
        return [
            f"/admin/operations/details/?id={other.run}",
            f"/admin/ops-refresh/operation-detail?id={other.run}",
            f"/admin/ops-refresh/review-pack?tenant_id={other.tenant_id}",
        ]


def assert_own(client: FlaskClient, url: str, person: Person, other: Person) -> str:
    """A person's answer has their own mark, not the other's; gives its ETag."""
    response = poll(client, url)
    assert response.status_code == 200, url
    assert person.mark in response.text, url
    assert other.mark not in response.text, url
    assert other.mark not in str(response.headers), url
    return response.headers.get("ETag", "")


@pytest.fixture(params=[1, 2], ids=["same workspace", "two workspaces"])
def people(host: Host, request: pytest.FixtureRequest) -> tuple[Person, Person]:
    """Ben, and somebody with another tenant of his workspace or of another one."""
    ben = Person(host, BEN, workspace_id=1, tenant_id=2, mark="benmark")
    id, workspace = (EVE, 1) if request.param == 1 else (CLEO, 2)
    other = Person(host, id, workspace_id=workspace, tenant_id=3, mark="othermark")
    return ben, other


@contextlib.contextmanager
def switching_often() -> cabc.Iterator[None]:
    """Let threads change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_two_people_on_threads_see_their_own(people: tuple[Person, Person]) -> None:
    """Both ask for everything over and over, at once: pages, export and polls."""
    start = threading.Barrier(2, timeout=60)

    def use(person: Person, other: Person) -> int:
        client = person.client()
        etags: dict[str, str] = {}
        asked = 0
        for _ in range(ROUNDS):
            start.wait()
            for url in person.addresses():
                etag = assert_own(client, url, person, other)
                assert etags.setdefault(url, etag) == etag
                if etag:
                    assert poll(client, url, etag).status_code == 304
                asked += 1
            for url in person.foreign(other):
                assert poll(client, url).status_code == 404
        return asked

    with switching_often(), concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = [pool.submit(use, *pair) for pair in (people, people[::-1])]
        for each in concurrent.futures.as_completed(both):
            if each.exception():
                start.abort()
                break
    asked = [each.result() for each in both]
    assert asked == [ROUNDS * 9] * 2
    tags = [set(_etags(*pair)) for pair in (people, people[::-1])]
    assert not tags[0] & tags[1]


def _etags(person: Person, other: Person) -> list[str]:
    client = person.client()
    found = [assert_own(client, url, person, other) for url in person.addresses()]
    return [etag for etag in found if etag]


def test_a_whole_request_in_the_middle_of_anothers_changes_neither(
    people: tuple[Person, Person],
) -> None:
    """At each statement and template of one's request the other's is answered."""
    outer, inner = people
    host = outer.host
    client, inner_client = outer.client(), inner.client()
    urls = inner.addresses()
    interruptions: list[str] = []
    main = threading.get_ident()

    def interrupt(*_: object, **__: object) -> None:
        if threading.get_ident() != main or not armed:
            return
        url = urls[len(interruptions) % len(urls)]
        interruptions.append(url)
        pool.submit(assert_own, inner_client, url, inner, outer).result(60)

    armed = False
    with host.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "after_cursor_execute", interrupt)
    before_render_template.connect(interrupt, host.app)
    template_rendered.connect(interrupt, host.app)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for url in outer.addresses():
            armed = True
            assert_own(client, url, outer, inner)
            armed = False
    sa.event.remove(engine, "after_cursor_execute", interrupt)
    before_render_template.disconnect(interrupt, host.app)
    template_rendered.disconnect(interrupt, host.app)
    assert set(interruptions) == set(urls)
    assert len(interruptions) > 40
