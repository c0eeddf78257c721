"""How much a tap has missed at least. A proxy stops telling when the limit of a second is reached, and begins anew after it.

Proxies do not say how many requests passed meanwhile; the pace of those that were told is taken for theirs. What is heard
late, as on a busy machine, makes the pace slower than it was, never faster: so this is a bound, not a guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from linkerdctl.tap.events import RequestInit, ResponseEnd, TapEvent

WINDOW = 1.0
"""Seconds from one Observe call to the next, or longer, until the limit is reached and those requests have ended."""
MOST_PROXIES = 10_000
"""Proxies whose pace is kept; of others nothing is taken for missed."""
_SURE = 2.0
"""Standard errors; the truth is farther below an estimate in one case of forty."""


@dataclass(slots=True)
class _Proxy:
    """One proxy's Observe calls: the one under way, and the sum of those before. Times are in seconds.

    When a call opens is not told. They open in step, a second apart, and never after their first request: the earliest
    of those in its second tells where the steps are.
    """

    base: int
    opened: float
    last: float
    """When its last request began."""
    heard: float
    """When the last of its requests began or ended."""
    requests: int = 0
    counted: int = 0
    """Requests of the calls before."""
    watched: float = 0.0
    """How long those were open, before they were full."""
    unwatched: float = 0.0
    """How long none was open between them, or one that was full."""
    in_step: int = 0
    """Calls since the steps began anew, because one took longer than a second."""
    limit: int = 0

    def began(self, base: int, now: float) -> None:
        """A request began, as far as `now` can tell."""
        if base != self.base:
            self._next(base)
        if now < self.opened:
            self._shift(self.opened - now)
        self.requests += 1
        self.last = self.heard = max(now, self.last)

    def ended(self, base: int, now: float) -> None:
        """A request ended; a call that is full ends with the last of its requests."""
        if base == self.base:
            self.heard = max(now, self.heard)

    def missed(self, now: float) -> float:
        """Requests at the same pace in the time that no call was open."""
        waiting = max(now - self.last, 0.0) if self.requests == self.limit else 0.0
        # What comes all at once, as from a file, can make the calls seem to overlap
        unwatched = max(self.unwatched + waiting, 0.0)
        return self.counted / self.watched * unwatched if self.watched > 0 else 0.0

    def variance(self, now: float) -> float:
        """Of what was missed: so few requests tell a pace only roughly, and those missed need not have kept it."""
        missed = self.missed(now)
        return missed + missed**2 / self.counted if missed else 0.0

    def _next(self, base: int) -> None:
        """The call before was full, or there would be no other."""
        late = self.heard > self.opened + WINDOW
        opens = self.heard if late else self.opened + WINDOW
        self.counted += self.requests if self.limit else self.requests - 1
        self.watched += self.last - self.opened
        self.unwatched += opens - self.last
        self.in_step = 0 if late else self.in_step + 1
        self.limit = self.requests
        self.base, self.opened, self.last, self.heard, self.requests = base, opens, opens, opens, 0

    def _shift(self, earlier: float) -> None:
        """All calls in step opened earlier than it seemed."""
        self.opened -= earlier
        self.last = self.heard = self.opened
        self.watched += earlier * self.in_step
        self.unwatched -= earlier * self.in_step


class Sampling:
    """Counts requests as they begin, and tells how many more there must have been."""

    def __init__(self) -> None:
        self.told = 0
        """Requests that the proxies told of."""
        self._proxies: dict[str, _Proxy] = {}

    def saw(self, event: TapEvent, now: float) -> None:
        """Take in an event. `now` is when it was heard, in seconds by any clock that does not go back."""
        if isinstance(event.http, RequestInit):
            self.told += 1
            proxy = self._proxies.get(event.proxy.ip) or self._another(event, now)
            proxy.began(event.id.base, now)
        elif isinstance(event.http, ResponseEnd) and (known := self._proxies.get(event.proxy.ip)) is not None:
            known.ended(event.id.base, now)

    def at_least(self, now: float) -> int:
        """So many there were in all, hardly ever less; as many as were told where nothing hints at more."""
        missed = sum(proxy.missed(now) for proxy in self._proxies.values())
        error = math.sqrt(sum(proxy.variance(now) for proxy in self._proxies.values()))
        return self.told + max(int(missed - _SURE * error), 0)

    def _another(self, event: TapEvent, now: float) -> _Proxy:
        proxy = _Proxy(event.id.base, now, now, now)
        if len(self._proxies) < MOST_PROXIES:
            self._proxies[event.proxy.ip] = proxy
        return proxy
