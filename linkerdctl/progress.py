"""How work that takes longer than a second tells how far it is, whoever shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told by sources, shown by `render.progress`; a new `start` replaces the stage before."""

    def start(self, label: str, total: float) -> None:
        """A stage begins; `total` is in steps or in seconds."""
        ...

    def advance(self, steps: float = 1.0) -> None:
        """So much of the stage is done."""
        ...

    def stop(self) -> None:
        """Nothing more to tell; what was shown goes away."""
        ...


class NoProgress:
    """Tells nobody."""

    def start(self, label: str, total: float) -> None:
        """Nothing."""

    def advance(self, steps: float = 1.0) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""
