"""Hosts that look otherwise."""

from __future__ import annotations

import pathlib

import pytest
from flask import Flask
from flask_admin.theme import Bootstrap4Theme

from .site import Site
from .site import usual


def swatch_of_light_colours(folder: pathlib.Path) -> Site:
    """One of Bootswatch's light themes."""
    return usual(folder, admin={"theme": Bootstrap4Theme(swatch="flatly")})


def swatch_of_dark_colours(folder: pathlib.Path) -> Site:
    """One of Bootswatch's dark themes, over the whole width."""
    theme = Bootstrap4Theme(swatch="darkly", fluid=True)
    return usual(folder, admin={"theme": theme})


def tabler(folder: pathlib.Path) -> Site:
    """The Tabler theme of the registry, on Bootstrap 5."""
    reason = "flask-admin-tabler needs Flask-Admin 2.0.2"
    package = pytest.importorskip("flask_admin_tabler", reason=reason)
    theme = package.TablerTheme()

    def register(app: Flask) -> None:
        theme.init_app(app)

    return usual(folder, admin={"theme": theme}, first=register)


HOSTS = [swatch_of_light_colours, swatch_of_dark_colours, tabler]
