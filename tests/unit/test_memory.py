from __future__ import annotations

import collections.abc as cabc
import gc
import tracemalloc
import types
import typing as t

import pytest
from flask import Flask

from flask_ops_refresh.operation_columns import FORMATTERS
from flask_ops_refresh.operation_runs import RunRow
from flask_ops_refresh.stored_values import read_datetime

_SIZE = 100_000
_TIMES = 20


def _draw_badge(number: int) -> None:
    key = str(number) * _SIZE
    run = types.SimpleNamespace(status="failed", type="x", key=key, active=False)
    FORMATTERS["status"](None, None, run, "status")


def _read_time(number: int) -> None:
    read_datetime(str(number) * _SIZE)


def _read_counts(number: int) -> None:
    text = f'{{"total": {number}, "{number}": "{"x" * _SIZE}"}}'
    run = t.cast("t.Any", types.SimpleNamespace(json=lambda name: (text, None)))
    assert RunRow.counts.func(run) == {"total": number}


@pytest.mark.parametrize("work", [_draw_badge, _read_time, _read_counts])
def test_what_is_long_is_not_held_for_good(work: cabc.Callable[[int], None]) -> None:
    """A process does not grow by the long values of the rows that it has shown."""
    with Flask("x").test_request_context():
        work(1)
        gc.collect()
        tracemalloc.start()
        try:
            for number in range(2, 2 + _TIMES):
                work(number)
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert held < _SIZE
