from __future__ import annotations

import collections.abc as cabc
import pathlib

import pytest

from .site import Site

Make = cabc.Callable[[cabc.Callable[[pathlib.Path], Site]], Site]


@pytest.fixture
def open_site(tmp_path: pathlib.Path, frozen_clock: object) -> cabc.Iterator[Make]:
    """Make a host; its connections are closed afterwards."""
    made: list[Site] = []

    def make(host: cabc.Callable[[pathlib.Path], Site]) -> Site:
        made.append(host(tmp_path))
        return made[-1]

    yield make
    for site in made:
        site.close()
