"""The tests on other versions than those of `make test`; `make versions` runs them.

`make test` has the whole suite on the newest versions, as requirements/dev.txt pins
them. Here is what versions can change: the extension, without the browser's side and
without the example app, on the lowest versions that pyproject.toml allows and, as the
built wheel has it, on the newest Python.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import nox

OLDEST, LATER, NEWEST = "3.11", "3.12", "3.13"

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["lowest", f"wheel-{NEWEST}"]

if shutil.which("pyenv"):
    # Each of its Pythons answers to its name only where it is asked for.
    asked = (["pyenv", "version-name"], ["pyenv", "versions", "--bare"])
    names = " ".join(subprocess.check_output(each, text=True) for each in asked)
    os.environ["PYENV_VERSION"] = ":".join(names.split())

PINNED = "requirements/dev.txt"
PARTS = ("tests", "docs", "benchmarks", "example_app", "Makefile", "pyproject.toml")
PARTS += ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
#: What no version of a library changes.
BESIDES = ("tests/browser", "tests/example", "tests/test_storms.py")
TESTS = ("tests", "-q", *(f"--ignore={path}" for path in BESIDES))


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """The lowest versions, and neither Flask-Babel nor Flask-SQLAlchemy-Lite."""
    lowest = pathlib.Path(session.create_tmp()) / "lowest.txt"
    resolve = ("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate")
    direct = ("--resolution=lowest-direct", f"--python-version={OLDEST}")
    session.run(*resolve, *direct, "pyproject.toml", f"--output-file={lowest}")
    session.install("-r", PINNED, "--overrides", str(lowest))
    # The first is an app's to choose; the second came with Flask-Admin 2.1.
    without = ("flask-babel", "flask-sqlalchemy-lite")
    session.run("uv", "pip", "uninstall", "--quiet", *without)
    session.install("--no-deps", "--editable", ".")
    session.run("pytest", *TESTS, *session.posargs)


@nox.session(python=[LATER, NEWEST])
def wheel(session: nox.Session) -> None:
    """The built wheel, with nothing of the source tree in reach."""
    session.install("-r", PINNED)
    folder = pathlib.Path(session.create_tmp())
    shutil.rmtree(folder)
    session.run("hatchling", "build", "--target=wheel", f"--directory={folder}/dist")
    [built] = (folder / "dist").glob("*.whl")
    session.install("--no-deps", "--reinstall", str(built))
    for name in PARTS:
        copy = shutil.copytree if pathlib.Path(name).is_dir() else shutil.copy
        copy(name, folder / name)
    session.chdir(folder)
    # It reads sentences in the source.
    source = "--deselect=tests/test_translation.py::test_a_catalogue_is_complete"
    session.run("pytest", *TESTS, source, *session.posargs)
