"""Goals, what was measured of each, and the table of both."""

from __future__ import annotations

import collections.abc as cabc
import dataclasses


@dataclasses.dataclass(frozen=True)
class Measured:
    """One goal and what came of it.

    :param limit: what the value is at least, or at most where ``at_most`` is set.
    """

    name: str
    value: float
    limit: float
    unit: str = "×"
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the value is on the right side of its limit."""
        if self.at_most:
            return self.value <= self.limit
        return self.value >= self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """The goal as a row of a table."""
        sign = "≤" if self.at_most else "≥"
        unit = "" if self.unit == "×" else f" {self.unit}"
        return (
            self.name,
            f"{sign} {self.limit:g}{unit}",
            f"{self.value:.4g}{unit}",
            "met" if self.is_met else "**missed**",
        )


def table(heading: cabc.Sequence[str], rows: cabc.Iterable[cabc.Sequence[str]]) -> str:
    """A Markdown table that reads well as plain text, too."""
    lines = [tuple(heading), *map(tuple, rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(heading))]
    written = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    written.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(written)
