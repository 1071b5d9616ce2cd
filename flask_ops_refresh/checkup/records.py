"""The app's two models as the check goes through them, one after the other."""

from __future__ import annotations

import dataclasses

from .. import operation_runs
from .. import review_packs
from ..installation import Installation
from ..model_mapping import ModelMapping
from ..needed_indexes import LATEST_PACK
from ..needed_indexes import NeededIndex
from ..needed_indexes import NEWEST_RUNS
from ..needed_indexes import PACK_OF_RUN
from ..needed_indexes import RETRIES
from ..needed_indexes import RUNS_BY_END
from ..needed_indexes import RUNS_BY_STATUS
from ..needed_indexes import RUNS_BY_TENANT
from ..needed_indexes import RUNS_BY_TYPE
from ..overview_card import OverviewRegion
from ..review_packs import PackReader
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
                _in_workspaces(installation, _needed_by_packs(packs)),
            )
        )
    return found


def _needed_by_packs(packs: PackReader) -> list[NeededIndex]:
    """What the card asks for, and the page of a run that has made a pack."""
    names_run = packs.runs is not None and packs.packs.has("operation_run_id")
    return [LATEST_PACK, PACK_OF_RUN] if names_run else [LATEST_PACK]


def _needed_by_runs(
    installation: Installation, runs: ModelMapping
) -> list[NeededIndex]:
    """What the view's queries need, but for an order and filters of the app's own."""
    view = type(installation.regions["operation-list"].view)
    needed = []
    if getattr(view, "column_default_sort", None) is None:
        needed.append(NEWEST_RUNS)
    if runs.has("retry_of_id"):
        needed.append(RETRIES)
    needed.append(_as_far_as(runs, RUNS_BY_STATUS))
    overview = installation.regions.get("operations-overview")
    if isinstance(overview, OverviewRegion) and overview.reader.knows_ends:
        needed.append(RUNS_BY_END)
    needed.append(RUNS_BY_TYPE)
    filters = getattr(view, "column_filters", None)
    if filters is None and runs.has("tenant_id"):
        needed.append(RUNS_BY_TENANT)
    return needed


def _as_far_as(runs: ModelMapping, needed: NeededIndex) -> NeededIndex:
    """The index without the outcome, where a model has none."""
    then = tuple(each for each in needed.then if each != "outcome")
    return needed if runs.has("outcome") else dataclasses.replace(needed, then=then)


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
