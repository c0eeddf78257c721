"""What every way to events owes its callers.

Events come in batches, as many at once as arrived together, so that they can be printed together; within one stream
they are in order. A transport that loses its stream tries again by itself and says so once. It ends when there will be
no more events, and raises a `LinkerdctlError` when it can do nothing, or nothing more, after all that came has been
handed out. Breaking off (`aclose`) leaves nothing open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from linkerdctl.tap.events import TapEvent

Tell = Callable[[str], None]
"""Takes a line for the user: a stream that ended, a pod that does not answer."""


class TapTransport(Protocol):
    """A place that events can be had from."""

    def batches(self) -> AsyncIterator[Sequence[TapEvent]]:
        """Events as they come. To be called once."""
        ...
