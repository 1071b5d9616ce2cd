"""Hosts that are put together in another order, or more than once."""

from __future__ import annotations

import pathlib

from flask import Flask
from flask_admin import Admin
from flask_login import LoginManager

from flask_ops_refresh import OpsRefresh

from ..host_app import add_translations
from ..host_app import db
from ..host_app import OperationRun
from ..host_app import ReviewPack
from .site import add_people
from .site import bare_app
from .site import load_scope
from .site import make_ops
from .site import PEOPLE
from .site import Site


def admin_of_a_factory(folder: pathlib.Path) -> Site:
    """The usual factory: every extension at the module's top, joined in turn."""
    admin = Admin()
    ops = make_ops()
    login_manager = LoginManager()
    login_manager.user_loader(PEOPLE.get)

    def create_app() -> Flask:
        app = bare_app(folder)
        db.init_app(app)
        login_manager.init_app(app)
        admin.init_app(app)
        ops.init_app(app)
        with app.app_context():
            db.create_all()
        return app

    return Site(create_app())


def second_app_of_a_factory(folder: pathlib.Path) -> Site:
    """The second app that one factory makes in one process."""
    admin = Admin()
    ops = make_ops()
    login_manager = LoginManager()
    login_manager.user_loader(PEOPLE.get)
    made = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        app = bare_app(folder / name)
        db.init_app(app)
        login_manager.init_app(app)
        admin.init_app(app)
        ops.init_app(app)
        with app.app_context():
            db.create_all()
        made.append(Site(app))
    first, second = made
    second.last = first.close
    return second


def extension_before_others(folder: pathlib.Path) -> Site:
    """Flask-Login and Flask-Babel join the app after the extension."""
    app = bare_app(folder, translated=False)
    db.init_app(app)
    Admin(app)
    make_ops().init_app(app)
    add_people(app)
    add_translations(app)
    with app.app_context():
        db.create_all()
    return Site(app)


def loader_after_the_extension(folder: pathlib.Path) -> Site:
    """The object joins the app as it is made, and learns its loader afterwards."""
    app = bare_app(folder)
    db.init_app(app)
    add_people(app)
    admin = Admin(app)
    ops = OpsRefresh(
        app, admin=admin, operation_run=OperationRun, review_pack=ReviewPack
    )
    ops.scope_loader(load_scope)
    with app.app_context():
        db.create_all()
    return Site(app)


HOSTS = [
    admin_of_a_factory,
    second_app_of_a_factory,
    extension_before_others,
    loader_after_the_extension,
]
