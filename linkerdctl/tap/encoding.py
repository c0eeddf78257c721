"""From `TapEvent` back to the bytes of the viz extension's tap API, to save what was seen."""

from __future__ import annotations

import ipaddress

from linkerdctl.tap.decoding import METHODS, SCHEMES
from linkerdctl.tap.events import Endpoint, Headers, RequestInit, ResponseEnd, ResponseInit, StreamId, TapEvent
from linkerdctl.tap.wire import viz_tap_pb2 as viz

_SECOND = 1_000_000_000


def encode(event: TapEvent) -> bytes:
    """The message, without a length."""
    message = viz.TapEvent(proxy_direction=event.direction.name)
    _address(event.source, message.source)
    _address(event.destination, message.destination)
    for labels, meta in (
        (event.source.labels, message.source_meta),
        (event.destination.labels, message.destination_meta),
        (event.route, message.route_meta),
    ):
        if labels:
            meta.labels.update(labels)
    http = event.http
    if isinstance(http, RequestInit):
        message.http.request_init.CopyFrom(_request_init(event.id, http))
    elif isinstance(http, ResponseInit):
        message.http.response_init.CopyFrom(_response_init(event.id, http))
    elif isinstance(http, ResponseEnd):
        message.http.response_end.CopyFrom(_response_end(event.id, http))
    return message.SerializeToString()


def framed(message: bytes) -> bytes:
    """With its length before it, as the API writes it."""
    return len(message).to_bytes(4, "little") + message


def _address(endpoint: Endpoint, message: viz.TcpAddress) -> None:
    message.port = endpoint.port
    if not endpoint.ip:
        return
    number = int(ipaddress.ip_address(endpoint.ip))
    if ":" in endpoint.ip:
        message.ip.ipv6.first, message.ip.ipv6.last = number >> 64, number & (1 << 64) - 1
    else:
        message.ip.ipv4 = number


def _stream_id(stream: StreamId) -> viz.TapEvent.Http.StreamId:
    return viz.TapEvent.Http.StreamId(base=stream.base, stream=stream.stream)


def _request_init(stream: StreamId, event: RequestInit) -> viz.TapEvent.Http.RequestInit:
    message = viz.TapEvent.Http.RequestInit(id=_stream_id(stream), authority=event.authority, path=event.path)
    _word(event.method, METHODS, message.method)
    _word(event.scheme, SCHEMES, message.scheme)
    if event.headers is not None:
        message.headers.CopyFrom(_headers(event.headers))
    return message


def _response_init(stream: StreamId, event: ResponseInit) -> viz.TapEvent.Http.ResponseInit:
    message = viz.TapEvent.Http.ResponseInit(id=_stream_id(stream), http_status=event.status)
    if event.since_request is not None:
        message.since_request_init.FromNanoseconds(event.since_request)
    if event.headers is not None:
        message.headers.CopyFrom(_headers(event.headers))
    return message


def _response_end(stream: StreamId, event: ResponseEnd) -> viz.TapEvent.Http.ResponseEnd:
    message = viz.TapEvent.Http.ResponseEnd(id=_stream_id(stream), response_bytes=event.response_bytes)
    if event.since_request is not None:
        message.since_request_init.FromNanoseconds(event.since_request)
    if event.since_response is not None:
        message.since_response_init.FromNanoseconds(event.since_response)
    if event.grpc_status is not None:
        message.eos.grpc_status_code = event.grpc_status
    elif event.reset is not None:
        message.eos.reset_error_code = event.reset
    if event.trailers is not None:
        message.trailers.CopyFrom(_headers(event.trailers))
    return message


def _word(word: str, registered: tuple[str, ...], message: viz.HttpMethod | viz.Scheme) -> None:
    if word in registered:
        message.registered = registered.index(word)  # type: ignore[assignment]
    elif word:
        message.unregistered = word


def _headers(headers: Headers) -> viz.Headers:
    message = viz.Headers()
    for name, value in headers:
        if isinstance(value, bytes):
            message.headers.add(name=name, value_bin=value)
        else:
            message.headers.add(name=name, value_str=value)
    return message
