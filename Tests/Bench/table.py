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
    return aligned(cells)


def aligned(cells: list[list[str]], left: int = 1) -> str:
    """Lines of cells, the heading first, as a Markdown table. The first `left` columns stand at the left, figures at the
    right."""
    widths = [max(map(len, column)) for column in zip(*cells)]

    def line(values: list[str]) -> str:
        padded = [
            value.ljust(width) if number < left else value.rjust(width)
            for number, (value, width) in enumerate(zip(values, widths))
        ]
        return "| " + " | ".join(padded) + " |"

    rules = ["-" * (width + 2) if number < left else "-" * (width + 1) + ":" for number, width in enumerate(widths)]
    return "\n".join([line(cells[0]), "|" + "|".join(rules) + "|", *map(line, cells[1:])])


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of all values does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _digits(value: float) -> str:
    """Three digits, which is more than these figures are sure of."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{_digits(value)} {unit}".rstrip()
