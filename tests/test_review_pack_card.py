from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

import pytest
import sqlalchemy as sa
from bs4 import Tag
from flask import render_template_string
from flask.testing import FlaskClient
from flask_admin import AdminIndexView
from flask_admin.theme import Bootstrap4Theme
from jinja2 import DictLoader
from sqlalchemy import orm
from werkzeug.test import TestResponse

from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import Clock
from .conftest import DANA
from .conftest import Host
from .conftest import NOW
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import is_silent
from .pages import own_scripts
from .pages import poll
from .pages import region
from .pages import soup

pytestmark = pytest.mark.usefixtures("frozen_clock")

HOME = "/admin/"
NORTH, SOUTH = 1, 2


def add_pack(host: Host, **values: t.Any) -> int:
    """Store a pack: tenant North, generating now, unless told else."""
    defaults = {
        "workspace_id": 1,
        "tenant_id": NORTH,
        "status": "generating",
        "created_at": NOW,
    }
    return host.add(ReviewPack(**{**defaults, **values}))[0]


def browser(host: Host, user: int, tenant: object) -> FlaskClient:
    """A browser of somebody who has chosen a tenant."""
    client = host.client(user)
    with client.session_transaction() as session:
        session["tenant_id"] = tenant
    return client


def card(response: TestResponse) -> Tag | None:
    assert response.status_code == 200
    found = soup(response).select(".ops-refresh-card")
    assert len(found) <= 1
    return found[0] if found else None


def card_text(response: TestResponse) -> str:
    found = card(response)
    assert found is not None
    return found.get_text(" ", strip=True)


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("queued", "Queued"),
        ("generating", "Generating"),
        ("ready", "Ready"),
        ("failed", "Failed"),
        ("expired", "Expired"),
        ("odd", "Unknown"),
    ],
)
def test_the_card_polls_every_ten_seconds_while_a_pack_is_made(
    host: Host, status: str, label: str
) -> None:
    """Queued and generating packs are asked for again; all others are silent."""
    add_pack(host, status=status)
    response = browser(host, ADA, NORTH).get(HOME)
    assert label in card_text(response)
    if status in ("queued", "generating"):
        found = region(response)
        assert found.url == "/admin/ops-refresh/review-pack?tenant_id=1"
        assert found.interval == "10"
        assert len(own_scripts(response)) == 1
    else:
        assert is_silent(response)
        assert "review-pack?" not in response.text


def test_everything_stored_about_a_pack_is_shown(host: Host) -> None:
    """Times, size, figures, who asked, the run and the download are on the card."""
    run = host.add_run(type="review_pack.generate", user_id=ADA)
    pack = add_pack(
        host,
        status="ready",
        operation_run_id=run,
        generated_at=NOW,
        expires_at=NOW + dt.timedelta(days=1),
        file_size=2_500_000,
        summary={"altered_files": 3, "nested": {"not": "shown"}, "api_token": "s3cret"},
    )
    response = browser(host, ADA, NORTH).get(HOME)
    text = card_text(response)
    for shown in (
        "Ready North",
        "By Ada",
        f"Generated {host.written(NOW)}",
        f"Expires {host.written(NOW + dt.timedelta(days=1))}",
        "Size 2.5 MB",
        "Altered files 3",
    ):
        assert shown in text
    assert "s3cret" not in text
    found = card(response)
    assert found is not None
    assert [link["href"] for link in found.select("a")] == [
        f"/packs/{pack}",
        f"/admin/operations/details/?id={run}",
    ]


@pytest.mark.parametrize(
    "missing",
    ["summary", "file_size", "created_at", "generated_at", "expires_at"]
    + ["operation_run_id"],
)
def test_a_missing_value_is_left_out(host: Host, missing: str) -> None:
    """Each column may be empty without a trace of ``None`` on the card."""
    run = host.add_run(user_id=ADA)
    values: dict[str, t.Any] = {
        "summary": {"a": 1},
        "file_size": 10,
        "generated_at": NOW,
        "expires_at": NOW + dt.timedelta(1),
        "operation_run_id": run,
        missing: None,
    }
    add_pack(host, status="ready", **values)
    text = card_text(browser(host, ADA, NORTH).get(HOME))
    assert "Ready" in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        ("summary", "{broken"),
        ("summary", "[1]"),
        ("created_at", "never"),
        ("generated_at", "x"),
        ("file_size", "big"),
        ("status", ""),
    ],
)
def test_malformed_values_leave_the_dashboard_up(
    host: Host, column: str, stored: str
) -> None:
    """A pack written by a broken worker costs only its own figures."""
    add_pack(host, status="ready")
    host.execute(f"UPDATE review_packs SET {column} = :stored", stored=stored)
    assert "Review pack" in card_text(browser(host, ADA, NORTH).get(HOME))


def test_a_malformed_expiry_offers_no_download(host: Host) -> None:
    """A pack whose expiry cannot be read is not offered."""
    add_pack(host, status="ready", expires_at=NOW)
    host.execute("UPDATE review_packs SET expires_at = 'some day'")
    assert "Download" not in card_text(browser(host, ADA, NORTH).get(HOME))


def test_the_download_ends_with_the_pack(host: Host, frozen_clock: Clock) -> None:
    """A ready pack is offered up to its expiry and not at it."""
    add_pack(host, status="ready", expires_at=NOW + dt.timedelta(hours=1))
    client = browser(host, ADA, NORTH)
    frozen_clock.advance(minutes=59)
    assert "Download" in card_text(client.get(HOME))
    frozen_clock.advance(minutes=1)
    assert "Download" not in card_text(client.get(HOME))


def test_the_newest_pack_is_shown(host: Host) -> None:
    """The latest is the newest by creation, then by key."""
    add_pack(host, status="failed", created_at=NOW - dt.timedelta(1))
    add_pack(host, status="ready")
    add_pack(host, status="expired")
    add_pack(host, status="queued", created_at=NOW - dt.timedelta(2))
    assert "Expired" in card_text(browser(host, ADA, NORTH).get(HOME))


def test_no_pack_and_no_tenant_are_said(host: Host) -> None:
    """An empty card says whether a pack or the choice of a tenant is missing."""
    assert "no review pack yet" in card_text(browser(host, ADA, NORTH).get(HOME))
    assert "Choose a tenant" in card_text(browser(host, ADA, None).get(HOME))


@pytest.mark.parametrize(
    ("user", "tenant"), [(None, NORTH), (DANA, NORTH), (BEN, NORTH)], ids=str
)
def test_those_who_may_not_see_the_tenant_see_no_card(
    host: Host, user: int | None, tenant: int
) -> None:
    """Strangers, users without scope and without the tenant get no trace of it."""
    add_pack(host)
    client = host.client() if user is None else browser(host, user, tenant)
    response = client.get(HOME)
    assert card(response) is None
    assert is_silent(response)


def test_another_workspaces_pack_is_not_shown(host: Host) -> None:
    """All tenants of a workspace do not include those of another."""
    add_pack(host)
    text = card_text(browser(host, CLEO, NORTH).get(HOME))
    assert "no review pack yet" in text
    answer = poll(host.client(CLEO), "/admin/ops-refresh/review-pack?tenant_id=1")
    assert answer.status_code == 404


@pytest.mark.parametrize("tenant", ["2", "99", "x", "", "1.0", "9" * 30])
def test_polls_of_other_tenants_are_404(host: Host, tenant: str) -> None:
    """Foreign, missing and malformed tenants are the same answer."""
    add_pack(host, tenant_id=NORTH)
    url = "/admin/ops-refresh/review-pack?tenant_id="
    foreign = poll(host.client(BEN), f"{url}1")
    answer = poll(host.client(BEN), f"{url}{tenant}")
    assert foreign.status_code == answer.status_code == 404
    assert dict(answer.headers) == dict(foreign.headers)


def test_a_poll_keeps_to_the_tenant_its_page_was_drawn_for(host: Host) -> None:
    """Choosing another tenant in another tab changes nothing in this one."""
    add_pack(host, tenant_id=NORTH, status="queued")
    add_pack(host, tenant_id=SOUTH, status="generating")
    client = browser(host, ADA, NORTH)
    found = region(client.get(HOME))
    with client.session_transaction() as session:
        session["tenant_id"] = SOUTH
    assert found.url is not None
    answer = poll(client, found.url)
    assert "North" in answer.text
    assert "Queued" in answer.text
    assert "South" not in answer.text


def test_an_unchanged_poll_of_the_card_is_one_select(host: Host) -> None:
    """Pack, run and names come from one SELECT."""
    add_pack(host, operation_run_id=host.add_run(user_id=ADA))
    client = browser(host, ADA, NORTH)
    found = region(client.get(HOME))
    assert found.url is not None
    with host.statements() as statements:
        answer = poll(client, found.url, found.etag)
    assert answer.status_code == 304
    assert answer.headers["Ops-Refresh-Interval"] == "10"
    assert sum("FROM review_packs" in each for each in statements) == 1
    assert len(statements) == 2  # the other is the app's own user loader


def test_the_poll_that_brings_the_pack_brings_the_stop(host: Host) -> None:
    """The answer with the ready pack has the download and no interval."""
    pack = add_pack(host)
    client = browser(host, ADA, NORTH)
    found = region(client.get(HOME))
    host.update(ReviewPack, pack, status="ready")
    assert found.url is not None
    answer = poll(client, found.url, found.etag)
    assert answer.status_code == 200
    assert f'href="/packs/{pack}"' in answer.text
    assert "Ops-Refresh-Interval" not in answer.headers


@pytest.mark.parametrize(
    "values", [{"workspace_id": 2, "tenant_id": None}, {"tenant_id": 1}], ids=str
)
def test_a_run_out_of_scope_is_neither_linked_nor_named(
    host: Host, values: dict[str, t.Any]
) -> None:
    """A pack whose run belongs elsewhere shows no link and no initiator of it."""
    run = host.add_run(user_id=CLEO, **values)
    add_pack(host, tenant_id=SOUTH, operation_run_id=run)
    found = card(browser(host, BEN, SOUTH).get(HOME))
    assert found is not None
    assert not found.select("a[href*=operations]")
    assert "Cleo" not in found.text


def test_the_index_views_own_rule_holds_for_the_card(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the index view refuses, the card's poll refuses with 403."""
    add_pack(host)
    monkeypatch.setattr(AdminIndexView, "is_accessible", lambda self: False)
    url = "/admin/ops-refresh/review-pack?tenant_id=1"
    assert poll(host.client(ADA), url).status_code == 403


def test_without_the_model_there_is_no_card_and_no_address(
    make_host: cabc.Callable[..., Host],
) -> None:
    """An app without review packs sees nothing of them."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    client = browser(host, ADA, NORTH)
    assert card(client.get(HOME)) is None
    answer = poll(client, "/admin/ops-refresh/review-pack?tenant_id=1")
    assert answer.status_code == 404
    with host.app.test_request_context():
        assert render_template_string("{{ ops_refresh.review_pack_card() }}") == ""


def test_an_app_with_packs_alone_has_the_card_and_no_operations(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Either model may be left out."""
    ops = OpsRefresh(review_pack=ReviewPack)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    add_pack(host, operation_run_id=1)
    client = browser(host, ADA, NORTH)
    assert "Generating" in card_text(client.get(HOME))
    assert client.get("/admin/operations/").status_code == 404


def test_apps_without_a_download_address_offer_none(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Without review_pack_download_url, or with None from it, there is no link."""
    ops = OpsRefresh(review_pack=ReviewPack)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    add_pack(host, status="ready")
    client = browser(host, ADA, NORTH)
    assert "Download" not in card_text(client.get(HOME))
    ops.review_pack_download_url(lambda pack: None)
    assert "Download" not in card_text(client.get(HOME))


def test_a_download_address_that_would_run_is_an_error(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Only paths and http addresses are linked."""
    ops = OpsRefresh(review_pack=ReviewPack)
    ops.scope_loader(load_scope)
    ops.review_pack_download_url(lambda pack: "javascript:alert(1)")
    host = make_host(ops=ops)
    add_pack(host, status="ready")
    with pytest.raises(ValueError, match="give a path"):
        browser(host, ADA, NORTH).get(HOME)


def test_an_app_that_writes_the_card_itself_gets_it_once(host: Host) -> None:
    """A template of the app's own decides the place, and the card is not doubled."""
    own = (
        '{% extends "admin/master.html" %}{% block body %}<p>A widget</p>'
        "{{ ops_refresh.review_pack_card() }}{{ ops_refresh.review_pack_card() }}"
        "<p>Another</p>{% endblock %}"
    )
    host.app.jinja_loader = DictLoader({"admin/index.html": own})
    add_pack(host)
    response = browser(host, ADA, NORTH).get(HOME)
    assert "Generating" in card_text(response)
    text = soup(response).get_text(" ", strip=True)
    assert text.index("A widget") < text.index("Generating") < text.index("Another")


def test_an_own_index_template_without_the_card_stays_without(host: Host) -> None:
    """The card is put on Flask-Admin's stock dashboard only."""
    own = '{% extends "admin/master.html" %}{% block body %}<p>Mine</p>{% endblock %}'
    host.app.jinja_loader = DictLoader({"admin/index.html": own})
    add_pack(host)
    response = browser(host, ADA, NORTH).get(HOME)
    assert card(response) is None
    assert "Mine" in response.text


@pytest.mark.parametrize("context", ["", " with context"])
def test_the_macro_draws_the_card_with_and_without_context(
    host: Host, context: str
) -> None:
    """Imported either way, the macro prints what the global prints."""
    template = (
        f'{{% from "flask_ops_refresh/macros.html" import review_pack_card{context} %}}'
        "{{ review_pack_card() }}"
    )

    @host.app.get("/own")
    def own() -> str:
        return render_template_string(template)

    add_pack(host)
    response = browser(host, ADA, NORTH).get("/own")
    assert "Generating" in card_text(response)
    assert len(own_scripts(response)) == 1
    assert len(soup(response).select("link[rel=stylesheet]")) == 1


def test_stored_markup_on_the_card_stays_text(host: Host) -> None:
    """Nothing stored becomes an element of the dashboard."""
    evil = "<img src=x onerror=alert(1)>"
    add_pack(host, status="ready", summary={evil: evil})
    found = card(browser(host, ADA, NORTH).get(HOME))
    assert found is not None
    assert not found.select("img")
    assert evil in found.text


def test_models_without_optional_columns_do(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A pack model with nothing but what is required shows its status."""
    from .small_models import SmallPack

    ops = OpsRefresh(review_pack=SmallPack)
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    with host.app.app_context():
        db.session.add(SmallPack(workspace_id=1, tenant_id=1, status="ready"))
        db.session.commit()
    assert "Ready" in card_text(browser(host, ADA, NORTH).get(HOME))


_OPTIONAL = {
    "operation_run_id": sa.Integer,
    "summary": sa.JSON,
    "options": sa.JSON,
    "generated_at": sa.DateTime,
    "expires_at": sa.DateTime,
    "file_size": sa.Integer,
    "updated_at": sa.DateTime,
    "user": sa.String,
}
_DRAWN = {
    "operation_run_id": "Operation run",
    "summary": "Altered files 3",
    "generated_at": "Generated ",
    "expires_at": "Expires ",
    "file_size": "Size 10 ",
    "user": "By Ada",
}


@pytest.mark.parametrize("missing", _OPTIONAL)
def test_a_missing_column_costs_only_what_it_would_show(
    make_host: cabc.Callable[..., Host], missing: str
) -> None:
    """Without one of the optional columns the card shows all that the others hold."""
    base = orm.declarative_base()
    values = {
        "id": 1,
        "workspace_id": 1,
        "tenant_id": NORTH,
        "status": "ready",
        "created_at": NOW,
        "operation_run_id": 1,
        "summary": {"altered_files": 3},
        "generated_at": NOW,
        "expires_at": NOW + dt.timedelta(1),
        "file_size": 10,
        "user": "Ada",
    }
    columns = {name: sa.Column(kind) for name, kind in _OPTIONAL.items()}
    model = type(
        "NarrowPack",
        (base,),
        {
            "__tablename__": "narrow_packs",
            "id": sa.Column(sa.Integer, primary_key=True),
            "workspace_id": sa.Column(sa.Integer),
            "tenant_id": sa.Column(sa.Integer),
            "status": sa.Column(sa.String),
            "created_at": sa.Column(sa.DateTime),
            **{name: column for name, column in columns.items() if name != missing},
        },
    )
    ops = OpsRefresh(operation_run=OperationRun, review_pack=model)
    ops.scope_loader(load_scope)
    ops.review_pack_download_url(lambda pack: "/pack")
    host = make_host(ops=ops)
    host.add_run()
    values.pop(missing, None)
    with host.app.app_context():
        base.metadata.create_all(db.engine)
        db.session.execute(sa.insert(model).values(values))
        db.session.commit()
    text = card_text(browser(host, ADA, NORTH).get(HOME))
    assert "Download" in text
    assert {name for name, shown in _DRAWN.items() if shown not in text} == (
        {missing} & _DRAWN.keys()
    )


def test_a_stock_dashboard_whose_base_has_the_card_shows_it_once(
    make_host: cabc.Callable[..., Host],
) -> None:
    """The app's own place for it comes first; nothing is drawn twice."""
    host = make_host(theme=Bootstrap4Theme(base_template="own_base.html"))
    own = (
        '{% extends "admin/base.html" %}{% block messages %}{{ super() }}'
        "{{ ops_refresh.review_pack_card() }}{% endblock %}"
    )
    host.app.jinja_loader = DictLoader({"own_base.html": own})
    add_pack(host)
    response = browser(host, ADA, NORTH).get(HOME)
    assert "Generating" in card_text(response)
    assert len(own_scripts(response)) == 1


def test_a_link_to_a_view_that_closes_goes_with_the_next_poll(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the run may be opened is part of what the card shows."""
    add_pack(host, operation_run_id=host.add_run())
    client = browser(host, ADA, NORTH)
    found = region(client.get(HOME))
    assert found.url is not None
    view = host.app.extensions["admin"][0]._views[1]
    monkeypatch.setattr(view, "is_accessible", lambda: False)
    answer = poll(client, found.url, found.etag)
    assert answer.status_code == 200
    assert "details" not in answer.text


def test_the_card_is_on_every_page_of_a_context_pushed_by_hand(host: Host) -> None:
    """Drawn once on a page is not drawn once in a process."""
    add_pack(host)
    client = browser(host, ADA, NORTH)
    with host.app.test_request_context():
        assert card(client.get(HOME)) is not None
        assert card(client.get(HOME)) is not None


def test_a_pack_past_the_age_to_give_up_at_says_that_it_is_not_refreshed(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """OPS_REFRESH_STOP_AFTER_SECONDS ends the card's polling with a visible way on."""
    host = make_host(config={"OPS_REFRESH_STOP_AFTER_SECONDS": 3600})
    pack = add_pack(host)
    client = browser(host, ADA, NORTH)
    page = client.get("/admin/")
    assert "no longer refreshed" not in card_text(page)
    found = region(page)
    assert found.url is not None
    frozen_clock.advance(hours=1)
    answer = poll(client, found.url, found.etag)
    assert answer.status_code == 200
    assert "Ops-Refresh-Interval" not in answer.headers
    assert "This review pack is no longer refreshed." in answer.text
    page = client.get("/admin/")
    assert is_silent(page)
    assert "no longer refreshed. Refresh" in card_text(page)
    host.update(ReviewPack, pack, status="ready")
    assert "no longer refreshed" not in card_text(client.get("/admin/"))


def test_a_silent_pack_is_marked_as_stalled_until_its_run_says_something(
    make_host: cabc.Callable[..., Host], frozen_clock: Clock
) -> None:
    """OPS_REFRESH_STALLED_AFTER_SECONDS marks a pack, with the time, and polls on."""
    host = make_host(config={"OPS_REFRESH_STALLED_AFTER_SECONDS": 60})
    run = host.add_run(status="running", created_at=NOW)
    pack = add_pack(host, operation_run_id=run)
    client = browser(host, ADA, NORTH)
    found = region(client.get("/admin/"))
    assert found.url is not None
    frozen_clock.advance(seconds=59)
    assert poll(client, found.url, found.etag).status_code == 304
    frozen_clock.advance(seconds=1)
    answer = poll(client, found.url, found.etag)
    assert "No sign of life since" in answer.text
    assert host.written(NOW) in answer.text
    assert answer.headers["Ops-Refresh-Interval"] == "10"
    assert "Stalled" in card_text(client.get("/admin/"))
    host.update(OperationRun, run, started_at=frozen_clock.now)
    answer = poll(client, found.url, answer.headers["ETag"])
    assert answer.status_code == 200
    assert "Stalled" not in answer.text
    # A run that goes on changes nothing on the card: 304, as often as it does.
    host.update(OperationRun, run, started_at=frozen_clock.now.replace(second=2))
    assert poll(client, found.url, answer.headers["ETag"]).status_code == 304
    frozen_clock.advance(minutes=2)
    host.update(ReviewPack, pack, status="failed")
    assert "Stalled" not in card_text(client.get("/admin/"))


def test_packs_are_neither_stalled_nor_given_up_unless_it_is_set(
    host: Host, frozen_clock: Clock
) -> None:
    """Both marks are off by default, however old a pack is."""
    add_pack(host)
    frozen_clock.advance(days=400)
    page = browser(host, ADA, NORTH).get("/admin/")
    assert "Stalled" not in card_text(page)
    assert "no longer refreshed" not in card_text(page)
    assert region(page).interval == "10"
