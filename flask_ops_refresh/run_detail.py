"""What the page of a run shows beyond its stored values, as its template takes it."""

from __future__ import annotations

import hashlib
import typing as t

from . import formatting
from . import json_view
from .failure_summary import failures
from .json_tree import json_tree
from .json_view import Masking
from .operation_runs import RunRow
from .page_title import page_title
from .run_pace import Pace
from .run_pace import rate
from .run_pace import run_pace
from .run_timeline import RunTimes
from .run_timeline import timeline
from .translation import lazy_gettext

#: Codes of failures shown, and examples of each where there are several.
SHOWN_CODES, SHOWN_OF_EACH_CODE = 20, 10

#: Codes longer than this are in no address.
LONGEST_CODE_IN_ADDRESS = 80

#: Trees of no more branches than this are unfolded to begin with.
UNFOLDED_BRANCHES = 40

_STEPS = {
    "queued": lazy_gettext("Queued"),
    "started": lazy_gettext("Started"),
    "finished": lazy_gettext("Finished"),
}
# What is said of the time beside a step: while it counts, and once it is over.
_SPENT = {
    "queued": (lazy_gettext("waiting for"), lazy_gettext("waited")),
    "started": (lazy_gettext("working for"), lazy_gettext("worked")),
    "finished": (lazy_gettext("after"), lazy_gettext("after")),
}


def run_detail(run: RunRow, masking: Masking) -> dict[str, t.Any]:
    """The parts of a run's page by name."""
    context = json_view.readable(*run.json("context"), masking)
    tree = json_tree(context.value) if context else None
    pace = pace_of(run)
    return {
        "page_title": page_title(run),
        "anchor": _anchor(run),
        "timeline": timeline(_times_of(run)),
        "step_labels": _STEPS,
        "spent_labels": _SPENT,
        "pace": pace,
        "throughput": pace and _throughput(pace),
        "context": context,
        "tree": tree,
        "is_unfolded": tree is not None and tree.count() <= UNFOLDED_BRANCHES,
        "failures": failures(*run.json("failure_summary"), masking),
        "shown_codes": SHOWN_CODES,
        "shown_of_each_code": SHOWN_OF_EACH_CODE,
        "longest_code": LONGEST_CODE_IN_ADDRESS,
    }


def pace_of(run: RunRow) -> Pace | None:
    """The pace that a run's stored values tell; the present time has no part in it."""
    if run.status == "queued":
        return None
    until = run.counts_written_at if run.active else run.completed_at
    return run_pace(run.counts, run.started_at, until, is_over=not run.active)


def _times_of(run: RunRow) -> RunTimes:
    return RunTimes(
        run.status,
        run.active,
        run.created_at,
        run.started_at,
        run.completed_at,
        has_start=run.has_attribute("started_at"),
        has_end=run.has_attribute("completed_at"),
    )


def _throughput(pace: Pace) -> str | None:
    told = rate(pace.per_second)
    return None if told is None else formatting.rate(*told)


def _anchor(run: RunRow) -> str:
    """What ids within the run's region begin with."""
    digest = hashlib.blake2b(run.key.encode("utf-8", "replace"), digest_size=4)
    return f"run-{digest.hexdigest()}"
