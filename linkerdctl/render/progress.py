"""A progress bar on stderr: on a terminal only, and only for what takes longer than a second."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from linkerdctl.progress import NoProgress, Progress
from linkerdctl.render.terminal import Terminal

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PATIENCE = 1.0
"""Seconds before a bar is worth showing."""


def progress_on(terminal: Terminal) -> Progress:
    """A bar where someone can see it, silence elsewhere."""
    return BarProgress(terminal) if terminal.progress else NoProgress()


class BarProgress:
    """One bar that changes its label from stage to stage and leaves nothing behind.

    Work may be stuck in one step (a proxy that does not answer), so a timer's thread puts the bar up, not a step.
    """

    def __init__(self, terminal: Terminal, *, patience: float = PATIENCE) -> None:
        self._terminal = terminal
        self._patience = patience
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._bar: tuple[RichProgress, TaskID] | None = None
        self._label, self._total, self._done = "", 0.0, 0.0

    def start(self, label: str, total: float) -> None:
        """Begin a stage; the first one also begins the wait for the bar."""
        with self._lock:
            self._label, self._total, self._done = label, total, 0.0
            if self._bar:
                bar, task = self._bar
                bar.reset(task, description=label, total=total)
            elif self._timer is None:
                self._timer = threading.Timer(self._patience, self._show)
                self._timer.daemon = True
                self._timer.start()

    def advance(self, steps: float = 1.0) -> None:
        """Move the bar on."""
        with self._lock:
            self._done += steps
            if self._bar:
                bar, task = self._bar
                bar.advance(task, steps)

    def stop(self) -> None:
        """Take the bar away."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            if self._bar:
                self._bar[0].stop()
            self._timer = self._bar = None

    def _show(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._bar = self._new_bar()

    def _new_bar(self) -> tuple[RichProgress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as RichProgress

        console = Console(file=self._terminal.stderr, force_terminal=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(30), MofNCompleteColumn())
        bar = RichProgress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        task = bar.add_task(self._label, total=self._total)
        bar.advance(task, self._done)
        bar.start()
        return bar, task
