"""The overview in a browser: live while anything is active, at rest for good then."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect
from playwright.sync_api import Locator
from playwright.sync_api import Page

from ..conftest import Host
from ..host_app import OperationRun
from ..host_app import ReviewPack
from .tabs import now
from .test_operations_live import Live
from .test_operations_live import live as live

__all__ = ["live"]

REGION = "#ops-refresh-operations-overview"


def figure(page: Page, name: str) -> Locator:
    """The number under a name."""
    named = page.locator(f"{REGION} .ops-refresh-figures > div")
    return named.filter(has=page.get_by_text(name, exact=True)).locator("dd")


def end(host: Host, run: int, outcome: str) -> None:
    host.update(
        OperationRun, run, status="completed", outcome=outcome, completed_at=now()
    )


@pytest.mark.parametrize("path", ["/admin/", "/admin/operations/"])
def test_the_chart_grows_while_runs_end_and_then_there_is_silence(
    live: Live, path: str
) -> None:
    """Queued, running, ended: all on one load; after the last there is no request."""
    host, page = live.host, live.page
    first, second = (
        host.add_run(created_at=now() - dt.timedelta(minutes=2), type=f"kind.{name}")
        for name in "ab"
    )
    live.open(path)
    expect(figure(page, "Queued")).to_have_text("2")
    expect(page.locator(".ops-refresh-chart")).to_have_count(0)
    host.update(OperationRun, first, status="running", started_at=now())
    live.pass_time(13)
    expect(figure(page, "Queued")).to_have_text("1")
    expect(figure(page, "Running")).to_have_text("1")
    end(host, first, "succeeded")
    live.pass_time(13)
    expect(figure(page, "Succeeded")).to_have_text("1")
    bars = page.locator(".ops-refresh-hour .ops-refresh-bar")
    expect(bars).to_have_count(1)
    one_alone = bars.bounding_box()
    page.locator(REGION).get_by_text("Figures as a table").click()
    end(host, second, "failed")
    live.pass_time(13)
    expect(bars).to_have_count(2)
    failed = page.locator(".ops-refresh-hour .ops-refresh-bar-failed")
    assert one_alone is not None
    assert (failed.bounding_box() or {})["height"] < one_alone["height"]
    link = page.locator(".ops-refresh-failures").get_by_role("link", name="kind.b")
    expect(link).to_be_visible()
    # What was opened is still open.
    expect(page.locator(f"{REGION} table time").first).to_be_visible()
    expect(page.locator(f"[data-ops-refresh-for={REGION[1:]}] button")).to_have_count(0)
    assert live.is_the_same_page
    asked = len(live.polls)
    live.pass_an_hour()
    assert len(live.polls) == asked
    link.click()
    expect(page.locator(".ops-refresh-status-failed")).to_be_visible()


def test_it_stands_beside_the_review_pack_card(live: Live) -> None:
    """Two cards, each live for itself, and each ends for itself."""
    host, page = live.host, live.page
    run = host.add_run(status="running", created_at=now())
    host.add(
        ReviewPack(workspace_id=1, tenant_id=1, status="generating", created_at=now())
    )
    live.open("/admin/")
    names = page.locator(".card h2").all_inner_texts()
    assert names == ["Operations overview", "Review pack"]
    expect(page.locator(".ops-refresh-controls")).to_have_count(2)
    end(host, run, "succeeded")
    live.pass_time(13)
    expect(page.locator(".ops-refresh-controls")).to_have_count(1)
    expect(figure(page, "Succeeded")).to_have_text("1")


def test_it_can_be_folded_away(live: Live) -> None:
    """Folded by a click on its heading, it stays so while it is refreshed."""
    host, page = live.host, live.page
    run = host.add_run(status="running", created_at=now())
    live.open("/admin/")
    page.get_by_role("heading", name="Operations overview").click()
    expect(page.locator(REGION)).to_be_hidden()
    end(host, run, "succeeded")
    live.pass_time(13)
    expect(page.locator(REGION)).to_be_hidden()
    page.get_by_role("heading", name="Operations overview").click()
    expect(figure(page, "Succeeded")).to_have_text("1")
