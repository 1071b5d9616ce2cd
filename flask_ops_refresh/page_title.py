"""What a browser's tab says of a run: its state first, for a tab shows little."""

from __future__ import annotations

from .formatting import percent_done
from .formatting import status_label
from .operation_runs import RunRow
from .translation import gettext

# Signs that every system's fonts have; the words behind say the same.
_SIGNS = {
    "queued": "…",
    "running": "▶",
    "succeeded": "✔",
    "partial": "⚠",
    "failed": "✘",
}


def page_title(run: RunRow) -> str:
    """A run as the title of its page: ``▶ 43 % integrity.verify – Running``."""
    percent = percent_done(run.counts) if run.status == "running" else None
    parts = [
        _SIGNS.get(run.status, "?"),
        "" if percent is None else gettext("%(percent)s %%", percent=percent),
        run.type or gettext("Operation"),
        "–",
        status_label(run.status),
    ]
    return " ".join(filter(None, parts))
