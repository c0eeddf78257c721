"""How much a tap can have missed. A proxy stops telling when the limit of a second is reached, and begins anew after it.

Proxies do not say how many requests passed meanwhile; the pace of those that were told is taken for theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkerdctl.tap.events import TapEvent

WINDOW = 1.0
"""Seconds from one Observe call to the next, or longer, until the limit is reached."""


@dataclass(slots=True)
class _Proxy:
    """One proxy's Observe calls: the one under way, and the sum of those before. Times are in seconds.

    When a call opens is not told. They open in step, a second apart, and never after their first request: the earliest
    of those in its second tells where the steps are.
    """

    base: int
    opened: float
    last: float
    requests: int = 0
    counted: int = 0
    """Requests of the calls before."""
    watched: float = 0.0
    """How long those were open, before they were full."""
    unwatched: float = 0.0
    """How long none was open between them."""
    in_step: int = 0
    """Calls since the steps began anew, because one took longer than a second."""
    limit: int = 0

    def saw(self, base: int, now: float) -> None:
        """A request began, as far as `now` can tell."""
        if base != self.base:
            self._next(base)
        if now < self.opened:
            self._shift(self.opened - now)
        self.requests += 1
        self.last = max(now, self.last)

    def missed(self, now: float) -> float:
        """Requests at the same pace in the time that no call was open."""
        waiting = max(now - self.last, 0.0) if self.requests == self.limit else 0.0
        return self.counted / self.watched * (self.unwatched + waiting) if self.watched > 0 else 0.0

    def _next(self, base: int) -> None:
        """The call before was full, or there would be no other."""
        late = self.last > self.opened + WINDOW
        opens = self.last if late else self.opened + WINDOW
        self.counted += self.requests if self.limit else self.requests - 1
        self.watched += self.last - self.opened
        self.unwatched += opens - self.last
        self.in_step = 0 if late else self.in_step + 1
        self.limit = self.requests
        self.base, self.opened, self.last, self.requests = base, opens, opens, 0

    def _shift(self, earlier: float) -> None:
        """All calls in step opened earlier than it seemed."""
        self.opened -= earlier
        self.last = self.opened
        self.watched += earlier * self.in_step
        self.unwatched -= earlier * self.in_step


class Sampling:
    """Counts requests as they begin, and estimates those that nobody told of."""

    def __init__(self) -> None:
        self.told = 0
        """Requests that the proxies told of."""
        self._proxies: dict[str, _Proxy] = {}

    def saw(self, event: TapEvent, now: float) -> None:
        """A request began. `now` is when that was heard, in seconds by any clock."""
        self.told += 1
        proxy, base = event.proxy.ip, event.id.base
        known = self._proxies.get(proxy)
        if known is None:
            known = self._proxies[proxy] = _Proxy(base, now, now)
        known.saw(base, now)

    def estimated(self, now: float) -> int:
        """About how many there were in all; as many as were told where nothing hints at more."""
        return self.told + round(sum(proxy.missed(now) for proxy in self._proxies.values()))
