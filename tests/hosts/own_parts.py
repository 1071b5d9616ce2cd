"""Hosts with views and templates of their own around the extension's."""

from __future__ import annotations

import pathlib
import typing as t

from flask import abort
from flask import Flask
from flask import redirect
from flask_admin import AdminIndexView
from flask_admin import BaseView
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.contrib.sqla import view as sqla_view
from flask_admin.theme import Bootstrap4Theme
from flask_login import current_user

from flask_ops_refresh import OperationsView

from ..host_app import db
from ..host_app import Tenant
from .site import Site
from .site import usual


class MembersOnly:
    """What many apps mix into each of their views."""

    def is_accessible(self) -> bool:
        return bool(current_user.is_authenticated)

    def inaccessible_callback(self, name: str, **kwargs: t.Any) -> t.Any:
        return redirect("/login")


class OwnIndex(MembersOnly, AdminIndexView):
    """A dashboard with figures of the app's own."""

    @expose("/")
    def index(self) -> t.Any:
        return self.render("own_index.html", greeting="Good morning")


class MemberOperations(MembersOnly, OperationsView):
    """The Operations view behind the app's own mixin."""


class Tenants(MembersOnly, ModelView):
    """One of the app's own model views."""


class Report(MembersOnly, BaseView):
    """A page of the app's own."""

    @expose("/")
    def index(self) -> t.Any:
        return self.render("own_report.html")


def _mount_login(app: Flask) -> None:
    app.add_url_rule("/login", "login", lambda: abort(404))
    app.login_manager.login_view = "login"  # type: ignore[attr-defined]


def own_index_view(folder: pathlib.Path) -> Site:
    """An index view with a template of its own, which places the card."""
    return usual(
        folder,
        admin={"index_view": OwnIndex()},
        before=_mount_login,
        login="/login",
    )


def own_index_view_elsewhere(folder: pathlib.Path) -> Site:
    """An index view with another name, endpoint and address."""
    view = AdminIndexView(name="Cockpit", endpoint="cockpit", url="/control")
    return usual(folder, admin={"index_view": view}, admin_path="/control")


def own_base_template(folder: pathlib.Path) -> Site:
    """Every page of the admin extends a template of the app's own."""
    theme = Bootstrap4Theme(base_template="own_base.html")
    return usual(folder, admin={"theme": theme})


def own_access_mixin(folder: pathlib.Path) -> Site:
    """The app's own is_accessible on every view, the extension's among them."""
    return usual(
        folder,
        admin={"index_view": OwnIndex()},
        ops={"operations_view": MemberOperations},
        before=_mount_login,
        login="/login",
    )


def among_other_views(folder: pathlib.Path) -> Site:
    """Model views and pages of the app's own before and after the extension."""

    def add_before(app: Flask) -> None:
        [admin] = app.extensions["admin"]
        takes_objects = hasattr(sqla_view, "_get_deprecated_session")
        source = db if takes_objects else db.session
        admin.add_view(Tenants(Tenant, source, category="Monitoring"))

    def add_after(app: Flask) -> None:
        [admin] = app.extensions["admin"]
        admin.add_view(Report(name="Report", category="Monitoring"))

    return usual(folder, before=add_before, after=add_after)


HOSTS = [
    own_index_view,
    own_index_view_elsewhere,
    own_base_template,
    own_access_mixin,
    among_other_views,
]
