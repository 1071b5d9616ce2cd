"""The review pack that a run has produced, on the page of that run."""

from __future__ import annotations

import typing as t

from . import clock
from .installation import Installation
from .operation_runs import RunRow
from .pack_download import offered_url
from .review_packs import PackRow
from .scope import Scope


class ProducedPack:
    """A pack and what is shown of it.

    :param scope: whose reader it is shown to.
    """

    def __init__(self, installation: Installation, scope: Scope, row: PackRow) -> None:
        self._installation = installation
        self._scope = scope
        self.row = row

    @property
    def version(self) -> t.Any:
        """What of it the page depends on."""
        return (self.row.stored_values, self.row.is_offered(clock.utc_now()))

    def download_url(self) -> str | None:
        """Where it is offered, if it is."""
        return offered_url(self._installation, self._scope, self.row)


def produced_pack(
    installation: Installation, scope: Scope, run: RunRow
) -> ProducedPack | None:
    """The pack in scope of a run that is over, read with one SELECT.

    Who may not see the card, which is the index view's, sees no pack here.
    """
    region, reader = installation.regions.get("review-pack"), installation.packs
    if run.active or reader is None or region is None:
        return None
    if region.view is None or not region.view.is_accessible():
        return None
    row = reader.of_run(installation.get_session(), scope, run.primary_key)
    return None if row is None else ProducedPack(installation, scope, row)
