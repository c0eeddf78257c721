"""Series of ServiceProfiles' routes: `route_*`, what the application sees, and at clients `route_actual_*`, every attempt."""

from __future__ import annotations

from linkerdctl.demo.proxies.declared import (
    ROUTE_ATTEMPT_RESPONSES,
    ROUTE_ATTEMPTS,
    ROUTE_LATENCIES,
    ROUTE_REQUESTS,
    ROUTE_RESPONSES,
    ROUTE_RETRYABLE,
)
from linkerdctl.demo.proxies.families import Distribution, Family, Registry, Sample
from linkerdctl.demo.simulation.retries import NO_BUDGET
from linkerdctl.demo.simulation.taken import ProfileRoute
from linkerdctl.demo.simulation.traffic import Hop


class ServerProfileSeries:
    """What a server's proxy counts of one route; each attempt is a request to it."""

    def __init__(self, registry: Registry, route: ProfileRoute) -> None:
        for known in route.known:
            registry.sample(ROUTE_REQUESTS, f'direction="inbound",{known}')
        self._series = _Series(registry, f'direction="inbound",{route.labels}')

    def began(self) -> None:
        """A request has come."""
        self._series.began()

    def answered(self, hop: Hop) -> None:
        """Its response has begun."""
        self._series.answered(hop.status, hop.server_latency_ms)

    def ended(self, hop: Hop) -> None:
        """Its response has ended."""
        self._series.ended(ROUTE_RESPONSES, hop)


class ClientProfileSeries:
    """What a client's proxy counts of one route, outside of retries and inside."""

    def __init__(self, registry: Registry, route: ProfileRoute) -> None:
        labels = f'direction="outbound",{route.labels}'
        self._series = _Series(registry, labels)
        self._retryable = {
            skipped: registry.sample(ROUTE_RETRYABLE, f'{labels},skipped="{skipped}"' if skipped else labels)
            for skipped in ("", NO_BUDGET)
        }
        self._attempts = registry.sample(ROUTE_ATTEMPTS, labels)

    def began(self, hop: Hop) -> None:
        """An attempt is on its way; the first one is the request."""
        if hop.attempt == 1:
            self._series.began()
        self._attempts.add()

    def answered(self, hop: Hop) -> None:
        """A response has begun; it goes to the application if there is no other."""
        if hop.is_last:
            self._series.answered(hop.status, (hop.first_byte - hop.asked) * 1000)

    def ended(self, hop: Hop) -> None:
        """A response has ended."""
        self._series.ended(ROUTE_ATTEMPT_RESPONSES, hop)
        if hop.retryable:
            self._retryable[""].add()
        if hop.skipped == NO_BUDGET:
            self._retryable[NO_BUDGET].add()
        if hop.is_last:
            self._series.ended(ROUTE_RESPONSES, hop)

    def gave_up(self) -> None:
        """The request took too long; the attempt under way is dropped and counted nowhere."""
        self._series.timed_out()


class _Series:
    """The series of one route on one side."""

    def __init__(self, registry: Registry, labels: str) -> None:
        self._registry = registry
        self._labels = labels
        self._requests = registry.sample(ROUTE_REQUESTS, labels)
        self._latencies: dict[int, Distribution] = {}
        self._responses: dict[tuple[Family, int, str, int | None, str], Sample] = {}

    def began(self) -> None:
        self._requests.add()

    def answered(self, status: int, milliseconds: float) -> None:
        if status not in self._latencies:
            labels = f'{self._labels},status_code="{status}"'
            self._latencies[status] = self._registry.distribution(ROUTE_LATENCIES, labels)
        self._latencies[status].observe(int(milliseconds))

    def ended(self, family: Family, hop: Hop) -> None:
        key = family, hop.status, hop.classification, hop.grpc_status, hop.error
        if key not in self._responses:
            grpc = "" if hop.grpc_status is None else hop.grpc_status
            outcome = f'classification="{hop.classification}",grpc_status="{grpc}",error="{hop.error}"'
            labels = f'{self._labels},status_code="{hop.status}",{outcome}'
            self._responses[key] = self._registry.sample(family, labels)
        self._responses[key].add()

    def timed_out(self) -> None:
        outcome = 'classification="failure",grpc_status="",error="timeout"'
        self._registry.sample(ROUTE_RESPONSES, f"{self._labels},{outcome}").add()
