"""Kinds beyond our table: what the API server knows under a word such as `rollout`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
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


async def find_kind_in_cluster(api: Api, kind: Kind) -> Kind | None:
    """The cluster's kind that answers to one of `kind`'s words, in its group if it names one; None without any.

    The first of each group's preferred version counts. Raises `ApiError` when not even the groups can be had.
    """
    words = {kind.name, kind.plural, *kind.aliases}
    versions = [each for each in await _preferred_versions(api) if kind.group in ("", group_of(each))]
    served = await asyncio.gather(*(_kinds(api, each) for each in versions))
    return next((each for kinds in served for each in kinds if words & _words(each)), None)


async def kind_of_owner(api: Api, owner_kind: str, group_version: str) -> Kind | None:
    """The kind of an owner reference (`owner_kind` as `kind_key` files it); None where its API does not have it."""
    return next((each for each in await _kinds(api, group_version) if each.name == owner_kind), None)


async def _preferred_versions(api: Api) -> list[str]:
    """One group version (`argoproj.io/v1alpha1`) of each group but the core one."""
    groups = _mappings((await api.get("/apis", About("get", "/apis"))).get("groups"))
    preferred = (each.get("preferredVersion") for each in groups)
    versions = (each.get("groupVersion") for each in preferred if isinstance(each, dict))
    return [each for each in versions if isinstance(each, str)]


async def _kinds(api: Api, group_version: str) -> list[Kind]:
    """Those of one group version; none of an API that is registered but does not answer, as aggregated ones happen to."""
    path = f"{'/apis' if '/' in group_version else '/api'}/{group_version}"
    try:
        found = await api.get(path, About("get", path), patient=False)
    except ApiError as error:
        if error.status in (403, 404, 503):
            return []
        raise
    return [_kind(each, group_version) for each in _mappings(found.get("resources")) if _is_kind(each)]


def _mappings(listed: object) -> list[Mapping[str, Any]]:
    """Those in a list. Anybody may serve an API; what is not as it should be is passed over."""
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _is_kind(resource: Mapping[str, Any]) -> bool:
    """Whether it is one, and no subresource (`rollouts/status`)."""
    name = resource.get("name")
    return isinstance(name, str) and "/" not in name and isinstance(resource.get("kind"), str)


def _kind(resource: Mapping[str, Any], group_version: str) -> Kind:
    name, short_names = kind_key(resource["kind"], group_version), resource.get("shortNames")
    also = (resource.get("singularName"), *(short_names if isinstance(short_names, list) else ()))
    return Kind(
        name=name,
        short=name,
        plural=resource["name"],
        group_version=group_version,
        label=name,
        aliases=tuple(each for each in also if isinstance(each, str) and each),
        namespaced=bool(resource.get("namespaced", True)),
        object_kind=resource["kind"],
    )


def _words(kind: Kind) -> set[str]:
    return {kind.plural, kind.object_kind.lower(), *kind.aliases}
