"""The same questions, asked of every host in this folder."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from ..pages import is_silent
from ..pages import own_scripts
from ..pages import region
from ..pages import soup
from . import addresses
from . import construction
from . import models
from . import neighbours
from . import own_parts
from . import security
from . import sessions
from . import themes
from .conftest import Make
from .site import Site

MODULES = (
    addresses,
    construction,
    models,
    neighbours,
    own_parts,
    security,
    sessions,
    themes,
)
HOSTS = {make.__name__: make for module in MODULES for make in module.HOSTS}


@pytest.fixture(params=sorted(HOSTS))
def site(request: pytest.FixtureRequest, open_site: Make) -> Site:
    """Each host in turn."""
    return open_site(HOSTS[request.param])


def paths(key: str) -> list[str]:
    """The list, the detail of a run, and the dashboard with the card."""
    return ["/operations/", f"/operations/details/?id={key}", "/"]


def assert_strangers_page(site: Site, response: TestResponse) -> None:
    if site.login is None:
        assert response.status_code == 401
    else:
        assert response.status_code == 302
        assert site.login in response.headers["Location"]


def test_every_page_is_shown_and_its_poll_answered(site: Site) -> None:
    """List, detail and card are live; a poll is 200, and 304 while nothing changes."""
    ada = site.client(site.people[0])
    key = site.add_run()
    site.add_pack()
    for path in paths(key):
        page = site.get(ada, path)
        assert page.status_code == 200, path
        found = region(page)
        changed = site.poll(ada, found.url)
        assert changed.status_code == 200, path
        assert changed.headers["Ops-Refresh-Interval"] == found.interval
        assert "<script" not in changed.text
        assert site.poll(ada, found.url, found.etag).status_code == 304, path
        [script] = own_scripts(page)
        [style] = soup(page).select("link[href*=ops_refresh]")
        for url in (script, str(style["href"])):
            with ada.get(url, base_url=site.root) as served:
                assert served.status_code == 200, url


def test_what_is_over_is_told_once_and_then_silent(site: Site) -> None:
    """The poll that brings the end brings the stop, and the page has no script."""
    ada = site.client(site.people[0])
    key = site.add_run()
    pages = [region(site.get(ada, path)) for path in paths(key)[:2]]
    site.finish(key)
    for page in pages:
        last = site.poll(ada, page.url, page.etag)
        assert last.status_code == 200
        assert "Ops-Refresh-Interval" not in last.headers
        assert "ops-refresh-status-succeeded" in last.text
    site.add_pack("ready")
    for path in paths(key):
        page = site.get(ada, path)
        assert page.status_code == 200
        assert is_silent(page), path


def test_another_workspace_sees_nothing_of_it(site: Site) -> None:
    """Cleo's list is empty, the run is a 404 to her, and so is its poll."""
    key = site.add_run()
    site.add_pack()
    detail = region(site.get(site.client(site.people[0]), paths(key)[1]))
    cleo = site.client(site.people[1])
    listed = site.get(cleo, "/operations/")
    assert listed.status_code == 200
    assert "integrity.verify" not in listed.text
    assert is_silent(listed)
    assert site.get(cleo, paths(key)[1]).status_code == 404
    assert site.poll(cleo, detail.url, detail.etag).status_code == 404
    assert is_silent(site.get(cleo, "/"))


def test_strangers_are_sent_away_and_their_polls_refused(site: Site) -> None:
    """Nobody who is not signed in gets a page, an address or a cookie."""
    key = site.add_run()
    site.add_pack()
    ada = site.client(site.people[0])
    found = [region(site.get(ada, path)) for path in paths(key)]
    stranger = site.client()
    for path in paths(key)[:2]:
        assert_strangers_page(site, site.get(stranger, path))
    for each in found:
        answer = site.poll(site.client(), each.url, each.etag)
        assert answer.status_code == 401
        assert answer.data == b""
        assert "Set-Cookie" not in answer.headers
