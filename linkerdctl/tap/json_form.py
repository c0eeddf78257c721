"""Events in the JSON form of `linkerd viz tap -o json`, as plain dicts, there and back."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

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

Record = dict[str, Any]
_SECOND = 1_000_000_000
_32_BITS, _64_BITS = range(1 << 32), range(1 << 64)
_SECONDS, _NANOSECONDS = range(-(1 << 63), 1 << 63), range(-(1 << 31), 1 << 31)
"""What the messages of the tap API can hold."""


def to_json_form(event: TapEvent) -> Record:
    """Keys in the real tool's order; labels sorted."""
    record: Record = {
        "source": _endpoint(event.source),
        "destination": _endpoint(event.destination),
        "routeMeta": labels_record(event.route),
        "proxyDirection": event.direction.name,
    }
    stream = {"id": {"base": event.id.base, "stream": event.id.stream}}
    http = event.http
    if isinstance(http, RequestInit):
        record["requestInitEvent"] = stream | _request_init(http)
    elif isinstance(http, ResponseInit):
        record["responseInitEvent"] = stream | _response_init(http)
    elif isinstance(http, ResponseEnd):
        record["responseEndEvent"] = stream | _response_end(http)
    return record


def labels_record(labels: Labels) -> Record | None:
    """Sorted; None where there are none."""
    return dict(sorted(labels.items())) or None


def duration_record(nanoseconds: int | None) -> Record | None:
    """Seconds and nanoseconds, without those that are zero."""
    if nanoseconds is None:
        return None
    seconds, nanos = divmod(nanoseconds, _SECOND)
    return {key: value for key, value in (("seconds", seconds), ("nanos", nanos)) if value}


def headers_record(headers: Headers | None) -> list[Record] | None:
    """Values that are no text in base64."""
    if headers is None:
        return None
    return [
        {"name": name, "valueStr": value}
        if isinstance(value, str)
        else {"name": name, "valueBin": base64.b64encode(value).decode()}
        for name, value in headers
    ]


def from_json_form(record: Any) -> TapEvent:
    """The event of one object. Raises `TapError` for anything that is none.

    The form does not tell gRPC's OK from no gRPC at all; trailers do, if they were extracted.
    """
    try:
        return _event(record)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
        what = f"{type(error).__name__}: {error}"
        raise TapError(f"a JSON object is no event of `tap -o json` ({what[:80]})") from None


def _endpoint(endpoint: Endpoint) -> Record:
    return {"ip": endpoint.ip, "port": endpoint.port, "metadata": labels_record(endpoint.labels)}


def _request_init(event: RequestInit) -> Record:
    return {
        "method": event.method,
        "scheme": event.scheme,
        "authority": event.authority,
        "path": event.path,
        "headers": headers_record(event.headers),
    }


def _response_init(event: ResponseInit) -> Record:
    return {
        "sinceRequestInit": duration_record(event.since_request),
        "httpStatus": event.status,
        "headers": headers_record(event.headers),
    }


def _response_end(event: ResponseEnd) -> Record:
    return {
        "sinceRequestInit": duration_record(event.since_request),
        "sinceResponseInit": duration_record(event.since_response),
        "responseBytes": event.response_bytes,
        "trailers": headers_record(event.trailers),
        "grpcStatusCode": event.grpc_status or 0,
    } | ({"resetErrorCode": event.reset} if event.reset else {})


def _event(record: Mapping[str, Any]) -> TapEvent:
    stream, http = _http(record)
    return TapEvent(
        _endpoint_of(record["source"]),
        _endpoint_of(record["destination"]),
        Direction[record["proxyDirection"]],
        stream,
        http,
        _labels_of(record.get("routeMeta")),
    )


def _http(record: Mapping[str, Any]) -> tuple[StreamId, Http | None]:
    for key, read in (
        ("requestInitEvent", _request_init_of),
        ("responseInitEvent", _response_init_of),
        ("responseEndEvent", _response_end_of),
    ):
        event = record.get(key)
        if event is not None:
            identity = event["id"]
            return StreamId(_number(identity["base"], _32_BITS), _number(identity["stream"], _64_BITS)), read(event)
    return StreamId(0, 0), None


def _endpoint_of(record: Mapping[str, Any]) -> Endpoint:
    return Endpoint(_ip(_text(record["ip"])), _number(record["port"], _32_BITS), _labels_of(record.get("metadata")))


def _labels_of(record: Mapping[str, str] | None) -> Labels:
    return MappingProxyType({_text(key): _text(value) for key, value in record.items()}) if record else NO_LABELS


def _request_init_of(event: Mapping[str, Any]) -> Http:
    method, scheme, authority, path = (_text(event[key]) for key in ("method", "scheme", "authority", "path"))
    return RequestInit(method, scheme, authority, path, _headers_of(event.get("headers")))


def _response_init_of(event: Mapping[str, Any]) -> Http:
    since = _nanoseconds(event.get("sinceRequestInit"))
    return ResponseInit(since, _number(event["httpStatus"], _32_BITS), _headers_of(event.get("headers")))


def _response_end_of(event: Mapping[str, Any]) -> Http:
    trailers = _headers_of(event.get("trailers"))
    code, reset = _number(event["grpcStatusCode"], _32_BITS), _number(event.get("resetErrorCode") or 0, _32_BITS)
    said = code or any(header.name.lower() == "grpc-status" for header in trailers or ())
    return ResponseEnd(
        _nanoseconds(event.get("sinceRequestInit")),
        _nanoseconds(event.get("sinceResponseInit")),
        _number(event["responseBytes"], _64_BITS),
        code if said and not reset else None,
        reset or None,
        trailers,
    )


def _nanoseconds(duration: Mapping[str, int] | None) -> int | None:
    if duration is None:
        return None
    seconds, nanos = _number(duration.get("seconds", 0), _SECONDS), _number(duration.get("nanos", 0), _NANOSECONDS)
    return seconds * _SECOND + nanos


def _headers_of(headers: list[Mapping[str, str]] | None) -> Headers | None:
    return None if headers is None else tuple(_header_of(each) for each in headers)


def _header_of(header: Mapping[str, str]) -> Header:
    name = _text(header["name"])
    if "valueBin" in header:
        return Header(name, base64.b64decode(header["valueBin"], validate=True))
    return Header(name, _text(header["valueStr"]))


def _number(value: Any, possible: range) -> int:
    number = int(value)
    if number not in possible:
        raise ValueError(f"{number} is out of range")
    return number


@lru_cache(4096)
def _ip(text: str) -> str:
    """Itself; raises `ValueError` for what is no address, unless it is empty."""
    if text:
        ipaddress.ip_address(text)
    return text


def _text(value: Any) -> str:
    """Itself; raises `ValueError` for what no UTF-8 can hold (half a surrogate pair)."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    value.encode()
    return value
