"""What is asked of one host alone: beside other extensions."""

from __future__ import annotations

import re

import pytest

from ..pages import region
from ..pages import soup
from . import neighbours
from . import security
from .conftest import Make
from .site import Person


def test_every_tag_of_ours_has_the_nonce_of_its_answer(open_site: Make) -> None:
    """Under Flask-Talisman each page's tags carry the nonce that its header names."""
    site = open_site(neighbours.with_a_strict_policy)
    ada = site.client(site.people[0])
    key = site.add_run()
    site.add_pack()
    seen = set()
    for path in ("/operations/", f"/operations/details/?id={key}", "/"):
        page = site.get(ada, path)
        policy = page.headers["Content-Security-Policy"]
        [nonce] = set(re.findall(r"'nonce-([^']+)'", policy))
        tags = soup(page).select("[src*=ops-refresh], link[href*=ops-refresh]")
        assert {tag["nonce"] for tag in tags} == {nonce}
        names = {str(tag.get("src") or tag["href"]).rpartition("/")[2] for tag in tags}
        of_all = {"ops_refresh.css", "refresh_region.js"}
        of_a_run = {"operation_detail.css", "print.css"}
        assert names == of_all | (of_a_run if "details" in path else {"overview.css"})
        seen.add(nonce)
    assert len(seen) == 3


def test_a_poll_over_the_limit_is_told_when_to_come_again(open_site: Make) -> None:
    """Flask-Limiter's 429 keeps its Retry-After and has nothing else of the page."""
    site = open_site(neighbours.with_a_rate_limit)
    ada = site.client(site.people[0])
    site.add_run()
    page = region(site.get(ada, "/operations/"))
    answers = [site.poll(ada, page.url, page.etag) for _ in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {304}
    last = answers[-1]
    assert last.status_code == 429
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert last.data == b""
    assert last.headers["Cache-Control"] == "private, no-store"


def test_another_language_is_a_change(open_site: Make) -> None:
    """Who changes the language gets the region anew, and then 304 again."""
    site = open_site(neighbours.in_the_readers_language)
    ada = site.client(site.people[0])
    site.add_run()
    german = region(site.get(ada, "/operations/"))
    assert site.poll(ada, german.url, german.etag).status_code == 304
    with ada.session_transaction() as session:
        session["language"] = "fr"
    answer = site.poll(ada, german.url, german.etag)
    assert answer.status_code == 200
    french = answer.headers["ETag"]
    assert site.poll(ada, german.url, french).status_code == 304


@pytest.mark.parametrize("path", ["/operations/", "/operations/details/?id=1"])
def test_who_has_no_role_sees_nothing(open_site: Make, path: str) -> None:
    """A person of Flask-Security without the role that the scope wants gets a 404."""
    site = open_site(security.with_flask_security)
    site.add_run()
    nobody = site.client(Person("nobody", 1, 1))
    assert site.get(nobody, path).status_code == 404
