"""A host whose people are Flask-Security's, with roles."""

from __future__ import annotations

import pathlib
import typing as t

import sqlalchemy as sa
from flask_admin import Admin
from flask_admin import AdminIndexView
from flask_login import current_user
from flask_security import RoleMixin
from flask_security import Security
from flask_security import SQLAlchemyUserDatastore
from flask_security import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_ops_refresh import ALL_TENANTS
from flask_ops_refresh import OperationRunMixin
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import ReviewPackMixin
from flask_ops_refresh import Scope

from .site import bare_app
from .site import Person
from .site import Site


class Base(orm.DeclarativeBase):
    """The models of this app."""


db = SQLAlchemy(model_class=Base)

if t.TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

roles_of_users = sa.Table(
    "roles_of_users",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("role_id", sa.ForeignKey("roles.id"), primary_key=True),
)


class Role(RoleMixin, Model):  # type: ignore[misc]
    __tablename__ = "roles"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80), unique=True)
    permissions: orm.Mapped[t.Any] = orm.mapped_column(sa.JSON, nullable=True)


class User(UserMixin, Model):  # type: ignore[misc]
    __tablename__ = "users"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    email: orm.Mapped[str] = orm.mapped_column(sa.String(80), unique=True)
    password: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    active: orm.Mapped[bool] = orm.mapped_column(default=True)
    fs_uniquifier: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    workspace_id: orm.Mapped[int]
    roles: orm.Mapped[list[Role]] = orm.relationship(secondary=roles_of_users)


class Run(OperationRunMixin, Model):
    __tablename__ = "runs"


class Pack(ReviewPackMixin, Model):
    __tablename__ = "packs"


class Guarded(AdminIndexView):
    """A dashboard for those with a role."""

    def is_accessible(self) -> bool:
        return bool(current_user.has_role("operator"))


def scope_by_role(user: User) -> Scope | None:
    """An operator sees the workspace; anybody else nothing."""
    if not user.has_role("operator"):
        return None
    return Scope(user.workspace_id, tenant_ids=ALL_TENANTS, tenant_id=1)


def with_flask_security(folder: pathlib.Path) -> Site:
    """Flask-Security has the login, and its roles say what is seen."""
    app = bare_app(folder, SECURITY_PASSWORD_SALT="salt")
    db.init_app(app)
    datastore = SQLAlchemyUserDatastore(db, User, Role)
    Security(app, datastore)
    Admin(app, index_view=Guarded())
    ops = OpsRefresh(app, operation_run=Run, review_pack=Pack)
    ops.scope_loader(scope_by_role)
    with app.app_context():
        db.create_all()
        operator = datastore.create_role(name="operator")
        for name, workspace_id, roles in (
            ("ada", 1, [operator]),
            ("cleo", 2, [operator]),
            ("nobody", 1, []),
        ):
            datastore.create_user(
                email=f"{name}@host.test",
                password="not used",
                fs_uniquifier=name,
                workspace_id=workspace_id,
                roles=roles,
            )
        db.session.commit()
    return Site(
        app,
        run=Run,
        pack=Pack,
        session=lambda: db.session,
        login="/login",
        people=(Person("ada", 1, 1), Person("cleo", 2, 3)),
    )


HOSTS = [with_flask_security]
