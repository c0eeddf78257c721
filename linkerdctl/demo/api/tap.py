"""The aggregated API of tap at the API face: paths, permission, refusals, and the stream itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from linkerdctl.demo.api import tap_discovery
from linkerdctl.demo.api.access import Access, Attempt
from linkerdctl.demo.api.responses import json_response
from linkerdctl.demo.cluster.api_services import TAP_API_SERVICE, TAP_GROUP, TAP_VERSION
from linkerdctl.demo.cluster.resources import REGISTRY
from linkerdctl.demo.cluster.status import no_such_path
from linkerdctl.demo.cluster.store import Manifest, ObjectStore
from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.tap.kinds import KINDS

if TYPE_CHECKING:
    from linkerdctl.demo.tap.observe import ProxyTaps
    from linkerdctl.demo.tap.service import TapService, TapStream

_ROOT = f"/apis/{TAP_GROUP}"
_WATCH = f"{_ROOT}/{TAP_VERSION}/watch/"
_RBAC_HELP = "https://linkerd.io/tap-rbac"


class TapApi:
    """Routes that an API face serves before its own. The tap server behind it begins with the first tap."""

    def __init__(self, mesh: Mesh, store: ObjectStore, access: Access) -> None:
        self._mesh, self._store, self._access = mesh, store, access
        self._closing = asyncio.Event()
        self._taps: ProxyTaps | None = None
        self._service: TapService | None = None

    @property
    def taps(self) -> ProxyTaps:
        """Taps of the proxies, the same for all that lead to them."""
        if self._taps is None:
            from linkerdctl.demo.tap.observe import ProxyTaps

            self._taps = ProxyTaps(self._mesh)
        return self._taps

    @property
    def is_registered(self) -> bool:
        """Whether the cluster has its APIService."""
        return self._api_service() is not None

    def routes(self) -> Sequence[BaseRoute]:
        """Discovery of the group and of its version, and the taps."""
        return [
            Route(_ROOT, self._discovery),
            Route(f"{_ROOT}/{TAP_VERSION}", self._discovery),
            Route(_WATCH + "{target:path}", self._watch, methods=["GET", "POST"]),
        ]

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self._closing.set()
        if self._taps is not None:
            self._taps.close()

    async def _discovery(self, request: Request) -> Response:
        self._access.user(request.headers)
        if refused := self._unserved():
            return refused
        if request.scope["path"] == _ROOT:
            return json_response(request, {"kind": "APIGroup", "apiVersion": "v1", **tap_discovery.group()})
        return json_response(request, tap_discovery.resources())

    async def _watch(self, request: Request) -> Response:
        user = self._access.user(request.headers)
        if refused := self._unserved():
            return refused
        attempt = _attempt(user, request.path_params["target"])
        if attempt is None:
            return JSONResponse({"error": f"invalid path: {request.scope['path']}"}, 400)
        self._access.check(attempt)
        return await self._tap(request, attempt)

    def _unserved(self) -> Response | None:
        """What the API server itself answers when there is no tap server to hand the request to."""
        api_service = self._api_service()
        if api_service is None:
            raise no_such_path()
        conditions = (api_service.get("status") or {}).get("conditions") or ()
        available = any(each["type"] == "Available" and each["status"] == "True" for each in conditions)
        return None if available else PlainTextResponse("service unavailable\n", 503)

    def _api_service(self) -> Manifest | None:
        return self._store.find(REGISTRY.served("apiregistration.k8s.io/v1", "APIService"), "", TAP_API_SERVICE)

    async def _tap(self, request: Request, attempt: Attempt) -> Response:
        from linkerdctl.demo.tap.service import TapService, framed
        from linkerdctl.demo.tap.targets import TapRefusedError
        from linkerdctl.tap.wire.viz_tap_pb2 import ApiError

        if self._service is None:
            self._service = TapService(self._mesh, self._store, self.taps)
        try:
            stream = self._service.open(await request.body(), request.path_params["target"])
        except TapRefusedError as error:
            told = framed(ApiError(error=str(error)))
            return Response(
                told, headers={"linkerd-error": "Internal Server Error"}, media_type=_StreamResponse.media_type
            )
        if stream.fault is not None and stream.fault.kind == "tap-403":
            return JSONResponse({"error": _denial(attempt)}, 403)
        return _StreamResponse(stream, self._closing)


class _StreamResponse(Response):
    """Sends what a tap tells, until it ends, the client is gone, or the demo stops."""

    media_type = "application/octet-stream"

    def __init__(self, stream: TapStream, closing: asyncio.Event) -> None:
        super().__init__()
        self._stream, self._closing = stream, closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", (self.media_type or "").encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_until_gone(receive))
        closing = asyncio.create_task(self._closing.wait())
        await asyncio.wait((sending, leaving, closing), return_when=asyncio.FIRST_COMPLETED)
        for task in (sending, leaving, closing):
            task.cancel()
        await asyncio.gather(leaving, closing, return_exceptions=True)
        try:
            await sending
        except asyncio.CancelledError:
            return
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        async for chunk in self._stream.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _attempt(user: str, target: str) -> Attempt | None:
    """What is attempted by a path below `watch/`; None for one of another shape."""
    kinds = {kind.plural: kind for kind in KINDS}
    match target.split("/"):
        case ["namespaces", namespace, "tap"]:
            return Attempt(user, "watch", TAP_GROUP, "namespaces/tap", namespace, namespace)
        case ["namespaces", namespace, plural, name, "tap"] if plural in kinds:
            return Attempt(user, "watch", TAP_GROUP, f"{plural}/tap", namespace, name)
    return None


def _denial(attempt: Attempt) -> str:
    """As the tap server says it after a SubjectAccessReview of its own."""
    return (
        f"tap authorization failed ({attempt.resource.partition('/')[0]}.{attempt.group} is forbidden: not authorized to "
        f'access {attempt.resource} in namespace "{attempt.namespace}"), visit {_RBAC_HELP} for more information'
    )
