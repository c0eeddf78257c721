"""What the API face says of the aggregated API of tap: its group and its resources. Pure."""

from __future__ import annotations

from typing import Any

from linkerdctl.demo.cluster.api_services import TAP_GROUP, TAP_VERSION
from linkerdctl.demo.tap.kinds import KINDS
from linkerdctl.kube.kinds import Kind

Json = dict[str, Any]
GROUP_VERSION = f"{TAP_GROUP}/{TAP_VERSION}"


def group() -> Json:
    """The group, as lists of groups name it."""
    version = {"groupVersion": GROUP_VERSION, "version": TAP_VERSION}
    return {"name": TAP_GROUP, "versions": [version], "preferredVersion": version}


def resources() -> Json:
    """The resources of its only version."""
    listed = [_resource(kind, name) for kind in KINDS for name in (kind.plural, f"{kind.plural}/tap")]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP_VERSION, "resources": listed}


def _resource(kind: Kind, name: str) -> Json:
    singular = "" if "/" in name else kind.name
    return {"name": name, "singularName": singular, "namespaced": True, "kind": "Tap", "verbs": ["watch"]}


def discovered() -> Json:
    """The same in aggregated discovery."""
    listed = [_discovered(kind) for kind in KINDS]
    version = {"version": TAP_VERSION, "freshness": "Current", "resources": listed}
    return {"metadata": {"name": TAP_GROUP}, "versions": [version]}


def _discovered(kind: Kind) -> Json:
    response_kind = {"group": TAP_GROUP, "version": TAP_VERSION, "kind": "Tap"}
    return {
        "resource": kind.plural,
        "responseKind": response_kind,
        "scope": "Namespaced",
        "singularResource": kind.name,
        "verbs": ["watch"],
        "subresources": [{"subresource": "tap", "responseKind": response_kind, "verbs": ["watch"]}],
    }
