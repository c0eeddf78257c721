"""Requests added up by who asked whom for what. Memory is bounded, however long it runs. Pure; the clock is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from linkerdctl.metrics.histogram import Quantile
from linkerdctl.tap.events import Direction, Endpoint, RequestInit, TapEvent
from linkerdctl.tap.requests import Request, Requests
from linkerdctl.tap.sampling import Sampling
from linkerdctl.tap.sketch import Sketch

MOST_ROWS = 2_000
"""Rows that are kept apart."""
_FOLDED_AT_ONCE = 10
"""One part in so many of the rows is folded when there are too many, the smallest ones."""
_NANOSECONDS_PER_MS = 1e6
DEFAULT_ROUTE = "[DEFAULT]"

Fold = Callable[[str, str], str]
"""From method and path to the path that stands for all of its sort."""


class Peer(NamedTuple):
    """One side: a pod, or an address where that is all that is known. `namespace` is empty there."""

    name: str
    namespace: str = ""

    @classmethod
    def of(cls, endpoint: Endpoint) -> Peer:
        """By its labels."""
        pod = endpoint.labels.get("pod")
        return cls(pod, endpoint.labels.get("namespace", "")) if pod else cls(endpoint.ip)


class TopKey(NamedTuple):
    """What a row is of. Parts that a table leaves out are empty."""

    source: Peer = Peer("")
    destination: Peer = Peer("")
    method: str = ""
    path: str = ""
    route: str = ""

    def shown_by(self, *, sources: bool, routes: bool) -> TopKey:
        """The key in a table with or without sources, and with routes in the place of methods and paths."""
        source = self.source if sources else Peer("")
        return TopKey(source, self.destination, *(("", "", self.route) if routes else (self.method, self.path, "")))


@dataclass(frozen=True, slots=True)
class TopRow:
    """A row of the table. Latencies are in milliseconds, None where not one is known.

    `others` is 0, or how many rows were folded into this one, some of them more than once; such a row has an empty key.
    """

    key: TopKey
    count: int
    failures: int
    best: float | None = None
    worst: float | None = None
    last: float | None = None
    quantiles: tuple[Quantile | None, Quantile | None, Quantile | None] = (None, None, None)
    """The 50th, 95th and 99th percentile."""
    rps: float | None = None
    """Per second of late, where every request is counted."""
    direction: str = ""
    """Whose proxy told of it: `inbound` is the destination's, `outbound` the source's."""
    others: int = 0

    @property
    def success_rate(self) -> float | None:
        """From 0 to 1."""
        return 1 - self.failures / self.count if self.count else None


@dataclass(slots=True)
class Tally:
    """Finished requests of one sort. Times are in nanoseconds; latency is the time to the end of the response."""

    count: int = 0
    failures: int = 0
    best: int | None = None
    worst: int | None = None
    last: int | None = None
    ended: float = 0.0
    """When the last one ended, by the caller's clock."""
    sketch: Sketch = field(default_factory=Sketch)

    def add(self, request: Request, now: float) -> None:
        """One more."""
        self.count += 1
        self.failures += request.failed
        self.ended = now
        latency = request.total
        if latency is not None:
            self.last = latency
            self.best = latency if self.best is None else min(self.best, latency)
            self.worst = latency if self.worst is None else max(self.worst, latency)
            self.sketch.add(latency)

    def merge(self, other: Tally) -> None:
        """Take in what another has counted."""
        self.count += other.count
        self.failures += other.failures
        if other.ended >= self.ended:
            self.ended, self.last = other.ended, self.last if other.last is None else other.last
        self.best = min((each for each in (self.best, other.best) if each is not None), default=None)
        self.worst = max((each for each in (self.worst, other.worst) if each is not None), default=None)
        self.sketch.merge(other.sketch)

    def row(self, key: TopKey, *, direction: str = "", others: int = 0) -> TopRow:
        """As it is now."""
        best, worst, last = map(_milliseconds, (self.best, self.worst, self.last))
        p50, p95, p99 = (_within(each, best, worst) for each in self.sketch.quantiles(0.5, 0.95, 0.99))
        return TopRow(
            key, self.count, self.failures, best, worst, last, (p50, p95, p99), direction=direction, others=others
        )


Sides = dict[Direction, Tally]
"""The same requests as told by the client's proxy and by the server's, of which a tap may hear both."""


class Top:
    """Joins events to requests and adds up the finished ones."""

    def __init__(self, fold: Fold = lambda method, path: path, *, most: int = MOST_ROWS) -> None:
        self._fold = fold
        self._most = most
        self._requests = Requests()
        self._tallies: dict[TopKey, Sides] = {}
        self._others = Tally()
        self._folded = 0
        self.sampling = Sampling()

    @property
    def unfinished(self) -> int:
        """Requests under way."""
        return len(self._requests)

    def add(self, events: Iterable[TapEvent], now: float) -> None:
        """Take in events that came `now`, in seconds by any clock that does not go back."""
        for event in events:
            self.sampling.saw(event, now)
            request = self._requests.add(event, now)
            if request.finished and request.init is not None:
                self._count(request, now)

    def key_of(self, event: TapEvent) -> TopKey | None:
        """The row that a request will be counted in, told by its first event; None for other events."""
        if not isinstance(event.http, RequestInit):
            return None
        return self._key(event, event.http)

    def rows(self, *, sources: bool = True, routes: bool = False) -> list[TopRow]:
        """The table: largest rows first, those that were too many together at the end.

        A request that both its proxies told of counts once: a row shows the side that has told of more.
        """
        rows = [
            tally.row(key, direction=direction.name.lower() if direction else "")
            for key, direction, tally in self._groups(sources=sources, routes=routes)
        ]
        rows.sort(key=lambda row: -row.count)
        return [*rows, *([self._others.row(TopKey(), others=self._folded)] if self._folded else [])]

    def totals(self) -> tuple[int, int]:
        """Requests and failures of all rows."""
        tallies = [self._others, *(tally for _, _, tally in self._groups(sources=True, routes=False))]
        return sum(each.count for each in tallies), sum(each.failures for each in tallies)

    def _groups(self, *, sources: bool, routes: bool) -> Iterator[tuple[TopKey, Direction, Tally]]:
        together: dict[TopKey, list[Sides]] = {}
        for key, sides in self._tallies.items():
            together.setdefault(key.shown_by(sources=sources, routes=routes), []).append(sides)
        for key, parts in together.items():
            direction, tally = max(_merged(parts).items(), key=lambda item: item[1].count)
            yield key, direction, tally

    def _key(self, event: TapEvent, init: RequestInit) -> TopKey:
        method = init.method or "GET"
        route = event.route.get("route") or DEFAULT_ROUTE
        return TopKey(Peer.of(event.source), Peer.of(event.destination), method, self._fold(method, init.path), route)

    def _count(self, request: Request, now: float) -> None:
        assert request.init is not None  # noqa: S101 - the caller has looked
        sides = self._tallies.setdefault(self._key(request.events[0], request.init), {})
        if request.direction not in sides:
            sides[request.direction] = Tally()
        sides[request.direction].add(request, now)
        if len(self._tallies) > self._most:
            self._fold_smallest()

    def _fold_smallest(self) -> None:
        """Of equally small rows the ones that have been quiet for longest."""
        by_size = sorted(self._tallies.items(), key=lambda item: _weight(item[1]))
        for key, sides in by_size[: max(self._most // _FOLDED_AT_ONCE, 1)]:
            self._others.merge(max(sides.values(), key=lambda tally: tally.count))
            self._folded += 1
            del self._tallies[key]


def _merged(parts: Sequence[Sides]) -> Sides:
    """Several as one; a single one as it is, for a copy of its sketch costs more than all the rest of its row."""
    if len(parts) == 1:
        return parts[0]
    merged: Sides = {}
    for sides in parts:
        for direction, tally in sides.items():
            merged.setdefault(direction, Tally()).merge(tally)
    return merged


def _weight(sides: Sides) -> tuple[int, float]:
    return max(tally.count for tally in sides.values()), max(tally.ended for tally in sides.values())


def _within(quantile: Quantile | None, best: float | None, worst: float | None) -> Quantile | None:
    """A sketch is about right; nothing was faster than the best nor slower than the worst."""
    if quantile is None or best is None or worst is None:
        return None
    return replace(quantile, value=min(max(quantile.value, best), worst))


def _milliseconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / _NANOSECONDS_PER_MS
