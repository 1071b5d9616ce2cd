from __future__ import annotations

from .extension import OpsRefresh
from .live_region import LiveState
from .operations_view import OperationsView
from .scope import ALL_TENANTS
from .scope import Scope

__all__ = [
    "ALL_TENANTS",
    "LiveState",
    "OperationsView",
    "OpsRefresh",
    "Scope",
]
