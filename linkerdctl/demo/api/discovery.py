"""What the API face says it serves, in the plain and in the aggregated form of discovery. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from linkerdctl.demo.cluster.resources import Registry, ResourceType

Json = dict[str, Any]

VERSION: Json = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.0-linkerdctl-demo",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2025-01-01T00:00:00Z",
    "goVersion": "go1.23",
    "compiler": "gc",
    "platform": "linux/amd64",
}

_SUBRESOURCE_VERBS = {
    "status": ["get", "patch", "update"],
    "log": ["get"],
    "proxy": ["create", "delete", "get", "patch", "update"],
    "portforward": ["create", "get"],
}
_SUBRESOURCE_KINDS = {"proxy": "PodProxyOptions", "portforward": "PodPortForwardOptions"}


def api_versions() -> Json:
    """`/api`."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def api_groups(registry: Registry, aggregated: Sequence[Json] = ()) -> Json:
    """`/apis`, with groups that others serve."""
    named = [_group(group, versions) for group, versions in registry.groups().items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [*named, *aggregated]}


def api_group(registry: Registry, group: str) -> Json | None:
    """`/apis/GROUP`; None for a group that is not served."""
    versions = registry.groups().get(group) if group else None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)} if versions else None


def _group(group: str, versions: list[str]) -> Json:
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def api_resources(registry: Registry, group: str, version: str) -> Json | None:
    """`/api/v1` and `/apis/GROUP/VERSION`; None for what is not served."""
    types = registry.in_version(group, version)
    if not types:
        return None
    listed = [entry for each in types for entry in (_resource(each), *_subresources(each))]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": types[0].api_version,
        "resources": listed,
    }


def _resource(each: ResourceType) -> Json:
    entry: Json = {
        "name": each.plural,
        "singularName": each.kind.lower(),
        "namespaced": each.namespaced,
        "kind": each.kind,
        "verbs": list(each.verbs),
    }
    if each.short_names:
        entry["shortNames"] = list(each.short_names)
    if each.categories:
        entry["categories"] = list(each.categories)
    return entry


def _subresources(each: ResourceType) -> list[Json]:
    return [
        {
            "name": f"{each.plural}/{name}",
            "singularName": "",
            "namespaced": each.namespaced,
            "kind": _SUBRESOURCE_KINDS.get(name, each.kind),
            "verbs": _SUBRESOURCE_VERBS[name],
        }
        for name in each.subresources
    ]


def aggregated(registry: Registry, *, core: bool, version: str) -> Json:
    """`/api` (core) or `/apis` as one document; `version` is `v2` or `v2beta1`."""
    groups = [
        _discovered_group(registry, group, versions)
        for group, versions in registry.groups().items()
        if bool(group) is not core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": groups,
    }


def _discovered_group(registry: Registry, group: str, versions: list[str]) -> Json:
    return {
        "metadata": {"name": group} if group else {},
        "versions": [
            {
                "version": version,
                "freshness": "Current",
                "resources": [_discovered(each) for each in registry.in_version(group, version)],
            }
            for version in versions
        ],
    }


def _discovered(each: ResourceType) -> Json:
    entry: Json = {
        "resource": each.plural,
        "responseKind": {"group": each.group, "version": each.version, "kind": each.kind},
        "scope": "Namespaced" if each.namespaced else "Cluster",
        "singularResource": each.kind.lower(),
        "verbs": list(each.verbs),
        "subresources": [
            {
                "subresource": name,
                "responseKind": {"group": "", "version": "", "kind": _SUBRESOURCE_KINDS.get(name, each.kind)},
                "verbs": _SUBRESOURCE_VERBS[name],
            }
            for name in each.subresources
        ],
    }
    if each.short_names:
        entry["shortNames"] = list(each.short_names)
    if each.categories:
        entry["categories"] = list(each.categories)
    return entry
