"""What every benchmark measures: a number, many times in one run, beside the target it should meet. Most are ratios."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratios` come from the rounds of one run; their median counts. `what` tells another unit.

    `target` is the least the ratio should be or, with `at_most`, the most; without one the row is for information.
    """

    what: str
    ratios: Sequence[float]
    target: float | None = None
    at_most: bool = False
    remark: str = ""

    @property
    def measured(self) -> str:
        """`7.1 (6.9 to 7.4)`: the median and the quartiles."""
        low, middle, high = statistics.quantiles(self.ratios, n=4)
        digits = max(0, 2 - len(str(int(middle))) + 1) if middle < 100 else 0
        return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"

    @property
    def verdict(self) -> str:
        """`>= 150 met` or `<= 8 missed`."""
        if self.target is None:
            return ""
        middle = statistics.median(self.ratios)
        met = middle <= self.target if self.at_most else middle >= self.target
        return f"{'<=' if self.at_most else '>='} {self.target:g} {'met' if met else 'missed'}"


def print_table(rows: Iterable[Row]) -> None:
    """One line per row, as the rows come."""
    print(f"{'what':66} {'median, quartiles':22} {'target':14} remark")
    for row in rows:
        print(f"{row.what:66} {row.measured:22} {row.verdict:14} {row.remark}".rstrip(), flush=True)
