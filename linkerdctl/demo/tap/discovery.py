"""What the API face says of the aggregated API of tap: its group, its resources, the APIService behind it. Pure."""

from __future__ import annotations

from typing import Any

from linkerdctl.demo.cluster.store import Manifest
from linkerdctl.demo.tap.kinds import KINDS
from linkerdctl.kube.kinds import Kind

Json = dict[str, Any]
GROUP, VERSION = "tap.linkerd.io", "v1alpha1"
GROUP_VERSION = f"{GROUP}/{VERSION}"
APISERVICE = f"{VERSION}.{GROUP}"


def group() -> Json:
    """The group, as lists of groups name it."""
    version = {"groupVersion": GROUP_VERSION, "version": VERSION}
    return {"name": GROUP, "versions": [version], "preferredVersion": version}


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
    version = {"version": VERSION, "freshness": "Current", "resources": listed}
    return {"metadata": {"name": GROUP}, "versions": [version]}


def _discovered(kind: Kind) -> Json:
    response_kind = {"group": GROUP, "version": VERSION, "kind": "Tap"}
    return {
        "resource": kind.plural,
        "responseKind": response_kind,
        "scope": "Namespaced",
        "singularResource": kind.name,
        "verbs": ["watch"],
        "subresources": [{"subresource": "tap", "responseKind": response_kind, "verbs": ["watch"]}],
    }


def api_service() -> Manifest:
    """The object that tells the API server who serves the group."""
    message = "all checks passed"
    available = {"type": "Available", "status": "True", "reason": "Passed", "message": message}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": APISERVICE, "labels": {"linkerd.io/extension": "viz", "component": "tap"}},
        "spec": {
            "group": GROUP,
            "version": VERSION,
            "groupPriorityMinimum": 1000,
            "versionPriority": 100,
            "service": {"name": "tap", "namespace": "linkerd-viz", "port": 443},
        },
        "status": {"conditions": [available]},
    }
