"""A plain client of the demo's tap API: requests and events as they are on the wire."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import httpx

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.tap.wire import viz_tap_pb2 as viz

WATCH = "/apis/tap.linkerd.io/v1alpha1/watch/"
WEB = "namespaces/emojivoto/deployments/web/tap"


def request_for(kind: str = "deployment", name: str = "web", **more: Any) -> viz.TapByResourceRequest:
    """A request as the real tool makes it."""
    resource = viz.Resource(namespace="emojivoto", type=kind, name=name)
    request = viz.TapByResourceRequest(target=viz.ResourceSelection(resource=resource), max_rps=10_000, **more)
    request.match.all.SetInParent()
    request.extract.SetInParent()
    return request


def http(**match: str) -> viz.TapByResourceRequest.Match:
    """A match of one HTTP word."""
    return viz.TapByResourceRequest.Match(http=viz.TapByResourceRequest.Match.Http(**match))


def destinations(kind: str, name: str, namespace: str = "") -> viz.TapByResourceRequest.Match:
    """A match of where requests go."""
    resource = viz.Resource(namespace=namespace, type=kind, name=name)
    return viz.TapByResourceRequest.Match(destinations=viz.ResourceSelection(resource=resource))


def matching(*leaves: viz.TapByResourceRequest.Match) -> viz.TapByResourceRequest:
    """A request for those of web's requests that fit all of these."""
    request = request_for()
    request.match.all.matches.extend(leaves)
    return request


def frames(response: httpx.Response) -> Iterator[bytes]:
    """Messages of a stream; what is cut off at its end raises as httpx finds it."""
    rest = b""
    for chunk in response.iter_raw():
        rest += chunk
        while len(rest) >= 4 and len(rest) >= 4 + (size := struct.unpack("<I", rest[:4])[0]):
            yield rest[4 : 4 + size]
            rest = rest[4 + size :]


def tapped(mesh: DemoMesh, request: viz.TapByResourceRequest, events: int, path: str = WEB) -> list[viz.TapEvent]:
    """The first events of a tap."""
    found: list[viz.TapEvent] = []
    with httpx.stream("POST", mesh.url + WATCH + path, content=request.SerializeToString(), timeout=10) as response:
        assert response.status_code == 200, response.read()
        for frame in frames(response):
            found.append(viz.TapEvent.FromString(frame))
            if len(found) == events:
                break
    return found


def refused(mesh: DemoMesh, request: viz.TapByResourceRequest | bytes, path: str = WEB) -> httpx.Response:
    """The answer to a tap that is not granted."""
    body = request if isinstance(request, bytes) else request.SerializeToString()
    return httpx.post(mesh.url + WATCH + path, content=body, timeout=10)


def api_error(response: httpx.Response) -> str:
    """What the tap server says in its own way."""
    assert response.headers["linkerd-error"]
    size = struct.unpack("<I", response.content[:4])[0]
    return viz.ApiError.FromString(response.content[4 : 4 + size]).error


def make_unavailable(demo: DemoMesh, condition: dict[str, str]) -> None:
    """Give the tap's APIService a condition, as the cluster does (old kubectls cannot write a status)."""
    httpx.patch(
        f"{demo.url}/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.tap.linkerd.io/status",
        json={"status": {"conditions": [condition]}},
        headers={"content-type": "application/merge-patch+json"},
    ).raise_for_status()
