from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import functools
import pathlib
import types
import typing as t

import pytest
import sqlalchemy as sa

from flask_ops_refresh.model_mapping import ModelMapping
from flask_ops_refresh.operation_runs import OPTIONAL
from flask_ops_refresh.operation_runs import REQUIRED
from flask_ops_refresh.operation_runs import RunInstances
from flask_ops_refresh.operation_runs import RunReader
from flask_ops_refresh.operation_runs import RunRow
from flask_ops_refresh.statuses import run_statuses
from flask_ops_refresh.stored_values import decoded

from ..host_app import Base
from ..host_app import OperationRun

CREATED = dt.datetime(2026, 3, 14, 12, 0, tzinfo=dt.UTC)
Read = cabc.Callable[..., RunRow]


@pytest.fixture
def read(tmp_path: pathlib.Path) -> cabc.Iterator[Read]:
    """Store a run past the model's own types, and read it back."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/runs.sqlite")
    Base.metadata.create_all(engine)
    runs = ModelMapping(OperationRun, required=REQUIRED, optional=OPTIONAL)
    reader = RunReader(runs, run_statuses())

    def store_and_read(*, every: bool = True, **stored: t.Any) -> RunRow:
        values = {
            "workspace_id": 1,
            "type": "verify",
            "status": "queued",
            "created_at": "2026-03-14 12:00:00.000000",
            **stored,
        }
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        with engine.connect() as connection:
            inserted = connection.exec_driver_sql(
                f"INSERT INTO operation_runs ({columns}) VALUES ({marks})",
                tuple(values.values()),
            )
            select = sa.select(*reader.columns(detail=True, every=every)).where(
                OperationRun.id == inserted.lastrowid
            )
            return reader.row(connection.execute(select).one(), RunInstances(no_load))

    yield store_and_read
    engine.dispose()


def no_load(keys: cabc.Sequence[tuple[t.Any, ...]]) -> dict[str, t.Any]:
    raise AssertionError("a model instance was loaded")


def read_all(run: RunRow) -> None:
    """Read every piece of a run that the extension shows."""
    for name, value in vars(RunRow).items():
        is_piece = isinstance(value, property | functools.cached_property)
        if is_piece and name != "instance":
            getattr(run, name)
    for name in ("context", "summary_counts", "failure_summary"):
        run.json(name)


def test_a_run_is_read_without_its_instance(read: Read) -> None:
    """All that the contract names comes from one SELECT."""
    run = read(
        status="completed",
        outcome="partially_succeeded",
        started_at="2026-03-14 12:00:05",
        completed_at="2026-03-14 12:01:05",
        summary_counts='{"other": 1, "processed": 2, "total": 3}',
        context='{"a": 1}',
    )
    assert (run.key, run.primary_key, run.type) == ("1", (1,), "verify")
    assert (run.status, run.active, run.stored_status) == (
        "partial",
        False,
        "completed",
    )
    assert run.created_at == CREATED
    assert run.duration_seconds == 60
    assert run.last_sign_of_life == CREATED + dt.timedelta(seconds=65)
    assert list(run.counts.items()) == [("total", 3), ("processed", 2), ("other", 1)]
    stored, length = run.json("context")
    assert (decoded(stored), length) == ('{"a": 1}', 8)
    assert (run.tenant_id, run.tenant, run.user) == (None, None, None)


@pytest.mark.parametrize(
    "stored",
    [
        {"created_at": "yesterday"},
        {"created_at": "2026-13-45 99:99:99"},
        {"created_at": 17},
        {"created_at": None},
        {"started_at": "", "completed_at": "0000-00-00 00:00:00"},
        {"status": "", "outcome": 7},
        {"status": "queued\x00", "outcome": "\u202e"},
        {"tenant_id": "north", "user_id": "ada"},
        {"tenant_id": 99, "user_id": 99},
        {"type": ""},
        {"type": "x" * 100_000},
        {"context": "{broken", "failure_summary": "]", "summary_counts": "{"},
        {"context": "[" * 100_000, "summary_counts": "[" * 100_000},
        {"context": 7, "failure_summary": 1.5, "summary_counts": True},
        {"context": None, "failure_summary": None, "summary_counts": None},
        {"summary_counts": '{"total": 1' + "0" * 400 + "}"},
        {"summary_counts": '{"total": NaN, "\\ud800": 1}'},
    ],
    ids=repr,
)
def test_whatever_is_stored_is_read(read: Read, stored: dict[str, t.Any]) -> None:
    """No stored value of any column makes an exception."""
    read_all(read(**stored))


def test_a_status_of_bytes_is_unknown(read: Read) -> None:
    """Bytes that are no text are shown as far as they can be."""
    run = read(every=False, status=b"\xff\xfe")
    assert (run.status, run.stored_status) == ("unknown", "\ufffd\ufffd")


@pytest.mark.parametrize(
    "stored",
    [None, "", "[1]", "7", '"x"', "{broken", '{"total": "3"}', '{"total": -1}'],
)
def test_counts_that_are_none_are_left_out(read: Read, stored: str | None) -> None:
    """What does not count shows no counts."""
    assert read(summary_counts=stored).counts == {}


def test_counts_are_bounded(read: Read) -> None:
    """At most thirty, with names of sixty characters, those known among them."""
    others = ", ".join(f'"{"n" * 60}{i:03}{"m" * 99}": 1' for i in range(50))
    more = ", ".join(f'"count {i}": {i}' for i in range(50))
    counts = read(summary_counts=f'{{{others}, {more}, "total": 9}}').counts
    assert len(counts) == 30
    assert next(iter(counts)) == "total"
    assert max(map(len, counts)) == 60


def test_another_run_of_the_same_counts_has_its_own(read: Read) -> None:
    """What an app does to the counts that it was given, no other run shows."""
    read(summary_counts='{"total": 3}').counts["total"] = 0
    assert read(summary_counts='{"total": 3}').counts == {"total": 3}


def test_a_run_without_a_date_has_no_times(read: Read) -> None:
    """What cannot be read as a time is none, and nothing is computed from it."""
    run = read(created_at="soon", started_at="x", completed_at="2026-03-14 12:00:00")
    assert (run.created_at, run.started_at) == (None, None)
    assert run.duration_seconds is None
    assert run.last_sign_of_life == CREATED


def test_a_run_without_any_date_gave_no_sign_of_life(read: Read) -> None:
    """Nothing to tell silence from is None, not an error."""
    assert read(created_at=None).last_sign_of_life is None


def test_times_in_the_wrong_order_are_no_time(read: Read) -> None:
    """A clock that went back makes no negative duration."""
    run = read(
        started_at="2026-03-14 11:00:00",
        completed_at="2026-03-14 10:00:00",
    )
    assert run.duration_seconds == 0


def test_instances_are_loaded_together_when_one_is_asked_for() -> None:
    """One load for all rows of a page, and none before."""
    asked: list[t.Any] = []

    def load(keys: cabc.Sequence[tuple[t.Any, ...]]) -> dict[str, t.Any]:
        asked.append([*keys])
        return {"1": "one"}

    instances = RunInstances(load)
    for key in (1, 2):
        instances.expect(types.SimpleNamespace(primary_key=(key,)))
    assert asked == []
    assert instances.get("1") == "one"
    assert instances.get("2") is None
    assert asked == [[(1,), (2,)]]
