"""Hosts that stand at an address of their own."""

from __future__ import annotations

import pathlib

from flask import Flask
from flask_admin import Admin
from flask_admin import AdminIndexView
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from ..host_app import db
from .site import add_people
from .site import bare_app
from .site import make_ops
from .site import Site
from .site import usual


def mounted_under_a_prefix(folder: pathlib.Path) -> Site:
    """The WSGI server gives the app a SCRIPT_NAME."""

    def mount(app: Flask) -> None:
        whole = DispatcherMiddleware(Flask("front"), {"/tools/ops": app.wsgi_app})
        app.wsgi_app = whole  # type: ignore[method-assign]

    return usual(folder, after=mount, admin_path="/tools/ops/admin")


def behind_a_proxy(folder: pathlib.Path) -> Site:
    """A proxy cuts the prefix off and says so; ProxyFix puts it back."""

    def trust(app: Flask) -> None:
        fixed = ProxyFix(app.wsgi_app, x_host=1, x_prefix=1)

        def proxied(environ, start_response):  # type: ignore[no-untyped-def]
            prefix = "/tools"
            assert environ["PATH_INFO"].startswith(prefix)
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(prefix)
            environ["HTTP_X_FORWARDED_PREFIX"] = prefix
            environ["HTTP_X_FORWARDED_HOST"] = environ["HTTP_HOST"]
            environ["HTTP_HOST"] = "10.0.0.7:8000"
            return fixed(environ, start_response)

        app.wsgi_app = proxied  # type: ignore[method-assign]

    return usual(folder, after=trust, admin_path="/tools/admin")


def on_a_host_of_its_own(folder: pathlib.Path) -> Site:
    """host_matching, with all of the admin on one host."""
    return usual(
        folder,
        flask={"host_matching": True, "static_host": "www.host.test"},
        admin={"host": "ops.host.test"},
        root="http://ops.host.test",
    )


def on_any_host(folder: pathlib.Path) -> Site:
    """host_matching, with the admin on whatever host is asked."""
    return usual(
        folder,
        flask={"host_matching": True, "static_host": "www.host.test"},
        admin={"host": "*"},
        root="http://another.host.test",
    )


def on_a_subdomain(folder: pathlib.Path) -> Site:
    """The admin has a subdomain."""
    return usual(
        folder,
        flask={"subdomain_matching": True},
        config={"SERVER_NAME": "host.test"},
        admin={"subdomain": "ops"},
        root="http://ops.host.test",
    )


def at_the_root(folder: pathlib.Path) -> Site:
    """The admin is all of the site."""
    return usual(folder, admin={"url": "/"}, admin_path="")


def one_admin_of_several(folder: pathlib.Path) -> Site:
    """Two Admins, the second with the extension."""
    app = bare_app(folder)
    db.init_app(app)
    add_people(app)
    Admin(app)
    staff = Admin(app, url="/staff", endpoint="staff")
    make_ops().init_app(app, admin=staff)
    with app.app_context():
        db.create_all()
    return Site(app, admin_path="/staff")


def _two_admins(folder: pathlib.Path) -> Flask:
    app = bare_app(folder)
    db.init_app(app)
    add_people(app)
    first = Admin(app)
    second = Admin(app, index_view=AdminIndexView(url="/staff", endpoint="staff"))
    ops = make_ops()
    ops.init_app(app, admin=first)
    ops.init_app(app, admin=second)
    with app.app_context():
        db.create_all()
    return app


def first_of_two_admins(folder: pathlib.Path) -> Site:
    """Two Admins, each with the extension."""
    return Site(_two_admins(folder))


def second_of_two_admins(folder: pathlib.Path) -> Site:
    """Two Admins, each with the extension."""
    return Site(_two_admins(folder), admin_path="/staff")


HOSTS = [
    mounted_under_a_prefix,
    behind_a_proxy,
    on_a_host_of_its_own,
    on_any_host,
    on_a_subdomain,
    at_the_root,
    one_admin_of_several,
    first_of_two_admins,
    second_of_two_admins,
]
