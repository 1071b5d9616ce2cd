"""The host app with one page of three live regions, and the work that shows on it."""

from __future__ import annotations

import collections

from flask import request
from flask import Response
from flask import session
from jinja2 import DictLoader

from flask_ops_refresh import clock
from flask_ops_refresh import OperationsView
from flask_ops_refresh import OpsRefresh
from tests.conftest import ADA
from tests.conftest import populate
from tests.host_app import create_host
from tests.host_app import db
from tests.host_app import load_scope
from tests.host_app import OperationRun
from tests.host_app import ReviewPack

PATH = "/admin/operations/?page_size=20"

#: Of so many polls the first few fail: enough for "Connection lost" to be shown.
FAIL_EVERY = 100
FAILURES = 12

_PAGE = """
{% extends "flask_ops_refresh/operation_list.html" %}
{% block tail %}
  {{ super() }}
  {{ ops_refresh.live("operation-detail", id=1) }}
  {{ ops_refresh.review_pack_card() }}
{% endblock %}
"""

_CONFIG = {
    "TESTING": False,
    "OPS_REFRESH_RUN_INTERVALS_SECONDS": ((None, 1),),
    "OPS_REFRESH_LIST_INTERVAL_SECONDS": 1,
    "OPS_REFRESH_REVIEW_PACK_INTERVAL_SECONDS": 1,
}


class _ListWithMore(OperationsView):
    list_template = "soaked.html"


class SoakedApp:
    """Serves the page to Ada, and counts the polls it answers by their status."""

    def __init__(self, database_url: str) -> None:
        ops = OpsRefresh(
            operation_run=OperationRun,
            review_pack=ReviewPack,
            operations_view=_ListWithMore,
        )
        ops.scope_loader(load_scope)
        self.app = create_host(database_url, config=_CONFIG, ops=ops)
        self.app.jinja_loader = DictLoader({"soaked.html": _PAGE})
        self.app.before_request(self._sign_in)
        self.app.before_request(self._fail_now_and_then)
        self.app.after_request(self._count)
        self.answers: collections.Counter[int] = collections.Counter()
        self._host = populate(self.app)
        now = clock.utc_now()
        self._host.add(
            ReviewPack(workspace_id=1, tenant_id=1, status="queued", created_at=now)
        )
        for _ in range(30):
            self._add_run()
        self.rest()

    def work(self, step: int) -> None:
        """Let something happen: progress, a run that ends and a new one, or nothing."""
        self._is_failing = self.answers.total() % FAIL_EVERY < FAILURES
        if step % 4 == 0:
            counts = {"total": 1000, "processed": step % 1000}
            self._host.update(OperationRun, 1, summary_counts=counts)
            status = ("queued", "generating")[step // 4 % 2]
            self._host.update(ReviewPack, 1, status=status)
        elif step % 4 == 1:
            ended = self._add_run() - 5
            self._host.update(OperationRun, ended, status="completed", outcome="failed")

    def rest(self) -> None:
        """Let all records be as they were at first, and the server not fail."""
        self._is_failing = False
        self._host.execute(
            "UPDATE operation_runs SET status = 'running', outcome = NULL,"
            """ summary_counts = '{"total": 1000, "processed": 0}'"""
        )
        self._host.execute("UPDATE review_packs SET status = 'generating'")

    def close(self) -> None:
        """Close its connections."""
        with self.app.app_context():
            db.engine.dispose()

    def _add_run(self) -> int:
        now = clock.utc_now()
        return self._host.add_run(status="running", created_at=now, started_at=now)

    def _sign_in(self) -> None:
        session["_user_id"] = str(ADA)
        session["tenant_id"] = 1

    def _fail_now_and_then(self) -> Response | None:
        is_down = self._is_failing and _is_poll()
        return Response(status=502) if is_down else None

    def _count(self, response: Response) -> Response:
        if _is_poll():
            self.answers[response.status_code] += 1
        return response


def _is_poll() -> bool:
    return "Ops-Refresh" in request.headers
