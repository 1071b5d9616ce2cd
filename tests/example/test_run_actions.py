"""Cancel and Run again on the pages: who may, and what they are told."""

from __future__ import annotations

import base64
import collections.abc as cabc
import hashlib
import re
import typing as t

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app.database import db
from example_app.findings import Findings
from example_app.models import OperationRun
from example_app.operation_runs import operation_run_service
from example_app.run_actions import RunsView

from .conftest import Example

URL = "/admin/operations/action/"
WORKER = "worker-1"


@pytest.fixture
def runs(example: Example) -> dict[str, int]:
    """A queued, a running and an ended run, each on three tenants and on none."""
    made = {}
    for where, tenant, workspace in (
        ("app", "This app", "Platform"),
        ("base", "Base interpreter", "Platform"),
        ("research", "This app", "Research"),
        ("none", None, "Platform"),
    ):
        for state in ("queued", "running", "ended"):
            run_id = example.request_run("inventory.collect", tenant, workspace)
            made[f"{where} {state}"] = run_id
            with example.app.app_context():
                service = operation_run_service()
                if state != "queued":
                    service.start(run_id, WORKER)
                if state == "ended":
                    service.finish(run_id, WORKER, Findings(total=1, succeeded=1))
    return made


def act(example: Example, client: FlaskClient, name: str, *ids: object) -> TestResponse:
    """Send an action with the token of the session."""
    return example.post(client, URL, action=name, rowid=[*map(str, ids)])


def stored(example: Example) -> list[tuple[t.Any, ...]]:
    with example.app.app_context():
        columns = (
            OperationRun.id,
            OperationRun.status,
            OperationRun.cancel_requested_at,
            OperationRun.retry_of_id,
        )
        rows = db.session.execute(sa.select(*columns).order_by(OperationRun.id))
        return [tuple(row) for row in rows]


def details(client: FlaskClient, run_id: int) -> BeautifulSoup:
    page = client.get(f"/admin/operations/details/?id={run_id}")
    return BeautifulSoup(page.text, "html.parser")


def offered(client: FlaskClient, run_id: int) -> list[str]:
    buttons = details(client, run_id).select(".ops-refresh-actions button")
    return [button.text for button in buttons]


def alerts(client: FlaskClient) -> list[str]:
    page = BeautifulSoup(client.get("/admin/").text, "html.parser")
    return [
        list(each.stripped_strings)[-1] for each in page.select(".alert-dismissable")
    ]


#: On which tenants each person may start operations, and so may cancel them.
REACH: dict[str | None, set[str]] = {
    None: set(),
    "dana": set(),
    "ada": {"app", "base"},
    "ben": {"base"},
    "cleo": {"research"},
}
#: What is answered for a run that they cannot see.
REFUSED = {None: 302, "dana": 404}


@pytest.mark.parametrize("name", ["cancel", "run_again"])
@pytest.mark.parametrize("person", REACH)
def test_who_may_start_operations_may_end_and_repeat_them(
    example: Example, runs: dict[str, int], person: str | None, name: str
) -> None:
    """Every person × action × run: what is changed is what may be, and no more."""
    client = example.client(person)
    wrong = []
    for which, run_id in runs.items():
        where, state = which.split()
        before = stored(example)
        answer = act(example, client, name, run_id)
        changed = stored(example) != before
        may = where in REACH[person] and (state == "ended") == (name == "run_again")
        sees = where in REACH[person] or (where == "none" and person == "ada")
        status = 302 if sees else REFUSED.get(person, 404)
        if (answer.status_code, changed) != (status, may):
            wrong.append((which, answer.status_code, changed))
        if person is None:
            assert answer.location.startswith("/sign-in")
    assert wrong == []


def test_the_buttons_are_where_they_may_be_used(
    example: Example, runs: dict[str, int]
) -> None:
    """Cancel while a run is active, Run again once it has ended."""
    client = example.client("ada")
    assert offered(client, runs["app queued"]) == ["Cancel"]
    assert offered(client, runs["app running"]) == ["Cancel"]
    assert offered(client, runs["app ended"]) == ["Run again"]
    for state in ("queued", "running", "ended"):
        assert offered(client, runs[f"none {state}"]) == []


def test_a_run_of_a_type_that_is_gone_is_not_run_again(example: Example) -> None:
    """What nobody knows how to do is not offered."""
    run_id = example.request_run("of.old")
    with example.app.app_context():
        operation_run_service().cancel(run_id)
    client = example.client("ada")
    assert offered(client, run_id) == []
    before = stored(example)
    act(example, client, "run_again", run_id)
    assert stored(example) == before


def test_cancel_says_so_and_comes_back(example: Example, runs: dict[str, int]) -> None:
    """From the dialog's own form back to the run's page, where it is told."""
    client = example.client("ben")
    run_id = runs["base running"]
    page = details(client, run_id)
    [button] = page.select(".ops-refresh-actions button")
    [dialog] = page.select(str(button["data-target"]))
    fields = {each["name"]: each["value"] for each in dialog.select("input")}
    [form] = dialog.select("form")
    action = str(form["action"])
    answer = client.post(action, data=fields, follow_redirects=True)
    assert answer.request.path == "/admin/operations/details/"
    assert "The operation is being cancelled." in answer.text
    assert example.run(run_id).cancel_requested_at is not None


def test_run_again_leads_to_the_new_run(example: Example, runs: dict[str, int]) -> None:
    """Its page links back, and the old one's on; the second click starts nothing."""
    client = example.client("ben")
    old = runs["base ended"]
    new = max(runs.values()) + 1
    answer = act(example, client, "run_again", old)
    assert answer.location == f"/admin/operations/details/?id={new}"
    assert new in example.queue.waiting()
    run = example.run(new)
    assert (run.retry_of_id, run.type) == (old, "inventory.collect")
    for page, text, link in (
        (details(client, new), "Retry of", old),
        (details(client, old), "Retried as", new),
    ):
        [line] = page.select(".ops-refresh-surface > p")
        assert text in line.text
        assert line.a is not None
        assert line.a["href"] == f"/admin/operations/details/?id={link}"
    alerts(client)
    answer = act(example, client, "run_again", old)
    assert answer.status_code == 302
    assert len(stored(example)) == len(runs) + 1
    assert alerts(client) == [f"What operation {old} does is under way already."]


def test_several_at_once(example: Example, runs: dict[str, int]) -> None:
    """From the list: what can be done is, what cannot is left out, both are told."""
    client = example.client("ada")
    chosen = [runs[f"app {state}"] for state in ("queued", "running", "ended")]
    act(example, client, "cancel", *chosen)
    assert alerts(client) == [
        "“Cancel” is not possible now for 1 of the operations chosen. "
        "They were left out.",
        "2 operations are being cancelled.",
    ]


def test_a_run_that_ends_between_the_question_and_the_service(
    example: Example, runs: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service has the last word, and the person is told."""
    client = example.client("ada")
    run_id = runs["app running"]
    from example_app import run_actions

    def finish_first() -> list[t.Any]:
        found = Findings(total=1, succeeded=1)
        operation_run_service().finish(run_id, WORKER, found)
        return []

    monkeypatch.setattr(run_actions, "_in_reach", finish_first)
    act(example, client, "cancel", run_id)
    assert example.run(run_id).outcome == "succeeded"
    assert alerts(client) == [
        f"Operation {run_id} is past that by now: nothing was changed."
    ]


@pytest.mark.parametrize("name", ["cancel", "run_again"])
def test_the_steps_themselves_reach_no_further(
    example: Example,
    runs: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Were everything offered, a run of no tenant would be left alone all the same."""
    monkeypatch.setattr(RunsView, "is_action_offered", lambda *_: True)
    client = example.client("ada")
    before = stored(example)
    for state in ("queued", "running", "ended"):
        act(example, client, name, runs[f"none {state}"])
    assert stored(example) == before


@pytest.mark.parametrize("name", ["cancel", "run_again"])
def test_no_action_without_a_token_or_by_a_link(
    example: Example, runs: dict[str, int], name: str
) -> None:
    """Neither a forged form nor an address changes anything."""
    client = example.client("ada")
    before = stored(example)
    for run_id in runs.values():
        data = {"action": name, "rowid": str(run_id)}
        assert client.post(URL, data=data).status_code == 400
        assert client.get(URL, query_string=data).status_code == 405
    assert stored(example) == before


def test_the_policy_lets_the_lists_own_menu_work(example: Example) -> None:
    """Flask-Admin's handlers on the list are allowed by what they say."""
    page = example.client("ada").get("/admin/operations/")
    [policy] = [
        part
        for part in page.headers["Content-Security-Policy"].split("; ")
        if part.startswith("script-src")
    ]
    handlers: cabc.Iterable[str] = re.findall(r'onclick="([^"]+)"', page.text)
    used = [handler for handler in handlers if "modelActions" in handler]
    assert len(used) == 2
    for handler in used:
        text = BeautifulSoup(handler, "html.parser").text
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
