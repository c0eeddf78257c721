"""What every way to events owes its callers.

Events come in batches, as many at once as arrived together, so that they can be printed together; within one stream
they are in order. A transport that loses its stream tries again by itself and says so once. It ends when there will be
no more events, and raises a `LinkerdctlError` when it can do nothing, or nothing more, after all that came has been
handed out. Breaking off (`aclose`) leaves nothing open.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Protocol

from linkerdctl.tap.events import TapEvent

Tell = Callable[[str], None]
"""Takes a line for the user: a stream that ended, a pod that does not answer."""


class TapTransport(Protocol):
    """A place that events can be had from."""

    def batches(self) -> AsyncGenerator[Sequence[TapEvent], None]:
        """Events as they come. To be called once."""
        ...


LONGEST_PAUSE = 10.0
"""Seconds between two attempts."""


class Once:
    """Tells each thing a single time."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def __call__(self, line: str) -> None:
        """Unless it was told before."""
        if line not in self._told:
            self._told.add(line)
            self._tell(line)


def pauses() -> Iterator[float]:
    """Seconds to wait before each further attempt, longer and longer; ends when it is time to give up."""
    return iter((0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE))
