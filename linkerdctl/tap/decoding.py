"""From the messages of the two tap APIs to `TapEvent`. Equal parts of events are decoded once and shared."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from google.protobuf.message import DecodeError

from linkerdctl.errors import TapError
from linkerdctl.tap.events import (
    NO_LABELS,
    Direction,
    Endpoint,
    Header,
    Headers,
    Http,
    Labels,
    RequestInit,
    ResponseEnd,
    ResponseInit,
    StreamId,
    TapEvent,
)
from linkerdctl.tap.wire import proxy_tap_pb2, viz_tap_pb2

MOST_SHARED = 8192
"""Labels and addresses that are remembered for sharing before all are forgotten."""
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "HEAD", "TRACE")
SCHEMES = ("HTTP", "HTTPS")
_SECOND = 1_000_000_000
_DIRECTIONS = tuple(Direction)

Message = Any
"""A generated message of either API; they have the same fields but for labels and header values."""


class Decoder:
    """Turns the bytes of one event into a `TapEvent`, for one API."""

    def __init__(
        self, event_type: Message, labels_of: Callable[[Message], Labels], header_of: Callable[[Message], Header | None]
    ) -> None:
        self._parse = event_type.FromString
        self._labels_of = labels_of
        self._header_of = header_of
        self._labels: dict[frozenset[bytes], Labels] = {}
        self._ips: dict[int, str] = {}

    def decode(self, frame: bytes) -> TapEvent:
        """One event; raises `TapError` for bytes that are none."""
        try:
            message = self._parse(frame)
        except DecodeError:
            raise TapError("an event of the tap stream cannot be decoded: is it a tap stream?") from None
        http = message.http
        kind = http.WhichOneof("event")
        event = getattr(http, kind) if kind else None
        return TapEvent(
            self._endpoint(message.source, message.source_meta),
            self._endpoint(message.destination, message.destination_meta),
            _direction(message.proxy_direction),
            StreamId(event.id.base, event.id.stream) if event else _NO_ID,
            _HTTP[kind](event, self._headers) if kind else None,
            self._shared_labels(message.route_meta),
        )

    def _endpoint(self, address: Message, meta: Message) -> Endpoint:
        return Endpoint(self._ip(address.ip), address.port, self._shared_labels(meta))

    def _ip(self, address: Message) -> str:
        number = address.ipv4
        known = self._ips.get(number) if number else None
        if known is None:
            known = _ip(address)
            if number:
                _room_in(self._ips)[number] = known
        return known

    def _shared_labels(self, meta: Message) -> Labels:
        raw = meta.SerializeToString()
        if not raw:
            return NO_LABELS
        entries = _entries_of(raw)
        known = self._labels.get(entries)
        if known is None:
            known = _room_in(self._labels)[entries] = MappingProxyType(self._labels_of(meta))
        return known

    def _headers(self, headers: Message) -> Headers:
        return tuple(found for each in headers.headers if (found := self._header_of(each)) is not None)


def viz_decoder() -> Decoder:
    """For the events of the viz extension's tap API."""
    return Decoder(viz_tap_pb2.TapEvent, lambda meta: dict(meta.labels), _viz_header)


def proxy_decoder() -> Decoder:
    """For the events of a proxy itself."""
    return Decoder(proxy_tap_pb2.TapEvent, _entries, _proxy_header)


_NO_ID = StreamId(0, 0)
_ENTRY = 0x0A
"""The tag of field 1, which labels are in."""
_TWO_BYTES = 0x4000
"""Sizes from which on a varint takes three."""


def _room_in(shared: dict[Any, Any]) -> dict[Any, Any]:
    if len(shared) >= MOST_SHARED:
        shared.clear()
    return shared


def _entries_of(raw: bytes) -> frozenset[bytes]:
    """The entries of labels, whatever their order: proxies and Go write maps in another one each time.

    Cut by hand, because asking the message for each key and value takes longer than all the rest of an event.
    """
    entries, at, end = [], 0, len(raw)
    while at < end:
        size, begin = raw[at + 1], at + 2
        if size >= 0x80:
            size, begin = size & 0x7F | raw[at + 2] << 7, at + 3
        if raw[at] != _ENTRY or size >= _TWO_BYTES:
            return frozenset((raw,))
        at = begin + size
        entries.append(raw[begin:at])
    return frozenset(entries)


def _direction(number: int) -> Direction:
    """Enumerations are open, and may be negative."""
    return _DIRECTIONS[number] if 0 <= number < len(_DIRECTIONS) else Direction.UNKNOWN


def _ip(address: Message) -> str:
    if address.HasField("ipv4"):
        return str(ipaddress.IPv4Address(address.ipv4))
    if not address.HasField("ipv6"):
        return ""
    long = ipaddress.IPv6Address(address.ipv6.first << 64 | address.ipv6.last)
    return str(long.ipv4_mapped or long)


def _entries(meta: Message) -> Labels:
    return {entry.key: entry.value for entry in meta.labels}


def _viz_header(header: Message) -> Header | None:
    kind = header.WhichOneof("value")
    return Header(header.name, getattr(header, kind)) if kind else None


def _proxy_header(header: Message) -> Header:
    value: bytes = header.value
    try:
        return Header(header.name, value.decode())
    except UnicodeDecodeError:
        return Header(header.name, value)


def _request_init(event: Message, headers: Callable[[Message], Headers]) -> Http:
    return RequestInit(
        _word(event.method, METHODS),
        _word(event.scheme, SCHEMES),
        event.authority,
        event.path,
        headers(event.headers) if event.HasField("headers") else None,
    )


def _response_init(event: Message, headers: Callable[[Message], Headers]) -> Http:
    return ResponseInit(
        _nanoseconds(event.since_request_init) if event.HasField("since_request_init") else None,
        event.http_status,
        headers(event.headers) if event.HasField("headers") else None,
    )


def _response_end(event: Message, headers: Callable[[Message], Headers]) -> Http:
    eos = event.eos
    kind = eos.WhichOneof("end")
    return ResponseEnd(
        _nanoseconds(event.since_request_init) if event.HasField("since_request_init") else None,
        _nanoseconds(event.since_response_init) if event.HasField("since_response_init") else None,
        event.response_bytes,
        eos.grpc_status_code if kind == "grpc_status_code" else None,
        eos.reset_error_code if kind == "reset_error_code" else None,
        headers(event.trailers) if event.HasField("trailers") else None,
    )


_HTTP = {"request_init": _request_init, "response_init": _response_init, "response_end": _response_end}


def _word(message: Message, words: tuple[str, ...]) -> str:
    kind = message.WhichOneof("type")
    if kind == "registered":
        number: int = message.registered
        return words[number] if 0 <= number < len(words) else str(number)
    return message.unregistered if kind else ""


def _nanoseconds(duration: Message) -> int:
    return int(duration.seconds * _SECOND + duration.nanos)
