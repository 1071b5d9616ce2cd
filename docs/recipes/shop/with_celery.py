"""Runs performed by Celery workers."""

from __future__ import annotations

import os

from celery import Celery

from . import runs
from .app import app

celery = Celery(__name__, broker=os.environ["REDIS_URL"])
celery.conf.task_ignore_result = True  # The row is the result.


@celery.task
def perform(run_id):
    with app.app_context():
        runs.perform(run_id)


def start(type, workspace_id, **context):
    return runs.start(perform.delay, type, workspace_id, **context)
