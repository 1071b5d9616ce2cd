from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import re
import typing as t

import argon2
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import create_app
from example_app import passwords
from example_app.database import db
from example_app.environments import Environment
from example_app.findings import Findings
from example_app.models import OperationRun
from example_app.models import Tenant
from example_app.models import User
from example_app.models import Workspace
from example_app.operation_catalogue import Operation
from example_app.operation_catalogue import OPERATIONS
from example_app.operation_runs import operation_run_service
from example_app.operation_runs import OperationRunService
from example_app.pacing import Pacer
from example_app.people import settle_in
from example_app.progress import Progress
from example_app.work_queue import WorkQueue
from example_app.worker import Worker

from .python_environments import SmallEnvironment

#: What an operation does with an environment.
Work = cabc.Callable[[Environment, Progress, Pacer], None]

PASSWORD = "correct horse"


class Example:
    """The example app with its sample people."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.queue: WorkQueue = app.extensions["work_queue"]

    def client(self, name: str | None = None) -> FlaskClient:
        """A browser, signed in if a name is given."""
        client = self.app.test_client()
        if name is not None:
            answer = self.post(client, "/sign-in", name=name, password=PASSWORD)
            assert answer.status_code == 302, answer.text
        return client

    def post(self, client: FlaskClient, address: str, **fields: t.Any) -> TestResponse:
        """Send a form as its page would: with the token of the session."""
        page = client.get("/sign-in", follow_redirects=True).text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found is not None
        return client.post(address, data={"csrf_token": found[1], **fields})

    def tenant_id(self, name: str, workspace: str = "Platform") -> int:
        """The id of a tenant."""
        with self.app.app_context():
            found = (
                sa.select(Tenant.id)
                .join(Workspace, Workspace.id == Tenant.workspace_id)
                .where(Tenant.name == name, Workspace.name == workspace)
            )
            return db.session.scalars(found).one()

    def workspace_id(self, name: str) -> int:
        """The id of a workspace."""
        with self.app.app_context():
            found = sa.select(Workspace.id).where(Workspace.name == name)
            return db.session.scalars(found).one()

    def request_run(
        self,
        type: str = "integrity.verify",
        tenant: str | None = "This app",
        workspace: str = "Platform",
    ) -> int:
        """Ask for an operation as Ada does; gives the run's id."""
        with self.app.app_context():
            asked = operation_run_service().request(
                type,
                workspace_id=self.workspace_id(workspace),
                tenant=tenant
                and db.session.get(Tenant, self.tenant_id(tenant, workspace)),
                user=db.session.scalars(sa.select(User).limit(1)).one(),
            )
            return asked.id

    def run(self, id: int) -> OperationRun:
        """A run as it is stored now."""
        with self.app.app_context():
            stored = db.session.get(OperationRun, id)
            assert stored is not None
            db.session.expunge(stored)
            return stored

    def update(self, model: type[t.Any], condition: t.Any, **values: t.Any) -> None:
        """Change records as somebody else would."""
        with self.app.app_context():
            db.session.execute(sa.update(model).where(condition).values(**values))
            db.session.commit()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with the least work there is."""
    cheapest = argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)
    monkeypatch.setattr(passwords, "_hasher", cheapest)
    passwords._nobodys_hash.cache_clear()


@contextlib.contextmanager
def examples(data: pathlib.Path) -> cabc.Iterator[cabc.Callable[..., Example]]:
    """Makes example apps that share a data folder, for as long as it lasts."""
    made: list[Example] = []

    def make(**config: t.Any) -> Example:
        app = create_app(
            {
                "DATA": data,
                "TESTING": True,
                "SAMPLE_PASSWORD": PASSWORD,
                "FILES_PER_SECOND": None,
                **config,
            }
        )
        with app.app_context():
            settle_in()
        made.append(Example(app))
        return made[-1]

    try:
        yield make
    finally:
        for example in made:
            example.queue.close()
            with example.app.app_context():
                db.engine.dispose()


@pytest.fixture
def make_example(
    tmp_path: pathlib.Path,
) -> cabc.Iterator[cabc.Callable[..., Example]]:
    """Make the example app; all made in one test share a data folder."""
    with examples(tmp_path / "data") as make:
        yield make


@pytest.fixture
def example(make_example: cabc.Callable[..., Example]) -> Example:
    """The usual example app."""
    return make_example()


@pytest.fixture
def service(example: Example) -> cabc.Iterator[OperationRunService]:
    """The service, in a context of the app."""
    with example.app.app_context():
        yield operation_run_service()


@pytest.fixture
def worker(example: Example) -> cabc.Iterator[Worker]:
    """A worker in this process that does what it is told."""
    worker = Worker(example.app)
    yield worker
    worker.close()


@pytest.fixture
def small(tmp_path: pathlib.Path) -> SmallEnvironment:
    """An environment with nothing in it yet."""
    return SmallEnvironment(tmp_path / "small")


@pytest.fixture
def progress() -> Progress:
    """Progress that is told to nobody."""
    return Progress(lambda findings: None, interval=0)


@pytest.fixture
def pacer() -> Pacer:
    """A pacer that never rests."""
    return Pacer(None, clock=lambda: 0.0, sleep=_never)


def _never(seconds: float) -> t.NoReturn:
    raise AssertionError(f"slept {seconds} s")


def found_codes(findings: Findings) -> dict[str, str]:
    """The codes of what was found, by subject."""
    return {failure.subject: failure.code for failure in findings.failures}


@pytest.fixture
def work_as(monkeypatch: pytest.MonkeyPatch) -> cabc.Callable[[Work], None]:
    """Put other work in the place of integrity.verify."""

    def replace(work: Work) -> None:
        operation = Operation("integrity.verify", "", "", work)
        monkeypatch.setitem(OPERATIONS, operation.type, operation)

    return replace
