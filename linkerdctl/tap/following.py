"""The latest requests of one sort, event by event, in bounded memory. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from linkerdctl.tap.events import RequestInit, RequestKey, ResponseEnd, TapEvent

MOST_EVENTS = 300
MOST_OPEN = 1_000


class Following:
    """Keeps the last events of requests that `belongs` says yes to when they begin."""

    def __init__(self, belongs: Callable[[TapEvent], bool]) -> None:
        self._belongs = belongs
        self._open: dict[RequestKey, None] = {}
        self.events: deque[TapEvent] = deque(maxlen=MOST_EVENTS)
        """The newest last."""

    def see(self, events: Iterable[TapEvent]) -> None:
        """Take in what came."""
        for event in events:
            if isinstance(event.http, RequestInit) and self._belongs(event):
                self._begin(event.key)
            if event.key in self._open:
                self.events.append(event)
                if isinstance(event.http, ResponseEnd):
                    del self._open[event.key]

    def _begin(self, key: RequestKey) -> None:
        self._open[key] = None
        if len(self._open) > MOST_OPEN:
            del self._open[next(iter(self._open))]
