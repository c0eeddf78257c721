"""Which authorization is written for which Server and route: manifests of policies in, facts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.kube.kinds import AUTHORIZATIONPOLICY, GRPCROUTE, HTTPROUTE, SERVER, SERVERAUTHORIZATION, Kind
from linkerdctl.kube.selectors import LabelSelector, selector_of

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
