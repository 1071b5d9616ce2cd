"""How an operation tells how far it is."""

from __future__ import annotations

import pytest

from example_app.findings import Failure
from example_app.findings import Findings
from example_app.progress import OperationStopped
from example_app.progress import Progress

from .moving_clock import MovingClock


def test_reports_are_throttled() -> None:
    """However fast it goes, a report is made once per interval."""
    clock = MovingClock()
    reported: list[int] = []
    progress = Progress(
        lambda findings: reported.append(findings.processed),
        interval=0.5,
        clock=clock.read,
    )
    progress.expect(100)
    for _ in range(100):
        clock.sleep(0.02)
        progress.succeeded()
    assert reported == [0, 25, 50, 75, 100]


def test_counts() -> None:
    """Each thing counts once, whatever is wrong with it, and every reason is kept."""
    progress = Progress(lambda findings: None, interval=0)
    progress.expect(3)
    progress.succeeded()
    progress.skipped()
    progress.failed(Failure("a", "A."), Failure("b", "B."))
    assert progress.findings.counts() == {
        "total": 3,
        "processed": 3,
        "succeeded": 1,
        "failed": 1,
        "skipped": 1,
    }
    assert progress.findings.failures_total == 2


def test_stopping_worker_ends_the_operation() -> None:
    """With the worker going away, the next count ends the operation."""
    reported: list[Findings] = []
    progress = Progress(reported.append, interval=0, is_stopping=lambda: True)
    with pytest.raises(OperationStopped):
        progress.succeeded()
    assert reported == []
