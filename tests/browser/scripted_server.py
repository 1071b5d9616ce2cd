"""A page with live regions whose polls are answered as a test says."""

from __future__ import annotations

import collections
import collections.abc as cabc
import dataclasses
import os
import re
import socket
import struct
import threading
import typing as t

from flask import Flask
from flask import render_template
from flask import request
from flask import Response
from flask import url_for
from markupsafe import Markup
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_ops_refresh import assets
from flask_ops_refresh.translation import gettext

from .watched_page import WatchedPage

_TEMPLATES = assets.STATIC_FOLDER.parent / "templates"


@dataclasses.dataclass
class Answer:
    """What a poll is answered with; by default that nothing changed.

    :param hold: an event that the answer waits for.
    :param broken: the connection is reset instead; ``"body"``: after half the answer.
    """

    status: int = 304
    body: str = ""
    interval: str | None = "1"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    is_ours: bool = True
    hold: threading.Event | None = None
    broken: str = ""


def _reset(connection: socket.socket, after: str) -> t.NoReturn:
    """Reset a connection, as the operating system does for a killed process."""
    if after == "body":
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nOps-Refresh-Region: one\r\nOps-Refresh-Interval: 1\r\n"
            b"Content-Length: 999\r\n\r\n<p>half of it"
        )
    linger_for_nothing = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_nothing)
    # The server's own files on the socket would keep a mere close() from closing it.
    os.close(connection.detach())
    raise ConnectionResetError


class ScriptedServer:
    """Serves ``/`` with one region for each entry of ``regions``.

    :param regions: the inner HTML of each region, by name.
    """

    def __init__(self, regions: dict[str, str], *, interval: str = "1") -> None:
        self.regions = regions
        self.interval = interval
        self.around = Markup("{}")
        self.extra_attributes = ""
        self.answers: collections.deque[Answer] = collections.deque()
        self.usual = Answer(interval=interval)
        self.polls: list[tuple[str, dict[str, str]]] = []
        self._asked = threading.Condition()
        self.app = Flask("scripted", static_folder=None, template_folder=_TEMPLATES)
        self.app.config["PROPAGATE_EXCEPTIONS"] = True
        self.app.add_url_rule("/", "page", self._page)
        self.app.add_url_rule("/poll/<name>", "poll", self._poll)
        self.app.add_url_rule("/static/<path:name>", "file", self._file)

    def then(self, *answers: Answer) -> None:
        """Answer the next polls like this, later ones as usual."""
        self.answers.extend(answers)

    def wait_for(self, polls: int) -> None:
        """Wait until that many polls have arrived."""
        with self._asked:
            arrived = self._asked.wait_for(lambda: len(self.polls) >= polls, 10)
        assert arrived, f"{len(self.polls)} polls, not {polls}"

    def _page(self) -> str:
        regions = Markup().join(map(self._region, self.regions.items()))
        script = url_for("file", name="refresh_region.js")
        return Markup(
            '<!doctype html><html lang="en"><link rel="icon" href="data:,">'
            '<body>{}<script type="module" src="{}"></script>'
        ).format(self.around.format(regions), script)

    def _region(self, region: tuple[str, str]) -> Markup:
        name, inner = region
        controls = render_template(
            "flask_ops_refresh/_controls.html",
            region_id=f"ops-refresh-{name}",
            seconds=self.interval,
            pause_key="ops-refresh-ada",
            point=".",
            language="",
            time_zone="",
            _gettext=gettext,
        )
        return Markup(
            '{}<div id="ops-refresh-{}" data-ops-refresh-url="{}" '
            'data-ops-refresh-interval="{}" data-ops-refresh-etag="&quot;0&quot;" '
            'data-ops-refresh-now="" {}>{}</div>'
        ).format(
            Markup(controls),
            name,
            url_for("poll", name=name),
            self.interval,
            Markup(self.extra_attributes),
            Markup(inner),
        )

    def _poll(self, name: str) -> Response:
        with self._asked:
            self.polls.append((name, dict(request.headers)))
            answer = self.answers.popleft() if self.answers else self.usual
            self._asked.notify_all()
        if answer.hold is not None:
            answer.hold.wait(20)
        if answer.broken:
            _reset(request.environ["werkzeug.socket"], answer.broken)
        response = Response(answer.body, answer.status, answer.headers)
        if answer.is_ours:
            response.headers["Ops-Refresh-Region"] = name
            response.headers["ETag"] = f'"{len(self.polls)}"'
            if answer.interval is not None:
                response.headers["Ops-Refresh-Interval"] = answer.interval
        return response

    def _file(self, name: str) -> Response:
        return Response(assets.served_files()[name], mimetype="text/javascript")


class Watched(WatchedPage):
    """A watched page of a scripted server."""

    def __init__(
        self,
        page: Page,
        serve: cabc.Callable[[Flask], str],
        server: ScriptedServer,
    ) -> None:
        self.server = server
        self.address = serve(server.app)
        super().__init__(page, self.address, float(server.interval))
        self.server.polls.clear()

    def shows(self, text: str, notice: str = "", name: str = "one") -> None:
        """Fail unless a region says this, its notice that, and the contract holds."""
        self.check()
        expect(self.page.locator(f"#ops-refresh-{name}")).to_have_text(text)
        controls = self.page.locator(f"[data-ops-refresh-for=ops-refresh-{name}]")
        said = expect(controls.locator("[data-part=notice]"))
        said.to_have_text(re.compile(f"^{notice}.+") if notice else "")

    @property
    def asked(self) -> int:
        """How often the server was polled."""
        return len(self.server.polls)
