"""Which resources the demo's API face serves: groups, versions, names, scope and schema. Data, no behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from linkerdctl.demo.cluster import crds

_ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource in one version. `schema` is its structural schema; without one anything goes but the metadata."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ("status",)
    verbs: tuple[str, ...] = _ALL_VERBS
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)
    columns: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    custom: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What its objects are stored under, whatever the version."""
        return self.group, self.plural

    @property
    def api_version(self) -> str:
        """`apps/v1`; `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base_path(self) -> str:
        """The path its collection hangs under."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def model(self) -> str:
        """Its name among OpenAPI definitions (`io.linkerd.v1alpha2.ServiceProfile`)."""
        reversed_group = ".".join(reversed(self.group.split("."))) if self.group else "io.k8s.api.core"
        return f"{reversed_group}.{self.version}.{self.kind}"


_REVIEW = ("create",)
_WORKLOAD = ("all",)

_BUILT_IN = (
    ResourceType("", "v1", "namespaces", "Namespace", namespaced=False, short_names=("ns",)),
    ResourceType("", "v1", "nodes", "Node", namespaced=False, short_names=("no",)),
    ResourceType("", "v1", "pods", "Pod", short_names=("po",), categories=_WORKLOAD,
                 subresources=("status", "log", "proxy", "portforward")),
    ResourceType("", "v1", "services", "Service", short_names=("svc",), categories=_WORKLOAD),
    ResourceType("", "v1", "endpoints", "Endpoints", short_names=("ep",), subresources=()),
    ResourceType("", "v1", "configmaps", "ConfigMap", short_names=("cm",), subresources=()),
    ResourceType("", "v1", "secrets", "Secret", subresources=()),
    ResourceType("", "v1", "serviceaccounts", "ServiceAccount", short_names=("sa",), subresources=()),
    ResourceType("", "v1", "events", "Event", short_names=("ev",), subresources=()),
    ResourceType("", "v1", "replicationcontrollers", "ReplicationController", short_names=("rc",),
                 categories=_WORKLOAD),
    ResourceType("apps", "v1", "deployments", "Deployment", short_names=("deploy",), categories=_WORKLOAD),
    ResourceType("apps", "v1", "replicasets", "ReplicaSet", short_names=("rs",), categories=_WORKLOAD),
    ResourceType("apps", "v1", "statefulsets", "StatefulSet", short_names=("sts",), categories=_WORKLOAD),
    ResourceType("apps", "v1", "daemonsets", "DaemonSet", short_names=("ds",), categories=_WORKLOAD),
    ResourceType("batch", "v1", "jobs", "Job", categories=_WORKLOAD),
    ResourceType("batch", "v1", "cronjobs", "CronJob", short_names=("cj",), categories=_WORKLOAD),
    ResourceType("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", subresources=()),
    ResourceType("rbac.authorization.k8s.io", "v1", "roles", "Role", subresources=()),
    ResourceType("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", subresources=()),
    ResourceType("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False, subresources=()),
    ResourceType("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False,
                 subresources=()),
    ResourceType("apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False),
    ResourceType("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
                 namespaced=False, short_names=("crd", "crds")),
    ResourceType("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False,
                 subresources=(), verbs=_REVIEW),
    ResourceType("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview",
                 namespaced=False, subresources=(), verbs=_REVIEW),
    ResourceType("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview",
                 namespaced=False, subresources=(), verbs=_REVIEW),
    ResourceType("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False,
                 subresources=(), verbs=_REVIEW),
)  # fmt: skip


def _custom() -> Iterator[ResourceType]:
    for definition in crds.DEFINITIONS:
        for version in definition.versions:
            yield ResourceType(
                definition.group,
                version.name,
                definition.plural,
                definition.kind,
                short_names=definition.short_names,
                subresources=("status",) if definition.has_status else (),
                schema=version.schema,
                columns=definition.columns,
                custom=True,
            )


class Registry:
    """The resources served, found by path or by kind. The first version of a group is its preferred one."""

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self.types = tuple(types)
        self._by_path = {(each.group, each.version, each.plural): each for each in self.types}
        self._by_kind = {(each.api_version, each.kind): each for each in self.types}

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """By the words of a path."""
        return self._by_path.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> ResourceType | None:
        """By the two first words of a manifest; None for what is not served."""
        return self._by_kind.get((api_version, kind))

    def served(self, api_version: str, kind: str) -> ResourceType:
        """The same for what is known to be served; raises `KeyError` for anything else."""
        return self._by_kind[api_version, kind]

    def groups(self) -> dict[str, list[str]]:
        """Versions by group, the core group (`""`) among them, in order of preference."""
        groups: dict[str, list[str]] = {}
        for each in self.types:
            versions = groups.setdefault(each.group, [])
            if each.version not in versions:
                versions.append(each.version)
        return groups

    def in_version(self, group: str, version: str) -> list[ResourceType]:
        """What one group version holds."""
        return [each for each in self.types if (each.group, each.version) == (group, version)]


REGISTRY = Registry((*_BUILT_IN, *_custom()))
