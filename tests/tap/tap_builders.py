"""Events in few words; a server that answers as a script says."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from linkerdctl.tap.events import (
    Direction,
    Endpoint,
    Header,
    Http,
    RequestInit,
    ResponseEnd,
    ResponseInit,
    StreamId,
    TapEvent,
)

RECORDED = Path(__file__).parents[1] / "fixtures" / "tap" / "web.observe.bin.gz"
TWIN = RECORDED.with_name("web.observe.jsonl.gz")
MS = 1_000_000
_streams = count()


def endpoint(ip: str = "10.0.0.1", port: int = 80, **labels: str) -> Endpoint:
    return Endpoint(ip, port, labels)


def event(
    http: Http | None,
    *,
    stream: int = 0,
    base: int = 0,
    direction: Direction = Direction.OUTBOUND,
    source: Endpoint | None = None,
    destination: Endpoint | None = None,
    route: dict[str, str] | None = None,
) -> TapEvent:
    return TapEvent(
        source or endpoint("10.0.0.1", 4000, tls="loopback"),
        destination or endpoint("10.0.0.2", 8080, tls="true"),
        direction,
        StreamId(base, stream),
        http,
        route or {},
    )


def begun(path: str = "/", *, method: str = "GET", headers: dict[str, str] | None = None, **more: Any) -> TapEvent:
    sent = None if headers is None else tuple(Header(*each) for each in headers.items())
    return event(RequestInit(method, "HTTP", "web:80", path, sent), **more)


def answered(status: int = 200, ms: float = 1, **more: Any) -> TapEvent:
    return event(ResponseInit(round(ms * MS), status), **more)


def ended(ms: float = 1, *, grpc: int | None = None, reset: int | None = None, **more: Any) -> TapEvent:
    return event(ResponseEnd(round(ms * MS), 0, 10, grpc, reset), **more)


def whole(
    path: str = "/",
    *,
    status: int = 200,
    ms: float = 1,
    grpc: int | None = None,
    reset: int | None = None,
    method: str = "GET",
    stream: int | None = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> list[TapEvent]:
    """A request's three events."""
    stream = next(_streams) if stream is None else stream
    return [
        begun(path, method=method, headers=headers, stream=stream, **more),
        answered(status, ms, stream=stream, **more),
        ended(ms, grpc=grpc, reset=reset, stream=stream, **more),
    ]


def recorded_frames() -> Iterator[bytes]:
    """The messages of the real stream."""
    data = gzip.decompress(RECORDED.read_bytes())
    at = 0
    while at < len(data):
        size = shift = 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield data[at : at + size]
        at += size
