"""Several Admins of one app, and several apps of one Admin."""

from __future__ import annotations

import pathlib

import pytest
from flask import Flask
from flask_admin import Admin
from flask_admin import AdminIndexView

from ..host_app import db
from ..pages import own_scripts
from ..pages import region
from ..pages import soup
from .conftest import Make
from .site import add_people
from .site import bare_app
from .site import make_ops
from .site import Site


class Closed(AdminIndexView):
    """A dashboard that nobody may see any more, once it is closed."""

    is_open = True

    def is_accessible(self) -> bool:
        return self.is_open


def two_admins(folder: pathlib.Path) -> Site:
    """One object on both Admins of an app."""
    app = bare_app(folder)
    db.init_app(app)
    add_people(app)
    first = Admin(app, name="First")
    second = Admin(
        app, name="Second", index_view=Closed(url="/staff", endpoint="staff")
    )
    ops = make_ops()
    for admin in (first, second):
        ops.init_app(app, admin=admin)
    with app.app_context():
        db.create_all()
    return Site(app)


def app_of(folder: pathlib.Path, admin: Admin, seconds: int) -> Flask:
    """An app that joins an Admin of its module's top."""
    folder.mkdir()
    app = bare_app(folder, OPS_REFRESH_LIST_INTERVAL_SECONDS=seconds)
    db.init_app(app)
    add_people(app)
    admin.init_app(app)
    return app


def test_each_of_two_admins_has_pages_and_addresses_of_its_own(
    open_site: Make,
) -> None:
    """What is on a page of one Admin leads nowhere into the other."""
    site = open_site(two_admins)
    ada = site.client(site.people[0])
    key = site.add_run()
    site._add(site.pack, "generating", operation_run_id=int(key))
    for own, other in (("/admin", "/staff"), ("/staff", "/admin")):
        for path in (f"{own}/operations/", f"{own}/operations/details/?id={key}", own):
            page = ada.get(path, follow_redirects=True)
            found = region(page)
            assert str(found.url).startswith(f"{own}/ops-refresh/")
            assert own_scripts(page)[0].startswith(f"{own}/ops-refresh/static/")
            for link in found.element.select("a[href]"):
                assert not str(link["href"]).startswith(other)
            polled = soup(site.poll(ada, found.url))
            assert [a["href"] for a in polled.select("a[href]")] == [
                a["href"] for a in found.element.select("a[href]")
            ]


def test_what_one_admin_refuses_the_other_may_show(open_site: Make) -> None:
    """A region belongs to the view of its own Admin: that one's rule holds."""
    site = open_site(two_admins)
    ada = site.client(site.people[0])
    site.add_pack()
    cards = [
        region(ada.get(path, follow_redirects=True)) for path in ("/admin", "/staff")
    ]
    site.app.extensions["admin"][1].index_view.is_open = False
    answers = [site.poll(ada, card.url, card.etag).status_code for card in cards]
    assert answers == [304, 403]


def test_a_card_outside_of_both_is_the_first_admins(open_site: Make) -> None:
    """On a page that belongs to neither Admin the first one's region is drawn."""
    site = open_site(two_admins)
    site.add_pack()

    @site.app.get("/elsewhere")
    def elsewhere() -> str:
        return str(site.app.jinja_env.globals["ops_refresh"].review_pack_card())

    page = site.client(site.people[0]).get("/elsewhere")
    assert str(region(page).url).startswith("/admin/ops-refresh/")


def test_an_admin_is_joined_once(open_site: Make) -> None:
    """A second time on the same Admin is an error that says so."""
    app = open_site(two_admins).app
    ops = app.extensions["flask_ops_refresh"]
    for admin in app.extensions["admin"]:
        with pytest.raises(RuntimeError, match="once for each Admin"):
            ops.init_app(app, admin=admin)


def test_each_app_of_one_admin_has_its_own_settings(tmp_path: pathlib.Path) -> None:
    """What one app is told to do the other does not."""
    admin, ops = Admin(), make_ops()
    sites = []
    for seconds in (7, 30):
        app = app_of(tmp_path / str(seconds), admin, seconds)
        ops.init_app(app)
        with app.app_context():
            db.create_all()
        sites.append(Site(app))
        sites[-1].add_run()
    for site, seconds in zip(sites, ("7", "30"), strict=True):
        page = site.get(site.client(site.people[0]), "/operations/")
        assert region(page).interval == seconds
        site.close()


def test_an_admin_has_one_object_for_all_of_its_apps(tmp_path: pathlib.Path) -> None:
    """A second object on an Admin is an error that names the mend."""
    admin = Admin()
    make_ops().init_app(app_of(tmp_path / "first", admin, 5))
    second = app_of(tmp_path / "second", admin, 5)
    with pytest.raises(RuntimeError, match=r"one OpsRefresh\s+object.*init_app\(app\)"):
        make_ops().init_app(second)
