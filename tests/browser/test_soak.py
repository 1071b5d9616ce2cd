"""What a page that has long been open holds."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

import pytest
from flask import Flask
from playwright.sync_api import Page

from benchmarks.soak_browser import has_grown
from benchmarks.soak_browser import soak
from benchmarks.soaked_app import SoakedApp


@pytest.fixture
def soaked(tmp_path: pathlib.Path) -> cabc.Iterator[SoakedApp]:
    soaked = SoakedApp(f"sqlite:///{tmp_path}/soak.sqlite")
    yield soaked
    soaked.close()


def test_a_page_holds_no_more_after_many_polls(
    soaked: SoakedApp, page: Page, serve: cabc.Callable[[Flask], str]
) -> None:
    """Unchanged, patched or failed: polls leave no node and no listener behind."""
    held = list(soak(page, serve(soaked.app), soaked, polls=200))
    assert len({(each.nodes, each.listeners) for each in held[5:]}) == 1
    assert set(soaked.answers) == {200, 304, 502}


@pytest.mark.parametrize(
    "leak",
    [
        "kept.push(document.createElement('p'))",
        "document.addEventListener('click', () => kept)",
    ],
    ids=["node", "listener"],
)
def test_the_soak_would_notice(
    soaked: SoakedApp, page: Page, serve: cabc.Callable[[Flask], str], leak: str
) -> None:
    """A page that keeps one of either with each change is not flat."""
    page.add_init_script(
        f"const kept = []; addEventListener('ops-refresh:updated', () => {{ {leak} }})"
    )
    assert has_grown(list(soak(page, serve(soaked.app), soaked, polls=100)))
