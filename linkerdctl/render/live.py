"""Views that refresh: in place on a terminal, one after the other elsewhere."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from linkerdctl.render.table import table_text, tables
from linkerdctl.render.terminal import Terminal
from linkerdctl.render.view import Column, Row, View

if TYPE_CHECKING:
    from rich.live import Live

    from linkerdctl.reports.stat import StatRow

BARS = "▁▂▃▄▅▆▇█"
REMEMBERED = 12
"""Ticks a sparkline goes back."""


def sparkline(values: Sequence[float | None]) -> str:
    """One bar per value, from the least to the greatest of them; a blank where there was none."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if value is None else BARS[round((value - low) * scale)] for value in values)


def delta(values: Sequence[float | None], unit: str = "") -> str:
    """How far the last value is from the one before: `▲1.2`, `▼0.3`, blank when nothing moved."""
    last_two = list(values)[-2:]
    if len(last_two) < 2 or last_two[0] is None or last_two[1] is None:
        return ""
    change = last_two[1] - last_two[0]
    if abs(change) < 0.05:
        return ""
    return f"{'▲' if change > 0 else '▼'}{abs(change):.1f}{unit}"


class StatHistory:
    """Remembers rps and p95 of each row of `stat`, to show how they move."""

    def __init__(self) -> None:
        self._rps: defaultdict[Any, deque[float | None]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._p95: defaultdict[Any, deque[float | None]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def extended(self, view: View[StatRow], rows: Sequence[StatRow]) -> View[StatRow]:
        """Take these rows in, and give the view with the columns that show how they came to be."""
        for row in rows:
            p95 = row.golden.p95
            self._rps[_key(row)].append(row.golden.rps)
            self._p95[_key(row)].append(None if p95 is None or p95.beyond else p95.value)
        more: list[Column[StatRow]] = [
            Column("ΔRPS", text=lambda row: delta(self._rps[_key(row)])),
            Column("RPS_TREND", text=lambda row: sparkline(self._rps[_key(row)])),
            Column("ΔP95", text=lambda row: delta(self._p95[_key(row)], "ms")),
            Column("P95_TREND", text=lambda row: sparkline(self._p95[_key(row)])),
        ]
        return replace(view, columns=[*view.columns, *more])


def _key(row: StatRow) -> tuple[str, str, str]:
    return row.kind.name, row.namespace, row.name


class LiveTables:
    """Shows tables again and again."""

    def __init__(self, terminal: Terminal, live: Live | None) -> None:
        self._terminal = terminal
        self._live = live

    @property
    def in_place(self) -> bool:
        """Whether one view replaces the other."""
        return self._live is not None

    def show(self, view: View[Row], rows: Sequence[Row], at: float, *, wide: bool = False) -> None:
        """The tables of these rows, seen at `at` (epoch seconds)."""
        clock = time.strftime("%H:%M:%S", time.localtime(at))
        if self._live is None:
            self._terminal.out(f"--- {clock}\n{table_text(rows, view, wide=wide, colour=self._terminal.colour)}")
            return
        from rich.console import Group
        from rich.text import Text

        footer = Text(f"{clock}   Ctrl-C ends", style="dim")
        self._live.update(Group(*tables(rows, view, wide=wide), footer), refresh=True)


@contextmanager
def live_on(terminal: Terminal) -> Iterator[LiveTables]:
    """A view in place where standard output is a terminal; what was last shown stays when it ends."""
    if not terminal.live:
        yield LiveTables(terminal, None)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=terminal.stdout, highlight=False, no_color=not terminal.colour)
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        yield LiveTables(terminal, live)
