from __future__ import annotations

import importlib.util
import pathlib
import re
import subprocess
import sys
import urllib.parse

import pytest
from bs4 import BeautifulSoup

ROOT = pathlib.Path(__file__).parent.parent

#: Attributes by which a page makes a browser fetch something, and on what.
_FETCHED = {
    "src": "*",
    "srcset": "*",
    "poster": "*",
    "data": "object",
    "href": "link",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The documentation, built as ``make docs`` builds it."""
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("Sphinx is not installed: make docs installs it")
    [line] = re.findall(
        r"-m sphinx (.*) docs build/docs", (ROOT / "Makefile").read_text()
    )
    built = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "sphinx", *line.split(), "docs", str(built)],
        cwd=ROOT,
        check=True,
    )
    return built


def test_the_site_fetches_nothing_from_other_hosts(site: pathlib.Path) -> None:
    """Who reads it is told to nobody: scripts, styles, fonts and images are its own."""
    pages = [*site.glob("*.html")]
    assert len(pages) > 10
    fetched = {
        str(element[attribute])
        for page in pages
        for attribute, tag in _FETCHED.items()
        for element in BeautifulSoup(page.read_text(), "html5lib").select(
            f"{tag}[{attribute}]"
        )
    }
    fetched |= {
        address
        for style in site.rglob("*.css")
        for found in re.findall(
            r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", style.read_text()
        )
        for address in found
        if address
    }
    assert any("pydata" in address for address in fetched)
    elsewhere = {
        address
        for address in fetched
        if urllib.parse.urlsplit(address).scheme not in ("", "data")
        or address.startswith("//")
    }
    assert elsewhere == set()


def test_every_page_can_be_reached_from_the_menu(site: pathlib.Path) -> None:
    """No page is built that nothing leads to."""
    index = BeautifulSoup((site / "index.html").read_text(), "html5lib")
    linked = {str(link["href"]).split("#")[0] for link in index.select("nav a[href]")}
    pages = {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    assert pages - {"index.html"} <= linked
