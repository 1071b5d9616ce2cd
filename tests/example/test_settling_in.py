"""Settings, secrets and sample people."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import stat

import pytest
import sqlalchemy as sa

from example_app.database import db
from example_app.kept_secrets import kept_secret
from example_app.models import Tenant
from example_app.models import User
from example_app.people import sample_password
from example_app.people import settle_in
from example_app.work_queue import WorkQueue

from ..databases import database
from .conftest import Example


def names_of_tenants(example: Example) -> list[str]:
    with example.app.app_context():
        return list(db.session.scalars(sa.select(Tenant.name).order_by(Tenant.id)))


def test_secret_is_kept(tmp_path: pathlib.Path) -> None:
    """A secret is made up once, and nobody but its owner reads it."""
    made = iter(["first", "second"])
    path = tmp_path / "secret"
    assert kept_secret(path, lambda: next(made)) == "first"
    assert kept_secret(path, lambda: next(made)) == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_secret_made_up_by_two(tmp_path: pathlib.Path) -> None:
    """Of two processes that make up a secret at once, both get the same one."""
    path = tmp_path / "secret"

    def make_while_another_does() -> str:
        kept_secret(path, lambda: "theirs")
        return "ours"

    assert kept_secret(path, make_while_another_does) == "theirs"


def test_settling_in_twice(example: Example) -> None:
    """Settling in again adds nobody and nothing."""
    before = names_of_tenants(example)
    with example.app.app_context():
        people = db.session.scalar(sa.select(sa.func.count(User.id)))
        settle_in()
        assert db.session.scalar(sa.select(sa.func.count(User.id))) == people
    assert names_of_tenants(example) == before


def test_more_environments(
    make_example: cabc.Callable[..., Example], tmp_path: pathlib.Path
) -> None:
    """Environments given by option and by setting become tenants of their own."""
    example = make_example(ENVIRONMENTS=["/one"])
    with example.app.app_context():
        settle_in([tmp_path])
    assert {"/one", str(tmp_path)} < set(names_of_tenants(example))


def test_environment_far_down(
    make_example: cabc.Callable[..., Example], tmp_path: pathlib.Path
) -> None:
    """A database that holds names to their length takes a long path as well."""
    path = "/srv/" + "environment-" * 20
    with database("postgresql", tmp_path) as url:
        example = make_example(ENVIRONMENTS=[path], SQLALCHEMY_DATABASE_URI=url)
        assert path in names_of_tenants(example)
        with example.app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_made_up_password(make_example: cabc.Callable[..., Example]) -> None:
    """Unless one is configured, the sample password is made up and kept."""
    example = make_example(SAMPLE_PASSWORD=None)
    password = sample_password(example.app)
    assert len(password) >= 8
    assert sample_password(example.app) == password


def test_settings_from_the_environment(
    make_example: cabc.Callable[..., Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting comes from the environment, unless the app is made with it."""
    monkeypatch.setenv("EXAMPLE_APP_WORKER_THREADS", "7")
    assert make_example().app.config["WORKER_THREADS"] == 7
    assert make_example(WORKER_THREADS=1).app.config["WORKER_THREADS"] == 1


@pytest.mark.parametrize("url", ["amqp://localhost/0", "sqlite://"])
def test_queue_that_is_not_known(url: str) -> None:
    """A queue of an unknown kind is refused with what is allowed."""
    with pytest.raises(ValueError, match="sqlite:///path/of/file"):
        WorkQueue(url)


def test_data_folder_is_private(example: Example) -> None:
    """Nobody but its owner looks into the data folder."""
    assert stat.S_IMODE(example.app.config["DATA"].stat().st_mode) == 0o700
