from __future__ import annotations

from .extension import OpsRefresh
from .live_region import LiveState
from .mixins import OperationRunMixin
from .mixins import ReviewPackMixin
from .operations_view import OperationsView
from .scope import ALL_TENANTS
from .scope import Scope

__all__ = [
    "ALL_TENANTS",
    "LiveState",
    "OperationRunMixin",
    "OperationsView",
    "OpsRefresh",
    "ReviewPackMixin",
    "Scope",
]
