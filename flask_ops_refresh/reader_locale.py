"""Numbers and times as the reader's locale and time zone have them.

They are what Flask-Babel's selectors choose. Without it, times are in UTC and ISO 8601.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import functools
import typing as t

from jinja2.filters import do_filesizeformat

from .locality import current_locality
from .locality import flask_babel
from .locality import Locality

# What is written is kept, this many of a kind: Babel takes a tenth of a millisecond.
# By type too, as markup equals the text that it is of.
_kept = functools.lru_cache(2_048, typed=True)

_Values = t.TypeVarTuple("_Values")
_Text = t.TypeVar("_Text", bound=str)

_BYTES = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte")


def kept(write: cabc.Callable[[*_Values], _Text]) -> cabc.Callable[[*_Values], _Text]:
    """Keep what a function writes for a locality: lists say the same again and again.

    :param write: its values can be hashed, and nothing else but who reads has a say.
    """

    @_kept
    def written(locality: Locality | None, *values: *_Values) -> _Text:
        return write(*values)

    def look_up(*values: *_Values) -> _Text:
        return written(current_locality(), *values)

    return look_up


def language_tag() -> str:
    """The locale as browsers know it, ``pt-BR``; empty for the browser's own."""
    locality = current_locality()
    return str(locality.locale).partition("@")[0].replace("_", "-") if locality else ""


def time_zone_name() -> str:
    """The IANA name of the time zone; empty for the browser's own."""
    zone: t.Any = getattr(current_locality(), "time_zone", None)
    return getattr(zone, "zone", None) or getattr(zone, "key", None) or ""


def number(value: float) -> str:
    """A number, its thousands set apart."""
    return _written(_number, value) or f"{value:,}"


def decimal_point() -> str:
    """What a fraction of a number begins with."""
    return number(0.5)[1:-1]


def date_time(moment: dt.datetime) -> str:
    """A point in time to the second, with the name of its zone.

    :param moment: aware, in UTC.
    """
    plain = f"{moment.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"
    return _written(_date_time, moment) or plain


def clock_time(moment: dt.datetime) -> str:
    """The hour and minute of a point in time.

    :param moment: aware, in UTC.
    """
    return _written(_clock_time, moment) or f"{moment:%H:%M}"


def file_size(size: int) -> str:
    """Bytes, in the largest unit they fill."""
    return _written(_file_size, size) or do_filesizeformat(size)


def from_reader(moment: dt.datetime) -> dt.datetime:
    """A naive time as the reader wrote it, in UTC.

    :raises ValueError: it lies outside the calendar.
    """
    locality = current_locality()
    if locality is None:
        return moment.replace(tzinfo=dt.UTC)
    try:
        # Zones of pytz, which Flask-Babel makes of names, cannot just be put in.
        if hasattr(locality.time_zone, "localize"):
            aware = t.cast("dt.datetime", locality.time_zone.localize(moment))
        else:
            aware = moment.replace(tzinfo=locality.time_zone)
        return aware.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError(moment) from error


def _written(write: cabc.Callable[..., str], value: t.Any) -> str | None:
    """What Flask-Babel writes; ``None`` without it, or where it is beyond it."""
    locality = current_locality()
    try:
        return write(locality, value) if locality else None
    except ArithmeticError:
        return None


# What these import comes with Flask-Babel.


@_kept
def _number(locality: Locality, value: float) -> str:
    from babel.numbers import format_decimal

    return str(
        format_decimal(value, locale=locality.locale, decimal_quantization=False)
    )


@_kept
def _date_time(locality: Locality, moment: dt.datetime) -> str:
    # The app may have chosen another format; the zone is named in any case.
    with flask_babel.force_locale(locality.locale):
        written = flask_babel.format_datetime(moment)
        return f"{written} {flask_babel.format_datetime(moment, 'z')}"


@_kept
def _clock_time(locality: Locality, moment: dt.datetime) -> str:
    with flask_babel.force_locale(locality.locale):
        return str(flask_babel.format_time(moment, "short"))


@_kept
def _file_size(locality: Locality, size: int) -> str:
    from babel.units import format_unit

    power = max(p for p in range(len(_BYTES)) if p == 0 or size >= 1000**p)
    rounded = round(size / 1000**power, 1)
    unit = f"digital-{_BYTES[power]}"
    return str(format_unit(rounded, unit, "short", locale=locality.locale))
