"""What `routes` needs beyond traffic: services, profiles and Gateway API routes, and paths that were seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.scene import Scene, all_answers
from linkerdctl.cli.traffic import open_scene
from linkerdctl.errors import ApiError, UsageError
from linkerdctl.kube.kinds import SERVICE
from linkerdctl.kube.selection import Selection, namespaces_of
from linkerdctl.reports.routes import RoutesRequest
from linkerdctl.reports.routes_objects import RouteObjects
from linkerdctl.reports.routes_why import SeenPath

Resource = tuple[str, str, str]
"""Group version, plural and object kind."""
SeenPaths = Mapping[tuple[str, str], Sequence[SeenPath]]
"""Requests that were seen on their way to services, by the services' namespaces and names."""
PROFILES: Resource = ("linkerd.io/v1alpha2", "serviceprofiles", "ServiceProfile")
GATEWAY: tuple[Resource, ...] = (
    ("gateway.networking.k8s.io/v1", "httproutes", "HTTPRoute"),
    ("gateway.networking.k8s.io/v1", "grpcroutes", "GRPCRoute"),
    ("policy.linkerd.io/v1beta3", "httproutes", "HTTPRoute"),
)


@asynccontextmanager
async def open_routes(
    options: GlobalOptions, request: RoutesRequest, *, window: float, since_start: bool
) -> AsyncIterator[Scene]:
    """A scene with the objects of a request, and with the services there."""
    asked = [*request.selections, *([request.to] if request.to else [])]
    services = [Selection(SERVICE, namespace) for namespace in namespaces_of(asked)]
    from_anywhere = any(each.kind is SERVICE for each in request.selections)
    async with open_scene(
        options, [*asked, *services], window=window, since_start=since_start, all_pods=from_anywhere
    ) as scene:
        yield scene


async def route_objects(scene: Scene, request: RoutesRequest, *, live: bool) -> RouteObjects:
    """The profiles and routes in the namespaces of a request; what may not be read is noted.

    A recording without profiles may be one of a cluster with some.
    """
    asked = [*request.selections, *([request.to] if request.to else [])]
    resources = [*([PROFILES] if request.profiles else []), *(GATEWAY if request.gateway else ())]
    lists = [(resource, namespace) for resource in resources for namespace in namespaces_of(asked)]
    answers = await all_answers([_listed(scene, *each) for each in lists], live=live)
    notes = dict.fromkeys(note for _, note in answers if note)
    manifests = (manifest for listed, _ in answers for manifest in listed)
    return RouteObjects.of(manifests, notes, complete=live and not notes)


async def _listed(
    scene: Scene, resource: Resource, namespace: str | None
) -> tuple[Sequence[Mapping[str, Any]], str | None]:
    """Objects, or why there are none; a cluster that does not know a kind has none of it."""
    try:
        return await scene.manifests(*resource, namespace), None
    except ApiError as error:
        if error.status == 404:
            return (), None
        if error.status != 403:
            raise
        return (), f"{resource[1]} cannot be listed: of their routes only those with traffic are shown"


def seen_paths(
    options: GlobalOptions, request: RoutesRequest, tapped: str | None, recorded: str | None, seconds: float
) -> SeenPaths:
    """Requests on their way to the one service that is asked about, by that service: tapped now, or of a recorded tap."""
    if not tapped and not recorded:
        return {}
    from linkerdctl.cli.tapped import TapSource, requests_for
    from linkerdctl.profiles.names import ServiceName

    target = request.to or request.selections[0]
    if target.kind is not SERVICE or not target.name or not target.namespace:
        raise UsageError(
            "--tap and --input are about one service", next_step="name it: --to svc/NAME, or svc/NAME itself"
        )
    name = ServiceName(target.name, target.namespace)
    seen = requests_for(options, name, TapSource(tapped, seconds, recorded)).requests
    return {(target.namespace, target.name): [SeenPath(each.method, each.path, each.count) for each in seen]}
