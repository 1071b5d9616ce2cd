from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import typing as t

import pytest
from flask import render_template_string
from flask_admin import BaseView
from flask_admin import expose
from jinja2 import ChoiceLoader
from jinja2 import DictLoader

from flask_ops_refresh import LiveState
from flask_ops_refresh import OpsRefresh

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import soup

EVIL = "\"'><script>alert(1)</script>"
START = NOW - dt.timedelta(minutes=3, seconds=4)
CALLS = {
    "status_badge": ('status_badge("partial", evil, evil)', "Partially succeeded"),
    "progress_bar": ('progress_bar({"total": 4, "processed": 1})', "1 / 4 · 25 %"),
    "timestamp": ("timestamp(start)", "11:56:56"),
    "elapsed": ("elapsed(start, end)", "3 min 4 s"),
    "live": ('live("evil", id=evil)', EVIL),
    "overview_card": ("overview_card()", "Operations overview"),
    "review_pack_card": ("review_pack_card()", "Generating"),
}


class Own(BaseView):
    @expose("/")
    @expose("/<macro>/<how>")
    def index(self, macro: str = "", how: str = "") -> str:
        return self.render(f"{macro}-{how}.html", **VALUES)


VALUES: dict[str, t.Any] = {"evil": EVIL, "start": START, "end": NOW}


@pytest.fixture
def macros(make_host: cabc.Callable[..., Host]) -> Host:
    """A host app with a page for each macro, of its own and in the admin."""
    ops = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)
    ops.scope_loader(load_scope)
    ops.live_region("evil", template="evil.html")(
        lambda scope, id: LiveState(id, 5, lambda: {"id": id})
    )
    host = make_host(ops=ops, csp_nonce_generator=lambda: "n0nce")
    templates = {"evil.html": "<p>{{ id }}</p>"}
    for name, (call, _) in CALLS.items():
        for how in ("with", "without"):
            line = (
                f'{{% from "flask_ops_refresh/macros.html" import {name} {how} '
                f"context %}}<main>{{{{ {call} }}}}</main>"
            )
            templates[f"{name}-{how}.html"] = (
                '{% extends "admin/master.html" %}{% block body %}'
                f"{line}{{% endblock %}}"
            )
            templates[f"plain-{name}-{how}.html"] = f"<!doctype html>{line}"
    host.app.jinja_loader = ChoiceLoader([DictLoader(templates)])
    host.app.extensions["admin"][0].add_view(Own(endpoint="own"))

    @host.app.get("/plain/<name>/<how>")
    def plain(name: str, how: str) -> str:
        source = "{% include template %}"
        return render_template_string(
            source, template=f"plain-{name}-{how}.html", **VALUES
        )

    host.add_run(status="running")
    host.add(
        ReviewPack(workspace_id=1, tenant_id=1, status="generating", created_at=NOW)
    )
    return host


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("how", ["with", "without"])
@pytest.mark.parametrize("where", ["/plain", "/admin/own"])
def test_macros_print_the_same_everywhere(
    macros: Host, name: str, how: str, where: str
) -> None:
    """Each macro works in both kinds of template, with and without context."""
    client = macros.client(ADA)
    with client.session_transaction() as session:
        session["tenant_id"] = 1
    page = client.get(f"{where}/{name}/{how}")
    assert page.status_code == 200
    found = soup(page).select_one("main")
    assert found is not None
    assert CALLS[name][1] in found.get_text()
    for script in found.select("script, link"):
        assert script.get("nonce") == "n0nce"
        assert not script.text
    assert not [tag for tag in found.find_all(True) if "style" in tag.attrs]
    assert "alert(1)" not in "".join(each.text for each in found.select("script"))
    is_live = name in ("live", "overview_card", "review_pack_card")
    assert len(found.select("script[type=module]")) == is_live


def test_macros_say_nothing_to_strangers(macros: Host) -> None:
    """Live macros print nothing at all for those who may not see."""
    for name in ("live", "overview_card", "review_pack_card"):
        page = macros.client().get(f"/plain/{name}/without")
        found = soup(page).select_one("main")
        assert found is not None
        assert found.get_text(strip=True) == ""
        assert not found.find_all(True)


def test_a_time_without_an_end_counts_on(macros: Host) -> None:
    """Elapsed time with a start alone is up to now, and ticks in a live region."""
    line = (
        '{% from "flask_ops_refresh/macros.html" import elapsed %}{{ elapsed(start) }}'
    )
    with macros.app.test_request_context():
        shown = render_template_string(line, start=dt.datetime.now(dt.UTC))
    assert shown.startswith('<time class="ops-refresh-elapsed"')
    assert shown.endswith(">0 s</time>")
