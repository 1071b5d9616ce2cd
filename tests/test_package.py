"""What is published: all that the extension needs, and nothing of the project else."""

from __future__ import annotations

import email
import email.message
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = ROOT / "flask_ops_refresh"
#: What the extension is made of.
KINDS = {".py", ".html", ".js", ".css", ".po", ".mo", ".pot", ".typed"}

pytestmark = pytest.mark.skipif(
    not PACKAGE.is_dir(), reason="the source tree is not here, only what it made"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with the sdist and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder, "sdist")
    [sdist] = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "sdist", filter="data")
    [source] = (folder / "sdist").iterdir()
    build(source, folder, "wheel")
    return folder


def build(source: pathlib.Path, folder: pathlib.Path, target: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target]
    subprocess.run(
        [*command, "--directory", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )


def files_of_the_package() -> set[str]:
    """The package's files as the source tree has them."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def files_of_the_wheel(built: pathlib.Path) -> set[str]:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_package_has_files_of_known_kinds_alone() -> None:
    """Nothing is in the package's folder that is not to be published."""
    files = files_of_the_package()
    kinds = {pathlib.PurePath(name).suffix or name for name in files}
    kinds = {"." + kind.rsplit(".")[-1] for kind in kinds}
    assert kinds <= KINDS
    assert "flask_ops_refresh/py.typed" in files
    for part in ("templates/flask_ops_refresh/", "static/"):
        assert any(name.startswith(f"flask_ops_refresh/{part}") for name in files)


def test_the_wheel_is_the_package(built: pathlib.Path) -> None:
    """The wheel, made from the sdist, has every file of the package and no other."""
    files = files_of_the_wheel(built)
    about = {name for name in files if ".dist-info/" in name}
    assert files - about == files_of_the_package()
    names = {name.partition(".dist-info/")[2] for name in about}
    assert names == {
        "METADATA",
        "WHEEL",
        "RECORD",
        "entry_points.txt",
        "licenses/LICENSE.txt",
    }


def test_the_sdist_is_what_the_wheel_is_made_of(built: pathlib.Path) -> None:
    """The sdist has the package, what describes it, and nothing else."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {each.name.partition("/")[2] for each in archive if each.isfile()}
    about = {"PKG-INFO", "pyproject.toml", ".gitignore"}
    about |= {"README.md", "CHANGELOG.md", "LICENSE.txt"}
    assert names == files_of_the_package() | about


def metadata(built: pathlib.Path) -> email.message.Message:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [each for each in archive.namelist() if each.endswith("METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_metadata_names_what_a_host_has(built: pathlib.Path) -> None:
    """Nothing is required but Flask, what this extends, and what those bring along."""
    found = metadata(built)
    required = {
        each.partition(">=")[0].lower() for each in found.get_all("Requires-Dist", [])
    }
    assert required == {
        "flask",
        "flask-admin",
        "flask-login",
        "flask-sqlalchemy",
        "markupsafe",
        "sqlalchemy",
        "werkzeug",
        "wtforms",
    }
    assert found["License-Expression"] == "BSD-3-Clause"
    assert "Typing :: Typed" in found.get_all("Classifier", [])
    assert found["Description-Content-Type"] == "text/markdown"


def test_the_newest_version_has_its_changes_written_down(built: pathlib.Path) -> None:
    """CHANGELOG.md begins with the version of pyproject.toml."""
    headings = [
        line.removeprefix("## ").split()
        for line in (ROOT / "CHANGELOG.md").read_text().splitlines()
        if line.startswith("## ")
    ]
    assert headings[0][0] == metadata(built)["Version"]
