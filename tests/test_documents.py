from __future__ import annotations

import ast
import dataclasses
import pathlib
import re
import typing as t

import pytest
from flask import Flask
from flask_admin import Admin
from flask_login import LoginManager

import flask_ops_refresh
from flask_ops_refresh.extension import TemplateGlobal
from flask_ops_refresh.settings import Settings

from .host_app import add_translations
from .host_app import db
from .host_app import OperationRun

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TEMPLATES = (ROOT / "docs" / "templates.md").read_text()


def test_the_settings_table_is_what_the_code_has() -> None:
    """README names each setting with its default, and no other."""
    rows = re.findall(r"^\| `OPS_REFRESH_(\w+)` \| `(.+?)` \|", README, re.M)
    documented = {name.lower(): ast.literal_eval(value) for name, value in rows}
    assert documented == dataclasses.asdict(Settings())


def test_the_lines_of_the_readme_run() -> None:
    """What README says to add to an app works as it stands."""
    app = Flask("reader")
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://")
    add_translations(app)
    db.init_app(app)
    LoginManager(app)
    Admin(app)
    names: dict[str, t.Any] = {
        "app": app,
        "OperationRun": OperationRun,
        "ImportJob": OperationRun,
    }
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert app.extensions["flask_ops_refresh"] is names["ops"]
    assert "import-progress" in names["ops"]._own_regions
    lines = [line for line in blocks[0].splitlines() if line.strip()]
    assert len(lines) <= 10


def test_every_picture_of_the_readme_is_there() -> None:
    """No image is missing."""
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / path).is_file()


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readmes_commands_exist(command: str) -> None:
    """Both commands are targets of the Makefile."""
    assert command in README
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


def test_every_macro_is_documented() -> None:
    """The page on templates names each macro and each call of the global."""
    package = pathlib.Path(flask_ops_refresh.__file__).parent
    folder = package / "templates" / "flask_ops_refresh"
    macros = re.findall(r"macro (\w+)\(", (folder / "macros.html").read_text())
    assert len(macros) == 6
    for name in macros:
        assert f"| `{name}(" in TEMPLATES
    for name in ("live", "review_pack_card"):
        assert hasattr(TemplateGlobal, name)
        assert f"`ops_refresh.{name}(" in TEMPLATES


@pytest.mark.parametrize(
    "name", ["accessibility", "reliability", "security", "translations"]
)
def test_every_test_that_the_documents_name_is_there(name: str) -> None:
    """Each promise is shown by a test that exists, in the file that is named."""
    text = (ROOT / "docs" / f"{name}.md").read_text()
    files = set(re.findall(r"`(?:tests/)?([\w/]*test_\w+\.py)`", text))
    assert files
    missing = {file for file in files if not (ROOT / "tests" / file).is_file()}
    assert missing == set()
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for function in re.findall(r"`(test_\w+)…?`", text):
        assert f"def {function}" in sources, function
