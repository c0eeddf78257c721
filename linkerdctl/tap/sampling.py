"""How much a tap can have missed. A proxy stops telling when the limit of a second is reached, and begins anew after it.

Proxies do not say how many requests passed meanwhile; the pace of those that were told is taken for theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkerdctl.tap.events import TapEvent


@dataclass(slots=True)
class _Window:
    """One Observe call of one proxy; times are seconds."""

    base: int
    first: float
    last: float
    requests: int = 1

    @property
    def pace(self) -> float:
        """Requests per second while it was open; 0 where a single one tells nothing."""
        return (self.requests - 1) / (self.last - self.first) if self.last > self.first else 0.0


class Sampling:
    """Counts requests as they begin, and estimates those that no window was open for."""

    def __init__(self) -> None:
        self.told = 0
        """Requests that the proxies told of."""
        self._missed = 0.0
        self._windows: dict[str, _Window] = {}

    def saw(self, event: TapEvent, now: float) -> None:
        """A request began. `now` is when that was heard, in seconds by any clock."""
        self.told += 1
        proxy, base = event.proxy.ip, event.id.base
        window = self._windows.get(proxy)
        if window is None or base < window.base:
            self._windows[proxy] = _Window(base, now, now)
        elif base == window.base:
            window.last = now
            window.requests += 1
        else:
            self._missed += max(window.pace * (now - window.last) - 1.0, 0.0)
            self._windows[proxy] = _Window(base, now, now)

    @property
    def estimated(self) -> int:
        """About how many there were in all; as many as were told where nothing hints at more."""
        return self.told + round(self._missed)
