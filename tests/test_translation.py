from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import io
import pathlib
import re
import shlex
import subprocess
import sys
import typing as t

import pytest
from babel.messages import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import session

from flask_ops_refresh import formatting
from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh import reader_locale
from flask_ops_refresh.locality import CATALOGUES
from flask_ops_refresh.locality import DOMAIN

from .conftest import ADA
from .conftest import Host
from .conftest import NOW
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import poll
from .pages import region
from .pages import soup

ROOT = pathlib.Path(__file__).parent.parent
LANGUAGES = ["de", "es", "fr", "ja"]
LIST = "/admin/operations/"
DETAIL = "/admin/operations/details/?id=1"
#: The argument of the filter "created: greater than".
CREATED_AFTER = "flt0_4"
MakeHost: t.TypeAlias = "cabc.Callable[..., Host]"


def po_file(language: str) -> pathlib.Path:
    return CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(path: pathlib.Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What `make messages` finds in the code now."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", "")
    [arguments] = re.findall(r"^EXTRACTED := (.*)$", makefile, re.M)
    template = tmp_path_factory.mktemp("messages") / "messages.pot"
    command = ["pybabel", "--quiet", "extract", f"--output-file={template}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        CommandLineInterface().run([*command, *shlex.split(arguments)])
    found = {str(message.id) for message in read(template) if message.id}
    assert len(found) > 70
    return found


def test_the_catalogues_are_those_that_are_promised() -> None:
    """German, Spanish, French and Japanese."""
    assert sorted(path.name for path in CATALOGUES.iterdir()) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_complete(language: str, sentences: set[str]) -> None:
    """Every sentence of the code is translated, surely, and no other is there."""
    catalogue = read(po_file(language), language)
    messages = {str(message.id): message for message in catalogue if message.id}
    assert messages.keys() == sentences
    assert [id for id, message in messages.items() if not message.string] == []
    assert [id for id, message in messages.items() if message.fuzzy] == []
    assert not catalogue.obsolete
    for id, message in messages.items():
        values = re.findall(r"%\(\w+\)s|%%", id)
        assert sorted(re.findall(r"%(?:\(\w+\))?.", str(message.string))) == sorted(
            value[:-1] if value.endswith(")") else value for value in values
        ), id


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    """The .mo file is what its .po file compiles to."""
    compiled = io.BytesIO()
    write_mo(compiled, read(po_file(language), language))
    assert po_file(language).with_suffix(".mo").read_bytes() == compiled.getvalue()


@pytest.fixture
def in_language(make_host: MakeHost) -> MakeHost:
    """Make a host whose readers have a language and a time zone."""
    pytest.importorskip("flask_babel", reason="this run is without Flask-Babel")

    def make(
        language: str, zone: str = "UTC", ops: OpsRefresh | None = None, **config: t.Any
    ) -> Host:
        host = make_host(
            ops=ops,
            config={
                "BABEL_DEFAULT_LOCALE": language,
                "BABEL_DEFAULT_TIMEZONE": zone,
                **config,
            },
        )

        @host.app.before_request
        def choose_tenant() -> None:
            session["tenant_id"] = 1

        return host

    return make


WORDS = {
    "de": ("Läuft", "Verlauf", "Vorgänge", "Prüfpaket", "Jetzt aktualisieren"),
    "es": ("En curso", "Cronología", "Operaciones", "Paquete de", "Actualizar ahora"),
    "fr": ("En cours", "Chronologie", "Opérations", "Dossier de", "Actualiser main"),
    "ja": ("実行中", "タイムライン", "操作", "レビューパック", "今すぐ更新"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_surfaces_are_in_the_readers_language(
    in_language: MakeHost, language: str
) -> None:
    """List, detail and card say what they say in it, and so do polls."""
    host = in_language(language)
    host.add_run(status="running", started_at=NOW, context={"a": 1}, user_id=ADA)
    host.add(
        ReviewPack(workspace_id=1, tenant_id=1, status="generating", created_at=NOW)
    )
    client = host.client(ADA)
    status, timeline, menu, pack, refresh = WORDS[language]
    for path, words in (
        (LIST, (status, menu, refresh)),
        (DETAIL, (status, timeline, menu, refresh)),
        ("/admin/", (pack, menu, refresh)),
    ):
        page = client.get(path)
        text = soup(page).get_text(" ", strip=True)
        for word in words:
            assert word in text
        english = {"Running", "Timeline", "Queued", "Status", "Pause", "Generating"}
        english -= {"Status"} if language == "de" else set()
        assert not english & set(text.split())
        found = region(page)
        assert found.url is not None
        drawn = poll(client, found.url).text
        assert found.element.decode_contents().strip()[:20] in drawn.strip()[:40]
        assert not english & set(soup(poll(client, found.url)).get_text(" ").split())


def test_a_menu_is_in_each_readers_language(in_language: MakeHost) -> None:
    """What is named once for the app is translated for each request."""
    import flask_babel

    host = in_language("de")
    config = flask_babel.get_babel(host.app)
    config.locale_selector = lambda: session.get("language", "fr")
    client = host.client(ADA)
    assert "Supervision" in client.get(LIST).text
    with client.session_transaction() as kept:
        kept["language"] = "ja"
    assert "モニタリング" in client.get(LIST).text


def test_a_list_is_in_the_language_and_zone_of_each_who_reads_it(
    in_language: MakeHost,
) -> None:
    """Whoever read the same runs before, their words and times are nobody else's."""
    import flask_babel

    host = in_language("en")
    config = flask_babel.get_babel(host.app)
    config.locale_selector = lambda: session["chosen"][0]
    config.timezone_selector = lambda: session["chosen"][1]
    counts = {"total": 2_000, "processed": 1_000}
    times = {"created_at": NOW, "started_at": NOW}
    host.add_run(status="running", summary_counts=counts, **times)
    host.add_run(
        status="completed",
        outcome="failed",
        completed_at=NOW + dt.timedelta(minutes=2),
        **times,
    )
    client = host.client(ADA)
    for chosen, status, words in (
        (
            ("de", "UTC"),
            "Läuft",
            ("1.000 / 2.000", "2 Min. 0 Sek.", "12:00:00 UTC"),
        ),
        (("fr", "UTC"), "En cours", ("1\u202f000", "2 min 0 s", "12:00:00 TU")),
        (("fr", "Asia/Tokyo"), "En cours", ("21:00:00",)),
        (("de", "Asia/Tokyo"), "Läuft", ("1.000 / 2.000", "21:00:00")),
    ):
        with client.session_transaction() as kept:
            kept["chosen"] = chosen
        page = client.get(LIST)
        badge = soup(page).select_one(".ops-refresh-status-running")
        assert badge is not None
        assert badge.text == status
        for word in words:
            assert word in page.text


def test_controls_carry_their_sentences_for_the_browser(in_language: MakeHost) -> None:
    """What the browser writes later is there in the reader's language, with a gap."""
    host = in_language("de", "Europe/Berlin")
    host.add_run(status="running")
    controls = soup(host.client(ADA).get(LIST)).select_one(".ops-refresh-controls")
    assert controls is not None
    texts = {name: value for name, value in controls.attrs.items() if "text" in name}
    assert texts["data-text-live"] == "Live · alle %s Sek."
    assert texts["data-text-minutes"] == "%s Min."
    assert texts["data-text-ago"] == "vor %s"
    assert len(texts) == 22
    assert controls["data-language"] == "de"
    assert controls["data-time-zone"] == "Europe/Berlin"


def test_times_and_numbers_are_the_readers(in_language: MakeHost) -> None:
    """Dates, numbers, sizes and durations are written as the reader does."""
    host = in_language("de", "Europe/Berlin")
    counts = {"total": 1_234_567, "processed": 1_234_567}
    host.add_run(
        status="completed",
        outcome="succeeded",
        started_at=NOW,
        completed_at=NOW + dt.timedelta(minutes=3, seconds=4),
        summary_counts=counts,
    )
    host.add(
        ReviewPack(
            workspace_id=1,
            tenant_id=1,
            status="ready",
            created_at=NOW,
            file_size=2_500_000,
            summary={"altered": 43_056},
        )
    )
    client = host.client(ADA)
    text = soup(client.get(DETAIL)).get_text(" ", strip=True)
    assert "Wartet 14.03.2026, 13:00:00 MEZ" in text
    assert "gearbeitet 3 Min. 4 Sek." in text
    assert "1.234.567 / 1.234.567 · 100 %" in text
    assert "Gesamt 1.234.567" in text
    card = soup(client.get("/admin/")).get_text(" ", strip=True)
    assert "Größe 2,5 MB" in card
    assert "Altered 43.056" in card


@pytest.mark.parametrize(
    ("selector", "values"),
    [("locale_selector", ("de", "fr")), ("timezone_selector", ("UTC", "Asia/Tokyo"))],
)
def test_another_language_or_zone_is_a_change(
    in_language: MakeHost, selector: str, values: tuple[str, str]
) -> None:
    """Who changes either gets the region anew, and then 304 again."""
    import flask_babel

    host = in_language("en")
    config = flask_babel.get_babel(host.app)
    setattr(config, selector, lambda: session.get("chosen", values[0]))
    host.add_run(status="running")
    client = host.client(ADA)
    found = region(client.get(DETAIL))
    assert found.url is not None
    assert poll(client, found.url, found.etag).status_code == 304
    with client.session_transaction() as kept:
        kept["chosen"] = values[1]
    answer = poll(client, found.url, found.etag)
    assert answer.status_code == 200
    assert poll(client, found.url, answer.headers["ETag"]).status_code == 304


@pytest.mark.parametrize(
    ("setting", "value"), [("default_locale", "fr"), ("default_timezone", "Asia/Tokyo")]
)
def test_another_setting_of_the_app_is_a_change(
    in_language: MakeHost, setting: str, value: str
) -> None:
    """Where nobody can choose, who had a page open reads as the app is set now."""
    import flask_babel

    host = in_language("en")
    config = flask_babel.get_babel(host.app)
    config.locale_selector = config.timezone_selector = None
    host.add_run(status="running")
    client = host.client(ADA)
    found = region(client.get(DETAIL))
    assert found.url is not None
    assert poll(client, found.url, found.etag).status_code == 304
    setattr(config, setting, value)
    answer = poll(client, found.url, found.etag)
    assert answer.status_code == 200
    assert poll(client, found.url, answer.headers["ETag"]).status_code == 304


def test_another_language_meanwhile_is_nobody_elses(in_language: MakeHost) -> None:
    """A formatter that writes in another language does not change what others read."""
    import flask_babel

    class InFrench(OperationsView):
        def _status(self, context: t.Any, run: t.Any, name: str) -> str:
            with flask_babel.force_locale("fr"):
                return (
                    f"{formatting.status_badge('queued')} {formatting.exact_time(NOW)}"
                )

        column_formatters: t.ClassVar[t.Any] = {"status": _status}

    ops = OpsRefresh(operation_run=OperationRun, operations_view=InFrench)
    ops.scope_loader(load_scope)
    host = in_language("de", ops=ops)
    host.add_run(status="running", created_at=NOW)
    client = host.client(ADA)
    for _ in range(2):
        assert poll(client, region(client.get(LIST)).url or "").status_code == 200
        assert "14.03.2026, 12:00:00 UTC" in client.get(DETAIL).text
    with host.app.test_request_context(), flask_babel.force_locale("fr"):
        assert formatting.exact_time(NOW) == "14 mars 2026, 12:00:00 TU"


def test_times_in_filters_are_the_readers(in_language: MakeHost) -> None:
    """What was created at noon in UTC was created at nine in the evening in Tokyo."""
    host = in_language("en", "Asia/Tokyo")
    host.add_run(created_at=NOW)
    client = host.client(ADA)
    for time, is_found in (("20:59:59", True), ("21:00:01", False)):
        shown = soup(client.get(f"{LIST}?{CREATED_AFTER}=2026-03-14+{time}"))
        assert bool(shown.select("td[data-key]")) == is_found
    for extreme in ("0001-01-01+00:00:00", "9999-12-31+23:59:59"):
        assert client.get(f"{LIST}?{CREATED_AFTER}={extreme}").status_code == 200


def test_a_catalogue_of_the_app_has_the_last_word(
    in_language: MakeHost, tmp_path: pathlib.Path
) -> None:
    """It overrides what it names, adds languages, and is that app's alone."""
    for language, words in (("de", {"Running": "In Arbeit"}), ("it", {"Pause": "Alt"})):
        catalogue = Catalog(locale=language)
        for message, translated in words.items():
            catalogue.add(message, translated)
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        with (folder / f"{DOMAIN}.mo").open("wb") as file:
            write_mo(file, catalogue)
    own = {"BABEL_TRANSLATION_DIRECTORIES": str(tmp_path)}
    texts = []
    for language, config in (("de", own), ("de", {}), ("it", own)):
        host = in_language(language, **config)
        host.add_run(status="running")
        texts.append(soup(host.client(ADA).get(LIST)).get_text(" ", strip=True))
    assert "In Arbeit" in texts[0]
    assert "Jetzt aktualisieren" in texts[0]
    assert "Läuft" in texts[1]
    assert "Alt" in texts[2]
    assert "Refresh now" in texts[2]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_what_is_beyond_a_locale_is_written_plainly(
    in_language: MakeHost, zone: str
) -> None:
    """The ends of the calendar and endless numbers are no errors in any zone."""
    host = in_language("de", zone)
    host.add_run(
        created_at=dt.datetime.min,
        started_at=dt.datetime.max,
        summary_counts={"total": 10**400, "processed": 1},
    )
    client = host.client(ADA)
    for path in (LIST, DETAIL):
        assert client.get(path).status_code == 200
    with host.app.test_request_context():
        assert reader_locale.number(10**400) == f"{10**400:,}"
        assert reader_locale.number(float("nan"))
        assert reader_locale.number(0.123456789) == "0,123456789"
        assert "9999" in formatting.exact_time(dt.datetime.max)


WITHOUT = """
import sys
sys.modules["flask_babel"] = None
from tests import host_app
host_app.add_translations = lambda app: None
from tests.conftest import ADA, populate, NOW
from flask_ops_refresh.reader_locale import date_time, file_size, number
host = populate(host_app.create_host())
host.add_run(status="running")
page = host.client(ADA).get("/admin/operations/")
assert page.status_code == 200
assert "Running" in page.text and "Live · every 5 s" in page.text
assert 'data-time-zone=""' in page.text
with host.app.test_request_context():
    print(date_time(NOW), number(1234.5), file_size(2_500_000), sep="|")
"""


def test_an_app_without_flask_babel_reads_english(tmp_path: pathlib.Path) -> None:
    """Where it is not installed, all is there, in UTC and ISO 8601."""
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stderr == ""
    assert run.stdout == "2026-03-14 12:00:00 UTC|1,234.5|2.5 MB\n"
