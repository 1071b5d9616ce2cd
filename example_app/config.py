"""The settings, and where each comes from.

Every setting can be given to :func:`example_app.create_app`, or in the environment
behind ``EXAMPLE_APP_``, as in ``EXAMPLE_APP_FILES_PER_SECOND=1000``.

One machine needs none of them. Several share a PostgreSQL database
(``SQLALCHEMY_DATABASE_URI``), a Redis (``WORK_QUEUE_URL=redis://…``) and, for the
review packs and the secret key, the folder ``DATA``.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import pathlib
import secrets
import typing as t

from flask import Flask

from .kept_secrets import kept_secret

DEFAULTS: dict[str, t.Any] = {
    # The folder of everything that outlives the process.
    "DATA": "demo-data",
    # Paths of Python environments to look after beyond the app's own and the base
    # interpreter's.
    "ENVIRONMENTS": (),
    # How many files a second one operation may touch: it runs on machines that
    # have other work to do. An ordinary virtualenv takes a quarter of a minute.
    "FILES_PER_SECOND": 180,
    # How many operations one worker process runs at a time.
    "WORKER_THREADS": 2,
    # How often a worker looks for work that another one lost. On several machines
    # a worker that shows no sign of life for six times as long is believed lost.
    "RECOVERY_INTERVAL_SECONDS": 5,
    # How often at most a running operation writes down how far it is.
    "PROGRESS_INTERVAL_SECONDS": 0.5,
    # The colours of the pages, one of Bootswatch's sets: "darkly" is dark.
    "SWATCH": "default",
    # The password of the sample people; by default one is made up and kept.
    "SAMPLE_PASSWORD": None,
    "SESSION_COOKIE_NAME": "example_app_session",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    # Served over HTTPS, both of these belong to be on.
    "SESSION_COOKIE_SECURE": False,
    "REMEMBER_COOKIE_SECURE": False,
    "REMEMBER_COOKIE_NAME": "example_app_remember",
    "REMEMBER_COOKIE_HTTPONLY": True,
    "REMEMBER_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_DURATION": dt.timedelta(days=14),
    # A token is good for as long as its session: pages here stay open for hours.
    "WTF_CSRF_TIME_LIMIT": None,
    "MAX_CONTENT_LENGTH": 64 * 1024,
}


def configure(app: Flask, config: cabc.Mapping[str, t.Any]) -> None:
    """Settle every setting and make the data folder."""
    app.config.from_mapping(DEFAULTS)
    app.config.from_prefixed_env("EXAMPLE_APP")
    app.config.from_mapping(config)
    folder = pathlib.Path(str(app.config["DATA"])).expanduser().resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.config["DATA"] = folder
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", f"sqlite:///{folder}/app.sqlite")
    app.config.setdefault("WORK_QUEUE_URL", f"sqlite:///{folder}/queue.sqlite")
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or kept_secret(
        folder / "secret-key", secrets.token_hex
    )
