"""Sample people and what they look after; what is already there is kept."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import pathlib
import secrets
import sys
import typing as t

import sqlalchemy as sa
from flask import current_app
from flask import Flask

from .database import db
from .kept_secrets import kept_secret
from .models import Membership
from .models import Tenant
from .models import User
from .models import Workspace
from .passwords import hash_password
from .passwords import is_password

PLATFORM = "Platform"
RESEARCH = "Research"
OWN_ENVIRONMENT = "This app"
BASE_ENVIRONMENT = "Base interpreter"

_Record = t.TypeVar("_Record", Workspace, Tenant, User, Membership)


@dataclasses.dataclass(frozen=True)
class Person:
    """Someone who can sign in.

    :param memberships: workspaces, each with the tenants in reach; ``None`` is
        all of them.
    """

    sign_in_name: str
    name: str
    memberships: cabc.Mapping[str, tuple[str, ...] | None]


PEOPLE = (
    Person("ada", "Ada", {PLATFORM: None}),
    Person("ben", "Ben", {PLATFORM: (BASE_ENVIRONMENT,)}),
    Person("cleo", "Cleo", {RESEARCH: None}),
    Person("dana", "Dana", {}),
    Person("erin", "Erin", {PLATFORM: None, RESEARCH: None}),
)


def settle_in(environments: cabc.Iterable[pathlib.Path] = ()) -> None:
    """Add the sample people, workspaces and tenants that are missing.

    :param environments: Python environments to look after beyond those that are
        always there.
    """
    platform = _workspace(PLATFORM)
    _tenant(platform, OWN_ENVIRONMENT, sys.prefix)
    _tenant(platform, BASE_ENVIRONMENT, sys.base_prefix)
    for path in (*current_app.config["ENVIRONMENTS"], *environments):
        _tenant(platform, str(path), str(path))
    _tenant(_workspace(RESEARCH), OWN_ENVIRONMENT, sys.prefix)
    password = sample_password(current_app)
    for person in PEOPLE:
        _settle_person(person, password)
    db.session.commit()


def sample_password(app: Flask) -> str:
    """The password of all sample people."""
    configured = app.config["SAMPLE_PASSWORD"]
    if configured is not None:
        return str(configured)
    return kept_secret(
        app.config["DATA"] / "sample-password", lambda: secrets.token_urlsafe(6)
    )


def _workspace(name: str) -> Workspace:
    return _find(Workspace, name=name) or _add(Workspace(name=name))


def _tenant(workspace: Workspace, name: str, prefix: str) -> None:
    tenant = _find(Tenant, workspace_id=workspace.id, name=name)
    if tenant is None:
        _add(Tenant(workspace_id=workspace.id, name=name, prefix=prefix))
    else:
        # The environment may have moved since the last time.
        tenant.prefix = prefix


def _settle_person(person: Person, password: str) -> None:
    user = _find(User, sign_in_name=person.sign_in_name)
    if user is None:
        user = _add(
            User(
                sign_in_name=person.sign_in_name,
                name=person.name,
                password_hash=hash_password(password),
            )
        )
        for name, tenants in person.memberships.items():
            _add_membership(user, _workspace(name), tenants)
    elif not is_password(user.password_hash, password):
        user.password_hash = hash_password(password)


def _add_membership(
    user: User, workspace: Workspace, tenants: tuple[str, ...] | None
) -> None:
    listed = sa.select(Tenant).where(
        Tenant.workspace_id == workspace.id, Tenant.name.in_(tenants or ())
    )
    _add(
        Membership(
            user_id=user.id,
            workspace_id=workspace.id,
            all_tenants=tenants is None,
            tenants=list(db.session.scalars(listed)),
        )
    )


def _find(model: type[_Record], **values: t.Any) -> _Record | None:
    return db.session.scalar(sa.select(model).filter_by(**values))


def _add(record: _Record) -> _Record:
    db.session.add(record)
    db.session.flush()
    return record
