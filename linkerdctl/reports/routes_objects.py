"""ServiceProfiles and Gateway API routes of a cluster, as far as `routes` looks at them: manifests in, facts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GATEWAY_KINDS = ("HTTPRoute", "GRPCRoute")
ServiceRef = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A route as its author wrote it, as far as it is about one method (empty for all) and one path (empty for any)."""

    name: str
    method: str = ""
    path_regex: str = ""


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """A profile: where it lives, what it is called, which routes it has. `service` is None when its name is no service's."""

    namespace: str
    name: str
    routes: tuple[Condition, ...]

    @property
    def service(self) -> ServiceRef | None:
        """The service it is about, by its name."""
        return service_of(self.name)

    @property
    def route_names(self) -> tuple[str, ...]:
        """In the order of the profile, each once."""
        return tuple(dict.fromkeys(route.name for route in self.routes))


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """An HTTPRoute or GRPCRoute that clients of a service follow."""

    kind: str
    namespace: str
    name: str
    service: ServiceRef


@dataclass(frozen=True, slots=True)
class RouteObjects:
    """All that was found, and what could not be read. `complete` says that there is no profile but these."""

    profiles: tuple[ServiceProfile, ...] = ()
    gateway: tuple[GatewayRoute, ...] = ()
    notes: tuple[str, ...] = ()
    complete: bool = False

    @classmethod
    def of(
        cls, manifests: Iterable[Mapping[str, Any]], notes: Iterable[str] = (), *, complete: bool = False
    ) -> RouteObjects:
        """From manifests of any kinds; others are passed over."""
        listed = list(manifests)
        profiles = tuple(_profile(each) for each in listed if each.get("kind") == "ServiceProfile")
        gateway = tuple(route for each in listed if each.get("kind") in GATEWAY_KINDS for route in _gateway(each))
        return cls(profiles, gateway, tuple(notes), complete or bool(profiles))

    def profile_of(self, service: ServiceRef, client_namespace: str) -> ServiceProfile | None:
        """The one that holds for a client: of its own namespace first, then of the service's."""
        for namespace in (client_namespace, service[0]):
            for each in self.profiles:
                if each.namespace == namespace and each.service == service:
                    return each
        return None


def service_of(authority: str) -> ServiceRef | None:
    """Namespace and name of `web-svc.emojivoto.svc.cluster.local:80`; None for what is no service's name."""
    name, namespace, svc, *domain = [*authority.partition(":")[0].split("."), "", "", ""]
    return (namespace, name) if svc == "svc" and any(domain) else None


def _profile(manifest: Mapping[str, Any]) -> ServiceProfile:
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    routes = tuple(_condition(route) for route in spec.get("routes") or () if isinstance(route, Mapping))
    return ServiceProfile(metadata.get("namespace", ""), metadata["name"], routes)


def _condition(route: Mapping[str, Any]) -> Condition:
    condition = route.get("condition")
    told = condition if isinstance(condition, Mapping) else {}
    return Condition(str(route.get("name", "")), str(told.get("method", "")), str(told.get("pathRegex", "")))


def _gateway(manifest: Mapping[str, Any]) -> Iterator[GatewayRoute]:
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    namespace = metadata.get("namespace", "")
    for parent in spec.get("parentRefs") or ():
        if parent.get("kind") == "Service" and parent.get("group", "") in ("", "core"):
            service = parent.get("namespace") or namespace, str(parent.get("name", ""))
            yield GatewayRoute(manifest["kind"], namespace, metadata["name"], service)
