"""Runs performed by Dramatiq workers."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from . import runs
from .app import app

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))


# No retries, no time limit: a run that has failed stays so, and may take its time.
@dramatiq.actor(max_retries=0, time_limit=float("inf"))
def perform(run_id):
    with app.app_context():
        runs.perform(run_id)


def start(type, workspace_id, **context):
    return runs.start(perform.send, type, workspace_id, **context)
