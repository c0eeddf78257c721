"""What each command may have to do at the API server: one table, and the least roles that allow it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from linkerdctl.kube.kinds import (
    GRPCROUTE,
    HTTPROUTE,
    NAMESPACE,
    POD,
    POLICY_KINDS,
    SERVER,
    SERVICE,
    WORKLOADS,
    Kind,
    group_of,
)
from linkerdctl.kube.trust import ISSUER, TRUST_ROOTS


class Place(Enum):
    """Where a permission is needed."""

    THERE = "there"
    """In the namespaces that are looked at."""
    CLUSTER = "cluster"
    """Everywhere at once: what is in no namespace, or is looked for in all."""
    CONTROL_PLANE = "control plane"


@dataclass(frozen=True, slots=True)
class Permission:
    """A verb or more on a resource (`pods/proxy`) of a group. `names` limits it to objects called so."""

    group: str
    resource: str
    verbs: tuple[str, ...] = ("list",)
    place: Place = Place.THERE
    names: tuple[str, ...] = ()
    optional: bool = False
    """The command does without, and says what is missing."""


def _list(*kinds: Kind, place: Place = Place.THERE, optional: bool = False) -> tuple[Permission, ...]:
    """Listing them, in each group that may serve them."""
    groups = [(kind, group_of(version)) for kind in kinds for version in (kind.group_version, *kind.also)]
    return tuple(
        Permission(group, kind.plural, place=place, optional=optional) for kind, group in dict.fromkeys(groups)
    )


def _optional(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    return tuple(replace(each, optional=True) for each in permissions)


_PODS = _list(POD)
_WORKLOADS = _list(*WORKLOADS)
_SERVICES = _list(SERVICE)
_NAMESPACES = _list(NAMESPACE, place=Place.CLUSTER, optional=True)
_POLICIES = _list(*POLICY_KINDS)
_PROFILES = (Permission("linkerd.io", "serviceprofiles"),)
_ROUTES = (*_list(GRPCROUTE), *_list(HTTPROUTE))
_METRICS = (Permission("", "pods/proxy", ("get",)),)
"""Stands for whatever way to the metrics is chosen."""
_TAPPED = ("pods", *(kind.plural for kind in WORKLOADS), "namespaces")
_TAP = tuple(Permission("tap.linkerd.io", f"{each}/tap", ("watch",)) for each in _TAPPED)
_TRUST = (
    Permission("", "configmaps", ("get",), Place.CONTROL_PLANE, (TRUST_ROOTS,), optional=True),
    Permission("", "secrets", ("get",), Place.CONTROL_PLANE, (ISSUER,), optional=True),
)
_DOMAIN = (Permission("", "configmaps", ("get",), Place.CONTROL_PLANE, ("linkerd-config",), optional=True),)
_TAP_SERVICE = (
    Permission(
        "apiregistration.k8s.io",
        "apiservices",
        ("get",),
        Place.CLUSTER,
        ("v1alpha1.tap.linkerd.io",),
        optional=True,
    ),
)
_RECORDED = tuple(Permission(SERVER.group, each) for each in ("egressnetworks", "httplocalratelimitpolicies"))

COMMANDS: Mapping[str, tuple[Permission, ...]] = {
    "stat": (*_PODS, *_METRICS, *_WORKLOADS, *_SERVICES, *_optional(_POLICIES), *_NAMESPACES),
    "stat-inbound": (*_PODS, *_METRICS, *_WORKLOADS, *_SERVICES, *_optional(_POLICIES), *_NAMESPACES),
    "stat-outbound": (*_PODS, *_METRICS, *_WORKLOADS, *_optional(_ROUTES), *_NAMESPACES),
    "edges": (*_PODS, *_METRICS, *_WORKLOADS, *_NAMESPACES),
    "graph": (*_PODS, *_METRICS, *_WORKLOADS, *_NAMESPACES),
    "routes": (*_PODS, *_METRICS, *_WORKLOADS, *_SERVICES, *_PROFILES, *_ROUTES, *_NAMESPACES),
    "authz": (*_PODS, *_METRICS, *_WORKLOADS, *_SERVICES, *_POLICIES, *_NAMESPACES),
    "tap": (*_TAP, *_optional((*_PODS, *_METRICS, *_WORKLOADS)), *_TAP_SERVICE),
    "top": (*_PODS, *_METRICS, *_WORKLOADS, *_TAP, *_NAMESPACES),
    "list": _PODS,
    "metrics": (*_PODS, *_METRICS, *_WORKLOADS),
    "identity": (*_PODS, *_METRICS, *_WORKLOADS, *_TRUST),
    "check": (*_PODS, *_METRICS, *_WORKLOADS, *_SERVICES, *_TRUST, *_TAP_SERVICE, *_NAMESPACES),
    "profile": (*_PROFILES, *_ROUTES, *_TAP, *_optional((*_PODS, *_WORKLOADS)), *_DOMAIN),
    "record": (
        *_PODS, *_METRICS, *_WORKLOADS, *_SERVICES, *_PROFILES, *_ROUTES, *_POLICIES, *_RECORDED, *_NAMESPACES,
    ),
}  # fmt: skip
"""What every command that asks a cluster may need. A test runs each of them with no more than this."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where and how commands are going to be run."""

    namespace: str | None
    """None is all of them."""
    control_plane: str = "linkerd"
    via: str = "api"
    """How proxies are reached, as `--via` has it."""
    prometheus: tuple[str, str] | None = None
    """Namespace and `NAME:PORT` of the Service that is asked instead of the proxies."""
    scraped: bool = True
    """Whether proxies are asked at all; a Prometheus at a URL needs no permission here."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a role, and what it is for."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """A Role, or without a namespace a ClusterRole."""

    namespace: str | None
    rules: tuple[Rule, ...]


def needed(commands: Iterable[str], scope: Scope) -> list[Permission]:
    """What these commands may do in that scope, each once.

    What one of them needs is not optional, whatever the others do; neither is a look at the whole cluster where that is what
    is looked at.
    """
    wanted: dict[Permission, bool] = {}
    for command in commands:
        for each in COMMANDS[command]:
            for permission in _by_way(each, scope):
                key = replace(permission, optional=False)
                wide = scope.namespace is None and permission.place is Place.CLUSTER
                wanted[key] = wanted.get(key, True) and permission.optional and not wide
    return [replace(permission, optional=optional) for permission, optional in wanted.items()]


def _by_way(permission: Permission, scope: Scope) -> Iterator[Permission]:
    """The permission itself; of the metrics, what the chosen way to them needs."""
    if permission.resource != "pods/proxy":
        yield permission
    elif scope.prometheus:
        yield replace(permission, resource="services/proxy", names=(scope.prometheus[1],))
    elif scope.scraped and scope.via == "port-forward":
        # A WebSocket begins as a GET; since Kubernetes 1.35 `create` is asked for as well
        yield replace(permission, resource="pods/portforward", verbs=("create", "get"))
    elif scope.scraped and scope.via == "api":
        yield permission


def roles(permissions: Iterable[Permission], scope: Scope) -> list[Role]:
    """The roles that grant them: in the namespace, in others', and cluster-wide, as far as each is needed."""
    placed: dict[str | None, list[Permission]] = {}
    for permission in permissions:
        placed.setdefault(_namespace(permission, scope), []).append(permission)
    ordered = sorted(placed.items(), key=lambda item: (item[0] is None, item[0] != scope.namespace, item[0] or ""))
    return [Role(namespace, tuple(_rules(each))) for namespace, each in ordered]


def _namespace(permission: Permission, scope: Scope) -> str | None:
    if permission.resource == "services/proxy" and scope.prometheus:
        return scope.prometheus[0]
    return {Place.THERE: scope.namespace, Place.CLUSTER: None, Place.CONTROL_PLANE: scope.control_plane}[
        permission.place
    ]


def _rules(permissions: Sequence[Permission]) -> Iterator[Rule]:
    """One rule for resources that differ in nothing but their name."""
    merged: dict[tuple[bool, str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for each in permissions:
        merged.setdefault((each.optional, each.group, each.verbs, each.names), []).append(each.resource)
    for (optional, group, verbs, names), resources in sorted(merged.items()):
        yield Rule(group, tuple(sorted(dict.fromkeys(resources))), verbs, names, optional)
