"""A small product on flask_ops_refresh: it looks after Python environments."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

from flask import Flask
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from .admin_site import init_admin_site
from .config import configure
from .database import init_database
from .error_pages import init_error_pages
from .notice_board import init_notice_board
from .review_packs import init_review_packs
from .security_headers import init_security_headers
from .sign_in import init_sign_in
from .work_queue import init_work_queue
from .workspace_switch import init_workspace_switch


def create_app(config: cabc.Mapping[str, t.Any] | None = None) -> Flask:
    """Make the app, with its data folder and tables.

    :param config: settings that go before those of the environment, see
        :mod:`example_app.config`.
    """
    app = Flask(__name__)
    configure(app, config or {})
    CSRFProtect(app)
    Babel(app)
    init_security_headers(app)
    init_error_pages(app)
    init_database(app)
    init_work_queue(app)
    init_sign_in(app)
    init_workspace_switch(app)
    init_review_packs(app)
    init_notice_board(app)
    init_admin_site(app)
    return app
