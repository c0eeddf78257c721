"""A progress bar on stderr, on a terminal only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkerdctl.progress import NoProgress, Progress
from linkerdctl.render.terminal import Terminal

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


def progress_on(terminal: Terminal) -> Progress:
    """A bar where someone can see it, silence elsewhere."""
    return BarProgress(terminal) if terminal.progress else NoProgress()


class BarProgress:
    """One bar that changes its label from stage to stage and leaves nothing behind."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, label: str, total: float) -> None:
        """Show the bar if it is not yet there, at nought."""
        if self._bar is None or self._task is None:
            self._bar, self._task = self._new_bar(label, total)
            self._bar.start()
        self._bar.reset(self._task, description=label, total=total)

    def advance(self, steps: float = 1.0) -> None:
        """Move the bar on."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, steps)

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None

    def _new_bar(self, label: str, total: float) -> tuple[RichProgress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as RichProgress

        console = Console(file=self._terminal.stderr)
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn())
        bar = RichProgress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        return bar, bar.add_task(label, total=total)
