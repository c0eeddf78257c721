"""Routes against traffic: which routes nobody calls, which requests no route matches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linkerdctl.profiles.conditions import condition
from linkerdctl.profiles.observed import Inference, ObservedRequest, routes_of_requests

SEEN, NEVER_SEEN, NO_ROUTE = "seen", "never seen", "no route"


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A route, or requests that look alike and match none; `share` is of all requests, None without any."""

    state: str
    name: str
    requests: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Requests by route in the order of the routes, and those of no route, most first."""

    routes: tuple[tuple[str, int], ...]
    unmatched: Inference

    @property
    def total(self) -> int:
        """Requests seen."""
        return self.matched + self.unmatched.total

    @property
    def matched(self) -> int:
        """Requests of a route."""
        return sum(requests for _, requests in self.routes)

    @property
    def never_seen(self) -> tuple[str, ...]:
        """Routes without a request."""
        return tuple(name for name, requests in self.routes if not requests)

    def rows(self) -> tuple[CoverageRow, ...]:
        """Every route, then what matches none."""
        known = [(SEEN if requests else NEVER_SEEN, name, requests) for name, requests in self.routes]
        others = sorted((*self.unmatched.routes, *self.unmatched.left_out), key=lambda route: -(route.requests or 0))
        missed = [(NO_ROUTE, route.name, route.requests or 0) for route in others]
        return tuple(CoverageRow(*each, each[2] / self.total if self.total else None) for each in (*known, *missed))


def coverage(routes: Sequence[Mapping[str, Any]], requests: Iterable[ObservedRequest]) -> Coverage:
    """Count each request for the first of `spec.routes` that matches it, as proxies do."""
    conditions = [condition(route.get("condition")) for route in routes]
    hits: Counter[int] = Counter()
    missed: list[ObservedRequest] = []
    counted: Counter[tuple[str, str, bool]] = Counter()
    for request in requests:
        counted[request.method.upper() or "GET", request.path.partition("?")[0], request.is_grpc] += request.count
    for (method, path, is_grpc), count in counted.items():
        found = next((index for index, holds in enumerate(conditions) if holds(method, path)), None)
        if found is None:
            missed.append(ObservedRequest(method, path, is_grpc, count))
        else:
            hits[found] += count
    named = tuple((str(route.get("name") or ""), hits[index]) for index, route in enumerate(routes))
    return Coverage(named, routes_of_requests(missed))
