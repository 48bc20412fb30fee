"""The table that the benchmark prints, and its form for programs."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure of lbd beside its floor in the same run."""

    what: str
    unit: str
    lbd: float
    floor: float | None = None
    """Nil where there is nothing to compare with."""
    aim: str = "–"

    @property
    def ratio(self) -> float | None:
        """How many times the floor; nil where that says nothing."""
        return self.lbd / self.floor if self.floor else None

    def cells(self) -> list[str]:
        """The row as the table shows it."""
        ratio = "–" if self.ratio is None else f"{_digits(self.ratio)} ×"
        return [self.what, _figure(self.lbd, self.unit), _figure(self.floor, self.unit), ratio, self.aim]

    def record(self) -> dict[str, object]:
        """The row for JSON."""
        return {
            "what": self.what, "unit": self.unit, "lbd": self.lbd, "floor": self.floor, "ratio": self.ratio,
            "aim": self.aim,
        }


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table with aligned columns."""
    cells = [["what", "lbd", "floor", "ratio", "aim"], *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]

    def line(values: list[str]) -> str:
        aligned = [values[0].ljust(widths[0]), *(value.rjust(width) for value, width in zip(values[1:], widths[1:]))]
        return "| " + " | ".join(aligned) + " |"

    rule = "|" + "-" * (widths[0] + 2) + "|" + "|".join("-" * (width + 1) + ":" for width in widths[1:]) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of all values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _digits(value: float) -> str:
    """Three digits, which is more than these figures are sure of."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{_digits(value)} {unit}"
