"""The index that each of the extension's queries needs, by the models' attributes."""

from __future__ import annotations

import dataclasses

#: Stands for the attributes of the primary key.
KEY = "the primary key"


@dataclasses.dataclass(frozen=True)
class NeededIndex:
    """What an index has to begin with, so that a query reads no row in vain.

    :param name: the query in one word.
    :param purpose: what the query is for.
    :param equal: attributes that it compares by ``=``, in any order.
    :param then: attributes that it steps along or sorts by, in this order. An
        index that has the first of them serves; the rest spares a short sort.
    :param on_every_page: whether each page makes the query, or only one that
        somebody asks for.
    """

    name: str
    purpose: str
    equal: tuple[str, ...]
    then: tuple[str, ...] = ()
    on_every_page: bool = True

    @property
    def attributes(self) -> tuple[str, ...]:
        """All of them, in the order of the index."""
        return (*self.equal, *self.then)


NEWEST_RUNS = NeededIndex(
    "newest", "the list, newest first", ("workspace_id",), ("created_at", KEY)
)
RUNS_BY_TYPE = NeededIndex(
    "type", "the list's choice of types", ("workspace_id",), ("type", "created_at", KEY)
)
RUNS_BY_TENANT = NeededIndex(
    "tenant",
    "the list's choice of tenants",
    ("workspace_id",),
    ("tenant_id", "created_at", KEY),
)
RUNS_BY_STATUS = NeededIndex(
    "status",
    "the overview's count of what is active",
    ("workspace_id",),
    ("status", "created_at", KEY),
)
#: The same where the filter by status has no use for it.
ACTIVE_RUNS = dataclasses.replace(RUNS_BY_STATUS, then=("status", KEY))
#: The same where there is no overview.
RUNS_OF_STATUS = dataclasses.replace(
    RUNS_BY_STATUS, purpose="the list's filter by status", on_every_page=False
)
RUNS_BY_END = NeededIndex(
    "ended",
    "the overview's last 24 hours",
    ("workspace_id",),
    ("completed_at", KEY),
)
LATEST_PACK = NeededIndex(
    "latest",
    "the card's latest pack of a tenant",
    ("workspace_id", "tenant_id"),
    ("created_at", KEY),
)
