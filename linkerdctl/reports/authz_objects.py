"""Which authorization is written for which Server and route: manifests of policies in, facts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import (
    AUTHORIZATIONPOLICY,
    GRPCROUTE,
    HTTPROUTE,
    POLICY_KINDS,
    SERVER,
    SERVERAUTHORIZATION,
    Kind,
)
from linkerdctl.kube.selection import Selection
from linkerdctl.kube.selectors import LabelSelector, selector_of
from linkerdctl.reports.owners import Owner

POLICY_GROUP = "policy.linkerd.io"
Manifest = Mapping[str, Any]
AuthnRef = tuple[str, str, str]
"""Lower-cased kind, namespace and name of an authentication."""


@dataclass(frozen=True, slots=True)
class Server:
    """A port of pods that policy applies to; without a selector it is about no pods."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    selector: LabelSelector | None
    default: str = ""
    """What holds for requests that nothing authorizes (`accessPolicy`); empty is `deny`."""

    def selects(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether it is about a pod with these labels."""
        return namespace == self.namespace and self.selector is not None and self.selector.matches(labels)


@dataclass(frozen=True, slots=True)
class Grant:
    """One authorization of one Server or, with a route, of one of its routes."""

    namespace: str
    server: str
    kind: str
    name: str
    route_kind: str = ""
    route: str = ""
    requires: frozenset[AuthnRef] = frozenset()
    """Authentications that clients must all meet; ServerAuthorizations name none."""


@dataclass(frozen=True, slots=True)
class PolicyObjects:
    """All that was found, and what there is to say of it."""

    servers: tuple[Server, ...] = ()
    grants: tuple[Grant, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, manifests: Iterable[Manifest], notes: Iterable[str] = ()) -> PolicyObjects:
        """From manifests of any kinds; others are passed over."""
        found = _Found(list(manifests))
        servers = tuple(found.servers)
        grants = tuple(dict.fromkeys(each for policy in found.policies for each in found.grants(policy)))
        return cls(servers, grants, (*notes, *found.dangling))


class _Found:
    """Manifests by kind, and targets that are not there."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self._manifests = manifests
        self.servers = [_server(each) for each in self._of(SERVER)]
        self.policies = [*self._of(SERVERAUTHORIZATION), *self._of(AUTHORIZATIONPOLICY)]
        self.dangling: list[str] = []

    def grants(self, policy: Manifest) -> Iterator[Grant]:
        """What one authorization allows."""
        kind = SERVERAUTHORIZATION if policy["kind"] == SERVERAUTHORIZATION.object_kind else AUTHORIZATIONPOLICY
        namespace, name = _where(policy), policy["metadata"]["name"]
        requires = frozenset(_required(policy))
        places = list(self._selected(policy) if kind is SERVERAUTHORIZATION else self._targeted(policy))
        for server, route_kind, route in places:
            yield Grant(namespace, server, kind.name, name, route_kind, route, requires)
        if not places and not self._is_of_another_sort(policy, kind):
            self.dangling.append(
                f"{kind.name} {namespace}/{name} applies to nothing: its {_target(policy)} is not there"
            )

    def _selected(self, policy: Manifest) -> Iterator[tuple[str, str, str]]:
        told = (policy.get("spec") or {}).get("server") or {}
        selector = selector_of(told.get("selector"))
        for server in self._in(_where(policy)):
            if server.name == told.get("name") or (selector is not None and selector.matches(server.labels)):
                yield server.name, "", ""

    def _targeted(self, policy: Manifest) -> Iterator[tuple[str, str, str]]:
        target, namespace = (policy.get("spec") or {}).get("targetRef") or {}, _where(policy)
        kind, name = target.get("kind", ""), target.get("name", "")
        if kind == "Namespace":
            yield from ((server.name, "", "") for server in self._in(namespace))
        elif kind == SERVER.object_kind:
            yield from ((server.name, "", "") for server in self._in(namespace) if server.name == name)
        for route in (each for wanted in (HTTPROUTE, GRPCROUTE) for each in self._of(wanted)):
            if (route["kind"], route["metadata"]["name"], _where(route)) == (kind, name, namespace):
                yield from ((server, kind, name) for server in _parents(route))

    def _is_of_another_sort(self, policy: Manifest, kind: Kind) -> bool:
        """Targets that no proxy tells of in these words (EgressNetworks, Services)."""
        target = ((policy.get("spec") or {}).get("targetRef") or {}).get("kind", "")
        known = ("Server", "Namespace", HTTPROUTE.object_kind, GRPCROUTE.object_kind)
        return kind is AUTHORIZATIONPOLICY and (target not in known or target == "Namespace")

    def _in(self, namespace: str) -> Iterator[Server]:
        return (each for each in self.servers if each.namespace == namespace)

    def _of(self, kind: Kind) -> list[Manifest]:
        return [
            each
            for each in self._manifests
            if each.get("kind") == kind.object_kind
            and str(each.get("apiVersion", "")).rpartition("/")[0] in kind.groups
        ]


def _server(manifest: Manifest) -> Server:
    spec = manifest.get("spec") or {}
    return Server(
        _where(manifest),
        manifest["metadata"]["name"],
        manifest["metadata"].get("labels") or {},
        selector_of(spec.get("podSelector")),
        str(spec.get("accessPolicy") or ""),
    )


def _where(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))


def _parents(route: Manifest) -> Iterator[str]:
    """The Servers that a route is attached to."""
    for parent in (route.get("spec") or {}).get("parentRefs") or ():
        if (parent.get("kind"), parent.get("group")) == (SERVER.object_kind, POLICY_GROUP):
            yield str(parent.get("name", ""))


def _required(policy: Manifest) -> Iterator[AuthnRef]:
    for ref in (policy.get("spec") or {}).get("requiredAuthenticationRefs") or ():
        kind, name = str(ref.get("kind", "")).lower(), str(ref.get("name", ""))
        yield kind, str(ref.get("namespace") or _where(policy)), name


def _target(policy: Manifest) -> str:
    spec = policy.get("spec") or {}
    target = spec.get("targetRef") or {"kind": "Server", "name": (spec.get("server") or {}).get("name", "")}
    return f"{str(target.get('kind', '')).lower()} {target.get('name', '')}".strip()


def grants_of(selection: Selection, inventory: Inventory, objects: PolicyObjects) -> list[tuple[Owner, Grant]]:
    """What is written that concerns a selection, and which object of it."""
    if selection.kind not in POLICY_KINDS:
        guarded = _guarded(selection, inventory, objects.servers)
        return [(owner, each) for each in objects.grants for owner in guarded.get((each.namespace, each.server), ())]
    selected = {(each.namespace, each.name) for each in inventory.rows(selection)} if selection.labels else None
    return [
        (owner, each)
        for each in objects.grants
        for owner in _mentioned(selection.kind, each)
        if selection.namespace in (None, owner.namespace)
        and selection.name in (None, owner.name)
        and (selected is None or owner[1:] in selected)
    ]


def _guarded(
    selection: Selection, inventory: Inventory, servers: Iterable[Server]
) -> dict[tuple[str, str], list[Owner]]:
    """The objects with pods that each Server is about."""
    pods = {
        Owner(each.kind, each.namespace, each.name): [(pod.namespace, inventory.pod_labels(pod)) for pod in each.pods]
        for each in inventory.rows(selection)
    }
    return {
        (server.namespace, server.name): [
            owner for owner, labels in pods.items() if any(server.selects(*each) for each in labels)
        ]
        for server in servers
    }


def _mentioned(kind: Kind, grant: Grant) -> Iterator[Owner]:
    """The objects of a policy kind that a grant is, or speaks of."""
    if kind.name == grant.kind:
        yield Owner(kind, grant.namespace, grant.name)
    elif kind is SERVER:
        yield Owner(kind, grant.namespace, grant.server)
    elif kind.object_kind == grant.route_kind:
        yield Owner(kind, grant.namespace, grant.route)
    yield from (Owner(kind, namespace, name) for each, namespace, name in grant.requires if each == kind.name)
