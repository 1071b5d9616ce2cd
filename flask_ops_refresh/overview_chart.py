"""The overview's bar chart: how runs ended, hour by hour, as inline SVG.

Everything is placed in per cent of the drawing, so that it fits any width without
being distorted; what it looks like is the style sheet's to say.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt

from markupsafe import Markup

from . import reader_locale
from .formatting import filled
from .formatting import status_label
from .overview import Figures
from .overview import OUTCOMES
from .translation import gettext

#: Of the width that an hour has, what its bar takes.
_BAR = 0.72
#: Per cent of the height that the least number has, so that one failure is seen.
_LEAST = 3.0
_HOUR = dt.timedelta(hours=1)

_CHART = (
    '<svg class="ops-refresh-chart" role="img" aria-label="%s">'
    '<text dy="-0.3em">%s</text>%s</svg>'
)
_COLUMN = '<g class="ops-refresh-hour"><title>%s</title>%s%s</g>'
_RECT = '<rect class="%s" x="%s%%" y="%s%%" width="%s%%" height="%s%%"></rect>'
_SWATCH = (
    '<svg class="ops-refresh-swatch" aria-hidden="true">'
    '<rect class="ops-refresh-bar ops-refresh-bar-%s" width="100%%" height="100%%">'
    "</rect></svg>"
)


def chart(figures: Figures) -> Markup:
    """The chart, with what it shows in a sentence."""
    most = max(sum(ended.values()) for _, ended in figures.hours)
    width = 100 / len(figures.hours)
    columns = [
        _column(hour, ended, most, number * width, width)
        for number, (hour, ended) in enumerate(figures.hours)
    ]
    told = (_in_a_sentence(figures, most), reader_locale.number(most))
    return filled(_CHART, *told, Markup("").join(columns))


def swatch(outcome: str) -> Markup:
    """What the bars of an outcome look like."""
    return filled(_SWATCH, outcome)


def _column(
    hour: dt.datetime, ended: cabc.Mapping[str, int], most: int, x: float, width: float
) -> Markup:
    background = _rect("ops-refresh-column", x, 0, width, 100)
    bars, y = [], 100.0
    for outcome, height in _heights(ended, most).items():
        y -= height
        kind = f"ops-refresh-bar ops-refresh-bar-{outcome}"
        left = x + width * (1 - _BAR) / 2
        bars.append(_rect(kind, left, y, width * _BAR, height))
    return filled(_COLUMN, _told(hour, ended), background, Markup("").join(bars))


def _heights(ended: cabc.Mapping[str, int], most: int) -> dict[str, float]:
    """Per cent of the height for each outcome that there was, from the foot upwards."""
    shown = {name: ended[name] for name in OUTCOMES if ended[name]}
    heights = {name: max(_LEAST, 100 * shown[name] / most) for name in shown}
    if excess := max(0.0, sum(heights.values()) - 100):
        heights[max(heights, key=heights.__getitem__)] -= excess
    return heights


def _rect(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    return filled(_RECT, kind, *(f"{each:.2f}" for each in (x, y, width, height)))


def _told(hour: dt.datetime, ended: cabc.Mapping[str, int]) -> str:
    """An hour in words: ``13:00–14:00 · Succeeded 3 · Failed 1``."""
    times = f"{reader_locale.clock_time(hour)}–{reader_locale.clock_time(hour + _HOUR)}"
    return " · ".join([times, *_named(ended)])


def _named(ended: cabc.Mapping[str, int]) -> list[str]:
    return [
        f"{status_label(name)} {reader_locale.number(ended[name])}"
        for name in reversed(OUTCOMES)
        if ended[name]
    ]


def _in_a_sentence(figures: Figures, most: int) -> str:
    busiest = next(hour for hour, ended in figures.hours if sum(ended.values()) == most)
    return gettext(
        "Runs that ended in the last 24 hours: %(outcomes)s. The most in one hour were "
        "%(most)s, from %(hour)s.",
        outcomes=", ".join(_named(figures.ended)),
        most=reader_locale.number(most),
        hour=reader_locale.clock_time(busiest),
    )
