"""rq-dashboard as its users install it, over jobs that are as many as our runs."""

from __future__ import annotations

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


def enqueue(url: str, jobs: int) -> str:
    """Put jobs on an empty queue; gives the id of the first."""
    with redis.Redis.from_url(url) as connection:
        queue = Queue(QUEUE, connection=connection)
        queue.empty()
        ids = [queue.enqueue("time.sleep", 1).id for _ in range(jobs)]
    return str(ids[0])
