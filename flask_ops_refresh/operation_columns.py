"""The columns of the operations list and its export: what each shows of a run."""

from __future__ import annotations

import typing as t

from markupsafe import escape
from markupsafe import Markup

from . import clock
from . import formatting
from . import reader_locale
from .operation_runs import RunRow
from .translation import lazy_gettext

#: The list's columns, as far as the model has what they show.
LISTED = ("status", "type", "tenant", "user", "progress", "created_at", "duration")

#: The columns of an export.
EXPORTED = (
    "key",
    "status",
    "type",
    "tenant",
    "user",
    "total",
    "processed",
    "succeeded",
    "failed",
    "skipped",
    "created_at",
    "started_at",
    "completed_at",
    "duration",
)


# Of a longer subject, which ends with the key, a badge is drawn each time.
_SHORT = 200
_kept_badge = reader_locale.kept(formatting.status_badge)
_LINK = '<a class="ops-refresh-link" href="%s">%s</a>'


def _status(view: t.Any, context: t.Any, run: RunRow, name: str) -> Markup:
    subject = _subject(run)
    draw = _kept_badge if len(subject) <= _SHORT else formatting.status_badge
    badge = draw(run.status, subject, run.key)
    if run.active and view.vitality(run, clock.utc_now()).stalled:
        return badge + " " + formatting.stalled_badge(run.last_sign_of_life)
    return badge


def _type(view: t.Any, context: t.Any, run: RunRow, name: str) -> Markup:
    name = run.type or run.key
    if not view.can_view_details:
        return escape(name)
    return formatting.filled(_LINK, view.run_url(run), name)


def _tenant(view: t.Any, context: t.Any, run: RunRow, name: str) -> Markup:
    tag: Markup = view.tenant_tag(run)
    return tag


def _progress(view: t.Any, context: t.Any, run: RunRow, name: str) -> Markup:
    return formatting.progress_bar(run.counts)


def _created(view: t.Any, context: t.Any, run: RunRow, name: str) -> Markup:
    return formatting.age(run.created_at, clock.utc_now())


def _duration(view: t.Any, context: t.Any, run: RunRow, name: str) -> Markup:
    now = clock.utc_now() if run.status == "running" else None
    if run.started_at is None and run.completed_at is None:
        return formatting.timestamp(None)
    return formatting.elapsed(run.started_at or run.created_at, run.completed_at, now)


def _subject(run: RunRow) -> str:
    return f"{run.type} {run.key}"


def _exported_count(view: t.Any, context: t.Any, run: RunRow, name: str) -> str:
    count = run.counts.get(name)
    return "" if count is None else str(count)


def _exported_time(view: t.Any, context: t.Any, run: RunRow, name: str) -> str:
    moment = getattr(run, name)
    return moment.isoformat() if moment else ""


def _exported_duration(view: t.Any, context: t.Any, run: RunRow, name: str) -> str:
    seconds = run.duration_seconds
    return "" if seconds is None else f"{seconds:.3f}"


_COUNTS = {
    "total": lazy_gettext("Total"),
    "processed": lazy_gettext("Processed"),
    "succeeded": lazy_gettext("Succeeded"),
    "failed": lazy_gettext("Failed"),
    "skipped": lazy_gettext("Skipped"),
}

FORMATTERS: dict[t.Any, t.Any] = {
    "status": _status,
    "type": _type,
    "tenant": _tenant,
    "progress": _progress,
    "created_at": _created,
    "duration": _duration,
}
EXPORT_FORMATTERS: dict[t.Any, t.Any] = {
    "type": lambda view, context, run, name: run.type,
    "status": lambda view, context, run, name: run.status,
    **dict.fromkeys(_COUNTS, _exported_count),
    **dict.fromkeys(("created_at", "started_at", "completed_at"), _exported_time),
    "duration": _exported_duration,
}
LABELS: dict[t.Any, t.Any] = {
    "key": lazy_gettext("Run"),
    "status": lazy_gettext("Status"),
    "type": lazy_gettext("Type"),
    "tenant": lazy_gettext("Tenant"),
    "user": lazy_gettext("Started by"),
    "progress": lazy_gettext("Progress"),
    "created_at": lazy_gettext("Created"),
    "started_at": lazy_gettext("Started"),
    "completed_at": lazy_gettext("Finished"),
    "duration": lazy_gettext("Duration"),
    **_COUNTS,
}


def count_label(name: str) -> str:
    """A count in words; those of the app's own by their name."""
    return str(_COUNTS.get(name, name.replace("_", " ").capitalize()))
