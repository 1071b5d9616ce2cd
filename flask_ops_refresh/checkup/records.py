"""The app's two models as the check goes through them, one after the other."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from .. import operation_runs
from .. import review_packs
from ..installation import Installation
from ..model_mapping import ModelMapping
from ..needed_indexes import ACTIVE_RUNS
from ..needed_indexes import LATEST_PACK
from ..needed_indexes import NeededIndex
from ..needed_indexes import NEWEST_RUNS
from ..needed_indexes import RUNS_BY_END
from ..needed_indexes import RUNS_BY_STATUS
from ..needed_indexes import RUNS_BY_TENANT
from ..needed_indexes import RUNS_BY_TYPE
from ..needed_indexes import RUNS_OF_STATUS
from ..overview_card import OverviewRegion
from ..statuses import StatusRules


@dataclasses.dataclass(frozen=True)
class Records:
    """One of the app's models.

    :param kind: ``run`` or ``pack``, the beginning of its codes.
    :param optional: attributes that are used where present.
    :param statuses: the rules of its statuses.
    :param words: the argument with the app's own words for them.
    :param needed: the indexes that its queries need.
    """

    kind: str
    mapping: ModelMapping
    optional: tuple[str, ...]
    statuses: StatusRules
    words: str
    needed: tuple[NeededIndex, ...]


def all_records(installation: Installation) -> list[Records]:
    """Those that the app has."""
    found = []
    if (runs := installation.runs) is not None:
        found.append(
            Records(
                "run",
                runs.runs,
                operation_runs.OPTIONAL,
                runs.statuses,
                "statuses",
                _in_workspaces(installation, _needed_by_runs(installation, runs.runs)),
            )
        )
    if (packs := installation.packs) is not None:
        found.append(
            Records(
                "pack",
                packs.packs,
                review_packs.OPTIONAL,
                packs.statuses,
                "pack_statuses",
                _in_workspaces(installation, [LATEST_PACK]),
            )
        )
    return found


def _needed_by_runs(
    installation: Installation, runs: ModelMapping
) -> list[NeededIndex]:
    """What the view's queries need, but for an order and filters of the app's own."""
    view = type(installation.regions["operation-list"].view)
    needed = []
    if getattr(view, "column_default_sort", None) is None:
        needed.append(NEWEST_RUNS)
    filters = getattr(view, "column_filters", None) is None
    if filters:
        # An Enum names its types itself.
        is_listed = isinstance(runs.type_of("type"), sa.Enum)
        needed.append(dataclasses.replace(RUNS_BY_TYPE, on_every_page=not is_listed))
    if filters and runs.has("tenant_id"):
        needed.append(RUNS_BY_TENANT)
    overview = installation.regions.get("operations-overview")
    is_enum = isinstance(runs.type_of("status"), sa.Enum)
    if isinstance(overview, OverviewRegion):
        needed.append(ACTIVE_RUNS if is_enum else RUNS_BY_STATUS)
        if overview.reader.knows_ends:
            needed.append(RUNS_BY_END)
    # The filter compares an Enum as text, which no index of its own holds.
    elif filters and not is_enum:
        needed.append(RUNS_OF_STATUS)
    return needed


def _in_workspaces(
    installation: Installation, needed: list[NeededIndex]
) -> tuple[NeededIndex, ...]:
    if installation.access.workspaces:
        return tuple(needed)
    return tuple(
        dataclasses.replace(
            each, equal=tuple(name for name in each.equal if name != "workspace_id")
        )
        for each in needed
    )
