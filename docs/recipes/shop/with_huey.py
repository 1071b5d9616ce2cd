"""Runs performed by Huey's consumer."""

from __future__ import annotations

import os

from huey import SqliteHuey

from . import runs
from .app import app

huey = SqliteHuey(filename=os.environ["QUEUE_FILE"], results=False)


@huey.task()
def perform(run_id):
    with app.app_context():
        runs.perform(run_id)


def start(type, workspace_id, **context):
    return runs.start(perform, type, workspace_id, **context)
