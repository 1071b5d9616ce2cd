"""The extension, and what it has to know of this app: who may see what."""

from __future__ import annotations

from flask import url_for

from flask_ops_refresh import OpsRefresh
from flask_ops_refresh.statuses import run_statuses

from .models import OperationRun
from .models import ReviewPack
from .run_actions import RunsView
from .visible_scope import load_scope

ops = OpsRefresh(
    operation_run=OperationRun, review_pack=ReviewPack, operations_view=RunsView
)
ops.scope_loader(load_scope)

_statuses = run_statuses()


def shown_status(run: OperationRun) -> str:
    """The status of a run as people are told it, the same on every page."""
    return _statuses.normalise(run.status, run.outcome)


@ops.review_pack_download_url
def download_url(pack: ReviewPack) -> str:
    """Where a review pack is downloaded."""
    return url_for("review_packs.download", id=pack.id)
