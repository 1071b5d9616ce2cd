"""The extension as it stands in one app."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses
import typing as t

from flask_admin.base import Admin
from flask_admin.base import BaseView
from markupsafe import Markup

from .access import Access
from .json_view import Masking
from .model_mapping import ModelMapping
from .settings import Settings

if t.TYPE_CHECKING:
    from .live_region import LiveRegion
    from .operation_runs import RunReader
    from .pack_download import DownloadUrl
    from .review_packs import PackReader


#: Gives the extension as it stands in the current app.
Installed: t.TypeAlias = "cabc.Callable[[], Installation]"


@dataclasses.dataclass(frozen=True)
class Installation:
    """What the surfaces of one app work with; made once in ``init_app``."""

    admin: Admin
    access: Access
    settings: Settings
    masking: Masking
    blueprint_name: str
    get_session: cabc.Callable[[], t.Any]
    runs: RunReader | None = None
    packs: PackReader | None = None
    #: Gives the app's function from a pack to its address.
    download_url: cabc.Callable[[], DownloadUrl | None] = lambda: None
    regions: dict[str, LiveRegion] = dataclasses.field(default_factory=dict)

    @property
    def poll_endpoint(self) -> str:
        """The endpoint that answers polls."""
        return f"{self.blueprint_name}.poll"

    @property
    def static_endpoint(self) -> str:
        """The endpoint of the extension's own static files."""
        return f"{self.blueprint_name}.static"

    @property
    def mappings(self) -> list[ModelMapping]:
        """What is used of the app's models."""
        runs = [self.runs.runs] if self.runs else []
        packs = [self.packs.packs] if self.packs else []
        return [*runs, *packs]

    def is_asked(self, blueprint: str | None, view: BaseView | None) -> bool:
        """Whether a request is for this Admin, by its blueprint or its view."""
        asked_by_poll = blueprint == self.blueprint_name
        return asked_by_poll or (view is not None and view.admin is self.admin)

    def is_guarded(self, endpoint: str | None) -> bool:
        """Whether an endpoint is that of polls, or one of the Operations view's."""
        if endpoint == self.poll_endpoint:
            return True
        listed = self.regions.get("operation-list")
        view = listed.view if listed else None
        blueprint = (endpoint or "").rpartition(".")[0]
        return view is not None and blueprint == view.endpoint

    def nonce_attribute(self) -> Markup:
        """The admin's CSP nonce as an attribute; nothing where it has none."""
        generate = self.admin.csp_nonce_generator
        nonce = generate() if generate else None
        return Markup(' nonce="{}"').format(nonce) if nonce else Markup()
