"""Series that belong together and move together: golden ones, a socket's, an outbound route's. No clock, no sockets."""

from __future__ import annotations

from linkerdctl.demo.proxies.declared import (
    LATENCIES,
    REQUESTS,
    RESPONSES,
    ROUTES,
    TCP_CLOSED,
    TCP_OPEN,
    TCP_OPENED,
    TCP_READ,
    TCP_WRITTEN,
    RouteFamilies,
)
from linkerdctl.demo.proxies.families import Distribution, Family, Registry, Sample
from linkerdctl.demo.simulation.retries import LIMIT
from linkerdctl.demo.simulation.routing import outbound_status
from linkerdctl.demo.simulation.taken import OutboundRoute
from linkerdctl.demo.simulation.traffic import Hop


class GoldenSeries:
    """`request_total`, `response_latency_ms` and `response_total` of one peer."""

    def __init__(self, registry: Registry, labels: str) -> None:
        self._registry = registry
        self._labels = labels
        self._requests = registry.sample(REQUESTS, labels)
        self._latencies: dict[int, Distribution] = {}
        self._responses: dict[tuple[int, str, int | None, str], Sample] = {}

    def began(self) -> None:
        """A request has come."""
        self._requests.add()

    def answered(self, status: int, milliseconds: float) -> None:
        """Its response has begun; proxies count whole milliseconds."""
        if status not in self._latencies:
            labels = f'{self._labels},status_code="{status}"'
            self._latencies[status] = self._registry.distribution(LATENCIES, labels)
        self._latencies[status].observe(int(milliseconds))

    def ended(self, status: int, *, classification: str, grpc_status: int | None = None, error: str = "") -> None:
        """Its response has ended."""
        key = status, classification, grpc_status, error
        if key not in self._responses:
            grpc = "" if grpc_status is None else grpc_status
            outcome = f'status_code="{status}",classification="{classification}",grpc_status="{grpc}",error="{error}"'
            self._responses[key] = self._registry.sample(RESPONSES, f"{self._labels},{outcome}")
        self._responses[key].add()


class SocketSeries:
    """The `tcp_*` series of connections that have the same labels."""

    def __init__(self, registry: Registry, labels: str) -> None:
        self._registry = registry
        self._labels = labels
        self._opened = registry.sample(TCP_OPENED, labels)
        self._open = registry.sample(TCP_OPEN, labels)
        self._read = registry.sample(TCP_READ, labels)
        self._written = registry.sample(TCP_WRITTEN, labels)

    def opened(self) -> None:
        """One more connection."""
        self._opened.add()
        self._open.add()

    def closed(self) -> None:
        """One less, without an error."""
        self._open.add(-1)
        self._registry.sample(TCP_CLOSED, f'{self._labels},errno=""').add()

    def carried(self, read: int, written: int) -> None:
        """Bytes read from the peer and written to it."""
        self._read.add(read)
        self._written.add(written)


class RouteSeries:
    """The `outbound_*_route_*` series of one route."""

    def __init__(self, registry: Registry, route: OutboundRoute) -> None:
        families, labels = ROUTES[route.protocol], f'{route.labels},hostname=""'
        self._registry = registry
        self._route = route
        self._families = families
        self._labels = labels
        self._durations = registry.distribution(families.durations, labels)
        self._request_frames = registry.distribution(families.request_frames, labels)
        self._backend_requests = registry.sample(families.backend_requests, route.backend)
        self._backend_durations = registry.distribution(families.backend_durations, route.backend)
        self._backend_frames = registry.distribution(families.backend_frames, route.backend)
        self._retries = {family: registry.sample(family, labels) for family in _retries(families) if route.retried}

    def began(self, hop: Hop) -> None:
        """A request has been dispatched; those without a body have no data frames."""
        self._backend_requests.add()
        if hop.attempt > 1:
            self._retries[self._families.retries].add()
        if hop.is_grpc:
            self._request_frames.observe(float(hop.request_bytes))

    def ended(self, hop: Hop) -> None:
        """Its response has ended."""
        self._backend_durations.observe(hop.ended - hop.started)
        if hop.response_bytes:
            self._backend_frames.observe(float(hop.response_bytes))
        status = outbound_status(self._route, hop)
        self._registry.sample(self._families.backend_statuses, f"{self._route.backend},{status}").add()
        if hop.is_last:
            self._request_ended(hop, status)

    def gave_up(self, hop: Hop) -> None:
        """The request took too long; the attempt under way is dropped and counted nowhere."""
        self._request_ended(hop, outbound_status(self._route, hop))

    def _request_ended(self, hop: Hop, status: str) -> None:
        self._durations.observe(hop.done - hop.asked)
        self._registry.sample(self._families.statuses, f"{self._labels},{status}").add()
        if hop.attempt > 1 and not hop.failed:
            self._retries[self._families.retry_successes].add()
        if hop.skipped == LIMIT:
            self._retries[self._families.retry_limits].add()


def _retries(families: RouteFamilies) -> tuple[Family, ...]:
    return families.retry_limits, families.retry_overflows, families.retries, families.retry_successes
