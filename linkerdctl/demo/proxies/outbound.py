"""What a proxy counts of requests that its own pod sends."""

from __future__ import annotations

from linkerdctl.demo.proxies.declared import BALANCER
from linkerdctl.demo.proxies.families import Registry
from linkerdctl.demo.proxies.profile_routes import ClientProfileSeries
from linkerdctl.demo.proxies.series import GoldenSeries, RouteSeries, SocketSeries
from linkerdctl.demo.simulation.labels import LOOPBACK, address, backend, endpoint, parent
from linkerdctl.demo.simulation.routing import outbound_route
from linkerdctl.demo.simulation.taken import OutboundRoute, ProfileRoute
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.topology import Service

_QUEUED_SECONDS = 0.000125
_FAILFAST_SECONDS = 3.0


class OutboundMetrics:
    """The outbound side of one proxy process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._services: dict[Service, _ServiceSeries] = {}
        self._endpoints: dict[tuple[Service, tuple[str, str]], _EndpointSeries] = {}
        self._routes: dict[OutboundRoute, RouteSeries] = {}
        self._profiles: dict[ProfileRoute, ClientProfileSeries] = {}

    def began(self, hop: Hop) -> None:
        """A request is on its way."""
        if hop.service not in self._services:
            self._services[hop.service] = _ServiceSeries(self._registry, hop)
        self._services[hop.service].began()
        self._endpoint(hop).golden.began()
        if profile := self._profile(hop):
            profile.began(hop)
        elif route := self._route(hop):
            route.began(hop)

    def answered(self, hop: Hop) -> None:
        """Its response has begun."""
        self._endpoint(hop).golden.answered(hop.status, hop.latency_ms)
        if profile := self._profile(hop):
            profile.answered(hop)

    def ended(self, hop: Hop) -> None:
        """Its response has ended."""
        endpoint_series = self._endpoint(hop)
        endpoint_series.golden.ended(
            hop.status, classification=hop.classification, grpc_status=hop.grpc_status, error=hop.error
        )
        endpoint_series.socket.carried(hop.response_bytes, hop.request_bytes)
        if hop.service in self._services:
            self._services[hop.service].accepted.carried(hop.request_bytes, hop.response_bytes)
        if profile := self._profile(hop):
            profile.ended(hop)
        elif route := self._route(hop):
            route.ended(hop)

    def gave_up(self, hop: Hop) -> None:
        """It took longer than its timeout allows."""
        if profile := self._profile(hop):
            profile.gave_up()
        elif route := self._route(hop):
            route.gave_up(hop)

    def _endpoint(self, hop: Hop) -> _EndpointSeries:
        key = hop.service, hop.server.key
        if key not in self._endpoints:
            self._endpoints[key] = _EndpointSeries(self._registry, hop)
            if hop.service in self._services:
                self._services[hop.service].found_endpoint()
        return self._endpoints[key]

    def _profile(self, hop: Hop) -> ClientProfileSeries | None:
        route = hop.taken.profile if hop.taken else None
        if route is None:
            return None
        if route not in self._profiles:
            self._profiles[route] = ClientProfileSeries(self._registry, route)
        return self._profiles[route]

    def _route(self, hop: Hop) -> RouteSeries | None:
        route = outbound_route(hop)
        if route is None:
            return None
        if route not in self._routes:
            self._routes[route] = RouteSeries(self._registry, route)
        return self._routes[route]


class _EndpointSeries:
    """One pod behind a service, with a connection that is kept."""

    def __init__(self, registry: Registry, hop: Hop) -> None:
        labels = endpoint(hop.server, hop.service)
        self.golden = GoldenSeries(registry, f'direction="outbound",{labels}')
        self.socket = SocketSeries(registry, f'direction="outbound",peer="dst",{labels}')
        self.socket.opened()


class _ServiceSeries:
    """The connection the application made to the service's address, and the balancer behind it."""

    def __init__(self, registry: Registry, hop: Hop) -> None:
        service = hop.service
        target = address(service.ip, service.port)
        self._labels = f"{parent(service)},{backend(service)}"
        self._registry = registry
        self.accepted = SocketSeries(registry, f'direction="outbound",peer="src",{target},{LOOPBACK}')
        self.accepted.opened()
        self._balancer_starts(hop.started)

    def began(self) -> None:
        self._registry.sample(BALANCER.requests, self._labels).add()
        self._registry.distribution(BALANCER.latencies, self._labels).observe(_QUEUED_SECONDS)

    def found_endpoint(self) -> None:
        """The balancer has learnt of one more pod."""
        self._registry.sample(BALANCER.endpoints, f'endpoint_state="ready",{self._labels}').add()
        self._registry.sample(BALANCER.p2c_endpoints, self._labels).add()

    def _balancer_starts(self, at: float) -> None:
        for state in ("ready", "pending"):
            self._registry.sample(BALANCER.endpoints, f'endpoint_state="{state}",{self._labels}')
        for operation, times in (("Reset", 1), ("Add", 0), ("Remove", 0)):
            self._registry.sample(BALANCER.updates, f'op="{operation}",{self._labels}', times)
        starts = {
            BALANCER.queued: 0, BALANCER.opened: 1, BALANCER.shut: 0,
            BALANCER.opened_at: at, BALANCER.shut_at: 0.0, BALANCER.timeout: _FAILFAST_SECONDS,
        }  # fmt: skip
        for family, value in starts.items():
            self._registry.sample(family, self._labels, value)
