"""Live regions: pieces of a page that can be fetched again by themselves.

One region goes through the same steps on a page and on a poll: load, version,
interval, and only then render.
"""

from __future__ import annotations

import abc
import collections.abc as cabc
import dataclasses
import datetime as dt
import hashlib
import inspect
import typing as t
import urllib.parse
import uuid

import sqlalchemy as sa
from flask import current_app
from flask import render_template
from flask import url_for
from flask_admin.base import BaseView
from flask_login import current_user
from jinja2 import TemplateNotFound
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from . import clock
from . import locality
from . import reader_locale
from .app_secret import secret_of
from .arguments import require_region_function
from .assets import asset_url
from .assets import release
from .finding import found_or_none
from .installation import Installation
from .intervals import LONGEST_SECONDS
from .intervals import SHORTEST_SECONDS
from .request_state import request_state
from .scope import Scope
from .stored_values import whole_number
from .translation import gettext

Args: t.TypeAlias = "MultiDict[str, str]"


@dataclasses.dataclass(frozen=True)
class LiveState:
    """What a region is about to show.

    :param version: every stored value the region shows, cheap to get; the page
        is asked to change only when this does.
    :param interval: seconds until the next poll, from 1 to 300; ``None``: never
        again.
    :param context: called for the template's variables, only when they are needed.
    :raises TypeError: ``version`` holds a record instead of its values, ``interval``
        is no number, or ``context`` no function.
    :raises ValueError: ``interval`` is out of bounds.
    """

    version: t.Any
    interval: float | None
    context: cabc.Callable[[], cabc.Mapping[str, t.Any]] = dict

    def __post_init__(self) -> None:
        _check_interval(self.interval)
        _check_version(self.version)
        if not callable(self.context):
            raise TypeError(
                f"LiveState(context={self.context!r}) is no function. Its values are "
                'only made when they are needed: context=lambda: {"job": job}.'
            )


class LiveRegion(abc.ABC):
    """A named region of a surface.

    :param name: its name in poll addresses.
    :param view: the view whose ``is_accessible()`` holds for the region too.
    :param pause_when_hidden: whether it rests while the tab is hidden.
    :param pause_on_dialog: whether it rests while a dialog is open.
    """

    #: Its style beside that of all surfaces: names of static files.
    stylesheets: tuple[str, ...] = ()

    #: What it takes: the scope, and the arguments of its address.
    signature: inspect.Signature = inspect.signature(lambda scope, **args: None)

    def __init__(
        self,
        name: str,
        *,
        view: BaseView | None = None,
        pause_when_hidden: bool = True,
        pause_on_dialog: bool = True,
    ) -> None:
        self.name = name
        self.view = view
        pauses = {"hidden": pause_when_hidden, "dialog": pause_on_dialog}
        self.switched_off: str = " ".join(name for name, on in pauses.items() if not on)

    def require_arguments(self, args: cabc.Mapping[str, t.Any]) -> None:
        """Refuse arguments of a template that no address of the region has.

        :raises TypeError: one is missing, or is none of the region's.
        """
        try:
            self.signature.bind(None, **args)
        except TypeError as error:
            raise TypeError(
                f"ops_refresh.live({self.name!r}) is called wrongly: {error}. The "
                f"region is {self.name}{_names_of(self.signature)}; the scope comes by "
                "itself."
            ) from None

    @abc.abstractmethod
    def load(self, scope: Scope, args: Args) -> LiveState | None:
        """Read the region's state; ``None`` for what is missing or out of scope."""

    @abc.abstractmethod
    def render(self, state: LiveState) -> str:
        """The region's inner HTML."""

    def beside(self, state: LiveState) -> Markup:
        """What stands beside it on a page, which no answer to a poll brings."""
        return Markup()


class FunctionRegion(LiveRegion):
    """A region written as one function and one template."""

    def __init__(
        self,
        name: str,
        load: cabc.Callable[..., LiveState | None],
        template: str,
        **options: t.Any,
    ) -> None:
        super().__init__(name, **options)
        self._load = load
        self.template = template
        self.signature: inspect.Signature = require_region_function(
            f"live_region({name!r})", load
        )

    def load(self, scope: Scope, args: Args) -> LiveState | None:
        """Call the function with the address's arguments as its annotations say."""
        try:
            values = {
                name: _converted(value, self._annotation(name))
                for name, value in args.items()
            }
            self.signature.bind(scope, **values)
        except (KeyError, TypeError, ValueError):
            return None
        state = self._load(scope, **values)
        if state is not None and not isinstance(state, LiveState):
            raise TypeError(
                f"The live region {self.name!r} returned {state!r}. Return a "
                "LiveState, or None for what is missing or out of scope."
            )
        return state

    def _annotation(self, name: str) -> t.Any:
        parameter = self.signature.parameters.get(name)
        return None if parameter is None else parameter.annotation

    def render(self, state: LiveState) -> str:
        """Render the template with the state's context.

        :raises LookupError: there is no such template.
        :raises TypeError: the context is no mapping.
        """
        context = state.context()
        if not isinstance(context, cabc.Mapping):
            raise TypeError(
                f"The context of the live region {self.name!r} is {context!r}. Give "
                'the template\'s variables by name: context=lambda: {"job": job}.'
            )
        try:
            template = current_app.jinja_env.get_template(self.template)
        except TemplateNotFound as error:
            if error.name != self.template:
                raise
            raise LookupError(
                f"live_region({self.name!r}): there is no template {self.template!r}. "
                "Put it into the templates folder of the app or of a blueprint."
            ) from None
        return render_template(template, **context)


@dataclasses.dataclass(frozen=True)
class Frame:
    """What stands around a region's inner HTML on a page.

    :param region_id: the id of the region's element.
    """

    opening: Markup
    closing: Markup
    region_id: str = ""

    def around(self, inner: str) -> Markup:
        """The whole region."""
        return self.opening + Markup(inner) + self.closing


def load(
    installation: Installation, region: LiveRegion, scope: Scope, args: Args
) -> LiveState | None:
    """A region's state; an argument that the database cannot take finds nothing."""
    return found_or_none(installation.get_session(), lambda: region.load(scope, args))


def draw(installation: Installation, region: LiveRegion, args: Args) -> Markup:
    """A region for a page; nothing for those who may not see it."""
    try:
        scope = installation.access.require(region.view)
    except HTTPException:
        return Markup()
    state = load(installation, region, scope, args)
    if state is None:
        return Markup()
    return frame(installation, region, args, scope, state).around(region.render(state))


def frame(
    installation: Installation,
    region: LiveRegion,
    args: Args,
    scope: Scope,
    state: LiveState,
) -> Frame:
    """What makes a piece of a page a live region; inactive ones get an id only."""
    region_id = _element_id(region, args)
    beside = _beside(installation, region, region_id, state)
    if state.interval is None:
        return Frame(
            Markup('<div id="{}">').format(region_id),
            Markup("</div>") + beside,
            region_id,
        )
    controls = render_template(
        "flask_ops_refresh/_controls.html",
        region_id=region_id,
        seconds=reader_locale.number(state.interval),
        pause_key=_pause_key(region),
        point=reader_locale.decimal_point(),
        language=reader_locale.language_tag(),
        time_zone=reader_locale.time_zone_name(),
        _gettext=gettext,
    )
    opening = Markup(
        '{}{}<div id="{}" data-ops-refresh-url="{}" data-ops-refresh-interval="{}" '
        'data-ops-refresh-etag="{}" data-ops-refresh-now="{:.3f}"{}>'
    ).format(
        stylesheet(installation, *region.stylesheets),
        Markup(controls),
        region_id,
        _poll_url(installation, region, args),
        seconds_text(state.interval),
        etag(region, args, scope, state),
        clock.utc_now().timestamp(),
        _switched_off(region),
    )
    closing = Markup('</div>{}<script type="module" src="{}"{}></script>').format(
        beside,
        asset_url(installation.blueprint_name, "refresh_region.js"),
        installation.nonce_attribute(),
    )
    return Frame(opening, closing, region_id)


def surface(region_id: str, inner: Markup) -> Markup:
    """A piece of a page that goes when what its region shows may not be seen."""
    start = Markup('<div class="ops-refresh-surface" data-for="{}">').format(region_id)
    return start + inner + Markup("</div>")


def stylesheet(installation: Installation, *more: str) -> Markup:
    """Links to the extension's style, each once on a page.

    :param more: names of static files beside the style of all surfaces.
    """
    linked: set[str] = request_state().setdefault("styled", set())
    names = [name for name in ("ops_refresh.css", *more) if name not in linked]
    linked.update(names)
    return Markup("").join(_stylesheet_link(installation, name) for name in names)


def print_stylesheet(installation: Installation) -> Markup:
    """A link to the style of a page on paper."""
    return _stylesheet_link(installation, "print.css", media="print")


def _stylesheet_link(
    installation: Installation, name: str, media: str = "all"
) -> Markup:
    return Markup('<link href="{}" rel="stylesheet" media="{}"{}>').format(
        asset_url(installation.blueprint_name, name),
        media,
        installation.nonce_attribute(),
    )


def etag(region: LiveRegion, args: Args, scope: Scope, state: LiveState) -> str:
    """A keyed digest of everything the region's HTML depends on, in quotes.

    :raises RuntimeError: the app has no secret key.
    """
    digest = _keyed_digest(
        b"etag",
        region.name,
        sorted(args.items(multi=True)),
        current_user.get_id(),
        scope.fingerprint(),
        locality.fingerprint(),
        release(),
        state.version,
    )
    return f'"{digest}"'


def seconds_text(seconds: float) -> str:
    """An interval as it stands in headers and attributes."""
    return f"{seconds:g}"


def as_args(values: cabc.Mapping[str, t.Any]) -> Args:
    """Template arguments as an address carries them."""
    return MultiDict(
        {name: str(value) for name, value in values.items() if value is not None}
    )


def _beside(
    installation: Installation, region: LiveRegion, region_id: str, state: LiveState
) -> Markup:
    inner = region.beside(state)
    return stylesheet(installation) + surface(region_id, inner) if inner else inner


def _pause_key(region: LiveRegion) -> str:
    """What a browser remembers a person's pause under; it tells nobody whose it is."""
    return "ops-refresh-" + _keyed_digest(b"pause", region.name, current_user.get_id())


def _keyed_digest(purpose: bytes, *parts: object) -> str:
    digest = hashlib.blake2b(
        repr(parts).encode("utf-8", "surrogatepass"),
        key=hashlib.sha256(secret_of(current_app)).digest(),
        digest_size=16,
        person=purpose,
    )
    return digest.hexdigest()


def _poll_url(installation: Installation, region: LiveRegion, args: Args) -> str:
    url = url_for(installation.poll_endpoint, region=region.name)
    query = urllib.parse.urlencode(list(args.items(multi=True)))
    return f"{url}?{query}" if query else url


def _element_id(region: LiveRegion, args: Args) -> str:
    if not args:
        return f"ops-refresh-{region.name}"
    told_apart = repr(sorted(args.items(multi=True))).encode("utf-8", "surrogatepass")
    suffix = hashlib.blake2b(told_apart, digest_size=4).hexdigest()
    return f"ops-refresh-{region.name}-{suffix}"


def _switched_off(region: LiveRegion) -> Markup | str:
    if not region.switched_off:
        return ""
    return Markup(' data-ops-refresh-no-pause="{}"').format(region.switched_off)


# As a template's arguments stand in an address.
_TRUTHS = {"True": True, "False": False}


def _converted(value: str, annotation: t.Any) -> t.Any:
    kinds = {annotation, *t.get_args(annotation)}
    if kinds & {bool, "bool", "bool | None"}:
        return _TRUTHS[value]
    if kinds & {int, "int", "int | None"}:
        return whole_number(value)
    if kinds & {uuid.UUID, "uuid.UUID", "UUID", "uuid.UUID | None", "UUID | None"}:
        return uuid.UUID(value)
    return value


def _check_interval(seconds: object) -> None:
    if seconds is None:
        return
    where = f"LiveState(interval={seconds!r})"
    allowed = (
        f"allowed are {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds, "
        "or None for never again."
    )
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{where} is no number: {allowed}")
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"{where}: {allowed}")


# What is no record for sure: SQLAlchemy takes its time to say so.
_PLAIN = frozenset({str, int, float, tuple, list, dict, dt.datetime, type(None)})


def _check_version(version: object) -> None:
    """A record is told by its key, and stays the same whatever is stored in it."""
    for value in version if isinstance(version, tuple | list) else (version,):
        if type(value) in _PLAIN:
            continue
        if sa.inspect(value, raiseerr=False) is not None:
            raise TypeError(
                f"LiveState(version=...) holds {value!r}. Give the stored values that "
                "the region shows, such as version=(job.state, job.done)."
            )


def _names_of(signature: inspect.Signature) -> inspect.Signature:
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return inspect.Signature(bare)
