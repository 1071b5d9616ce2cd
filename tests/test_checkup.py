from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import re
import subprocess
import sys
import typing as t

import click.testing
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_admin import Admin
from flask_login import LoginManager
from jinja2 import DictLoader
from sqlalchemy import orm
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_ops_refresh import needed_indexes
from flask_ops_refresh import OpsRefresh
from flask_ops_refresh.checkup.command import ops_refresh
from flask_ops_refresh.needed_indexes import NeededIndex

from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import load_scope
from .host_app import OperationRun
from .host_app import ReviewPack

PAGE = (pathlib.Path(__file__).parent.parent / "docs" / "checkup.md").read_text()
SAFE = {
    "SECRET_KEY": "k" * 32,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_SECURE": True,
    "REMEMBER_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_DURATION": 14 * 86_400,
}


def run(app: Flask, *arguments: str) -> click.testing.Result:
    """The command as it is run in a terminal."""
    result = app.test_cli_runner().invoke(ops_refresh, ["check", *arguments])
    assert isinstance(result.exception, SystemExit | None), result.exc_info
    return result


def findings(app: Flask) -> list[dict[str, str]]:
    """All that is found."""
    found: list[dict[str, str]] = json.loads(run(app, "--json").stdout)["findings"]
    return found


def finding(app: Flask, code: str) -> tuple[str, str]:
    """The level of one matter, and all that is said of it."""
    [each] = [each for each in findings(app) if each["code"] == code]
    return each["level"], f"{each['sentence']} {each['mend'] or ''}"


def codes(app: Flask, level: str) -> set[str]:
    return {each["code"] for each in findings(app) if each["level"] == level}


def test_an_app_that_is_right_is_told_so(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Nothing is wrong, and the exit status is 0; the advice is what is known of it."""
    host = make_host(config=SAFE, prepare=trust_one_proxy)
    host.execute("CREATE INDEX i ON review_packs (workspace_id, tenant_id, created_at)")
    host.execute("CREATE INDEX j ON operation_runs (workspace_id, status)")
    host.execute("CREATE INDEX k ON review_packs (operation_run_id)")
    assert codes(host.app, "wrong") == set()
    assert codes(host.app, "advice") == {"sqlite-journal"}
    host.execute("PRAGMA journal_mode = WAL")
    assert codes(host.app, "advice") == set()
    assert run(host.app).exit_code == 0


def trust_one_proxy(app: Flask) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]


def test_words_and_json_say_the_same(host: Host) -> None:
    """Each finding stands in both, with its mend; the last line counts them."""
    words = run(host.app)
    told = json.loads(run(host.app, "--json").stdout)
    assert words.exit_code == 1
    assert told["wrong"] == len(codes(host.app, "wrong"))
    lines = words.stdout.splitlines()
    for each in told["findings"]:
        start = lines.index(f"{each['level']:<7} {each['code']}: {each['sentence']}")
        if each["mend"]:
            assert lines[start + 1].strip() == each["mend"]
        assert bool(each["mend"]) == (each["level"] != "ok")
    count = len(codes(host.app, "ok"))
    assert lines[-1] == f"{count} ok, {told['advice']} advice, {told['wrong']} wrong."


def test_advice_alone_is_no_failure(make_host: cabc.Callable[..., Host]) -> None:
    """CI stops for what is wrong, not for what could be better."""
    host = make_host(config={"SECRET_KEY": "k" * 32})
    host.execute("CREATE INDEX i ON review_packs (workspace_id, tenant_id, created_at)")
    assert {"session-cookie-secure", "sqlite-journal"} <= codes(host.app, "advice")
    assert run(host.app).exit_code == 0


@pytest.mark.parametrize(
    ("config", "code", "level", "told"),
    [
        ({"SECRET_KEY": "dev"}, "secret-key", "wrong", "3 bytes and can be guessed"),
        ({"SECRET_KEY": b"k" * 20}, "secret-key", "advice", "20 bytes; 32 are strong"),
        (
            {"SECRET_KEY_FALLBACKS": ["old"]},
            "secret-key",
            "wrong",
            "fallbacks, has 3 bytes",
        ),
        (
            {"SESSION_COOKIE_SECURE": False},
            "session-cookie-secure",
            "advice",
            "cannot be told from here. Where it is, set SESSION_COOKIE_SECURE = True",
        ),
        (
            {"SESSION_COOKIE_HTTPONLY": False},
            "session-cookie-httponly",
            "wrong",
            "any script on a page can read the session cookie. Set SESSION_COOKIE_HTTP",
        ),
        (
            {"SESSION_COOKIE_SAMESITE": None},
            "session-cookie-samesite",
            "advice",
            'is None, so browsers .* Set SESSION_COOKIE_SAMESITE = "Lax"',
        ),
        (
            {"REMEMBER_COOKIE_SECURE": False},
            "remember-cookie-secure",
            "advice",
            "set REMEMBER_COOKIE_SECURE = True",
        ),
        (
            {"REMEMBER_COOKIE_HTTPONLY": False},
            "remember-cookie-httponly",
            "wrong",
            "Set REMEMBER_COOKIE_HTTPONLY = True",
        ),
        (
            {"REMEMBER_COOKIE_SAMESITE": "None"},
            "remember-cookie-samesite",
            "advice",
            "is 'None', so browsers",
        ),
        (
            {"REMEMBER_COOKIE_DURATION": 400 * 86_400},
            "remember-cookie-duration",
            "advice",
            "for 400 days.* Set REMEMBER_COOKIE_DURATION to less",
        ),
        ({}, "proxy-fix", "advice", "behind a proxy that ends HTTPS.* ProxyFix"),
        ({"SESSION_COOKIE_SECURE": False}, "proxy-fix", "ok", "cannot be told"),
        ({}, "prefix", "ok", "names no prefix.* cannot be told from here"),
        (
            {"APPLICATION_ROOT": "/pre"},
            "prefix",
            "advice",
            "have the SCRIPT_NAME of the request.* send X-Forwarded-Prefix: /pre",
        ),
        (
            {"APPLICATION_ROOT": "/admin"},
            "prefix",
            "advice",
            "under a SCRIPT_NAME of /admin its pages are at /admin/admin",
        ),
    ],
)
def test_settings_that_weaken_the_app_are_told(
    make_host: cabc.Callable[..., Host],
    config: dict[str, t.Any],
    code: str,
    level: str,
    told: str,
) -> None:
    """Each is named with what follows from it and what to set."""
    host = make_host(config={**SAFE, **config})
    found = finding(host.app, code)
    assert found[0] == level
    assert re.search(told, found[1])


def test_a_proxy_that_sends_the_prefix_is_told_what_to_send(
    make_host: cabc.Callable[..., Host],
) -> None:
    """With ProxyFix the prefix comes from the proxy's header, through other layers."""

    def wrap(app: Flask) -> None:
        trust_one_proxy(app)
        app.wsgi_app = Layer(app.wsgi_app)  # type: ignore[method-assign, assignment]

    host = make_host(config={"APPLICATION_ROOT": "/pre/"}, prepare=wrap)
    level, told = finding(host.app, "prefix")
    assert level == "ok"
    assert "X-Forwarded-Prefix: /pre." in told
    assert "trusts x_for 1, x_proto 1, x_prefix 1;" in finding(host.app, "proxy-fix")[1]


class Layer:
    """Middleware of the app's own."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    def __call__(self, *arguments: t.Any) -> t.Any:
        return self.app(*arguments)


def test_a_secret_that_is_gone_is_told(host: Host) -> None:
    """The key is looked at as it is when the check runs."""
    host.app.secret_key = None
    assert finding(host.app, "secret-key")[0] == "wrong"


def test_session_protection_that_is_off_is_told(host: Host) -> None:
    """Without it a session goes on in another browser."""
    manager: t.Any = host.app.login_manager  # type: ignore[attr-defined]
    assert finding(host.app, "session-protection")[0] == "ok"
    manager.session_protection = None
    level, told = finding(host.app, "session-protection")
    assert level == "advice"
    assert 'session_protection = "strong"' in told


def test_missing_parts_are_told_with_how_to_add_them(host: Host) -> None:
    """No Flask-Login, no user loader, no scope loader."""
    assert {"admin", "login-manager", "scope-loader"} <= codes(host.app, "ok")
    app: t.Any = host.app
    LoginManager(app)
    assert finding(app, "login-manager") == (
        "wrong",
        "Flask-Login has no user loader, so nobody can be signed in. Add one: "
        "@login_manager.user_loader.",
    )
    del app.login_manager
    assert "LoginManager(app)" in finding(app, "login-manager")[1]
    bare = create_host("sqlite://", ops=OpsRefresh(operation_run=OperationRun))
    level, told = finding(bare, "scope-loader")
    assert level == "wrong"
    assert "@ops.scope_loader" in told


def test_an_app_without_the_extension_is_told() -> None:
    """The command is there in every app of the environment."""
    result = run(Flask("bare"))
    assert result.exit_code == 1
    assert "extension: Flask-Ops-Refresh is not on this app." in result.stdout
    assert "ops.init_app(app)" in result.stdout


def test_a_session_that_threads_would_share_is_wrong(
    make_host: cabc.Callable[..., Host], tmp_path: pathlib.Path
) -> None:
    """One session object for all requests is told apart from a scoped one."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/own.sqlite")
    OperationRun.metadata.create_all(engine)
    shared = orm.Session(engine)
    scoped = orm.scoped_session(orm.sessionmaker(engine))
    for session, level in ((shared, "wrong"), (scoped, "ok"), (None, "ok")):
        ops = OpsRefresh(operation_run=OperationRun, session=session)
        ops.scope_loader(load_scope)
        assert finding(make_host(ops=ops).app, "session")[0] == level
    shared.close()
    scoped.remove()
    engine.dispose()


def test_templates_of_live_regions_are_looked_for(
    make_host: cabc.Callable[..., Host],
) -> None:
    """One that is missing or broken is told before anybody sees it."""
    ops = OpsRefresh(operation_run=OperationRun)
    ops.scope_loader(load_scope)
    for name in ("good", "broken", "missing"):
        ops.live_region(name, template=f"{name}.html")(lambda scope: None)
    app = make_host(ops=ops).app
    app.jinja_loader = DictLoader({"good.html": "", "broken.html": "{% if %}"})
    told = [each for each in findings(app) if each["code"] == "live-region"]
    assert [each["level"] for each in told] == ["ok", "wrong", "wrong"]
    assert "'broken.html' of the live region 'broken'" in told[1]["sentence"]
    assert "TemplateNotFound: missing.html" in told[2]["sentence"]


@pytest.fixture(params=KINDS)
def anywhere(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> cabc.Iterator[Host]:
    """The host app on each kind of database."""
    with database(request.param, tmp_path) as url:
        app = create_host(url)
        yield populate(app)
        with app.app_context():
            db.engine.dispose()


def test_statuses_that_mean_nothing_are_told_with_the_argument_that_maps_them(
    anywhere: Host,
) -> None:
    """Words as they are stored, letter by letter, with their outcomes."""
    for status, outcome in (
        ("running", None),
        ("completed", "failed"),
        ("pending", None),
        ("Queued", None),
        ("queued", None),
        ("completed", "odd"),
        ("completed", None),
    ):
        anywhere.add_run(status=status, outcome=outcome)
    anywhere.add(ReviewPack(workspace_id=1, tenant_id=1, status="lost", created_at=NOW))
    level, told = finding(anywhere.app, "run-statuses")
    assert level == "wrong"
    assert (
        "never polled: 'Queued', 'completed', 'completed' with 'odd', 'pending'."
    ) in told
    assert (
        'OpsRefresh(..., statuses={"Queued": "...", "completed": "...", "odd": "...", '
        '"pending": "..."})'
    ) in told
    level, told = finding(anywhere.app, "pack-statuses")
    assert level == "wrong"
    assert "never polled: 'lost'." in told
    assert 'OpsRefresh(..., pack_statuses={"lost": "..."})' in told


def test_own_words_are_known(make_host: cabc.Callable[..., Host]) -> None:
    """What is mapped is not told."""
    ops = OpsRefresh(operation_run=OperationRun, statuses={"pending": "queued"})
    ops.scope_loader(load_scope)
    host = make_host(ops=ops)
    host.add_run(status="pending")
    assert finding(host.app, "run-statuses")[0] == "ok"


def test_the_read_of_statuses_is_bounded(host: Host) -> None:
    """However long the table is, 10,000 rows are read, by the primary key."""
    row = {"workspace_id": 1, "type": "x", "status": "completed", "outcome": "failed"}
    with host.app.app_context():
        insert = sa.insert(OperationRun.__table__)
        db.session.execute(insert, [{**row, "status": "oldest"}])
        db.session.execute(insert, [row] * 10_000)
        db.session.commit()
    assert finding(host.app, "run-statuses")[0] == "ok"
    host.execute("DELETE FROM operation_runs WHERE id = 2")
    assert "'oldest'" in finding(host.app, "run-statuses")[1]


def test_attributes_that_are_absent_are_named(host: Host) -> None:
    """What the pages do without is told; it is not wrong."""
    level, told = finding(host.app, "pack-model")
    assert level == "ok"
    assert told.strip() == (
        "ReviewPack has every attribute that is required, and does without options, "
        "updated_at, user."
    )


def test_a_table_or_column_that_is_missing_is_told(host: Host) -> None:
    """A migration that has not run is named; the other model is looked at."""
    host.execute("ALTER TABLE review_packs DROP COLUMN file_size")
    level, told = finding(host.app, "pack-table")
    assert level == "wrong"
    assert "'review_packs' has no column file_size" in told
    host.execute("DROP TABLE operation_runs")
    level, told = finding(host.app, "run-table")
    assert level == "wrong"
    assert "no table 'operation_runs', which is that of OperationRun" in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://nobody:hidden@127.0.0.1:9/gone",
        "mysql+pymysql://nobody:hidden@127.0.0.1:9/gone",
    ],
)
def test_a_database_that_is_away_is_a_finding(url: str) -> None:
    """It is told once, for both models, with the driver's reason and no password."""
    app = Flask("away")
    app.config.update(SECRET_KEY="k" * 32, SQLALCHEMY_DATABASE_URI=url)
    db.init_app(app)
    LoginManager(app)
    Admin(app)
    OpsRefresh(app, operation_run=OperationRun, review_pack=ReviewPack)
    level, told = finding(app, "database")
    assert level == "wrong"
    assert "database gone on 127.0.0.1 cannot be read: " in told
    assert "hidden" not in told
    assert run(app).exit_code == 1


def test_a_session_without_a_database_is_a_finding(
    make_host: cabc.Callable[..., Host],
) -> None:
    """A session that was never bound is told with how to bind it."""
    unbound = orm.scoped_session(orm.sessionmaker())
    ops = OpsRefresh(operation_run=OperationRun, session=unbound)
    level, told = finding(make_host(ops=ops).app, "database")
    assert level == "wrong"
    assert "no database of OperationRun" in told
    assert "scoped_session(sessionmaker(engine))" in told


def test_a_file_that_is_missing_is_not_made(tmp_path: pathlib.Path) -> None:
    """SQLite makes what it opens; the check does not let it."""
    file = tmp_path / "gone.sqlite"
    app = create_host(f"sqlite:///{file}")
    with app.app_context():
        db.engine.dispose()
    file.unlink()
    level, told = finding(app, "database")
    assert level == "wrong"
    assert "gone.sqlite cannot be read: there is no such file" in told
    assert not file.exists()


def test_the_check_writes_nothing(host: Host) -> None:
    """It only reads, and the file stays the same to the byte."""
    host.add_run(status="odd")
    with host.app.app_context():
        file = pathlib.Path(str(db.engine.url.database))
    before = file.read_bytes()
    with host.statements() as ran:
        run(host.app)
    assert ran
    assert {sql.split()[0] for sql in ran} <= {"SELECT", "PRAGMA"}
    assert not [sql for sql in ran if sql.startswith("PRAGMA") and "=" in sql]
    assert file.read_bytes() == before


def test_a_role_that_may_only_read_is_enough(tmp_path: pathlib.Path) -> None:
    """Nothing that PostgreSQL takes for a write is asked of it."""
    with database("postgresql", tmp_path) as url:
        create_and_close(url)
        options = {"options": "-c default_transaction_read_only=on"}
        app = Flask("reader")
        app.config.update(
            SECRET_KEY="k" * 32,
            SQLALCHEMY_DATABASE_URI=url,
            SQLALCHEMY_ENGINE_OPTIONS={"connect_args": options},
        )
        db.init_app(app)
        LoginManager(app)
        Admin(app)
        OpsRefresh(app, operation_run=OperationRun, review_pack=ReviewPack)
        assert {"database", "run-statuses", "pack-statuses"} <= codes(app, "ok")
        with app.app_context():
            db.engine.dispose()


def create_and_close(url: str) -> None:
    app = create_host(url)
    with app.app_context():
        db.engine.dispose()


def flask(folder: pathlib.Path, app: str) -> subprocess.CompletedProcess[str]:
    """``flask --app … ops-refresh check`` in a process of its own."""
    command = [sys.executable, "-m", "flask", "--app", app, "ops-refresh", "check"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120
    )


BROKEN = """\
from flask import Flask
from flask_admin import Admin
from flask_ops_refresh import OpsRefresh
from flask_sqlalchemy import SQLAlchemy

class Run:
    pass

def create_app():
    app = Flask(__name__)
    SQLAlchemy(app) if app.config.get("SQLALCHEMY_DATABASE_URI") else None
    Admin(app)
    OpsRefresh(app, operation_run=Run)
    return app
"""


def test_an_app_that_cannot_be_set_up_is_told_in_words(tmp_path: pathlib.Path) -> None:
    """What init_app raises is a finding with the app's own line, not a traceback."""
    (tmp_path / "broken.py").write_text(BROKEN)
    result = flask(tmp_path, "broken")
    assert result.returncode == 1
    assert result.stderr == ""
    line = BROKEN.splitlines().index("    OpsRefresh(app, operation_run=Run)") + 1
    assert f"setup: The app cannot be set up. TypeError at {tmp_path}" in result.stdout
    assert f"broken.py, line {line}: OpsRefresh(operation_run=...)" in result.stdout
    assert "not a mapped SQLAlchemy model" in result.stdout


def test_any_other_error_of_the_app_is_told_where_it_is(tmp_path: pathlib.Path) -> None:
    """An error that is not the extension's has its own line."""
    (tmp_path / "failing.py").write_text("def create_app():\n    return {}['key']\n")
    result = flask(tmp_path, "failing")
    assert result.returncode == 1
    assert f"KeyError at {tmp_path}/failing.py, line 2: 'key'" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_no_app_at_all_is_flasks_own_message(tmp_path: pathlib.Path) -> None:
    """The exit status tells it apart from a finding."""
    result = flask(tmp_path, "nothing_here")
    assert result.returncode == 2
    assert "Could not import 'nothing_here'" in result.stderr


def test_the_sample_of_the_documentation_is_a_real_run(tmp_path: pathlib.Path) -> None:
    """What the page shows is what the command prints."""
    app = create_host(
        f"sqlite:///{tmp_path}/shop.sqlite",
        config={**SAFE, "SECRET_KEY": "dev", "SESSION_COOKIE_SECURE": False},
    )
    populate(app).add_run(status="pending")
    [sample] = re.findall(r"```text\n(.*?)```", PAGE, re.S)
    assert run(app).stdout == sample
    with app.app_context():
        db.engine.dispose()


def test_the_documentation_names_every_code(
    make_host: cabc.Callable[..., Host],
) -> None:
    """Each code that is found is in the page's table."""
    ops = OpsRefresh(operation_run=OperationRun, review_pack=ReviewPack)
    ops.live_region("own", template="own.html")(lambda scope: None)
    cells = re.findall(r"^\| (`.*?`) \|", PAGE, re.M)
    documented = set(re.findall(r"`(.*?)`", "".join(cells)))
    assert {each["code"] for each in findings(make_host(ops=ops).app)} <= documented
    # Those too that this host's models do without.
    named = {code.partition("-index-")[2] for code in documented}
    needed = vars(needed_indexes).values()
    assert named >= {each.name for each in needed if isinstance(each, NeededIndex)}
