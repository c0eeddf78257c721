"""How numbers move from one look to the next: differences and sparklines."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Generic

from linkerdctl.render.view import Column, Row, View

BARS = "▁▂▃▄▅▆▇█"
REMEMBERED = 12
"""Ticks a sparkline goes back."""

Number = float | None


def sparkline(values: Sequence[Number]) -> str:
    """One bar per value, from the least to the greatest of them; a blank where there was none."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = (high - low) or 1.0
    top = len(BARS) - 1
    return "".join(" " if value is None else BARS[round((value - low) / span * top)] for value in values)


def change(values: Sequence[Number]) -> float:
    """The last value less the one before; 0 where either is unknown or the difference would be shown as 0.0."""
    before, now = [None, None, *values][-2:]
    moved = 0.0 if before is None or now is None else now - before
    return moved if abs(moved) >= 0.05 else 0.0


def delta(values: Sequence[Number], unit: str = "") -> str:
    """How far the last value is from the one before: `▲1.2`, `▼0.3`, blank when nothing moved."""
    moved = change(values)
    return f"{'▲' if moved > 0 else '▼'}{abs(moved):.1f}{unit}" if moved else ""


class Trend(Generic[Row]):
    """Remembers one number of each row, by the row's key, and gives the columns that show how it moved."""

    def __init__(
        self,
        title: str,
        number: Callable[[Row], Number],
        key: Callable[[Row], Hashable],
        *,
        unit: str = "",
        rising: str = "cyan",
        falling: str = "cyan",
    ) -> None:
        self._title, self._number, self._key, self._unit = title, number, key, unit
        self._styles = rising, falling
        self._past: defaultdict[Hashable, deque[Number]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def remember(self, rows: Sequence[Row]) -> None:
        """Take the numbers of one look in; rows that are gone are forgotten."""
        for row in rows:
            self._past[self._key(row)].append(self._number(row))
        for gone in self._past.keys() - {self._key(row) for row in rows}:
            del self._past[gone]

    def columns(self) -> list[Column[Row]]:
        """Difference and sparkline."""
        return [
            Column(f"Δ{self._title}", text=lambda row: delta(self._of(row), self._unit), style=self._style, spare=True),
            Column(f"{self._title}_TREND", text=lambda row: sparkline(self._of(row)), spare=True, short="TREND"),
        ]

    def _of(self, row: Row) -> list[Number]:
        return list(self._past[self._key(row)])

    def _style(self, row: Row) -> str:
        rising, falling = self._styles
        moved = change(self._of(row))
        return (rising if moved > 0 else falling) if moved else ""


def with_trends(view: View[Row], rows: Sequence[Row], trends: Sequence[Trend[Row]]) -> View[Row]:
    """Take these rows in, and give the view with the columns that show how they came to be."""
    for trend in trends:
        trend.remember(rows)
    return replace(view, columns=[*view.columns, *(column for trend in trends for column in trend.columns())])
