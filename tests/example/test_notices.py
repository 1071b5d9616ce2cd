"""Notices: the example app's own live region."""

from __future__ import annotations

import typing as t

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app.database import utc_now
from example_app.models import Notice

from ..conftest import POLL
from .conftest import Example

TEXT = "Back at noon."


def post(example: Example, client: FlaskClient, **fields: t.Any) -> TestResponse:
    own = example.workspace_id(str(fields.pop("workspace", "Platform")))
    sent = {"text": TEXT, "hours": 4, "workspace_id": own, **fields}
    return example.post(client, "/notice/", **sent)


def take_down(
    example: Example, client: FlaskClient, workspace: str = "Platform"
) -> TestResponse:
    own = example.workspace_id(workspace)
    return example.post(client, "/notice/take-down", workspace_id=own)


def poll_url(answer: TestResponse) -> str:
    page = BeautifulSoup(answer.text, "html5lib")
    [region] = page.select("[data-ops-refresh-url*=workspace-notice]")
    return str(region["data-ops-refresh-url"])


def test_everyone_in_the_workspace_sees_it_live(example: Example) -> None:
    """A notice stands on the dashboard of all members, asked for every 10 s."""
    post(example, example.client("ada"))
    for name in ("ada", "ben", "erin"):
        client = example.client(name)
        page = client.get("/admin/")
        assert TEXT in page.text
        answer = client.get(poll_url(page), headers=POLL)
        assert answer.headers["Ops-Refresh-Interval"] == "10"
        assert "until" in answer.text


def test_no_other_workspace_sees_it(example: Example) -> None:
    """Neither page nor poll gives it to members of another workspace."""
    client = example.client("ada")
    post(example, client)
    url = poll_url(client.get("/admin/"))
    for name in ("cleo", "dana"):
        other = example.client(name)
        assert TEXT not in other.get("/admin/").text
        assert other.get(url, headers=POLL).status_code == 404


def test_taking_it_down_ends_it_on_open_pages(example: Example) -> None:
    """The next poll says that it is over, and is the last one."""
    client = example.client("ada")
    post(example, client)
    url = poll_url(client.get("/admin/"))
    take_down(example, client)
    answer = client.get(url, headers=POLL)
    assert "over since" in answer.text
    assert "Ops-Refresh-Interval" not in answer.headers
    assert TEXT not in client.get("/admin/").text


def test_it_stands_whatever_others_do_in_their_workspace(example: Example) -> None:
    """A notice posted or taken down in one workspace changes none of another."""
    client, other = example.client("ada"), example.client("cleo")
    post(example, client)
    assert (
        post(example, other, text="Elsewhere.", workspace="Research").status_code == 302
    )
    assert take_down(example, other, "Research").status_code == 302
    page = client.get("/admin/")
    assert TEXT in page.text
    assert client.get(poll_url(page), headers=POLL).headers["Ops-Refresh-Interval"]


def test_a_form_of_another_workspace_is_refused(example: Example) -> None:
    """What was written for one workspace is never published in another."""
    client = example.client("ada")
    assert post(example, client, workspace="Research").status_code == 404
    post(example, client)
    assert take_down(example, client, "Research").status_code == 404
    assert TEXT in client.get("/admin/").text


def test_it_holds_no_control_characters(example: Example) -> None:
    """What turns lines around, or no database takes, does not get into it."""
    client = example.client("ada")
    post(example, client, text="Back\x00 at\n\u202e \x1bnoon.")
    assert TEXT in client.get("/admin/").text


def test_its_time_ends_it(example: Example) -> None:
    """A notice past its time is live nowhere."""
    client = example.client("ada")
    post(example, client)
    url = poll_url(client.get("/admin/"))
    first = client.get(url, headers=POLL)
    example.update(Notice, Notice.id == 1, ends_at=utc_now())
    answer = client.get(url, headers={**POLL, "If-None-Match": first.headers["ETag"]})
    assert answer.status_code == 200
    assert "Ops-Refresh-Interval" not in answer.headers


def test_a_new_one_takes_the_place_of_the_old(example: Example) -> None:
    """Of two that are posted, the second stands."""
    client = example.client("ada")
    post(example, client)
    post(example, client, text="Back at one.", hours=1)
    page = client.get("/admin/").text
    assert "Back at one." in page
    assert TEXT not in page


@pytest.mark.parametrize(
    ("person", "fields", "status"),
    [
        ("ben", {}, 403),
        ("dana", {}, 404),
        (None, {}, 302),
        ("ada", {"text": " "}, 400),
        ("ada", {"text": "x" * 301}, 400),
        ("ada", {"hours": 1000}, 400),
        ("ada", {"csrf_token": ""}, 400),
    ],
    ids=str,
)
def test_posting_is_refused(
    example: Example, person: str | None, fields: dict[str, t.Any], status: int
) -> None:
    """Only those who see the whole workspace speak to all of it, within limits."""
    answer = post(example, example.client(person), **fields)
    assert answer.status_code == status
    assert TEXT not in example.client("ada").get("/admin/").text


def test_taking_down_is_theirs_too(example: Example) -> None:
    """A member of some tenants takes nobody's notice down."""
    post(example, example.client("ada"))
    ben = example.client("ben")
    assert take_down(example, ben).status_code == 403
    assert TEXT in ben.get("/admin/").text


def test_its_text_stays_text(example: Example) -> None:
    """Markup in a notice is read, not run."""
    client = example.client("ada")
    post(example, client, text="<script>alert(1)</script>")
    page = client.get("/admin/")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in client.get(poll_url(page), headers=POLL).text
