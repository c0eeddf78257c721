"""What a proxy tells of a request that passes: three events, as plain values. Knows nothing of protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

Labels = Mapping[str, str]
"""Labels of an endpoint or a route. Decoders give one and the same mapping for equal labels; do not change it."""

NO_LABELS: Labels = MappingProxyType({})


class Direction(IntEnum):
    """Which side of its application the proxy saw the request on."""

    UNKNOWN = 0
    INBOUND = 1
    OUTBOUND = 2


class StreamId(NamedTuple):
    """`base` counts the Observe calls of a proxy, `stream` the requests within one; other proxies have the same ids."""

    base: int
    stream: int


class Header(NamedTuple):
    """A header or trailer; bytes where the value is no UTF-8."""

    name: str
    value: str | bytes


Headers = tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of a connection. `ip` is empty where it is not known."""

    ip: str
    port: int
    labels: Labels = field(default_factory=lambda: NO_LABELS)

    @property
    def address(self) -> str:
        """`10.0.0.1:80`, `[::1]:80`, `:0` for nothing at all."""
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"

    @property
    def name(self) -> str:
        """The pod, or the address without its port."""
        return self.labels.get("pod") or self.ip


@dataclass(frozen=True, slots=True)
class RequestInit:
    """A request came. `method` and `scheme` are empty where the proxy left them out; `path` has no query."""

    method: str
    scheme: str
    authority: str
    path: str
    headers: Headers | None = None
    """None where headers were not asked for, as with responses and trailers."""


@dataclass(frozen=True, slots=True)
class ResponseInit:
    """Its answer began. Times are in nanoseconds."""

    since_request: int | None
    status: int
    headers: Headers | None = None


@dataclass(frozen=True, slots=True)
class ResponseEnd:
    """Its answer ended, well or not. Times are in nanoseconds; at most one of the two codes is there."""

    since_request: int | None
    since_response: int | None
    response_bytes: int
    grpc_status: int | None = None
    reset: int | None = None
    """HTTP/2 error code of a stream that was reset."""
    trailers: Headers | None = None


Http = RequestInit | ResponseInit | ResponseEnd
RequestKey = tuple[str, int, str, int, int, StreamId]


@dataclass(frozen=True, slots=True)
class TapEvent:
    """One event of one request, as one proxy saw it. `http` is None for a kind of event that is not known."""

    source: Endpoint
    destination: Endpoint
    direction: Direction
    id: StreamId
    http: Http | None
    route: Labels = field(default_factory=lambda: NO_LABELS)
    """Labels of the service profile's route; empty without one."""

    @property
    def key(self) -> RequestKey:
        """What the events of one request share, and no other request's: ids alone repeat from proxy to proxy."""
        source, destination = self.source, self.destination
        return source.ip, source.port, destination.ip, destination.port, self.direction, self.id

    @property
    def proxy(self) -> Endpoint:
        """The side that the proxy belongs to."""
        return self.destination if self.direction is Direction.INBOUND else self.source

    @property
    def tls(self) -> str:
        """`true`, `loopback`, or why not; of the connection to the other side. Empty where it is not told."""
        if self.direction is Direction.INBOUND:
            return self.source.labels.get("tls", "")
        if self.direction is Direction.OUTBOUND:
            return self.destination.labels.get("tls", "")
        return ""
