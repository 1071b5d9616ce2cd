"""How an operation tells how far it is."""

from __future__ import annotations

import collections.abc as cabc
import time
import typing as t

from .findings import Failure
from .findings import Findings


class OperationStopped(Exception):
    """The worker is going away; the operation ends here."""


class OperationCancelled(Exception):
    """Somebody has asked for the operation to end here."""


class Progress:
    """Counts what an operation does and reports it now and then.

    :param report: takes the findings; costs a commit. What it raises ends the
        operation.
    :param interval: seconds between two reports at least.
    :param is_stopping: whether the worker is going away.
    """

    def __init__(
        self,
        report: cabc.Callable[[Findings], None],
        *,
        interval: float,
        is_stopping: cabc.Callable[[], bool] = lambda: False,
        clock: cabc.Callable[[], float] = time.monotonic,
    ) -> None:
        self.findings = Findings()
        self._report = report
        self._interval = interval
        self._is_stopping = is_stopping
        self._clock = clock
        self._next_report = clock()

    def expect(self, total: int) -> None:
        """Say how much there is to do."""
        self.findings.total = total
        self.check_in()

    def describe(self, **facts: t.Any) -> None:
        """Add facts to the run's context."""
        self.findings.facts.update(facts)

    def succeeded(self) -> None:
        """Count one that is in order."""
        self.findings.succeeded += 1
        self.check_in()

    def skipped(self) -> None:
        """Count one that cannot be told."""
        self.findings.skipped += 1
        self.check_in()

    def failed(self, *failures: Failure) -> None:
        """Count one that is not in order, for each of these reasons."""
        self.findings.failed += 1
        for failure in failures:
            self.findings.add(failure)
        self.check_in()

    def check_in(self) -> None:
        """Stop if it is time to, and report if it is time for that."""
        if self._is_stopping():
            raise OperationStopped
        if self._clock() >= self._next_report:
            self._report(self.findings)
            self._next_report = self._clock() + self._interval
