"""Values as people read them: escaped markup, without a word of JavaScript."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import hashlib

from markupsafe import escape
from markupsafe import Markup

from . import reader_locale
from .intervals import age_seconds
from .translation import gettext
from .translation import lazy_gettext

# Units of durations, in words and in seconds. The browser has the same from _controls.
_UNITS = (
    (lazy_gettext("%(number)s d"), 86_400),
    (lazy_gettext("%(number)s h"), 3_600),
    (lazy_gettext("%(number)s min"), 60),
    (lazy_gettext("%(number)s s"), 1),
)

_RATES = {
    "second": lazy_gettext("%(number)s per second"),
    "minute": lazy_gettext("%(number)s per minute"),
    "hour": lazy_gettext("%(number)s per hour"),
    "day": lazy_gettext("%(number)s per day"),
}

# Bootstrap's own colours, so that every swatch has them, by the names of its fourth
# release and of its fifth, on which other themes are.
_COLOURS = {
    "queued": "secondary",
    "running": "primary",
    "generating": "primary",
    "succeeded": "success",
    "ready": "success",
    "partial": "warning",
    "failed": "danger",
    "expired": "secondary",
}


_LABELS = {
    "queued": lazy_gettext("Queued"),
    "running": lazy_gettext("Running"),
    "generating": lazy_gettext("Generating"),
    "succeeded": lazy_gettext("Succeeded"),
    "partial": lazy_gettext("Partially succeeded"),
    "ready": lazy_gettext("Ready"),
    "failed": lazy_gettext("Failed"),
    "expired": lazy_gettext("Expired"),
}
_UNKNOWN = lazy_gettext("Unknown")

_BADGE = (
    '<span class="badge badge-{0} text-bg-{0} ops-refresh-status '
    'ops-refresh-status-{1}"%s>%s</span>'
)
_BADGES = {status: _BADGE.format(colour, status) for status, colour in _COLOURS.items()}
_UNKNOWN_BADGE = _BADGE.format("light", "unknown")
_ANNOUNCE = ' data-key="status-%s" data-announce="%s: %s"'
_STALLED = (
    '<span class="badge badge-warning text-bg-warning ops-refresh-stalled" '
    'title="%s">%s</span>'
)
_TENANT = '<span class="ops-refresh-tenant d-inline-block border px-2 %s">%s</span>'
_HUES = 8
# Longer names may take several lines.
_ONE_LINE = 24
_PROGRESS = (
    '<span class="ops-refresh-progress"><progress max="100" value="%s" '
    'aria-label="%s">%s %%</progress> '
    '<span class="ops-refresh-progress-text">%s / %s · %s %%</span></span>'
)
_NONE = Markup('<span class="ops-refresh-none">–</span>')
_TIMESTAMP = '<time datetime="%s">%s</time>'
_AGO = '<time class="ops-refresh-ago" datetime="%s" title="%s">%s</time>'
_ELAPSED = '<time class="ops-refresh-elapsed" datetime="%s">%s</time>'
_DURATION = "<span>%s</span>"
_REFRESH = (
    '<p class="ops-refresh-note">%s <a class="ops-refresh-link" href="%s">%s</a></p>'
)


def filled(template: str, *values: object) -> Markup:
    """A template with its values escaped; ``Markup``'s own ``%`` takes longer."""
    return Markup(template % tuple(map(escape, values)))


def status_label(status: str) -> str:
    """A normalised status in words."""
    return str(_LABELS.get(status, _UNKNOWN))


def status_badge(status: str, subject: str = "", key: str = "") -> Markup:
    """A badge for a normalised status.

    :param subject: what has this status; given, a change is announced with it.
    :param key: tells badges of several records apart.
    """
    label = status_label(status)
    announce = filled(_ANNOUNCE, key, subject, label) if subject else ""
    return filled(_BADGES.get(status, _UNKNOWN_BADGE), announce, label)


def stalled_badge(last_sign_of_life: dt.datetime | None) -> Markup:
    """A badge for work that has been silent for too long, with since when."""
    return filled(_STALLED, exact_time(last_sign_of_life), gettext("Stalled"))


def tenant_tag(name: str, id: object = None) -> Markup:
    """A tag with a tenant's name.

    :param id: the tenant's; given, the tag has the one of eight hues that goes
        with it, on every page and for everybody.
    """
    shape = "rounded-pill text-nowrap" if len(name) <= _ONE_LINE else "rounded"
    if id is None:
        return filled(_TENANT, shape, name)
    digest = hashlib.blake2b(str(id).encode("utf-8", "surrogatepass"), digest_size=1)
    hue = digest.digest()[0] % _HUES
    return filled(_TENANT, f"{shape} ops-refresh-hue-{hue}", name)


def tenantless_tag(name: str) -> Markup:
    """A tag of another shape, for what belongs to no tenant."""
    return filled(_TENANT, "text-nowrap ops-refresh-tenantless", name)


def refresh_note(sentence: str, url: str = "") -> Markup:
    """A sentence on what is no longer refreshed, and a link that does it.

    :param url: the address of the page, where it is not the one being read.
    """
    return filled(_REFRESH, sentence, url, gettext("Refresh"))


def progress_bar(counts: cabc.Mapping[str, object] | None) -> Markup:
    """Progress by ``processed`` and ``total``; empty where they do not tell any."""
    told = _progress(counts)
    if told is None:
        return Markup()
    return _progress_bar(*told)


@reader_locale.kept
def _progress_bar(done: int, total: int) -> Markup:
    percent, label = _percent(done, total), gettext("Progress")
    of = map(reader_locale.number, (done, total))
    return filled(_PROGRESS, percent, label, percent, *of, percent)


def percent_done(counts: cabc.Mapping[str, object] | None) -> int | None:
    """Progress in whole percent, none of them too early."""
    told = _progress(counts)
    return None if told is None else _percent(*told)


def _percent(done: int, total: int) -> int:
    return 100 * min(max(0, done), total) // total


def _progress(counts: cabc.Mapping[str, object] | None) -> tuple[int, int] | None:
    """How many are done of how many; ``None`` where the counts do not tell."""
    counts = counts or {}
    if not isinstance(counts, cabc.Mapping):
        raise TypeError(
            f"progress_bar shows counts by name, and {counts!r} are none. Give a "
            'mapping: {"processed": 3, "total": 10}.'
        )
    done, total = counts.get("processed"), counts.get("total")
    if not isinstance(done, int) or not isinstance(total, int) or total <= 0:
        return None
    return done, total


def exact_time(moment: dt.datetime | None) -> str:
    """A point in time to the second, in the reader's time zone."""
    return "" if moment is None else reader_locale.date_time(_in_utc(moment))


def timestamp(moment: dt.datetime | None) -> Markup:
    """A point in time, a dash where there is none."""
    if moment is None:
        return _NONE
    return filled(_TIMESTAMP, _in_utc(moment).isoformat(), exact_time(moment))


def age(moment: dt.datetime | None, now: dt.datetime) -> Markup:
    """How long ago a point in time was, with the exact time on hover."""
    if moment is None:
        return _NONE
    return _age(_in_utc(moment), int(age_seconds(moment, now)) // 60)


@reader_locale.kept
def _age(moment: dt.datetime, minutes: int) -> Markup:
    return filled(_AGO, moment.isoformat(), exact_time(moment), _ago(minutes))


def elapsed(
    start: dt.datetime | None, end: dt.datetime | None, now: dt.datetime | None
) -> Markup:
    """A duration: from start to end, or from start to now, then counting.

    :param now: the current time; ``None`` for a record that no longer changes,
        whose duration is not known without its end.
    """
    if start is not None and end is not None:
        seconds = (_in_utc(end) - _in_utc(start)).total_seconds()
        return _lasted(max(0, int(seconds)))
    if start is None or now is None:
        return _NONE
    began = _in_utc(start)
    return filled(_ELAPSED, began.isoformat(), duration(age_seconds(began, now)))


@reader_locale.kept
def _lasted(seconds: int) -> Markup:
    return filled(_DURATION, duration(seconds))


def duration(seconds: float) -> str:
    """Seconds in the two largest units they fill: ``3 min 4 s``."""
    return _duration(int(seconds))


@reader_locale.kept
def _duration(left: int) -> str:
    first = _largest_unit(left)
    parts = []
    for unit, size in _UNITS[first : first + 2]:
        parts.append(str(unit) % {"number": left // size})
        left %= size
    return " ".join(parts)


def rough_duration(seconds: int) -> str:
    """A duration that was rounded, without the units that it fills with nothing."""
    parts, left = [], seconds
    for unit, size in _UNITS:
        if left >= size:
            parts.append(str(unit) % {"number": left // size})
            left %= size
    return " ".join(parts[:2])


def rate(number: float, unit: str) -> str:
    """How many in a unit of time: ``42 per minute``.

    :param unit: a name among those of :data:`flask_ops_refresh.run_pace.UNITS`.
    """
    return str(_RATES[unit]) % {"number": reader_locale.number(number)}


def _ago(minutes: int) -> str:
    if not minutes:
        return gettext("just now")
    seconds = 60 * minutes
    unit, size = _UNITS[_largest_unit(seconds)]
    return gettext("%(time)s ago", time=str(unit) % {"number": seconds // size})


def _largest_unit(seconds: int) -> int:
    """Where the largest unit stands that is filled; the last for less than that."""
    filled = (place for place, (_, size) in enumerate(_UNITS) if seconds >= size)
    return next(filled, len(_UNITS) - 1)


def _in_utc(moment: dt.datetime) -> dt.datetime:
    try:
        is_naive = moment.tzinfo is None
    except AttributeError:
        raise TypeError(
            f"timestamp and elapsed show datetimes, and {moment!r} is none. Give what "
            "the model's DateTime attribute holds."
        ) from None
    return moment.replace(tzinfo=dt.UTC) if is_naive else moment.astimezone(dt.UTC)
