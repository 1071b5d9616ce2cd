"""What each person sees, and may start."""

from __future__ import annotations

import collections.abc as cabc
import re

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from example_app.database import db
from example_app.models import Membership
from example_app.models import OperationRun
from example_app.models import User
from example_app.models import Workspace

from .conftest import Example


def tenants_shown(answer: TestResponse) -> list[str]:
    page = BeautifulSoup(answer.text, "html.parser")
    return [title.text for title in page.select(".workbench-tenants h2")]


def count_runs(example: Example) -> int:
    with example.app.app_context():
        counted = sa.select(sa.func.count()).select_from(OperationRun)
        return db.session.scalar(counted) or 0


@pytest.mark.parametrize(
    ("name", "tenants"),
    [
        ("ada", ["Base interpreter", "This app"]),
        ("ben", ["Base interpreter"]),
        ("cleo", ["This app"]),
    ],
)
def test_tenants_page_is_scoped(
    example: Example, name: str, tenants: list[str]
) -> None:
    """The tenants page shows the tenants in reach, and a dialog for each of them."""
    answer = example.client(name).get("/admin/tenants/")
    assert tenants_shown(answer) == tenants
    assert answer.text.count('class="modal fade"') == len(tenants)


def test_membership_without_tenants(example: Example) -> None:
    """A membership that lists no tenant reaches none."""
    client = example.client("cleo")
    workspace_id = example.workspace_id("Research")
    example.update(
        Membership, Membership.workspace_id == workspace_id, all_tenants=False
    )
    assert tenants_shown(client.get("/admin/tenants/")) == []
    assert client.get("/admin/").status_code == 200


def test_no_workspace(example: Example) -> None:
    """Someone without a workspace is told so, and finds nothing anywhere."""
    client = example.client("dana")
    home = client.get("/admin/")
    assert "not a member of any workspace" in home.text
    assert "Tenants" not in home.text
    assert "Monitoring" not in home.text
    for address in ("/admin/tenants/", "/admin/operations/"):
        assert client.get(address).status_code == 404
    answer = example.post(client, "/admin/tenants/start", tenant_id=1, type="x")
    assert answer.status_code == 404


@pytest.mark.parametrize("type", ["integrity.verify", "inventory.collect"])
def test_start(example: Example, type: str) -> None:
    """Starting an operation queues a run and leads to its page."""
    client = example.client("ben")
    tenant_id = example.tenant_id("Base interpreter")
    answer = example.post(
        client, "/admin/tenants/start", tenant_id=tenant_id, type=type
    )
    assert answer.headers["Location"] == "/admin/operations/details/?id=1"
    run = example.run(1)
    assert (run.type, run.status, run.tenant_id) == (type, "queued", tenant_id)
    assert example.queue.waiting() == {1}
    page = client.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "data-ops-refresh-url" in page.text


@pytest.mark.parametrize(
    ("tenant", "type", "status"),
    [
        ("This app", "integrity.verify", 404),
        ("Base interpreter", "rm.everything", 400),
        ("Base interpreter", "", 400),
    ],
)
def test_start_refused(example: Example, tenant: str, type: str, status: int) -> None:
    """No operation is started on a tenant out of reach, nor one that is unknown."""
    answer = example.post(
        example.client("ben"),
        "/admin/tenants/start",
        tenant_id=example.tenant_id(tenant),
        type=type,
    )
    assert answer.status_code == status
    assert count_runs(example) == 0


@pytest.mark.parametrize("tenant_id", ["", "x", "-1", "999", "1e3", "9" * 40])
def test_start_on_no_tenant(example: Example, tenant_id: str) -> None:
    """An id that is no tenant's is a 404, however it is written."""
    answer = example.post(
        example.client("ada"),
        "/admin/tenants/start",
        tenant_id=tenant_id,
        type="integrity.verify",
    )
    assert answer.status_code == 404


def test_start_needs_a_token(example: Example) -> None:
    """No other site starts an operation."""
    fields = {"tenant_id": example.tenant_id("This app"), "type": "integrity.verify"}
    answer = example.client("ada").post("/admin/tenants/start", data=fields)
    assert answer.status_code == 400
    assert count_runs(example) == 0


def test_start_is_a_post(example: Example) -> None:
    """No link starts an operation."""
    answer = example.client("ada").get("/admin/tenants/start?tenant_id=1")
    assert answer.status_code == 405


def test_start_is_scoped_to_the_current_workspace(example: Example) -> None:
    """Even a member of both starts nothing in the workspace that is not chosen."""
    answer = example.post(
        example.client("erin"),
        "/admin/tenants/start",
        tenant_id=example.tenant_id("This app", "Research"),
        type="integrity.verify",
    )
    assert answer.status_code == 404


def test_switch_workspace(example: Example) -> None:
    """A member of two workspaces works in the one chosen last."""
    client = example.client("erin")
    assert '<h1 class="h3">Platform</h1>' in client.get("/admin/").text
    research = example.workspace_id("Research")
    assert example.post(client, "/workspace", workspace_id=research).status_code == 302
    assert '<h1 class="h3">Research</h1>' in client.get("/admin/").text
    assert tenants_shown(client.get("/admin/tenants/")) == ["This app"]


@pytest.mark.parametrize("workspace_id", ["Research", "", "999", "x"])
def test_switch_refused(example: Example, workspace_id: str) -> None:
    """Nobody switches to a workspace that is not theirs; all refusals look alike."""
    client = example.client("ada")
    if workspace_id == "Research":
        workspace_id = str(example.workspace_id("Research"))
    refused = example.post(client, "/workspace", workspace_id=workspace_id)
    assert refused.status_code == 404
    assert refused.text == client.get("/admin/no-such-page").text
    assert '<h1 class="h3">Platform</h1>' in client.get("/admin/").text


def test_forged_choice(example: Example) -> None:
    """A workspace in the session counts for nothing without the membership."""
    client = example.client("erin")
    research = example.workspace_id("Research")
    example.post(client, "/workspace", workspace_id=research)
    with example.app.app_context():
        theirs = sa.select(Membership).where(
            Membership.workspace_id == research,
            Membership.user_id.in_(
                sa.select(User.id).where(User.sign_in_name == "erin")
            ),
        )
        db.session.delete(db.session.scalars(theirs).one())
        db.session.commit()
    home = client.get("/admin/").text
    assert '<h1 class="h3">Platform</h1>' in home
    assert "Research" not in home


def test_switch_tenant(example: Example) -> None:
    """The tenant chosen last stands in the bar; one out of reach is refused."""
    client = example.client("ada")
    chosen = example.tenant_id("This app")
    assert example.post(client, "/tenant", tenant_id=chosen).status_code == 302
    page = BeautifulSoup(client.get("/admin/").text, "html.parser")
    toggles = [each.text for each in page.select(".workbench-place .dropdown-toggle")]
    assert toggles == ["Tenant This app"]
    foreign = example.tenant_id("This app", "Research")
    assert example.post(client, "/tenant", tenant_id=foreign).status_code == 404


@pytest.mark.parametrize("address", ["/workspace", "/tenant"])
def test_switches_need_a_token(example: Example, address: str) -> None:
    """No other site switches anything."""
    assert example.client("erin").post(address).status_code == 400


def test_runs_are_scoped(example: Example) -> None:
    """Home, tenants page and Operations agree on which runs a person sees."""
    runs = {
        "all": example.request_run("integrity.verify", None),
        "app": example.request_run("integrity.verify", "This app"),
        "base": example.request_run("integrity.verify", "Base interpreter"),
        "research": example.request_run("integrity.verify", "This app", "Research"),
    }
    seen = {
        "ada": {"all", "app", "base"},
        "ben": {"base"},
        "cleo": {"research"},
    }
    for name, expected in seen.items():
        client = example.client(name)
        for page in ("/admin/", "/admin/operations/"):
            ids = set(
                map(int, re.findall(r"details/\?id=(\d+)", client.get(page).text))
            )
            assert ids == {runs[each] for each in expected}, (name, page)
        for which, id in runs.items():
            answer = client.get(f"/admin/operations/details/?id={id}")
            assert answer.status_code == (200 if which in expected else 404), which


def test_terminal_page_is_silent(example: Example) -> None:
    """The page of a completed run has no script and no address of the extension."""
    run_id = example.request_run()
    example.update(
        OperationRun,
        OperationRun.id == run_id,
        status="completed",
        outcome="failed",
    )
    page = example.client("ada").get(f"/admin/operations/details/?id={run_id}").text
    assert "data-ops-refresh" not in page
    assert "refresh_region.js" not in page


def test_policy(example: Example) -> None:
    """Pages allow scripts by a nonce that is new each time, and none of ours inline."""
    client = example.client("ada")
    nonces = set()
    for address in ("/admin/", "/admin/tenants/", "/sign-out"):
        answer = client.get(address)
        policy = answer.headers["Content-Security-Policy"]
        nonces.update(re.findall(r"script-src 'self' 'nonce-([\w-]+)'", policy))
        assert "unsafe-inline" not in policy
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert not re.search(r"<[^>]+\s(on\w+|style)=", answer.text)
    assert len(nonces) == 3


def test_every_script_has_the_nonce(example: Example) -> None:
    """Every script of a page carries the nonce of its header."""
    answer = example.client("ada").get("/admin/tenants/")
    policy = answer.headers["Content-Security-Policy"]
    page = BeautifulSoup(answer.text, "html.parser")
    nonces = {script.get("nonce") for script in page.find_all("script")}
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in policy


def test_names_are_escaped(example: Example) -> None:
    """A name is text wherever it is shown."""
    script = "<script>alert(1)</script>"
    example.update(User, User.sign_in_name == "ada", name=script)
    example.update(Workspace, Workspace.name == "Platform", name=script)
    client = example.client("ada")
    for address in ("/admin/", "/admin/tenants/"):
        assert script not in client.get(address).text


def test_an_exhausted_pool_is_said_to_pass(
    make_example: cabc.Callable[..., Example],
) -> None:
    """Where every connection is in use, a page says so and that nothing is lost."""
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.01}
    example = make_example(SQLALCHEMY_ENGINE_OPTIONS=options)
    client = example.client("ada")
    with example.app.app_context(), db.engine.connect():
        answer = client.get("/admin/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Back in a moment" in answer.text
    assert client.get("/admin/").status_code == 200
