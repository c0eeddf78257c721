"""Questions to an API server about itself, and about what one may do there. Each answers None for what it cannot tell."""

from __future__ import annotations

import json
from typing import Any

from linkerdctl.errors import ApiError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.rbac import About
from linkerdctl.kube.served import ApiState, Served

TAP_SERVICE = "v1alpha1.tap.linkerd.io"
"""The APIService of the viz extension's tap server."""


async def server_version(client: KubeClient) -> str:
    """What it calls its own version; raises `ApiError`."""
    found = await client.get("/version", About("get", "/version"))
    return str(found.get("gitVersion") or "of unknown version")


async def allowed(client: KubeClient, about: About) -> bool | None:
    """Whether one may do that; None where the server does not answer."""
    resource, _, subresource = about.resource.partition("/")
    attributes = {
        "verb": about.verb,
        "group": about.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": about.namespace or "",
        "name": about.name or "",
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    asking = About("create", "selfsubjectaccessreviews", "authorization.k8s.io")
    headers, content = {"Content-Type": "application/json"}, json.dumps(review).encode()
    try:
        async with client.stream("POST", path, asking, headers=headers, content=content) as response:
            return bool(json.loads(await client.body(response, asking))["status"]["allowed"])
    except (ApiError, ValueError, RecursionError, KeyError, TypeError):
        return None


async def api_state(client: KubeClient, name: str) -> ApiState:
    """The state of an APIService (`v1alpha1.tap.linkerd.io`). Who may not see those can still see whether one answers."""
    path = f"/apis/apiregistration.k8s.io/v1/apiservices/{name}"
    try:
        service = await client.get(path, About("get", "apiservices", "apiregistration.k8s.io", name=name))
    except ApiError as error:
        return ApiState(Served.ABSENT) if error.status == 404 else await _by_discovery(client, name)
    available = _available(service.get("status"))
    if available.get("status") == "True":
        return ApiState(Served.AVAILABLE)
    return ApiState(Served.UNAVAILABLE, str(available.get("message") or available.get("reason") or ""))


def _available(status: Any) -> dict[str, Any]:
    """The condition that tells whether it is; an empty one where there is none, or something else."""
    conditions = status.get("conditions") if isinstance(status, dict) else None
    found = (each for each in conditions if isinstance(each, dict)) if isinstance(conditions, list) else ()
    return next((each for each in found if each.get("type") == "Available"), {})


async def _by_discovery(client: KubeClient, name: str) -> ApiState:
    version, _, group = name.partition(".")
    try:
        async with client.stream("GET", f"/apis/{group}/{version}", About("get", group)):
            return ApiState(Served.AVAILABLE)
    except ApiError as error:
        known = {404: Served.ABSENT, 503: Served.UNAVAILABLE}
        if error.status in known:
            return ApiState(known[error.status])
        return ApiState(Served.UNKNOWN, error.message)
