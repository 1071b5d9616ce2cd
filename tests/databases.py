"""The databases and stores that tests run on: each where it answers on loopback."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import uuid

import redis
import sqlalchemy as sa

from .absent import absent

SERVERS = {
    "postgresql": "postgresql+psycopg://postgres@127.0.0.1/postgres",
    "mariadb": "mysql+pymysql://root@127.0.0.1/mysql",
}
KINDS = ("sqlite", *SERVERS)


@contextlib.contextmanager
def database(kind: str, folder: pathlib.Path) -> cabc.Iterator[str]:
    """The URL of an empty database, which is gone afterwards.

    Skips where the server does not answer; in CI that is a failure.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{uuid.uuid4().hex}.sqlite"
        return
    url = sa.make_url(SERVERS[kind])
    name = f"ops_refresh_{uuid.uuid4().hex}"
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    except sa.exc.OperationalError:
        absent(f"no {kind} answers on 127.0.0.1")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name}"))
        server.dispose()


@contextlib.contextmanager
def redis_prefix() -> cabc.Iterator[tuple[redis.Redis, str]]:
    """A Redis and a prefix for keys, which are gone afterwards.

    Skips where the server does not answer; in CI that is a failure.
    """
    prefix = f"ops_refresh_{uuid.uuid4().hex}:"
    with redis.Redis(host="127.0.0.1") as client:
        try:
            client.ping()
        except redis.ConnectionError:
            absent("no redis answers on 127.0.0.1")
        try:
            yield client, prefix
        finally:
            for key in client.scan_iter(f"{prefix}*"):
                client.delete(key)
