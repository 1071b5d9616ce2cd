"""Where a request comes from, as far as browsers say it."""

from __future__ import annotations

from flask import request


def from_own_site() -> bool:
    """Whether nothing says that another site's page made the request.

    A client that says nothing of it is believed: what it could do is refused by
    other means, a header of ours or a token.
    """
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def read_by_own_site() -> bool:
    """The same for requests that only read.

    Browsers that know no ``Sec-Fetch-Site`` name the origin of a request that
    reads across origins, and of no other.
    """
    origin = request.headers.get("Origin")
    is_own = origin is None or origin == request.host_url.rstrip("/")
    return is_own and from_own_site()


def stays_here(url: str | None) -> bool:
    """Whether a return address is a plain path of this host, or none at all.

    Flask-Admin's own check lets ``http:other.example`` through.
    """
    if not url:
        return True
    return url.startswith("/") and url[1:2] not in ("/", "\\") and url.isprintable()


def way_back(url: str | None) -> str | None:
    """A return address, if there is one that stays here."""
    return url if url and stays_here(url) else None
