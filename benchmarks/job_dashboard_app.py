"""rq-dashboard as its users install it, over jobs that are as many as our runs."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os

import redis
import rq_dashboard
from flask import Flask
from rq import Queue

#: Where the jobs are.
REDIS_URL = "BENCHMARK_REDIS_URL"

QUEUE = "benchmark"


def create_app() -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["RQ_DASHBOARD_REDIS_URL"] = os.environ[REDIS_URL]
    rq_dashboard.web.setup_rq_connection(app)
    app.register_blueprint(rq_dashboard.blueprint, url_prefix="/rq")
    return app


@contextlib.contextmanager
def queued(url: str, jobs: int) -> cabc.Iterator[str]:
    """So many jobs on a queue meanwhile; gives the id of the first."""
    with redis.Redis.from_url(url) as connection:
        queue = Queue(QUEUE, connection=connection)
        queue.empty()
        wanted = [Queue.prepare_data("time.sleep", (1,)) for _ in range(jobs)]
        try:
            yield str(queue.enqueue_many(wanted)[0].id)
        finally:
            queue.delete(delete_jobs=True)
