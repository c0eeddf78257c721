"""Views that refresh: in place on a terminal, one after the other elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from linkerdctl.render.table import table_text, tables
from linkerdctl.render.terminal import Terminal, printable
from linkerdctl.render.view import Row, View

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table


class LiveTables:
    """Shows tables again and again."""

    def __init__(self, terminal: Terminal, live: Live | None) -> None:
        self._terminal = terminal
        self._live = live
        self._width = terminal.width
        self._shown: Sequence[Table] = ()
        self._told: Sequence[str] = ()

    @property
    def in_place(self) -> bool:
        """Whether one view replaces the other."""
        return self._live is not None

    def show(self, view: View[Row], rows: Sequence[Row], at: float, *, wide: bool = False, footer: str = "") -> None:
        """The tables of these rows, seen at `at` (epoch seconds); `footer` stands below them on a terminal."""
        clock = time.strftime("%H:%M:%S", time.localtime(at))
        if self._live is None:
            self._terminal.out(f"--- {clock}\n{table_text(rows, view, wide=wide, colour=self._terminal.colour)}")
            return
        self._clear_if_resized(self._live)
        self._shown = tables(rows, view, wide=wide, width=self._width)
        self._told = [part for part in (clock, printable(footer)) if part]
        self._draw(self._live, "Ctrl-C ends")

    def finish(self) -> None:
        """Leave the last view as it is, without the way to end it."""
        if self._live is not None and self._told:
            self._draw(self._live)

    def _draw(self, live: Live, *more: str) -> None:
        from rich.console import Group
        from rich.text import Text

        apart = [part for table in self._shown for part in (Text(), table)][1:]
        live.update(Group(*apart, Text("   ".join([*self._told, *more]), style="dim")), refresh=True)

    def _clear_if_resized(self, live: Live) -> None:
        """A terminal that became narrower has wrapped the lines of the last view: they cannot be counted back over."""
        if self._terminal.width != self._width:
            live.console.clear()
        self._width = self._terminal.width


@contextmanager
def live_on(terminal: Terminal, *, streamed: bool = False) -> Iterator[LiveTables]:
    """A view in place where standard output is a terminal, unless rows are `streamed`; what was last shown stays."""
    if streamed or not terminal.live:
        yield LiveTables(terminal, None)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(
        file=terminal.stdout,
        highlight=False,
        no_color=not terminal.colour,
        force_terminal=True,
        emoji=False,
        markup=False,
    )
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        views = LiveTables(terminal, live)
        try:
            yield views
        finally:
            views.finish()
