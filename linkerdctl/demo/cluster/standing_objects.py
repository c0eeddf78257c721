"""Objects that any cluster has, and that the mesh's topology does not speak of."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from linkerdctl.demo.cluster import crds
from linkerdctl.demo.cluster.api_services import local_api_service, tap_api_service
from linkerdctl.demo.cluster.certificates import issuer_secret, trust_roots
from linkerdctl.demo.cluster.resources import REGISTRY, ResourceType
from linkerdctl.demo.cluster.store import Maker, Manifest


def cluster_objects() -> Iterator[Manifest]:
    """The default namespace, the custom resources' definitions, an APIService for each group version."""
    name = {"name": "default", "labels": {"kubernetes.io/metadata.name": "default"}}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": name, "status": {"phase": "Active"}}
    yield from (definition.manifest() for definition in crds.DEFINITIONS)
    for group, versions in REGISTRY.groups().items():
        yield from (local_api_service(group, version) for version in versions)
    yield tap_api_service()


def deferred_objects(started: float) -> Iterator[tuple[ResourceType, Maker]]:
    """What is made on demand, by kind: the mesh's certificates."""
    for kind, make in (("Secret", issuer_secret), ("ConfigMap", trust_roots)):
        yield REGISTRY.served("v1", kind), partial(make, started)
