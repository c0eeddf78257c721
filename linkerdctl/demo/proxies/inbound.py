"""What a proxy counts of requests to its own pod, and of probes and scrapes of itself."""

from __future__ import annotations

from functools import cached_property

from linkerdctl.demo.proxies.declared import (
    AUTHORIZED,
    DENIED,
    DETECTED,
    DETECTIONS,
    INBOUND_REQUEST_DURATIONS,
    INBOUND_REQUEST_FRAMES,
    INBOUND_REQUESTS,
    INBOUND_RESPONSE_DURATIONS,
    INBOUND_RESPONSE_FRAMES,
    INBOUND_STATUSES,
)
from linkerdctl.demo.proxies.families import Registry, Sample
from linkerdctl.demo.proxies.profile_routes import ServerProfileSeries
from linkerdctl.demo.proxies.series import GoldenSeries, SocketSeries
from linkerdctl.demo.simulation.labels import EVERYWHERE, FROM_OUTSIDE, LOOPBACK, address, from_client
from linkerdctl.demo.simulation.routing import admin_policy, inbound_policy
from linkerdctl.demo.simulation.taken import InboundPolicy, ProfileRoute
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.topology import ADMIN_PORT

_ADMIN_REQUEST_BYTES = 85
_DETECTION_SECONDS = 0.0000625
_DETECTION_RESULTS = ("http/1", "http/2", "not_http", "read_timeout", "error")


class InboundMetrics:
    """The inbound side of one proxy process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._clients: dict[tuple[str, InboundPolicy], _ClientSeries] = {}
        self._denied: dict[tuple[str, InboundPolicy], _DeniedSeries] = {}
        self._connected = _Connected()
        self._profiles: dict[ProfileRoute, ServerProfileSeries] = {}
        self._admin = {route: _AdminSeries(registry, admin_policy(route)) for route in ("probe", "default")}

    def began(self, hop: Hop) -> None:
        """A request has come."""
        if hop.denied:
            self._refused(hop).began(hop)
            return
        self._of(hop).began(hop)
        if profile := self._profile(hop):
            profile.began()

    def answered(self, hop: Hop) -> None:
        """Its response has begun; that of a denied one is the proxy's own, and no response of the application."""
        if hop.denied:
            return
        self._of(hop).golden.answered(hop.status, hop.server_latency_ms)
        if profile := self._profile(hop):
            profile.answered(hop)

    def ended(self, hop: Hop) -> None:
        """Its response has ended."""
        if hop.denied:
            self._refused(hop).ended(hop)
            return
        self._of(hop).ended(hop)
        if profile := self._profile(hop):
            profile.ended(hop)

    def admin_began(self, route: str) -> None:
        """A probe (`probe`) or a scrape (`default`) has come."""
        self._admin[route].began()

    def admin_ended(self, route: str, sent: int) -> None:
        """It has been answered with so many bytes, and hung up."""
        self._admin[route].ended(sent)

    def _profile(self, hop: Hop) -> ServerProfileSeries | None:
        route = hop.taken.server_profile if hop.taken else None
        if route is None:
            return None
        if route not in self._profiles:
            self._profiles[route] = ServerProfileSeries(self._registry, route)
        return self._profiles[route]

    def _refused(self, hop: Hop) -> _DeniedSeries:
        key = hop.client.identity, inbound_policy(hop)
        if key not in self._denied:
            self._denied[key] = _DeniedSeries(self._registry, hop, key[1], self._connected)
        return self._denied[key]

    def _of(self, hop: Hop) -> _ClientSeries:
        key = hop.client.identity, inbound_policy(hop)
        if key not in self._clients:
            self._clients[key] = _ClientSeries(self._registry, hop, key[1], self._connected)
        return self._clients[key]


class _AdminSeries:
    """The admin port is the proxy's own: nothing goes on to an application. Series come to be when first needed."""

    def __init__(self, registry: Registry, policy: InboundPolicy) -> None:
        self._registry = registry
        self._target = address(EVERYWHERE, ADMIN_PORT)
        self._policy = policy

    def began(self) -> None:
        self._socket.opened()
        _detected(self._registry, self._policy, "http/1")
        self._golden.began()
        self._registry.sample(AUTHORIZED, f"{self._target},{self._policy.labels},{FROM_OUTSIDE}").add()

    def ended(self, sent: int) -> None:
        self._golden.answered(200, 0)
        self._golden.ended(200, classification="success")
        self._socket.carried(_ADMIN_REQUEST_BYTES, sent)
        self._socket.closed()

    @cached_property
    def _golden(self) -> GoldenSeries:
        return GoldenSeries(self._registry, f'direction="inbound",{self._target},{FROM_OUTSIDE},{self._policy.labels}')

    @cached_property
    def _socket(self) -> SocketSeries:
        labels = f'direction="inbound",peer="src",{self._target},{FROM_OUTSIDE},{self._policy.server}'
        return SocketSeries(self._registry, labels)


class _Connected:
    """Clients' pods that have a connection, by the server that took it; requests of all routes share it."""

    def __init__(self) -> None:
        self._pods: set[tuple[tuple[str, str], int, str]] = set()

    def is_new(self, hop: Hop, policy: InboundPolicy) -> bool:
        """Whether a request needs a connection of its own, which from then on is there."""
        before = len(self._pods)
        self._pods.add((hop.client.key, hop.service.target_port, policy.server))
        return len(self._pods) > before


class _ClientSeries:
    """Clients of one identity under one policy; each of their pods has a connection of its own."""

    def __init__(self, registry: Registry, hop: Hop, policy: InboundPolicy, connected: _Connected) -> None:
        target, tls = address(hop.server.ip, hop.service.target_port), from_client(hop.client.identity)
        self._registry = registry
        self._policy = policy
        self.golden = GoldenSeries(registry, f'direction="inbound",{target},{tls},{policy.labels}')
        self._authorized = registry.sample(AUTHORIZED, f"{target},{policy.labels},{tls}")
        self._connected = connected
        self._from_client = SocketSeries(registry, f'direction="inbound",peer="src",{target},{tls},{policy.server}')
        self._to_application = SocketSeries(registry, f'direction="inbound",peer="dst",{LOOPBACK}')
        self._route = _RouteSeries(registry, f"{policy.parent},{policy.route}")

    def began(self, hop: Hop) -> None:
        if self._connected.is_new(hop, self._policy):
            self._from_client.opened()
            self._to_application.opened()
            _detected(self._registry, self._policy, "http/2" if hop.is_grpc else "http/1")
        self.golden.began()
        self._authorized.add()
        self._route.began(hop)

    def ended(self, hop: Hop) -> None:
        self.golden.ended(hop.status, classification=hop.classification, grpc_status=hop.grpc_status, error=hop.error)
        self._from_client.carried(hop.request_bytes, hop.response_bytes)
        self._to_application.carried(hop.response_bytes, hop.request_bytes)
        self._route.ended(hop)


class _DeniedSeries:
    """Clients of one identity that one policy turns away: their connections stay open, their requests go no further."""

    def __init__(self, registry: Registry, hop: Hop, policy: InboundPolicy, connected: _Connected) -> None:
        target, tls = address(hop.server.ip, hop.service.target_port), from_client(hop.client.identity)
        self._denied = registry.sample(DENIED, f"{target},{policy.labels},{tls}")
        self._from_client = SocketSeries(registry, f'direction="inbound",peer="src",{target},{tls},{policy.server}')
        self._connected, self._policy = connected, policy

    def began(self, hop: Hop) -> None:
        if self._connected.is_new(hop, self._policy):
            self._from_client.opened()
        self._denied.add()

    def ended(self, hop: Hop) -> None:
        self._from_client.carried(hop.request_bytes, hop.response_bytes)


class _RouteSeries:
    """The `inbound_http_*` series of one route."""

    def __init__(self, registry: Registry, labels: str) -> None:
        self._registry = registry
        self._labels = labels
        self._requests = registry.sample(INBOUND_REQUESTS, labels)
        self._request_frames = registry.distribution(INBOUND_REQUEST_FRAMES, labels)
        self._request_durations = registry.distribution(INBOUND_REQUEST_DURATIONS, labels)
        self._response_frames = registry.distribution(INBOUND_RESPONSE_FRAMES, labels)
        self._response_durations = registry.distribution(INBOUND_RESPONSE_DURATIONS, labels)
        self._statuses: dict[int, Sample] = {}

    def began(self, hop: Hop) -> None:
        self._requests.add()
        if hop.is_grpc:
            self._request_frames.observe(float(hop.request_bytes))

    def ended(self, hop: Hop) -> None:
        seconds = hop.server_ended - hop.server_started
        self._request_durations.observe(seconds)
        self._response_durations.observe(seconds)
        if hop.response_bytes:
            self._response_frames.observe(float(hop.response_bytes))
        if hop.status not in self._statuses:
            labels = f'{self._labels},status="{hop.status}"'
            self._statuses[hop.status] = self._registry.sample(INBOUND_STATUSES, labels)
        self._statuses[hop.status].add()


def _detected(registry: Registry, policy: InboundPolicy, result: str) -> None:
    registry.distribution(DETECTIONS, policy.server).observe(_DETECTION_SECONDS)
    for each in _DETECTION_RESULTS:
        registry.sample(DETECTED, f'result="{each}",{policy.server}').add(each == result)
