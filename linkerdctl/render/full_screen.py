"""A whole terminal to draw on, which is as before afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from linkerdctl.render.terminal import Terminal
from linkerdctl.render.top_screen import Line

if TYPE_CHECKING:
    from rich.live import Live


class FullScreen:
    """Draws lines, top to bottom."""

    def __init__(self, live: Live) -> None:
        self._live = live

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines there are right now."""
        size = shutil.get_terminal_size()
        return size.columns, size.lines

    def draw(self, lines: Sequence[Line]) -> None:
        """In the place of what was there."""
        from rich.text import Text

        whole = Text("\n", no_wrap=True, overflow="crop").join(
            Text.assemble(*((cell.text, cell.style) for cell in line)) for line in lines
        )
        self._live.update(whole, refresh=True)


@contextmanager
def full_screen(terminal: Terminal) -> Iterator[FullScreen]:
    """The alternate screen, while it is needed."""
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
    with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        yield FullScreen(live)
