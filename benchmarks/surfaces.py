"""The addresses that are measured, for one server and one person."""

from __future__ import annotations

import dataclasses

from .load import check
from .load import Target


@dataclasses.dataclass(frozen=True)
class Surfaces:
    """Every way to look at the same rows.

    :param address: of the server.
    :param run_id: of a run that is under way.
    """

    address: str
    run_id: int
    cookie: str

    @classmethod
    def signed_in(cls, address: str, run_id: int, person: int = 1) -> Surfaces:
        """Those of somebody who has just signed in."""
        headers = check(Target("sign in", f"{address}/sign-in/{person}", 204))
        return cls(address, run_id, headers["Set-Cookie"].partition(";")[0])

    def page(self, name: str, path: str, status: int = 200) -> Target:
        """Anything that is asked for as a browser asks for a page."""
        return Target(name, f"{self.address}{path}", status, {"Cookie": self.cookie})

    def changed(self, name: str, region: str) -> Target:
        """A poll that is answered with content."""
        headers = {"Cookie": self.cookie, "Ops-Refresh": "1"}
        return Target(name, f"{self.address}/admin/ops-refresh/{region}", 200, headers)

    def unchanged(self, name: str, region: str) -> Target:
        """A poll that is told that nothing has changed."""
        first = self.changed(name, region)
        tag = check(first)["ETag"]
        headers = {**first.headers, "If-None-Match": tag}
        return dataclasses.replace(first, status=304, headers=headers)

    @property
    def detail(self) -> str:
        """The region of the run."""
        return f"operation-detail?id={self.run_id}"

    #: The regions of the list and of the card.
    list = "operation-list"
    card = "review-pack?tenant_id=1"
