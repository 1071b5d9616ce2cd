"""Stored text that tries to run, on every surface, with and without a policy."""

from __future__ import annotations

import collections.abc as cabc
import secrets
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask import g
from flask import render_template_string
from flask import Response
from flask import session
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_ops_refresh.stored_values import printable

from ..conftest import ADA
from ..conftest import Host
from ..host_app import db
from ..host_app import OperationRun
from ..host_app import ReviewPack
from ..host_app import Tenant
from ..host_app import User
from ..payloads import ELSEWHERE
from ..payloads import PAYLOADS
from .tabs import now
from .tabs import Tabs

POLICY = "script-src 'nonce-{}' 'strict-dynamic'; object-src 'none'; base-uri 'none'"
NUMBERS = range(1, len(PAYLOADS) + 1)

# The same, several in one text: fewer records to look at hold them all.
TOGETHER = [
    "\n".join(PAYLOADS[first : first + 7]) for first in range(0, len(PAYLOADS), 7)
]

# Runs and cards, each a live region of its own, and what the macros draw.
RECORDS = """<!doctype html><html lang="en"><link rel="icon" href="data:,"><body>
{% import "flask_ops_refresh/macros.html" as macros %}
{% for n in numbers %}
  {{ ops_refresh.live("operation-detail", id=n) }}
  {{ ops_refresh.live("review-pack", tenant_id=n) }}
  {{ macros.status_badge(payloads[n - 1], payloads[n - 1], payloads[n - 1]) }}
{% endfor %}"""

# Notes what runs, and what a policy had to stop.
WATCH = """
  window.ran = [];
  for (const name of ["fired", "alert", "confirm", "prompt", "print", "open"])
    window[name] = (...given) => { ran.push([name, ...given].join(" ")); };
  window.violations = [];
  const own = "[id^=ops-refresh], [class*=ops-refresh-]:not(.ops-refresh-surface)";
  addEventListener("securitypolicyviolation", (event) => {
    const { target, sample, blockedURI, sourceFile } = event;
    const element = target instanceof Element ? target : document.documentElement;
    const sources = [blockedURI, sourceFile, element.getAttribute("src")].join(" ");
    violations.push({
      ours: !!element.closest(own) || sources.includes("ops-refresh"),
      text: [element.outerHTML.slice(0, 300), sample, sources].join(" "),
    });
  }, true);
"""

# Does to every node of a page what a person or the browser could, and says which
# nodes should not be there.
PROVOKE = """
  () => {
    const events = ["mouseover", "mouseenter", "pointerenter", "click", "focus",
      "focusin", "blur", "toggle", "error", "load", "animationstart", "begin"];
    const within = ["[id^=ops-refresh] *", ".select2-results *", ".filters *",
      "[class*=ops-refresh-]:not(.ops-refresh-surface) *"];
    const served = "[src^='/admin/ops-refresh/static/']";
    const foreign = `script:not(${served}), iframe, object, embed, style, base, meta,
      svg, math, x, marquee, dialog, video, audio, image, template`;
    const isHarmless = /^(\\/(?!\\/)|[#?]|$|javascript:void\\(0\\)$)/;
    const strange = [];
    for (const element of document.querySelectorAll(within.join())) {
      const links = ["href", "src", "action", "formaction"]
        .map((name) => element.getAttribute(name) ?? "");
      if (element.matches(foreign)
        || element.getAttributeNames().some((name) => name.startsWith("on"))
        || links.some((link) => !isHarmless.test(link)))
        strange.push(element.outerHTML.slice(0, 300));
      if (element.closest("a[href], button, form, .select2-results")) continue;
      for (const name of events)
        element.dispatchEvent(new Event(name, { bubbles: true }));
    }
    return strange;
  }
"""


class Attacked:
    """The host app with benign records, which then become what was stored."""

    def __init__(self, host: Host) -> None:
        self.host = host
        host.execute("DELETE FROM tenants")
        people = [User(id=100 + n, name="a", workspace_id=1) for n in NUMBERS]
        host.add(*(Tenant(id=n, name="a") for n in NUMBERS), *people)
        host.add(
            *(
                OperationRun(
                    id=n,
                    workspace_id=1,
                    tenant_id=n,
                    user_id=100 + n,
                    type="a",
                    status="running",
                    created_at=now(),
                )
                for n in NUMBERS
            )
        )
        host.add(
            *(
                ReviewPack(
                    workspace_id=1,
                    tenant_id=n,
                    operation_run_id=n,
                    status="generating",
                    created_at=now(),
                )
                for n in NUMBERS
            )
        )

    def strike(self, payloads: list[str], *, status: str | None = None) -> None:
        """Store a payload in every field of as many records.

        :param status: what stands as the status instead of a payload.
        """
        with self.host.app.app_context():
            for n, payload in enumerate(payloads, 1):
                for statement in _strikes(n, payload, status):
                    db.session.execute(statement)
            db.session.commit()


def _strikes(n: int, text: str, status: str | None) -> cabc.Iterator[t.Any]:
    entry = {"code": text, "message": text, "path": text, text: text}
    yield sa.update(Tenant).where(Tenant.id == n).values(name=text)
    yield sa.update(User).where(User.id == 100 + n).values(name=text)
    yield (
        sa.update(OperationRun)
        .where(OperationRun.id == n)
        .values(
            type=text,
            status=status or text,
            outcome=text,
            context={text: text, "nested": [{text: [text]}]},
            summary_counts={"total": 2, "processed": 1, text: 1},
            failure_summary=[entry, text],
        )
    )
    yield (
        sa.update(ReviewPack)
        .where(ReviewPack.id == n)
        .values(status=status or text, summary={text: text, "figure": text})
    )
    # A broken worker's times and sizes: text, as SQLite takes it.
    for table, names in (
        ("operation_runs", ("started_at", "completed_at")),
        ("review_packs", ("generated_at", "expires_at", "file_size")),
    ):
        values = ", ".join(f"{name} = :text" for name in names)
        update = f"UPDATE {table} SET {values} WHERE id = :id"
        yield sa.text(update).bindparams(text=text, id=n)


@pytest.fixture(params=[True, False], ids=["under the policy", "without a policy"])
def attacked(
    request: pytest.FixtureRequest, make_host: cabc.Callable[..., Host]
) -> Attacked:
    def nonce() -> str:
        if "nonce" not in g:
            g.nonce = secrets.token_urlsafe(16)
        return t.cast(str, g.nonce)

    options = {"csp_nonce_generator": nonce} if request.param else {}
    host = make_host(**options)
    app = host.app

    @app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)
        session["tenant_id"] = 1

    @app.get("/first/<int:count>")
    def records(count: int) -> str:
        numbers = NUMBERS[:count]
        return render_template_string(RECORDS, numbers=numbers, payloads=PAYLOADS)

    if request.param:

        @app.after_request
        def add_policy(response: Response) -> Response:
            response.headers["Content-Security-Policy"] = POLICY.format(nonce())
            return response

    return Attacked(host)


class Victim:
    """The browser of somebody who looks at it all."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.elsewhere: list[str] = []
        page.add_init_script(WATCH)
        page.on("request", lambda request: self._note(request.url))
        page.on("dialog", lambda dialog: dialog.dismiss())
        self.address = address
        self.tabs = Tabs(page, address)

    def _note(self, url: str) -> None:
        if not url.startswith((self.address, "data:")):
            self.elsewhere.append(url)

    def assert_unharmed(self) -> None:
        """Nothing ran, nothing strange is there, nothing of ours broke the policy."""
        page = self.page
        assert page.evaluate(PROVOKE) == []
        page.clock.run_for(100)
        assert page.evaluate("ran") == []
        assert self.elsewhere == []
        assert page.url.startswith(self.address)
        found = page.evaluate("violations")
        assert [each["text"] for each in found if each["ours"]] == []
        stored = [each["text"] for each in found if "fired" in each["text"]]
        assert stored == []

    def texts(self, selector: str) -> list[str]:
        """The text of each element."""
        found = self.page.locator(selector)
        return t.cast(
            "list[str]", found.evaluate_all("all => all.map(e => e.textContent)")
        )


@pytest.fixture
def victim(
    attacked: Attacked, page: Page, serve: cabc.Callable[[Flask], str]
) -> Victim:
    return Victim(page, serve(attacked.host.app))


RUN = "[id^=ops-refresh-operation-detail]"
RUN_TYPES = f"{RUN} .ops-refresh-headline strong"
SHOWN = [printable(text) for text in PAYLOADS]


def test_there_are_payloads_of_every_kind() -> None:
    """At least a hundred, each another."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 100
    assert any(ELSEWHERE in text for text in PAYLOADS)


def test_nothing_that_polls_bring_runs(attacked: Attacked, victim: Victim) -> None:
    """Patched into details and cards, and announced: text stays text."""
    tabs, page = victim.tabs, victim.page
    shown = [printable(text) for text in TOGETHER]
    tabs.open("first", f"/first/{len(TOGETHER)}")
    expect(page.locator("[data-ops-refresh-url]")).to_have_count(2 * len(TOGETHER))
    attacked.strike(TOGETHER, status="queued")
    tabs.pass_time(13, step=2)
    assert victim.texts(RUN_TYPES) == shown
    victim.assert_unharmed()
    attacked.strike(TOGETHER)
    tabs.pass_time(13, step=2)
    assert victim.texts(RUN_TYPES) == shown
    victim.assert_unharmed()
    expect(page.locator("div[data-ops-refresh-url]")).to_have_count(0)
    announced = {*victim.texts("[role=status]")}
    assert announced >= {
        f"{text} {n}: Unknown. Finished" for n, text in enumerate(shown, 1)
    }


def test_nothing_drawn_by_the_server_runs(attacked: Attacked, victim: Victim) -> None:
    """Each payload in each field of details, cards and macros: text stays text."""
    attacked.strike(PAYLOADS)
    victim.tabs.open("all", f"/first/{len(PAYLOADS)}")
    assert victim.texts(RUN_TYPES) == SHOWN
    # One entry has the payload as its code, the other is nothing but the payload.
    messages = victim.texts(f"{RUN} summary > .ops-refresh-message")
    assert sorted(messages) == sorted(SHOWN * 2)
    subjects = victim.texts(f"{RUN} .ops-refresh-subjects > li")
    assert all(
        subject.strip().startswith(text.strip())
        for subject, text in zip(subjects, SHOWN, strict=True)
    )
    codes = victim.texts(f"{RUN} summary > code")
    assert {*codes} == {*SHOWN, "without a code"}
    names = victim.texts(f"{RUN} div > ul > li:first-child > .ops-refresh-name")
    assert [name[:100] for name in names] == [text[:100] for text in SHOWN]
    assert len(victim.texts(f"{RUN} pre")) == len(PAYLOADS)
    victim.assert_unharmed()


def test_nothing_stored_runs_on_lists_and_in_their_filters(
    attacked: Attacked, victim: Victim
) -> None:
    """Rows, their announcements, and what the filters offer: text stays text."""
    tabs, page = victim.tabs, victim.page
    seen: list[str] = []
    for number in (0, 1):
        path = f"/admin/operations/?page_size=100&page={number}"
        if number == 0:
            tabs.open("list", path)
            attacked.strike(PAYLOADS, status="running")
            tabs.pass_time(7)
            victim.assert_unharmed()
            attacked.strike(PAYLOADS)
            tabs.pass_time(7)
            assert "Unknown" in victim.texts("[role=status]")[0]
            victim.assert_unharmed()
        page.goto(victim.address + path)
        seen += victim.texts("td.col-type")
        victim.assert_unharmed()
    assert sorted(map(str.strip, seen)) == sorted(text.strip() for text in SHOWN)
    for name in ("Type", "Tenant"):
        page.get_by_text("Add Filter").click()
        page.locator(".field-filters").get_by_text(name, exact=True).click()
        page.locator(".filters .select2-container").last.click()
        expect(page.locator(".select2-results li")).to_have_count(len(PAYLOADS))
        victim.assert_unharmed()
        page.keyboard.press("Escape")
