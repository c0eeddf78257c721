"""Finished requests, each on one line or in one object: what `tap --group` shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linkerdctl.render.tap_lines import headers_text, labels_text
from linkerdctl.render.terminal import printable
from linkerdctl.tap.events import Endpoint, Headers
from linkerdctl.tap.grpc_codes import grpc_name
from linkerdctl.tap.json_form import Record, headers_record, labels_record
from linkerdctl.tap.requests import Request


def request_line(request: Request) -> str:
    """`ok   proxy=in  src=... dst=... :method=GET ... :status=200 latency=3.120ms`, in the manner of the event lines."""
    return printable(" ".join(_parts(request)))


def wide_request_line(request: Request) -> str:
    """The same, and all labels."""
    labels = (
        *labels_text("src_", request.source.labels),
        *labels_text("dst_", request.destination.labels),
        *labels_text("rt_", request.route),
    )
    return " ".join([request_line(request), *labels])


def headers_of_request(request: Request, wanted: Sequence[str] | None) -> Iterator[str]:
    """All three sorts of headers, each behind its own prefix."""
    for prefix, headers in (
        ("req", _request_headers(request)),
        ("rsp", _response_headers(request)),
        ("end", _trailers(request)),
    ):
        yield from (f"{prefix}_{text}" for text in headers_text(headers or (), wanted))


def request_record(request: Request) -> Record:
    """The object of a request; what was not seen is null. Times are in milliseconds."""
    init, end = request.init, request.end
    code = request.grpc_status
    return {
        "success": not request.failed,
        "source": _endpoint_record(request.source),
        "destination": _endpoint_record(request.destination),
        "routeMeta": labels_record(request.route),
        "proxyDirection": request.direction.name,
        "id": {"base": request.events[0].id.base, "stream": request.events[0].id.stream},
        "method": request.method if init else None,
        "scheme": init.scheme if init else None,
        "authority": init.authority if init else None,
        "path": init.path if init else None,
        "httpStatus": request.status,
        "grpcStatus": None if code is None else grpc_name(code),
        "grpcStatusCode": code,
        "resetErrorCode": end.reset if end else None,
        "latencyMs": _milliseconds(request.latency),
        "totalMs": _milliseconds(request.total),
        "responseBytes": end.response_bytes if end else None,
        "requestHeaders": headers_record(_request_headers(request)),
        "responseHeaders": headers_record(_response_headers(request)),
        "trailers": headers_record(_trailers(request)),
    }


def _parts(request: Request) -> Iterator[str]:
    end = request.end
    yield "fail" if request.failed else "ok  "
    yield f"proxy={ {1: 'in ', 2: 'out'}.get(request.direction, '???') }"
    yield f"src={_name(request.source)}"
    yield f"dst={_name(request.destination)}"
    yield f"tls={request.events[0].tls}"
    yield f":method={request.method} :authority={request.authority} :path={request.path}"
    yield f":status={'-' if request.status is None else request.status}"
    if request.grpc_status is not None:
        yield f"grpc-status={grpc_name(request.grpc_status)}"
    if end is not None and end.reset is not None:
        yield f"reset-error={end.reset}"
    yield f"latency={_time(request.latency)}"
    yield f"total={_time(request.total)}"
    yield f"response-length={end.response_bytes if end else 0}B"


def _name(endpoint: Endpoint) -> str:
    """The pod and the port at a destination's side; addresses where pods are not known."""
    pod = endpoint.labels.get("pod")
    return f"{pod}:{endpoint.port}" if pod else endpoint.address


def _time(nanoseconds: int | None) -> str:
    return "-" if nanoseconds is None else f"{nanoseconds / 1e6:.3f}ms"


def _milliseconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6


def _endpoint_record(endpoint: Endpoint) -> Record:
    return {"ip": endpoint.ip, "port": endpoint.port, "metadata": labels_record(endpoint.labels)}


def _request_headers(request: Request) -> Headers | None:
    return request.init.headers if request.init else None


def _response_headers(request: Request) -> Headers | None:
    return request.response.headers if request.response else None


def _trailers(request: Request) -> Headers | None:
    return request.end.trailers if request.end else None
