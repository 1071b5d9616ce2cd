"""What the questions of this folder need to know of a host app."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import dataclasses
import pathlib
import typing as t

from flask import Flask
from flask.testing import FlaskClient
from flask_admin import Admin
from flask_login import LoginManager
from flask_login import UserMixin
from werkzeug.test import TestResponse

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import Scope

from ..conftest import NOW
from ..conftest import POLL
from ..host_app import add_translations
from ..host_app import db
from ..host_app import OperationRun
from ..host_app import ReviewPack


class Person(UserMixin):
    """Somebody who may see all of one workspace."""

    def __init__(self, id: str, workspace_id: t.Any, tenant_id: t.Any) -> None:
        self.id = id
        self.workspace_id = workspace_id
        self.tenant_id = tenant_id


ADA = Person("ada", 1, 1)
CLEO = Person("cleo", 2, 3)
PEOPLE = {person.id: person for person in (ADA, CLEO)}


def load_scope(user: t.Any) -> Scope:
    """All of the person's workspace; the card shows their own tenant."""
    return Scope(
        workspace_id=user.workspace_id,
        tenant_ids=ALL_TENANTS,
        tenant_id=user.tenant_id,
    )


@dataclasses.dataclass
class Site:
    """A host app with its database, and how to reach its pages.

    :param admin_path: the path of the admin, as a browser sees it.
    :param root: scheme, host and prefix of the site.
    :param session: gives what writes the records, in an app context.
    :param words: how the app says the contract's statuses.
    :param login: where strangers are sent; ``None`` for a plain 401.
    :param people: Ada, to whom the records belong, and Cleo of another workspace.
    """

    app: Flask
    admin_path: str = "/admin"
    root: str = "http://localhost"
    run: type[t.Any] = OperationRun
    pack: type[t.Any] = ReviewPack
    session: cabc.Callable[[], t.Any] = lambda: db.session
    words: cabc.Mapping[str, str] = dataclasses.field(default_factory=dict)
    login: str | None = None
    people: tuple[t.Any, t.Any] = (ADA, CLEO)
    last: cabc.Callable[[], object] = lambda: None

    def client(self, person: t.Any = None) -> FlaskClient:
        """A browser; signed in, if a person is given."""
        client = self.app.test_client()
        if person is not None:
            with client.session_transaction(base_url=self.root) as session:
                session.update({"_user_id": person.get_id(), "_fresh": True})
        return client

    def get(self, client: FlaskClient, path: str, **options: t.Any) -> TestResponse:
        """Get a page of the admin."""
        return client.get(self.admin_path + path, base_url=self.root, **options)

    def poll(
        self, client: FlaskClient, url: str | None, etag: str | None = None
    ) -> TestResponse:
        """Poll an address that a page has given."""
        assert url is not None
        headers = {**POLL, "If-None-Match": etag} if etag else POLL
        return client.get(url, base_url=self.root, headers=headers)

    def add_run(self, status: str = "running", **values: t.Any) -> str:
        """Store a run of Ada's workspace and give its key."""
        return self._add(self.run, status, type="integrity.verify", **values)

    def add_pack(self, status: str = "generating") -> str:
        """Store a review pack of Ada's tenant and give its key."""
        return self._add(self.pack, status)

    def finish(self, key: str) -> None:
        """Let a run end well."""
        self._change(self.run, key, "completed")

    def finish_pack(self, key: str) -> None:
        """Let a review pack be ready."""
        self._change(self.pack, key, "ready")

    def close(self) -> None:
        """Close every connection."""
        with self.app.app_context():
            for engine in getattr(
                self.app.extensions.get("sqlalchemy"), "engines", {}
            ).values():
                engine.dispose()
        self.last()

    def _add(self, model: type[t.Any], status: str, **values: t.Any) -> str:
        owner = self.people[0]
        values.setdefault("workspace_id", owner.workspace_id)
        values.setdefault("tenant_id", owner.tenant_id)
        values.setdefault("created_at", NOW)
        record = model(status=self.words.get(status, status), **values)
        with self.app.app_context(), self._committed() as session:
            session.add(record)
            session.flush()
            return str(record.id)

    def _change(self, model: type[t.Any], key: str, status: str) -> None:
        with self.app.app_context(), self._committed() as session:
            [found] = [each for each in session.query(model) if str(each.id) == key]
            found.status = self.words.get(status, status)
            if hasattr(model, "outcome"):
                found.outcome = "succeeded"

    @contextlib.contextmanager
    def _committed(self) -> cabc.Iterator[t.Any]:
        session = self.session()
        try:
            yield session
            session.commit()
        finally:
            session.close()


Step: t.TypeAlias = cabc.Callable[[Flask], object]


def bare_app(
    folder: pathlib.Path,
    *,
    flask: t.Any = None,
    translated: bool = True,
    **config: t.Any,
) -> Flask:
    """An app that has a database's address and people, and no extension yet."""
    app = Flask("host", root_path=str(pathlib.Path(__file__).parent), **(flask or {}))
    app.config.update(
        SECRET_KEY="host secret",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/host.sqlite",
        TESTING=True,
    )
    app.config.update(config)
    if translated:
        add_translations(app)
    return app


def add_people(app: Flask) -> None:
    """Let Flask-Login know Ada and Cleo."""
    LoginManager(app).user_loader(PEOPLE.get)


def make_ops(**options: t.Any) -> OpsRefresh:
    """The extension over the usual models, if none are given."""
    options = {"operation_run": OperationRun, "review_pack": ReviewPack, **options}
    ops = OpsRefresh(**options)
    ops.scope_loader(load_scope)
    return ops


def usual(
    folder: pathlib.Path,
    *,
    flask: t.Any = None,
    config: t.Any = None,
    admin: t.Any = None,
    ops: t.Any = None,
    first: Step = lambda app: None,
    before: Step = lambda app: None,
    after: Step = lambda app: None,
    **site: t.Any,
) -> Site:
    """The usual app with one thing that is not.

    :param admin: options of the Admin.
    :param ops: options of the extension.
    :param first: what joins the app before everything else.
    :param before: what joins it right before the extension.
    :param after: what joins it after the extension.
    """
    app = bare_app(folder, flask=flask, **(config or {}))
    first(app)
    db.init_app(app)
    add_people(app)
    Admin(app, **(admin or {}))
    before(app)
    make_ops(**(ops or {})).init_app(app)
    after(app)
    with app.app_context():
        db.create_all()
    return Site(app, **site)
