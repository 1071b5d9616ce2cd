"""What the log says of requests that are refused."""

from __future__ import annotations

import logging
import re
import urllib.parse

import pytest

from .conftest import ADA
from .conftest import BEN
from .conftest import CLEO
from .conftest import Host
from .conftest import POLL

pytestmark = pytest.mark.usefixtures("frozen_clock")

DETAIL = "/admin/ops-refresh/operation-detail"
DETAILS_PAGE = "/admin/operations/details/"


@pytest.fixture
def denials(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_a_refused_poll_names_user_workspace_route_and_record(
    host: Host, denials: pytest.LogCaptureFixture
) -> None:
    """Somebody of another workspace who polls a run leaves one line with all of it."""
    run = host.add_run()
    host.client(CLEO).get(f"{DETAIL}?id={run}", headers=POLL)
    assert denials.messages == [
        "Denied: status=404 user='3' workspace='2' "
        "route='flask_ops_refresh.poll operation-detail' method='GET' "
        f"record='{run}'"
    ]


def test_a_refused_page_is_logged_likewise(
    host: Host, denials: pytest.LogCaptureFixture
) -> None:
    """So is a page, by its own route."""
    run = host.add_run()
    host.client(BEN).get(f"{DETAILS_PAGE}?id={run}")
    assert denials.messages == [
        "Denied: status=404 user='2' workspace='1' "
        f"route='operations.details_view' method='GET' record='{run}'"
    ]


def test_strangers_are_logged_without_a_name(
    host: Host, denials: pytest.LogCaptureFixture
) -> None:
    """Who is not signed in has neither user nor workspace."""
    host.client().get(f"{DETAIL}?id=1", headers=POLL)
    [line] = denials.messages
    assert line.startswith("Denied: status=401 user=- workspace=- ")


def test_what_is_answered_is_not_logged(
    host: Host, denials: pytest.LogCaptureFixture
) -> None:
    """Pages and polls of those who may see leave no line."""
    run = host.add_run()
    client = host.client(ADA)
    assert client.get(f"{DETAILS_PAGE}?id={run}").status_code == 200
    assert client.get(f"{DETAIL}?id={run}", headers=POLL).status_code == 200
    assert denials.messages == []


@pytest.mark.parametrize(
    "sent",
    [
        "1\nDenied: status=404 user='9'",
        "1\r\n\r\nroot",
        "\x1b[31mred\x1b[0m",
        "\u2028\u202etxt",
        "' workspace='9",
        "%s%d%n",
        "x" * 100_000,
    ],
)
def test_nothing_sent_breaks_out_of_its_line(
    host: Host, denials: pytest.LogCaptureFixture, sent: str
) -> None:
    """An id is quoted in ASCII and cut: it ends no line and forges no field."""
    query = urllib.parse.urlencode({"id": sent})
    host.client(CLEO).get(f"{DETAIL}?{query}", headers=POLL)
    [line] = denials.messages
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 400
    assert re.fullmatch(
        r"Denied: status=404 user='3' workspace='2' "
        r"route='flask_ops_refresh.poll operation-detail' method='GET' "
        r"""record=('[^']*'|"[^"]*")""",
        line,
    )


def test_no_stored_text_is_logged(
    host: Host, denials: pytest.LogCaptureFixture
) -> None:
    """What a refused record holds stays out of the log."""
    run = host.add_run(type="SECRET", context={"a": "SECRET"})
    host.client(CLEO).get(f"{DETAIL}?id={run}", headers=POLL)
    host.client(CLEO).get(f"{DETAILS_PAGE}?id={run}")
    assert "SECRET" not in denials.text


def test_many_refused_polls_are_few_lines(
    host: Host, denials: pytest.LogCaptureFixture
) -> None:
    """A page that keeps asking for what it may not see does not fill the log."""
    client = host.client(CLEO)
    for _ in range(100):
        client.get(f"{DETAIL}?id=1", headers=POLL)
    assert len(denials.messages) == 10
