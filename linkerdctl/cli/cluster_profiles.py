"""Profiles and routes as a cluster has them, for `profile --merge cluster` and `profile lint -n`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from linkerdctl.cli.cluster import cluster_config
from linkerdctl.cli.options import GlobalOptions
from linkerdctl.errors import ApiError, NotFoundError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.rbac import About
from linkerdctl.profiles.names import ServiceName

_PROFILES = ("linkerd.io/v1alpha2", "serviceprofiles")
_ROUTES = (
    ("gateway.networking.k8s.io/v1", "httproutes"),
    ("gateway.networking.k8s.io/v1", "grpcroutes"),
    ("policy.linkerd.io/v1beta3", "httproutes"),
)


def read_profile(options: GlobalOptions, name: ServiceName) -> dict[str, Any]:
    """The service's profile; raises `NotFoundError` when there is none."""
    return asyncio.run(_profile(options, name))


def service_ports(options: GlobalOptions, name: ServiceName) -> dict[int, str]:
    """The ports of a service, with what they are said to speak; raises `ApiError` when there is no such service."""
    service = asyncio.run(_service(options, name))
    ports = (service.get("spec") or {}).get("ports") or ()
    return {int(port["port"]): str(port.get("appProtocol") or port.get("name") or "") for port in ports}


def read_objects(options: GlobalOptions, namespace: str) -> list[dict[str, Any]]:
    """The profiles of a namespace, and the routes that they may override as far as those may be read."""
    if options.recording is not None:
        return _recorded(options.recording, namespace)
    return asyncio.run(_objects(options, namespace))


def _recorded(recording: Path, namespace: str) -> list[dict[str, Any]]:
    from linkerdctl.sources.recording import Recording

    manifests = Recording.open(recording).manifests()
    return [each for each in manifests if (each.get("metadata") or {}).get("namespace") == namespace]


async def _profile(options: GlobalOptions, name: ServiceName) -> dict[str, Any]:
    about = About("get", "serviceprofiles", "linkerd.io", name.namespace, name.profile)
    path = f"/apis/{_PROFILES[0]}/namespaces/{name.namespace}/serviceprofiles/{name.profile}"
    async with KubeClient(cluster_config(options)) as client:
        try:
            return await client.get(path, about)
        except ApiError as error:
            if error.status != 404:
                raise
            raise NotFoundError(
                f"there is no ServiceProfile {name.profile} in namespace {name.namespace}",
                next_step="leave --merge out to write a new one",
            ) from None


async def _service(options: GlobalOptions, name: ServiceName) -> dict[str, Any]:
    about = About("get", "services", namespace=name.namespace, name=name.service)
    async with KubeClient(cluster_config(options)) as client:
        return await client.get(f"/api/v1/namespaces/{name.namespace}/services/{name.service}", about)


async def _objects(options: GlobalOptions, namespace: str) -> list[dict[str, Any]]:
    async with KubeClient(cluster_config(options)) as client:
        found = [each async for each in client.objects(*_PROFILES, namespace=namespace)]
        for group_version, plural in _ROUTES:
            try:
                found.extend([each async for each in client.objects(group_version, plural, namespace=namespace)])
            except ApiError as error:
                if error.status == 403:
                    options.terminal.note(f"{plural} are not looked at: {error.message}")
                elif error.status != 404:
                    raise
        return found
