"""Reading pages as a browser would."""

from __future__ import annotations

import dataclasses

from bs4 import BeautifulSoup
from bs4 import Tag
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .conftest import POLL


@dataclasses.dataclass(frozen=True)
class Region:
    """A live region found on a page; inactive ones have no address."""

    element: Tag
    url: str | None
    interval: str | None
    etag: str | None


def soup(response: TestResponse) -> BeautifulSoup:
    """The page, parsed as browsers parse."""
    return BeautifulSoup(response.text, "html5lib")


def region(response: TestResponse, name: str = "") -> Region:
    """The one live region of a page beside the overview, or the one of a name."""
    found = soup(response).select("div[id^=ops-refresh-]:not(.ops-refresh-controls)")
    [element] = [each for each in found if _is_of(str(each["id"]), name)]
    return Region(
        element,
        *(
            str(element[f"data-ops-refresh-{name}"])
            if f"data-ops-refresh-{name}" in element.attrs
            else None
            for name in ("url", "interval", "etag")
        ),
    )


def _is_of(element_id: str, name: str) -> bool:
    if not name:
        return not element_id.startswith("ops-refresh-operations-overview")
    return element_id.startswith(f"ops-refresh-{name}")


def own_scripts(response: TestResponse) -> list[str]:
    """The addresses of the extension's scripts on a page: each runs once."""
    addresses = [str(script["src"]) for script in soup(response).select("script[src]")]
    return [*dict.fromkeys(each for each in addresses if "ops-refresh" in each)]


def poll(
    client: FlaskClient, url: str, etag: str | None = None, **headers: str
) -> TestResponse:
    """Poll an address as the extension's script does."""
    sent = {**POLL, **headers}
    if etag is not None:
        sent["If-None-Match"] = etag
    return client.get(url, headers=sent)


def is_silent(response: TestResponse) -> bool:
    """Whether nothing on a page would ever poll."""
    return (
        not own_scripts(response)
        and "data-ops-refresh" not in response.text
        and "ops-refresh/operation" not in response.text
    )
