"""Events as the lines of `linkerd viz tap`, plain and wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linkerdctl.render.terminal import printable
from linkerdctl.tap.events import Direction, Header, Headers, Labels, RequestInit, ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.grpc_codes import grpc_name

_PROXY = {Direction.INBOUND: "in ", Direction.OUTBOUND: "out", Direction.UNKNOWN: "???"}
"""The blank keeps the columns straight, and is the real tool's."""


def event_line(event: TapEvent) -> str:
    """One event, without a line end. Blanks in paths stay as they are, control characters do not."""
    line = _line(event)
    return line if line.isprintable() else printable(line)


def wide_line(event: TapEvent) -> str:
    """The same, and all labels of source, destination and route, sorted."""
    parts = [
        event_line(event),
        *labels_text("src_", event.source.labels),
        *labels_text("dst_", event.destination.labels),
        *labels_text("rt_", event.route),
    ]
    return " ".join(parts)


def labels_text(prefix: str, labels: Labels) -> Iterator[str]:
    """`dst_pod=web-1`, sorted."""
    return (printable(f"{prefix}{key}={value}") for key, value in sorted(labels.items()))


def headers_of(event: TapEvent) -> Headers:
    """Headers or trailers, whichever the event has; empty where none were extracted."""
    http = event.http
    if isinstance(http, ResponseEnd):
        return http.trailers or ()
    return (http.headers or ()) if http is not None else ()


def headers_text(headers: Headers, wanted: Iterable[str] | None) -> Iterator[str]:
    """`user-agent=curl/8`, the wanted ones (all, for None), in the order they were sent; blanks are quoted."""
    names = None if wanted is None else {name.lower() for name in wanted}
    return (_header_text(header) for header in headers if names is None or header.name.lower() in names)


def _line(event: TapEvent) -> str:
    http = event.http
    source, destination = event.source.address, event.destination.address
    where = f"proxy={_PROXY[event.direction]} src={source} dst={destination} tls={event.tls}"
    if http is None:
        return f"unknown {where}"
    stream = f"id={event.id.base}:{event.id.stream} {where}"
    if isinstance(http, RequestInit):
        return f"req {stream} :method={http.method or 'GET'} :authority={http.authority} :path={http.path}"
    if isinstance(http, ResponseInit):
        return f"rsp {stream} :status={http.status} latency={_microseconds(http.since_request)}µs"
    return f"end {stream}{_eos(http)} duration={_microseconds(http.since_response)}µs response-length={http.response_bytes}B"


def _microseconds(nanoseconds: int | None) -> int:
    return (nanoseconds or 0) // 1000


def _eos(end: ResponseEnd) -> str:
    if end.grpc_status is not None:
        return f" grpc-status={grpc_name(end.grpc_status)}"
    return "" if end.reset is None else f" reset-error={end.reset}"


def _header_text(header: Header) -> str:
    value = header.value if isinstance(header.value, str) else f"0x{header.value.hex()}"
    quoted = '"' + value.replace('"', '\\"') + '"' if " " in value or not value else value
    return printable(f"{header.name}={quoted}")
