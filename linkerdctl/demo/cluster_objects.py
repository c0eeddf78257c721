"""Objects that any cluster has, and that the mesh's topology does not speak of."""

from __future__ import annotations

from collections.abc import Iterator

from linkerdctl.demo import crds, tap_discovery
from linkerdctl.demo.resources import REGISTRY
from linkerdctl.demo.store import Manifest


def cluster_objects() -> Iterator[Manifest]:
    """The default namespace, the custom resources' definitions, an APIService for each group version."""
    name = {"name": "default", "labels": {"kubernetes.io/metadata.name": "default"}}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": name, "status": {"phase": "Active"}}
    yield from (definition.manifest() for definition in crds.DEFINITIONS)
    for group, versions in REGISTRY.groups().items():
        yield from (_api_service(group, version) for version in versions)
    yield tap_discovery.api_service()


def _api_service(group: str, version: str) -> Manifest:
    available = {"type": "Available", "status": "True", "reason": "Local", "message": "Local APIServices are available"}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {"group": group, "version": version, "groupPriorityMinimum": 1000, "versionPriority": 100},
        "status": {"conditions": [available]},
    }
