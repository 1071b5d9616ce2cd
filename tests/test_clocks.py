"""Clocks that disagree, summers that end, columns with and without a zone."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import pathlib
import zoneinfo

import hypothesis
import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st
from sqlalchemy import event

from .conftest import ADA
from .conftest import Clock
from .conftest import Host
from .conftest import NOW
from .conftest import populate
from .databases import database
from .databases import KINDS
from .host_app import create_host
from .host_app import db
from .host_app import OperationRun
from .host_app import ReviewPack
from .pages import poll
from .pages import soup

DETAIL = "/admin/ops-refresh/operation-detail?id=1"
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def shown_duration(client: FlaskClient) -> str:
    """How long the run has been worked on, as its page says."""
    answer = poll(client, DETAIL)
    assert answer.status_code == 200
    return soup(answer).select(".ops-refresh-elapsed")[-1].get_text(strip=True)


@pytest.mark.parametrize("ahead", [dt.timedelta(days=1), dt.timedelta(hours=-24)])
def test_clocks_a_day_apart_keep_every_interval_within_its_bounds(
    host: Host, frozen_clock: Clock, ahead: dt.timedelta
) -> None:
    """Times written by a clock a day off are polled slower or faster, never beyond.

    A clock that is ahead makes a run one that has just begun: a second, and no
    duration below zero. One that is behind makes it an old one: ten seconds.
    """
    host.add_run(status="running", created_at=NOW + ahead, started_at=NOW + ahead)
    [pack] = host.add(
        ReviewPack(
            workspace_id=1, tenant_id=1, status="generating", created_at=NOW + ahead
        )
    )
    client = host.client(ADA)
    answer = poll(client, DETAIL)
    expected = "1" if ahead > dt.timedelta() else "10"
    assert answer.headers["Ops-Refresh-Interval"] == expected
    assert shown_duration(client) == ("0 s" if expected == "1" else "1 d 0 h")
    lists = poll(client, "/admin/ops-refresh/operation-list")
    assert lists.headers["Ops-Refresh-Interval"] == "5"
    card = poll(client, "/admin/ops-refresh/review-pack?tenant_id=1")
    assert card.headers["Ops-Refresh-Interval"] == "10"
    # What a clock says of the past cannot revive what is over.
    host.update(OperationRun, 1, status="completed", outcome="succeeded")
    host.update(ReviewPack, pack, status="ready")
    for url in (DETAIL, "/admin/ops-refresh/review-pack?tenant_id=1"):
        assert "Ops-Refresh-Interval" not in poll(client, url).headers


@hypothesis.settings(
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(
    skew=st.timedeltas(dt.timedelta(days=-1), dt.timedelta(days=1)),
    ages=st.lists(st.floats(0, 200_000), min_size=2, max_size=4),
)
def test_whatever_the_skew_a_run_is_asked_for_less_often_as_it_ages(
    host: Host, frozen_clock: Clock, skew: dt.timedelta, ages: list[float]
) -> None:
    """Up to a day apart, the interval is one of the three and never falls with age."""
    with host.app.app_context():
        db.session.query(OperationRun).delete()
        db.session.commit()
    host.add_run(id=1, status="queued", created_at=NOW + skew)
    client = host.client(ADA)
    intervals = []
    for age in sorted(ages):
        frozen_clock.now = NOW + dt.timedelta(seconds=age)
        answer = poll(client, DETAIL)
        intervals.append(float(answer.headers["Ops-Refresh-Interval"]))
    assert set(intervals) <= {1, 5, 10}
    assert intervals == sorted(intervals)


@pytest.fixture(params=KINDS)
def in_berlin(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> cabc.Iterator[Host]:
    """A host whose database connections live in a zone with summer time."""
    with database(request.param, tmp_path) as url:
        app = create_host(url)
        with app.app_context():
            # A zone by name needs tables that MariaDB rarely has: its offset in winter.
            statement = {
                "postgresql": "SET TIME ZONE 'Europe/Berlin'",
                "mysql": "SET time_zone = '+01:00'",
            }.get(db.engine.dialect.name)

            @event.listens_for(db.engine, "connect")
            def set_zone(connection: object, record: object) -> None:
                if statement:
                    cursor = connection.cursor()  # type: ignore[attr-defined]
                    cursor.execute(statement)
                    cursor.close()
                    connection.commit()  # type: ignore[attr-defined]

            db.engine.dispose()
        yield populate(app)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize(
    "local_start",
    [
        dt.datetime(2026, 10, 25, 2, 30, fold=0, tzinfo=BERLIN),
        dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN),
        dt.datetime(2026, 3, 29, 1, 59, 30, tzinfo=BERLIN),
    ],
    ids=["first 2:30", "second 2:30", "before spring"],
)
def test_a_run_across_a_change_of_summer_time_lasts_as_long_as_it_does(
    in_berlin: Host, frozen_clock: Clock, local_start: dt.datetime
) -> None:
    """Hours that come twice, or not at all, lengthen and shorten no run."""
    start = local_start.astimezone(dt.UTC)
    in_berlin.add_run(status="running", created_at=start, started_at=start)
    client = in_berlin.client(ADA)
    for seconds, interval, shown in (
        (5, "1", "5 s"),
        (30, "5", "30 s"),
        (59 * 60, "10", "59 min 0 s"),
        (2 * 3600 + 60, "10", "2 h 1 min"),
    ):
        frozen_clock.now = start + dt.timedelta(seconds=seconds)
        assert shown_duration(client) == shown
        answer = poll(client, DETAIL)
        assert answer.headers["Ops-Refresh-Interval"] == interval
    in_berlin.update(
        OperationRun,
        1,
        status="completed",
        outcome="failed",
        completed_at=start + dt.timedelta(hours=3, seconds=7),
    )
    text = soup(poll(client, DETAIL)).get_text(" ", strip=True)
    assert "worked 3 h 0 min" in text
    assert in_berlin.written(start) in text
