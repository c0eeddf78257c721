"""Bodies of the API face: JSON, compressed when it is long, and `Status` for errors."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkerdctl.demo.api import protobuf_bodies
from linkerdctl.demo.cluster.status import StatusError, bad_request

_LONG = 128 * 1024


def dumps(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def json_response(request: Request, value: Any, code: int = 200, warnings: Iterable[str] = ()) -> Response:
    """A JSON answer; warnings go where kubectl prints them from."""
    body = dumps(value)
    headers = {"cache-control": "no-cache, private"}
    if len(body) > _LONG and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=1)
        headers["content-encoding"] = "gzip"
    response = Response(body, code, headers, media_type="application/json")
    for warning in warnings:
        quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.append("warning", f'299 - "{quoted}"')
    return response


def error_response(error: StatusError) -> Response:
    """The `Status` of a refusal."""
    headers = {"retry-after": str(error.retry_after)} if error.retry_after else None
    return JSONResponse(error.body(), error.code, headers)


async def body_of(request: Request) -> Any:
    """The request's JSON or YAML, None when it is empty; raises a 400 or 415 `StatusError`."""
    raw = await request.body()
    if not raw:
        return None
    if request.headers.get("content-type", "").startswith(protobuf_bodies.MEDIA_TYPE):
        return _protobuf(raw)
    try:
        return json.loads(raw)
    except ValueError as json_error:
        if "yaml" not in request.headers.get("content-type", ""):
            raise bad_request(f"the object provided is no JSON: {json_error}") from json_error
    return _yaml(raw)


def _protobuf(raw: bytes) -> Any:
    try:
        manifest = protobuf_bodies.decode(raw)
    except ValueError as error:
        raise bad_request(f"error decoding protobuf: {error}") from error
    if manifest is None:
        message = "the demo reads no protobuf of this kind; write the object to a file and use kubectl apply -f"
        raise StatusError(415, "UnsupportedMediaType", message)
    return manifest


def _yaml(raw: bytes) -> Any:
    import yaml

    try:
        return json.loads(json.dumps(yaml.safe_load(raw), default=str))
    except (yaml.YAMLError, ValueError) as error:
        raise bad_request("error decoding YAML: " + str(error).replace("\n", " ")) from error
