"""Requests in few words, as the events that a tap tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from linkerdctl.tap.events import Direction, Endpoint, RequestInit, ResponseEnd, ResponseInit, StreamId, TapEvent

MS = 1_000_000
_streams = count()


def pod(name: str, namespace: str = "emojivoto") -> Endpoint:
    return Endpoint("10.0.0.1", 4000, {"pod": name, "namespace": namespace})


def request(
    path: str = "/api/vote",
    *,
    method: str = "GET",
    source: Endpoint | str = "bot",
    destination: Endpoint | str = "web",
    ms: float | None = 5.0,
    status: int = 200,
    grpc: int | None = None,
    direction: Direction = Direction.INBOUND,
    route: str = "",
) -> Iterator[TapEvent]:
    """Beginning, answer and end of one request; without `ms` its end tells no time."""
    client = pod(source) if isinstance(source, str) else source
    server = pod(destination) if isinstance(destination, str) else destination
    stream = StreamId(0, next(_streams))
    total = None if ms is None else round(ms * MS)
    for part in (
        RequestInit(method, "HTTP", f"{server.name}:80", path),
        ResponseInit(total, status),
        ResponseEnd(total, 0, 100, grpc_status=grpc),
    ):
        yield TapEvent(client, server, direction, stream, part, {"route": route} if route else {})
