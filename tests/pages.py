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


def region(response: TestResponse) -> Region:
    """The one live region of a page."""
    found = soup(response).select("div[id^=ops-refresh-]:not(.ops-refresh-controls)")
    [element] = found
    return Region(
        element,
        *(
            str(element[f"data-ops-refresh-{name}"])
            if f"data-ops-refresh-{name}" in element.attrs
            else None
            for name in ("url", "interval", "etag")
        ),
    )


def own_scripts(response: TestResponse) -> list[str]:
    """The addresses of the extension's scripts on a page."""
    return [
        str(script["src"])
        for script in soup(response).select("script[src]")
        if "ops-refresh" in str(script["src"])
    ]


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
