"""Runs performed by RQ workers."""

from __future__ import annotations

import os

from redis import Redis
from rq import Queue

from . import runs
from .app import app

queue = Queue(connection=Redis.from_url(os.environ["REDIS_URL"]))


def perform(run_id):
    with app.app_context():
        runs.perform(run_id)


def start(type, workspace_id, **context):
    def send(run_id):
        # No time limit: RQ's own ends work after three minutes.
        queue.enqueue(perform, run_id, job_timeout=-1, result_ttl=0)

    return runs.start(send, type, workspace_id, **context)
