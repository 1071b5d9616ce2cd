"""What an operation has found so far, small enough to be kept in its run."""

from __future__ import annotations

import dataclasses
import typing as t

#: Failures that are kept with their words; the others are only counted.
KEPT_FAILURES = 100
_LONGEST_TEXT = 500


@dataclasses.dataclass(frozen=True)
class Failure:
    """One thing that is not as it should be.

    :param code: what kind of thing, for machines.
    :param message: the same for people.
    :param subject: which file or distribution it is about.
    """

    code: str
    message: str
    subject: str = ""

    def as_json(self) -> dict[str, str]:
        """The failure as it is stored."""
        return {
            name: _printable(text)[:_LONGEST_TEXT]
            for name, text in dataclasses.asdict(self).items()
        }


@dataclasses.dataclass
class Findings:
    """Counts, failures and facts."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[Failure] = dataclasses.field(default_factory=list)
    failures_total: int = 0
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def processed(self) -> int:
        """How many are done with, one way or another."""
        return self.succeeded + self.failed + self.skipped

    @property
    def outcome(self) -> str:
        """What the run ends as: nothing found in order is a failure, too."""
        if not self.succeeded:
            return "failed"
        return "partially_succeeded" if self.failed else "succeeded"

    def add(self, failure: Failure) -> None:
        """Keep a failure, or count it once there are too many."""
        self.failures_total += 1
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(failure)

    def led_by(self, reason: Failure) -> Findings:
        """The same, with the reason that they end for put first."""
        return dataclasses.replace(
            self,
            failures=[reason, *self.failures],
            failures_total=self.failures_total + 1,
        )

    def counts(self) -> dict[str, int]:
        """The counts as they are stored."""
        return {
            "total": self.total,
            "processed": self.processed,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "skipped": self.skipped,
        }

    def failure_summary(self) -> dict[str, t.Any] | None:
        """The failures as they are stored; ``None`` without any."""
        if not self.failures_total:
            return None
        return {
            "total": self.failures_total,
            "entries": [failure.as_json() for failure in self.failures],
        }


def _printable(text: str) -> str:
    """Text any database takes: file names may hold what is no character at all."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "�")
