from __future__ import annotations

import ast
import dataclasses
import inspect
import pathlib
import re
import textwrap
import typing as t
from types import SimpleNamespace

import pytest

import flask_ops_refresh
from flask_ops_refresh import operation_runs
from flask_ops_refresh import poll_endpoint
from flask_ops_refresh import review_packs
from flask_ops_refresh.extension import OpsRefresh
from flask_ops_refresh.extension import TemplateGlobal
from flask_ops_refresh.formatting import status_label
from flask_ops_refresh.settings import Settings
from flask_ops_refresh.statuses import run_statuses

from .conftest import NOW
from .pages import region
from .reader_app import Membership
from .reader_app import Person
from .reader_app import Reader
from .reader_app import Stranger

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = pathlib.Path(flask_ops_refresh.__file__).parent
PATHS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = {path.name: path.read_text() for path in PATHS}
README = PAGES["README.md"]

#: A block of Python, and why it is not run, where a comment above it says so.
_BLOCK = re.compile(
    r"(?:<!-- excerpt: ([^\n]+) -->\n)?^( *)```python\n(.*?)^\2```$", re.M | re.S
)


def blocks_of(page: str) -> list[tuple[str, str]]:
    found = _BLOCK.findall(PAGES[page])
    return [(reason, textwrap.dedent(code)) for reason, _, code in found]


BLOCKS = [
    pytest.param(reason, code, id=f"{page}-{number}")
    for page in PAGES
    for number, (reason, code) in enumerate(blocks_of(page), start=1)
]


def table(page: str, *heads: str) -> list[list[str]]:
    """The cells of the table with this head."""
    cells = r" \| ".join(map(re.escape, heads))
    head = rf"^\| {cells} \|\n\|[-| ]+\|\n"
    found = re.search(head + r"((?:^\|.*\|\n)+)", PAGES[page], re.M)
    assert found is not None, heads
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in found[1].splitlines()
    ]


def in_backticks(text: str) -> list[str]:
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


# Code


def test_no_block_of_python_is_overlooked() -> None:
    """Each one is either run or marked as an excerpt."""
    assert len(BLOCKS) == sum(text.count("```python") for text in PAGES.values())


@pytest.mark.parametrize(("reason", "code"), BLOCKS)
def test_every_block_of_python_works(reason: str, code: str) -> None:
    """In an app with the models that it names, the list shows a run and is live."""
    if reason:
        compile(code, "excerpt", "exec")
        return
    reader = Reader(code)
    names = reader.run()
    model = names["ops"]._operation_run
    reader.store_run(model)
    for query in ("", "?flt0_0=queued", "?sort=0", "?search=import"):
        listed = reader.client().get(f"/admin/operations/{query}")
        assert "import" in region(listed).element.text
        assert region(listed).interval is not None


def test_the_lines_for_the_shell_end_a_run() -> None:
    """Typed one after another, they leave a run that has succeeded."""
    [code] = [code for reason, code in blocks_of("quickstart.md") if reason]
    reader = Reader(code)
    with reader.app.app_context():
        reader.db.create_all()
        exec(compile(code, "shell", "exec", dont_inherit=True), reader.names)
    reader.names["ops"].scope_loader(lambda user: flask_ops_refresh.Scope(1))
    reader.names["ops"].init_app(reader.app)
    [badge] = region(reader.client().get("/admin/operations/")).element.select(
        ".ops-refresh-status"
    )
    assert badge.text == "Succeeded"


def test_what_is_added_has_at_most_ten_lines() -> None:
    """README and quickstart keep to what they say; the model is the app's."""
    added = [
        code
        for page in ("README.md", "quickstart.md")
        for reason, code in blocks_of(page)
        if "ops.init_app(app)" in code and "review_pack" not in code
    ]
    assert len(added) == 3
    for code in added:
        assert len([line for line in code.splitlines() if line.strip()]) <= 10


SCOPES = [code for _, code in blocks_of("scopes.md")]


@pytest.mark.parametrize("code", [each for each in SCOPES if "def load_scope" in each])
def test_the_recipes_of_scopes_show_a_stranger_nothing(code: str) -> None:
    """Who is in no workspace, has no role and is no admin is answered 404."""
    reader = Reader(code, Stranger())
    reader.store_run(reader.run()["ops"]._operation_run)
    assert reader.client().get("/admin/operations/").status_code == 404


def test_the_recipe_of_tenants_keeps_to_those_of_the_membership() -> None:
    """A member who is no owner sees their tenants' runs, and none without a tenant."""
    [code] = [each for each in SCOPES if "memberships" in each]
    member = Person()
    member.memberships = (Membership(is_owner=False, tenants=(SimpleNamespace(id=7),)),)
    reader = Reader(code, member)
    model = reader.run()["ops"]._operation_run
    for tenant_id in (7, 8, None):
        reader.store_run(model, tenant_id=tenant_id, type=f"of-{tenant_id}")
    page = reader.client().get("/admin/operations/").text
    assert [name for name in ("of-7", "of-8", "of-None") if name in page] == ["of-7"]


def test_the_recipe_of_is_accessible_has_a_say() -> None:
    """A user without the role is answered 403."""
    [code] = [each for each in SCOPES if "is_accessible" in each]
    reader = Reader(code, Stranger())
    reader.run()
    assert reader.client().get("/admin/operations/").status_code == 403


def test_the_recipe_of_a_narrower_query_narrows() -> None:
    """Another user's run is on no page."""
    [code] = [each for each in SCOPES if "get_query" in each]
    reader = Reader(code)
    reader.store_run(reader.run()["ops"]._operation_run, user_id=2)
    client = reader.client()
    assert "import" not in region(client.get("/admin/operations/")).element.text
    assert client.get("/admin/operations/details/?id=1").status_code == 404


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "Queued"),
        ({"started_at": NOW}, "Running"),
        ({"started_at": NOW, "completed_at": NOW}, "Succeeded"),
        ({"started_at": NOW, "completed_at": NOW, "error": "no"}, "Failed"),
    ],
)
def test_the_recipe_of_hybrids_computes_each_status(
    values: dict[str, t.Any], shown: str
) -> None:
    """What is not stored is computed in the database."""
    [code] = [code for _, code in blocks_of("models.md") if "hybrid" in code]
    reader = Reader(code)
    reader.store_run(reader.run()["ops"]._operation_run, **values)
    listed = reader.client().get("/admin/operations/")
    [badge] = region(listed).element.select(".ops-refresh-status")
    assert badge.text == shown


def test_the_recipe_of_status_words_gives_each_a_meaning() -> None:
    """Six words of a queue, in a model without an outcome."""
    [code] = [code for _, code in blocks_of("models.md") if "SUCCESS" in code]
    reader = Reader(code)
    model = reader.run()["ops"]._operation_run
    words = ("PENDING", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED")
    for word in words:
        reader.store_run(model, status=word, type=word)
    rows = region(reader.client().get("/admin/operations/")).element.select("tbody tr")
    shown = {
        row.select("td")[1].text.strip(): row.select(".ops-refresh-status")[0].text
        for row in rows
    }
    assert shown == dict(
        zip(
            words,
            ("Queued", "Running", "Running", "Succeeded", "Failed", "Failed"),
            strict=True,
        )
    )


def test_every_block_of_jinja_can_be_rendered() -> None:
    """Macros and calls are those that there are, and a region is live while it runs."""
    [(_, code)] = blocks_of("live_regions.md")
    reader = Reader(code)
    names = reader.run()
    with reader.app.app_context():
        for state in ("running", "over"):
            names["db"].session.add(
                names["ImportJob"](workspace_id=1, state=state, done=41)
            )
        names["db"].session.commit()
    blocks = [
        block
        for text in PAGES.values()
        for block in re.findall(r"```jinja\n(.*?)```", text, re.S)
    ]
    page = "\n".join(blocks)

    @reader.app.get("/<int:id>")
    def show(id: int) -> str:
        return reader.app.jinja_env.from_string(page).render(job={"id": id})

    client = reader.client()
    assert region(client.get("/1")).interval == "5"
    assert region(client.get("/2")).interval is None
    assert "41" in client.get("/2").text


# README


def test_every_picture_of_the_readme_is_there() -> None:
    """No image is missing."""
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / path).is_file()


def test_every_page_that_the_readme_links_is_there() -> None:
    """No link of README leads nowhere; those between pages the build checks."""
    links = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert "docs/quickstart.md" in links
    for path in links:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("command", ["make demo", "make test", "make docs"])
def test_the_readmes_commands_exist(command: str) -> None:
    """Each is a target of the Makefile."""
    assert command in README
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


# Tables


def test_the_settings_table_is_what_the_code_has() -> None:
    """The page names each setting with its default, and no other."""
    documented = {
        name.strip("`").removeprefix("OPS_REFRESH_").lower(): ast.literal_eval(
            default.strip("`")
        )
        for name, default, _ in table("settings.md", "key", "default", "meaning")
    }
    assert documented == dataclasses.asdict(Settings())


def test_the_table_of_statuses_is_what_the_code_has() -> None:
    """Each stored status is shown as the page says, and no other has a meaning."""
    head = ("stored `status`", "stored `outcome`", "shown as", "asked for again")
    rules = run_statuses()
    *known, _ = table("polling.md", *head)
    assert len(known) == len(rules.normalised) - 1
    for status, outcome, shown, _ in known:
        normalised = rules.normalise(status.strip("`"), outcome.strip("`"))
        assert status_label(normalised) == shown


def test_the_intervals_are_what_the_code_has() -> None:
    """The steps by age, and the intervals of list and card."""
    settings = Settings()
    steps = [
        ["from then on" if age is None else f"under {age} s", f"{seconds} s"]
        for age, seconds in settings.run_intervals_seconds
    ]
    assert table("polling.md", "age", "interval") == steps
    text = PAGES["polling.md"]
    assert f"asks every {settings.list_interval_seconds} s while" in text
    assert f"| every {settings.review_pack_interval_seconds} s |" in text


def test_the_attributes_of_models_are_what_the_code_has() -> None:
    """The page on models names everything that is read, and nothing else."""
    required, optional = (
        table("models.md", "attribute", "what it is"),
        table("models.md", "attribute", "what is shown"),
    )
    assert in_column(required) == {*operation_runs.REQUIRED}
    assert in_column(optional) == {*operation_runs.OPTIONAL}
    [packs] = re.findall(r"\*\*A review pack\*\*.*?\n\n", PAGES["models.md"], re.S)
    assert {*in_backticks(packs)} == {*review_packs.REQUIRED, *review_packs.OPTIONAL}


def in_column(rows: list[list[str]]) -> set[str]:
    return {name for row in rows for name in in_backticks(row[0])}


def test_the_headers_are_what_the_code_has() -> None:
    """Those on every answer, with their values."""
    rows = table("http.md", "header", "value")
    assert {
        name.strip("`"): value.strip("`") for name, value in rows
    } == poll_endpoint._HEADERS


def test_the_options_of_live_regions_are_what_the_code_has() -> None:
    """Arguments of the decorator and fields of the state, each of them."""
    state = in_column(table("live_regions.md", "of `LiveState`", "meaning"))
    fields = dataclasses.fields(flask_ops_refresh.LiveState)
    assert state == {field.name for field in fields}
    options = table("live_regions.md", "argument of `ops.live_region`", "meaning")
    arguments = inspect.signature(OpsRefresh.live_region).parameters
    assert in_column(options) == {*arguments} - {"self", "name", "template"}


def test_the_arguments_of_scopes_are_what_the_code_has() -> None:
    """The page on scopes has each of them."""
    rows = table("scopes.md", "argument of `Scope`", "meaning")
    fields = dataclasses.fields(flask_ops_refresh.Scope)
    assert in_column(rows) == {field.name for field in fields}


def test_every_macro_is_documented() -> None:
    """The page on templates names each macro and each call of the global."""
    page = PAGES["templates.md"]
    folder = PACKAGE / "templates" / "flask_ops_refresh"
    macros = re.findall(r"macro (\w+)\(", (folder / "macros.html").read_text())
    assert len(macros) == 7
    for name in macros:
        assert f"| `{name}(" in page
    for name in ("live", "overview_card", "review_pack_card"):
        assert hasattr(TemplateGlobal, name)
        assert f"`ops_refresh.{name}(" in page


# Names

#: What a dotted name in the text may begin with, and what that is.
OBJECTS: dict[str, t.Any] = {
    **{name: getattr(flask_ops_refresh, name) for name in flask_ops_refresh.__all__},
    "flask_ops_refresh": flask_ops_refresh,
    "ops": OpsRefresh,
    "ops_refresh": TemplateGlobal,
}


@pytest.mark.parametrize("page", PAGES)
def test_every_name_that_a_page_mentions_is_there(page: str) -> None:
    """Settings, attributes, arguments and class names are those of the package."""
    text = PAGES[page]
    settings = {
        f"OPS_REFRESH_{name.upper()}" for name in dataclasses.asdict(Settings())
    }
    assert {*re.findall(r"OPS_REFRESH_[A-Z][A-Z_]*[A-Z]", text)} <= settings
    for name in in_backticks(text):
        first, *rest = re.match(r"[\w.]*", name)[0].strip(".").split(".")  # type: ignore[index]
        if first in OBJECTS and not name.endswith(".html"):
            found = OBJECTS[first]
            for attribute in rest:
                assert attribute in vars(found) or hasattr(found, attribute), name
                found = getattr(found, attribute, None)
    calls = re.findall(r"\b(OpsRefresh|Scope|LiveState)\(([^()]*)", text)
    for called, given in calls:
        taken = inspect.signature(OBJECTS[called]).parameters
        assert {*re.findall(r"(\w+)=", given)} <= {*taken}, given


def test_every_class_name_and_event_that_a_page_mentions_is_there() -> None:
    """What a style sheet or a script of an app would rest on."""
    files = [*(PACKAGE / "templates").rglob("*.html"), *PACKAGE.glob("*.py")]
    files += (PACKAGE / "static").iterdir()
    source = "".join(path.read_text() for path in files)
    for text in PAGES.values():
        for name in in_backticks(text):
            if re.fullmatch(r"ops-refresh-[\w-]*\w", name):
                known = name in source or name.startswith("ops-refresh-status-")
                assert known, name
        for event in re.findall(r"ops-refresh:(\w+)", text):
            assert f'#tell("{event}"' in source, event
        for attribute in re.findall(r"data-ops-refresh-[\w-]+", text):
            assert attribute in source, attribute


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    """Each promise is shown by a test that exists, in the file that is named."""
    text = PAGES[page]
    files = set(re.findall(r"`?(?:tests/)?([\w/]*test_\w+\.py)", text))
    missing = {file for file in files if not (ROOT / "tests" / file).is_file()}
    assert missing == set()
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for function in re.findall(r"\b(test_\w+)\b(?!\.py)", text):
        assert f"def {function}" in sources, function
