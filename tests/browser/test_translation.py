"""What the browser itself writes, in the language and the zone of the page's reader."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import re
import zoneinfo

import pytest
from flask import Flask
from flask import session
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page

from ..conftest import ADA
from ..conftest import Host
from .tabs import now
from .test_operations_live import Live


@pytest.fixture
def page(chromium: Browser) -> cabc.Iterator[Page]:
    """A window of somebody whose browser is American."""
    context = chromium.new_context(locale="en-US", timezone_id="America/New_York")
    yield context.new_page()
    context.close()


@pytest.fixture
def german(
    request: pytest.FixtureRequest,
    make_host: cabc.Callable[..., Host],
    page: Page,
    serve: cabc.Callable[[Flask], str],
) -> Live:
    """A host whose readers are German, and in Tokyo; a test may add configuration."""
    pytest.importorskip("flask_babel", reason="this run is without Flask-Babel")
    config = {"BABEL_DEFAULT_LOCALE": "de", "BABEL_DEFAULT_TIMEZONE": "Asia/Tokyo"}
    host = make_host(config={**config, **getattr(request, "param", {})})

    @host.app.before_request
    def sign_in() -> None:
        session["_user_id"] = str(ADA)

    started = now() - dt.timedelta(minutes=5)
    host.add_run(status="running", created_at=started, started_at=started)
    return Live(host, page, serve(host.app))


def test_times_count_on_in_the_words_of_the_page(german: Live, page: Page) -> None:
    """The browser's ticks read as what the server wrote before them."""
    # Unanswered, no poll sets the page's clock right, which the test moves.
    page.route("**/ops-refresh/operation-list**", lambda route: route.abort())
    german.open("/admin/operations/?page=0")
    elapsed = page.locator(".ops-refresh-elapsed")
    expect(elapsed).to_have_text(re.compile(r"^5 Min\. \d+ Sek\.$"))
    expect(page.locator(".ops-refresh-ago")).to_have_text("vor 5 Min.")
    german.pass_time(62)
    expect(elapsed).to_have_text(re.compile(r"^6 Min\. \d+ Sek\.$"))
    expect(page.locator(".ops-refresh-ago")).to_have_text("vor 6 Min.")
    page.clock.fast_forward(2 * 24 * 3_600_000)
    expect(elapsed).to_have_text(re.compile(r"^2 Tg\. \d+ Std\.$"))


def test_the_time_of_the_last_update_is_the_readers(german: Live, page: Page) -> None:
    """It is written as in German, and is that of Tokyo, not of the browser."""
    german.open("/admin/operations/?page=0")
    german.pass_time(6)
    shown = page.locator("[data-part=updated]").inner_text()
    at = dt.datetime.fromtimestamp(
        page.evaluate("Date.now()") / 1000, zoneinfo.ZoneInfo("Asia/Tokyo")
    )
    moments = [at - dt.timedelta(seconds=seconds) for seconds in range(10)]
    assert shown in [f"{moment:%H:%M:%S}" for moment in moments]


@pytest.mark.parametrize("attribute", ["language", "time-zone"])
def test_a_locale_that_the_browser_does_not_know_is_no_error(
    german: Live, page: Page, attribute: str
) -> None:
    """It then writes the time in its own."""
    page.route(
        "**/admin/operations/?page=0",
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=re.sub(
                r'data-(language|time-zone)="[^"]*"', "", answer.text()
            ).replace("data-pause-key", f'data-{attribute}="no_such" data-pause-key'),
        ),
    )
    german.open("/admin/operations/?page=0")
    german.pass_time(6)
    updated = page.locator("[data-part=updated]")
    expect(updated).to_have_text(re.compile(r"\d+:\d\d:\d\d.(AM|PM)"))
    assert german.polls


def test_the_buttons_say_what_they_do_in_it(german: Live, page: Page) -> None:
    """What changes on a click is in the reader's language as well."""
    german.open("/admin/operations/?page=0")
    page.get_by_role("button", name="Anhalten").click()
    expect(page.locator("[data-part=state]")).to_have_text("Angehalten")
    page.get_by_role("button", name="Fortsetzen").click()
    expect(page.locator("[data-part=state]")).to_have_text("Live · alle 5 Sek.")


@pytest.mark.parametrize(
    "german", [{"OPS_REFRESH_LIST_INTERVAL_SECONDS": 2.5}], indirect=True
)
def test_the_interval_stays_as_the_server_has_written_it(
    german: Live, page: Page
) -> None:
    """The script writes a fraction as the page's language does, not as a program."""
    german.open("/admin/operations/?page=0")
    german.pass_time(6)
    assert german.polls
    expect(page.locator("[data-part=state]")).to_have_text("Live · alle 2,5 Sek.")
