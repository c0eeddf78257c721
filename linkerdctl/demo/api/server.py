"""The API server face: routes, who may pass, errors as `Status`. What objects are and do is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from linkerdctl.demo.admin.answers import ProxyAnswers
from linkerdctl.demo.api import discovery, http_sd, openapi, openapi_wire, tap_discovery
from linkerdctl.demo.api.access import Access, attempt_of
from linkerdctl.demo.api.objects import ObjectRequests
from linkerdctl.demo.api.paths import Subject, subject_of, verb_of
from linkerdctl.demo.api.pods import PodAccess, wants_channels
from linkerdctl.demo.api.responses import error_response, json_response
from linkerdctl.demo.api.tap import TapApi
from linkerdctl.demo.api.watch import Watches
from linkerdctl.demo.cluster.resources import REGISTRY
from linkerdctl.demo.cluster.status import StatusError, bad_request, method_not_allowed, no_such_path
from linkerdctl.demo.cluster.store import ObjectStore
from linkerdctl.demo.topology import DemoPod

_POD = REGISTRY.served("v1", "Pod")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class ApiServer:
    """One face over one store; the aggregated API of tap comes first."""

    def __init__(
        self,
        store: ObjectStore,
        access: Access,
        pods: Mapping[tuple[str, str], DemoPod],
        answers: ProxyAnswers,
        tap_api: TapApi,
    ) -> None:
        self._store = store
        self._access = access
        self._tap_api = tap_api
        self._pods = PodAccess(store, pods, answers)
        self._watches = Watches(store)
        self._objects = ObjectRequests(store, self._watches)
        self.app = Starlette(
            routes=[*tap_api.routes(), *self._routes()],
            exception_handlers={StatusError: _refused, 404: _nothing_there, 405: _nothing_there},
        )

    def close(self) -> None:
        """End the watches and taps under way, so that the server can stop."""
        self._watches.close()
        self._tap_api.close()

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/version", _version),
            *(Route(path, _healthy) for path in ("/healthz", "/livez", "/readyz", "/livez/{check}", "/readyz/{check}")),
            *(Route(path, self._guarded) for path in ("/api", "/apis", "/openapi/v2", "/openapi/v3")),
            Route("/openapi/v3/{prefix:path}", self._guarded),
            Route(http_sd.PATH, self._scrape_targets),
            Route("/{path:path}", self._object, methods=_METHODS),
            WebSocketRoute("/{path:path}", self._websocket),
        ]

    async def _guarded(self, request: Request) -> Response:
        self._access.user(request.headers)
        return _document(request, with_tap=self._tap_api.is_registered)

    async def _scrape_targets(self, request: Request) -> Response:
        self._access.user(request.headers)
        return JSONResponse(http_sd.target_groups(self._store.members(_POD)))

    async def _object(self, request: Request) -> Response:
        user = self._access.user(request.headers)
        if listed := _resource_list(request.scope["path"]):
            return json_response(request, listed)
        subject = subject_of(request.scope["path"])
        self._access.check(attempt_of(user, verb_of(request.method, subject, request.query_params), subject))
        if subject.resource.verbs == ("create",):
            return await self._objects.review(request, subject, self._access, user)
        if subject.subresource in ("proxy", "portforward", "log"):
            return self._pod(request, subject)
        return await self._objects.answer(request, subject)

    def _pod(self, request: Request, subject: Subject) -> Response:
        if subject.subresource == "proxy" and request.method == "GET":
            return self._pods.proxied(subject, "/" + subject.rest)
        if subject.subresource == "portforward":
            raise bad_request("the demo forwards ports over WebSocket only (protocol v4.channel.k8s.io)")
        if subject.subresource == "log":
            raise StatusError(404, "NotFound", "the demo mesh simulates its pods; they write no logs")
        raise method_not_allowed()

    async def _websocket(self, socket: WebSocket) -> None:
        try:
            user = self._access.user(socket.headers)
            subject = subject_of(socket.scope["path"])
            self._access.check(attempt_of(user, "get", subject))
            if subject.subresource != "portforward" or not wants_channels(socket):
                raise bad_request("the demo speaks WebSocket for port-forward only, with v4.channel.k8s.io")
            await self._pods.forward(socket, subject)
        except StatusError as error:
            await socket.send_denial_response(error_response(error))


def _document(request: Request, *, with_tap: bool) -> Response:
    path, accept = request.scope["path"].strip("/"), request.headers.get("accept", "")
    if path == "openapi/v2":
        return _openapi_2(request, accept)
    if path == "openapi/v3":
        return json_response(request, openapi.version_3_index(REGISTRY))
    if path.startswith("openapi/v3/"):
        return json_response(request, _openapi_3(path.removeprefix("openapi/v3/")))
    core = path == "api"
    for version in ("v2", "v2beta1"):
        if f"g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" in accept:
            document = discovery.aggregated(REGISTRY, core=core, version=version)
            document["items"] += [] if core or not with_tap else [tap_discovery.discovered()]
            response = json_response(request, document)
            response.headers["content-type"] = (
                f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
            )
            return response
    if core:
        return json_response(request, discovery.api_versions())
    more = [tap_discovery.group()] if with_tap else []
    return json_response(request, discovery.api_groups(REGISTRY, more))


def _openapi_2(request: Request, accept: str) -> Response:
    document = openapi.version_2(REGISTRY)
    if "protobuf" in accept:
        return Response(openapi_wire.encode(document), media_type=openapi_wire.MEDIA_TYPE)
    return json_response(request, document)


def _openapi_3(prefix: str) -> dict[str, Any]:
    types = [each for each in REGISTRY.types if each.base_path.removeprefix("/") == prefix]
    if not types:
        raise no_such_path()
    return openapi.version_3(types)


def _resource_list(path: str) -> dict[str, Any] | None:
    """Discovery of one group or group version; None for paths that lead to objects."""
    match path.strip("/").split("/"):
        case ["api", version]:
            return discovery.api_resources(REGISTRY, "", version)
        case ["apis", group]:
            return discovery.api_group(REGISTRY, group)
        case ["apis", group, version]:
            return discovery.api_resources(REGISTRY, group, version)
    return None


async def _version(request: Request) -> Response:
    return json_response(request, discovery.VERSION)


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, StatusError)  # noqa: S101 - registered for these alone
    return error_response(error)


async def _nothing_there(_request: Request, _error: Exception) -> Response:
    return error_response(no_such_path())
