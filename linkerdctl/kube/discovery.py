"""Kinds beyond our table: what the API server knows under a word such as `rollout`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from linkerdctl.errors import ApiError
from linkerdctl.kube.kinds import Kind, group_of, kind_key
from linkerdctl.kube.rbac import About


class Api(Protocol):
    """What is asked of an API server here; `KubeClient` is one."""

    async def get(self, path: str, about: About, *, patient: bool = True) -> dict[str, Any]:
        """A JSON document, asked for again while the server is busy if `patient`; raises `ApiError`."""
        ...

    def objects(
        self, group_version: str, plural: str, *, namespace: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Every object of a kind in one namespace or all; raises `ApiError`."""
        ...


@dataclass(frozen=True, slots=True)
class _Version:
    group_version: str

    @property
    def group(self) -> str:
        return group_of(self.group_version)


async def find_kind_in_cluster(api: Api, kind: Kind) -> Kind | None:
    """The cluster's kind that answers to one of `kind`'s words, or None."""
    words = {kind.name, kind.plural, *kind.aliases}
    wanted_group = kind.group_version.rstrip("/")
    versions = [each for each in await _versions(api) if wanted_group in ("", each.group)]
    for version, resources in zip(
        versions, await asyncio.gather(*(_resources(api, each) for each in versions)), strict=True
    ):
        for resource in resources:
            names = {resource["name"], resource.get("singularName", ""), resource["kind"].lower()}
            if words & {*names, *(resource.get("shortNames") or ())} and "/" not in resource["name"]:
                return _kind(resource, version)
    return None


async def kind_of_owner(api: Api, owner_kind: str, group_version: str) -> Kind | None:
    """The kind of an owner reference."""
    version = _Version(group_version)
    for resource in await _resources(api, version):
        if kind_key(resource["kind"], group_version) == owner_kind and "/" not in resource["name"]:
            return _kind(resource, version)
    return None


async def _versions(api: Api) -> list[_Version]:
    groups = await api.get("/apis", About("get", "/apis"))
    return [_Version(group["preferredVersion"]["groupVersion"]) for group in groups.get("groups") or ()]


async def _resources(api: Api, version: _Version) -> list[dict[str, Any]]:
    """Empty for an API that is registered but does not answer, as aggregated ones happen to."""
    path = f"{'/apis' if '/' in version.group_version else '/api'}/{version.group_version}"
    try:
        found = await api.get(path, About("get", path), patient=False)
    except ApiError as error:
        if error.status in (403, 404, 503):
            return []
        raise
    return found.get("resources") or []


def _kind(resource: dict[str, Any], version: _Version) -> Kind:
    name = kind_key(resource["kind"], version.group_version)
    return Kind(
        name=name,
        short=name,
        plural=str(resource["name"]),
        group_version=version.group_version,
        label=name,
        namespaced=bool(resource.get("namespaced", True)),
        object_kind=str(resource["kind"]),
    )
