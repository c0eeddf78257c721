"""Kinds beyond our table: what the API server knows under a word such as `rollout`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linkerdctl.errors import ApiError
from linkerdctl.kube.client import About, KubeClient
from linkerdctl.kube.kinds import Kind


@dataclass(frozen=True, slots=True)
class _Version:
    group_version: str
    group: str


async def find_kind_in_cluster(client: KubeClient, kind: Kind) -> Kind | None:
    """The cluster's kind that answers to one of `kind`'s words, or None."""
    words = {kind.name, kind.plural, *kind.aliases}
    wanted_group = kind.group_version.rstrip("/")
    for version in await _versions(client):
        if wanted_group and version.group != wanted_group:
            continue
        for resource in await _resources(client, version):
            names = {resource["name"], resource.get("singularName", ""), resource["kind"].lower()}
            if words & {*names, *(resource.get("shortNames") or ())} and "/" not in resource["name"]:
                return _kind(resource, version)
    return None


async def kind_of_owner(client: KubeClient, owner_kind: str, group_version: str) -> Kind | None:
    """The kind of an owner reference."""
    version = _Version(group_version, group_version.partition("/")[0])
    for resource in await _resources(client, version):
        if resource["kind"].lower() == owner_kind and "/" not in resource["name"]:
            return _kind(resource, version)
    return None


async def _versions(client: KubeClient) -> list[_Version]:
    groups = await client.get("/apis", About("get", "apis"))
    preferred = [(group["preferredVersion"]["groupVersion"], group["name"]) for group in groups.get("groups") or ()]
    return [_Version(group_version, name) for group_version, name in preferred]


async def _resources(client: KubeClient, version: _Version) -> list[dict[str, Any]]:
    """Empty for an API that is registered but does not answer, as aggregated ones happen to."""
    root = "/apis" if "/" in version.group_version else "/api"
    try:
        found = await client.get(f"{root}/{version.group_version}", About("get", version.group_version))
    except ApiError as error:
        if error.status in (403, 404, 503):
            return []
        raise
    return found.get("resources") or []


def _kind(resource: dict[str, Any], version: _Version) -> Kind:
    name = str(resource["kind"]).lower()
    return Kind(
        name=name,
        short=name,
        plural=str(resource["name"]),
        group_version=version.group_version,
        label=name,
        namespaced=bool(resource.get("namespaced", True)),
        object_kind=str(resource["kind"]),
    )
