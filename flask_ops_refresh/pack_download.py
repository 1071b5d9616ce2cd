"""Where a review pack is downloaded: the one rule, wherever a pack is shown."""

from __future__ import annotations

import collections.abc as cabc
import typing as t
import urllib.parse

from . import clock
from .scope import Scope

if t.TYPE_CHECKING:
    from .installation import Installation
    from .review_packs import PackRow

DownloadUrl: t.TypeAlias = cabc.Callable[[t.Any], str | None]


def offered_url(installation: Installation, scope: Scope, pack: PackRow) -> str | None:
    """The address that the app gives for a pack that is ready and not expired.

    :raises ValueError: what the app gives is no address of a page.
    """
    make, reader = installation.download_url(), installation.packs
    if make is None or reader is None or not pack.is_offered(clock.utc_now()):
        return None
    packs = reader.packs
    select = scope.select(packs.model).where(packs.key_condition(pack.primary_key))
    select = select.options(*packs.left_to_read())
    record = installation.get_session().scalar(select)
    return None if record is None else _checked(make(record))


def _checked(url: object) -> str | None:
    if url is None:
        return None
    if isinstance(url, str) and urllib.parse.urlsplit(url).scheme in (
        "",
        "http",
        "https",
    ):
        return url
    raise ValueError(
        f"review_pack_download_url returned {url!r}: give a path, or an http address."
    )
