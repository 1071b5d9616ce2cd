"""What stands around the rows of the operations list: tabs, titles, empty pages."""

from __future__ import annotations

import collections.abc as cabc

from markupsafe import Markup

from .formatting import filled
from .operation_tabs import ACTIVE
from .operation_tabs import FAILED
from .operation_tabs import MOST_COUNTED
from .operation_tabs import TabCounts
from .reader_locale import number
from .translation import gettext
from .translation import lazy_gettext

_LABELS = {
    ACTIVE: lazy_gettext("Active"),
    FAILED: lazy_gettext("Failed"),
    "": lazy_gettext("All"),
}
#: What the number on a tab is of, where it is not all that the tab shows.
_NOTES = {FAILED: lazy_gettext("in the last 24 hours")}

_TABS = (
    '<nav class="mt-3" aria-label="%s">'
    '<ul class="nav nav-tabs ops-refresh-tabs">%s</ul></nav>'
)
_TAB = (
    '<li class="nav-item"><a class="nav-link ops-refresh-link text-decoration-none%s '
    'href="%s"><span>%s%s</span></a></li>'
)
_CHOSEN = Markup(' active font-weight-bold fw-bold" aria-current="page"')
_OTHER = Markup('"')
_COUNT = ' <span class="ops-refresh-tab-count">%s</span>'
_NOTE = ' <span class="ops-refresh-note">%s</span>'

_EMPTY = '<p class="my-3"><strong>%s</strong></p><p>%s%s</p>'
_WAY_OUT = ' <a class="ops-refresh-link" href="%s">%s</a>'

_MENU_LINK = (
    '<li class="nav-item"><a class="nav-link ops-refresh-link%s" href="%s">%s</a></li>'
)
_LEAVE = (
    '<a class="ops-refresh-link ops-refresh-note ops-refresh-leave" href="%s">%s</a>'
)
_TITLE = '<span data-ops-refresh-title="%s" hidden></span>'


def tabs(chosen: str, counts: TabCounts, url_of: cabc.Callable[[str], str]) -> Markup:
    """The tabs with how many runs they have."""
    each = [
        filled(
            _TAB,
            _CHOSEN if name == chosen else _OTHER,
            url_of(name),
            label,
            _count(name, counts),
        )
        for name, label in _LABELS.items()
    ]
    return filled(_TABS, gettext("Quick filters"), Markup("").join(each))


def count_text(count: int) -> str:
    """A number of runs, of which no more were looked at than are told."""
    return number(count) if count < MOST_COUNTED else f"{number(MOST_COUNTED - 1)}+"


def _count(name: str, counts: TabCounts) -> Markup:
    if name not in counts:
        return Markup()
    note = filled(_NOTE, _NOTES[name]) if name in _NOTES else ""
    return filled(_COUNT, count_text(counts[name])) + note


def view_links(*, this: str, wallboard: str) -> Markup:
    """Links to what is shown, for others and for a screen on the wall.

    The first is an ordinary link; where a script is on the page, it copies its address.
    """
    share = filled(_MENU_LINK, " ops-refresh-share", this, gettext("Link to this view"))
    return share + filled(_MENU_LINK, "", wallboard, gettext("Wallboard"))


def leave_link(url: str) -> Markup:
    """The way out of a wallboard."""
    return filled(_LEAVE, url, gettext("Leave wallboard"))


def live_title(counts: TabCounts, plain: str) -> str:
    """A browser tab's title while the page is live."""
    count = count_text(counts[ACTIVE])
    return f"▶ {gettext('%(count)s active', count=count)} · {plain}"


def title_mark(title: str) -> Markup:
    """What carries a title to a page that is open."""
    return filled(_TITLE, title)


def empty_page(
    chosen: str, *, is_narrowed: bool, page: int, urls: cabc.Mapping[str, str]
) -> Markup:
    """What stands in place of rows: why there are none, and what to do.

    :param chosen: the tab.
    :param is_narrowed: whether filters or a search leave rows out.
    :param page: the number of the page, the first of them 0.
    :param urls: the addresses of the "first" page of these rows, of the list
        "cleared" of filters, of "all" runs and of "this" page.
    """
    if page:
        said = gettext("There is nothing on this page: the list is shorter.")
        return _empty(said, "", urls["first"], gettext("First page"))
    if is_narrowed:
        said = gettext("No operation matches these filters.")
        return _empty(said, "", urls["cleared"], gettext("Clear filters"))
    if chosen == ACTIVE:
        said = gettext("No operation is queued or running.")
        return _empty(said, "", urls["all"], gettext("Show all operations"))
    if chosen == FAILED:
        said = gettext("Good news: no operation has failed.")
        return _empty(said, "", urls["all"], gettext("Show all operations"))
    said = gettext("No operation has been started yet.")
    what_to_do = gettext("Start one in the app, then come back here.")
    return _empty(said, what_to_do, urls["this"], gettext("Refresh"))


def _empty(said: str, what_to_do: str, url: str, label: str) -> Markup:
    return filled(_EMPTY, said, what_to_do, filled(_WAY_OUT, url, label))
