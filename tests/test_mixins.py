from __future__ import annotations

import datetime as dt
import pathlib

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_admin import Admin
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OperationRunMixin
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import ReviewPackMixin
from flask_ops_refresh import Scope

from .host_app import add_translations
from .pages import own_scripts


class Base(orm.DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Run(OperationRunMixin, db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "runs"


class Pack(ReviewPackMixin, db.Model):  # type: ignore[name-defined, misc]
    __tablename__ = "packs"


class Person(UserMixin):
    id = "1"


@pytest.fixture
def fresh(tmp_path: pathlib.Path) -> Flask:
    """An app whose models are the mixins, with an empty database."""
    app = Flask("fresh", root_path=str(tmp_path))
    url = f"sqlite:///{tmp_path}/fresh.sqlite"
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI=url, TESTING=True)
    add_translations(app)
    db.init_app(app)
    LoginManager(app).user_loader(lambda id: Person())
    Admin(app)
    flask_migrate.Migrate(app, db, directory=str(tmp_path / "migrations"))
    ops = OpsRefresh(app, operation_run=Run, review_pack=Pack)
    ops.scope_loader(lambda user: Scope(1, tenant_ids=ALL_TENANTS, tenant_id=1))
    return app


# What Flask-Migrate's own env.py calls.
@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")
def test_the_apps_own_migration_makes_tables_that_serve_every_page(
    fresh: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask-Migrate finds the tables and indexes; list, detail and card show rows."""
    # Its env.py would set up the logging of the whole test run.
    monkeypatch.setattr("logging.config.fileConfig", lambda *_, **__: None)
    with fresh.app_context():
        flask_migrate.init()
        flask_migrate.migrate()
        flask_migrate.upgrade()
        inspector = sa.inspect(db.engine)
        assert {index["name"] for index in inspector.get_indexes("runs")} == {
            "ix_runs_created_at_id",
            "ix_runs_status_outcome_created_at_id",
            "ix_runs_completed_at_id",
            "ix_runs_type_created_at_id",
            "ix_runs_tenant_id_created_at_id",
        }
        assert {index["name"] for index in inspector.get_indexes("packs")} == {
            "ix_packs_tenant_id_created_at_id",
            "ix_packs_operation_run_id",
        }
        db.session.add(Run(workspace_id=1, type="kind.first"))
        db.session.add(Pack(workspace_id=1, tenant_id=1))
        db.session.commit()
    client = fresh.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "1"
    for path in ("/admin/", "/admin/operations/", "/admin/operations/details/?id=1"):
        page = client.get(path)
        assert page.status_code == 200
        assert len(own_scripts(page)) == 1
    assert "kind.first" in page.text
    with fresh.app_context():
        db.engine.dispose()


def test_a_new_row_is_queued_now(fresh: Flask) -> None:
    """What the app leaves out has its natural beginning."""
    with fresh.app_context():
        db.create_all()
        db.session.add(Run(workspace_id=1, type="x"))
        db.session.add(Pack(workspace_id=1, tenant_id=1))
        db.session.commit()
        for model in (Run, Pack):
            row = db.session.scalars(sa.select(model)).one()
            assert row.status == "queued"
            created = row.created_at.replace(tzinfo=dt.UTC)
            assert abs(dt.datetime.now(dt.UTC) - created) < dt.timedelta(minutes=1)
        db.session.remove()
        db.engine.dispose()
