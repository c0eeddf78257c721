"""Tap events as a proxy tells them, made from the same hops that its metrics count. Pure."""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from linkerdctl.demo.simulation.routing import inbound_policy
from linkerdctl.demo.simulation.traffic import Headers, Hop
from linkerdctl.demo.topology import CONTROL_PLANE
from linkerdctl.metrics.labels import parse_labels
from linkerdctl.tap.wire import http_types_pb2 as http_types
from linkerdctl.tap.wire import net_pb2 as net
from linkerdctl.tap.wire import proxy_tap_pb2 as wire

_FIRST_EPHEMERAL, _EPHEMERAL_PORTS = 32_768, 28_000
_RESET_CANCEL = 8
"""HTTP/2's error code of a stream that its client gave up."""
Labels = Mapping[str, str]
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Sight:
    """A hop as one of its two proxies sees it: `side` is `inbound` at the server's, `outbound` at the client's."""

    hop: Hop
    side: str

    @property
    def source(self) -> Address:
        """Who opened the connection: the client's proxy, or for an outbound one the client's application."""
        hop = self.hop
        talk = f"{self.side} {hop.client.key} {hop.server.key if self.side == 'inbound' else hop.service}"
        return hop.client.ip, _FIRST_EPHEMERAL + zlib.crc32(talk.encode()) % _EPHEMERAL_PORTS

    @property
    def destination(self) -> Address:
        """The server's application."""
        return self.hop.server.ip, self.hop.service.target_port

    @property
    def source_labels(self) -> Labels:
        """What the proxy knows of the client."""
        if self.side == "outbound":
            return {"tls": "loopback"}
        return {"client_id": self.hop.client.identity, "tls": "true"}

    @property
    def destination_labels(self) -> Labels:
        """What the proxy knows of the server: policy on the server's side, the destination controller's words elsewhere."""
        return _policy_labels(self.hop) if self.side == "inbound" else _endpoint_labels(self.hop)

    @property
    def request_headers(self) -> Headers:
        """With the one that a server's proxy adds."""
        if self.side == "outbound":
            return self.hop.request_headers
        return (*self.hop.request_headers, ("l5d-client-id", self.hop.client.identity))

    @property
    def route(self) -> str:
        """The name of the ServiceProfile's route that this proxy takes; empty where there is none."""
        taken = self.hop.taken
        route = taken and (taken.server_profile if self.side == "inbound" else taken.profile)
        return route.name if route else ""

    @property
    def moments(self) -> tuple[float, float, float]:
        """When the request came, its response began and ended, here; epoch seconds."""
        hop = self.hop
        if self.side == "inbound":
            return hop.server_started, hop.server_first_byte, hop.server_ended
        return hop.started, hop.first_byte, hop.ended


def tap_event(sight: Sight, moment: str, base: int, stream: int, *, headers: bool) -> wire.TapEvent:
    """What is told of a `request`, a `response` or an `end`; with `headers`, what was extracted of those too."""
    event = wire.TapEvent(
        source=_address(sight.source),
        destination=_address(sight.destination),
        source_meta=_meta(sight.source_labels),
        destination_meta=_meta(sight.destination_labels),
        route_meta=_route_meta(sight.route),
        proxy_direction=sight.side.upper(),
    )
    stream_id = wire.TapEvent.Http.StreamId(base=base, stream=stream)
    if moment == "request":
        event.http.request_init.CopyFrom(_request_init(sight, stream_id, headers=headers))
    elif moment == "response":
        event.http.response_init.CopyFrom(_response_init(sight, stream_id, headers=headers))
    else:
        event.http.response_end.CopyFrom(_response_end(sight, stream_id, headers=headers))
    return event


def _request_init(
    sight: Sight, stream_id: wire.TapEvent.Http.StreamId, *, headers: bool
) -> wire.TapEvent.Http.RequestInit:
    hop = sight.hop
    return wire.TapEvent.Http.RequestInit(
        id=stream_id,
        method=http_types.HttpMethod(registered=hop.method),
        scheme=http_types.Scheme(registered=hop.scheme.upper()),
        authority=hop.service.host,
        path=hop.path,
        headers=_headers(sight.request_headers) if headers else None,
    )


def _response_init(
    sight: Sight, stream_id: wire.TapEvent.Http.StreamId, *, headers: bool
) -> wire.TapEvent.Http.ResponseInit:
    began, first_byte, _ = sight.moments
    event = wire.TapEvent.Http.ResponseInit(
        id=stream_id,
        http_status=sight.hop.status,
        headers=_headers(sight.hop.response_headers) if headers else None,
    )
    event.since_request_init.FromNanoseconds(_nanoseconds(first_byte - began))
    return event


def _response_end(
    sight: Sight, stream_id: wire.TapEvent.Http.StreamId, *, headers: bool
) -> wire.TapEvent.Http.ResponseEnd:
    began, first_byte, ended = sight.moments
    trailers = sight.hop.trailers
    event = wire.TapEvent.Http.ResponseEnd(
        id=stream_id,
        response_bytes=sight.hop.response_bytes,
        eos=_eos(sight.hop),
        trailers=_headers(trailers) if headers and trailers else None,
    )
    event.since_request_init.FromNanoseconds(_nanoseconds(ended - began))
    event.since_response_init.FromNanoseconds(_nanoseconds(ended - first_byte))
    return event


def _eos(hop: Hop) -> wire.Eos:
    """How the stream ended; of plain HTTP there is nothing to say, which is said."""
    if hop.error:
        return wire.Eos(reset_error_code=_RESET_CANCEL)
    return wire.Eos() if hop.grpc_status is None else wire.Eos(grpc_status_code=hop.grpc_status)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _headers(headers: Headers) -> http_types.Headers:
    written = (http_types.Headers.Header(name=name, value=value.encode()) for name, value in headers)
    return http_types.Headers(headers=written)


def _meta(labels: Labels) -> wire.TapEvent.EndpointMeta:
    entries = (wire.TapEvent.LabelsEntry(key=key, value=value) for key, value in labels.items())
    return wire.TapEvent.EndpointMeta(labels=entries)


def _route_meta(route: str) -> wire.TapEvent.RouteMeta | None:
    """None where no ServiceProfile has a route for the request."""
    entry = wire.TapEvent.LabelsEntry(key="route", value=route)
    return wire.TapEvent.RouteMeta(labels=[entry]) if route else None


def _address(address: Address) -> net.TcpAddress:
    ip, port = address
    return net.TcpAddress(ip=net.IPAddress(ipv4=int(ipaddress.IPv4Address(ip))), port=port)


def _policy_labels(hop: Hop) -> Labels:
    return {**_parsed(inbound_policy(hop).labels), "tls": "loopback"}


@lru_cache(256)
def _parsed(labels: str) -> Labels:
    """Without the port, which only metrics have."""
    return {key: value for key, value in parse_labels(labels.encode()).items() if key != "srv_port"}


def _endpoint_labels(hop: Hop) -> Labels:
    server = hop.server
    return {
        "control_plane_ns": CONTROL_PLANE,
        "deployment": server.workload,
        "namespace": server.namespace,
        "pod": server.name,
        "pod_template_hash": server.template_hash,
        "server_id": server.identity,
        "service": hop.service.name,
        "serviceaccount": server.service_account,
        "tls": "true",
        "zone": "",
    }
