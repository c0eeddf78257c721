"""ServiceProfiles and Gateway API routes that hold in the mesh at this moment, as its proxies would have learnt of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linkerdctl.demo.cluster.store import Event, Manifest, name_of
from linkerdctl.demo.simulation.gateway_policy import gateway_rule
from linkerdctl.demo.simulation.profile_policy import ProfilePolicy
from linkerdctl.demo.simulation.retries import RetryRule
from linkerdctl.demo.simulation.server_policy import ServerPolicies
from linkerdctl.demo.simulation.taken import ProfileRoute, Taken, default_route
from linkerdctl.demo.topology import TRUST_DOMAIN, Service

PROFILES = ("linkerd.io", "serviceprofiles")
GATEWAY = (
    ("gateway.networking.k8s.io", "grpcroutes"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("policy.linkerd.io", "httproutes"),
)
_REMEMBERED = 20_000
"""Requests whose routes are looked up once only."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Requests that take the same routes."""

    namespace: str
    service: Service
    method: str
    path: str


class Policies:
    """What was applied so far. `changed` takes every write to the cluster's objects; what begins later follows it."""

    def __init__(self) -> None:
        self._profiles: dict[tuple[str, str], ProfilePolicy] = {}
        self._gateway: dict[tuple[str, str, str, str], Manifest] = {}
        self._taken: dict[_Asked, Taken] = {}
        self.servers = ServerPolicies()

    def changed(self, event: Event) -> None:
        """An object was written or deleted."""
        self.servers.changed(event)
        if event.key == PROFILES:
            self._change_profile(event)
        elif event.key in GATEWAY:
            key = (*event.key, *name_of(event.object))
            self._gateway.pop(key, None)
            if event.type != "DELETED":
                self._gateway[key] = event.object
        else:
            return
        self._taken.clear()

    def taken(self, namespace: str, service: Service, method: str, path: str) -> Taken | None:
        """The routes of a request that a client in `namespace` sends; None while nobody wrote any."""
        if not self._profiles and not self._gateway:
            return None
        asked = _Asked(namespace, service, method, path)
        if asked not in self._taken:
            if len(self._taken) >= _REMEMBERED:
                self._taken.clear()
            self._taken[asked] = self._look_up(asked)
        return self._taken[asked]

    def _change_profile(self, event: Event) -> None:
        key = name_of(event.object)
        self._profiles.pop(key, None)
        if event.type != "DELETED" and (event.object.get("spec") or {}).get("routes"):
            self._profiles[key] = ProfilePolicy(event.object)

    def _look_up(self, asked: _Asked) -> Taken:
        service = asked.service
        server = self._profile(service.namespace, service)
        server_route = server.route(asked.method, asked.path) if server else None
        served = _labelled(server, server_route, service) if server else None
        client = self._profile(asked.namespace, service) or server
        if client is None:
            return self._by_gateway(asked, served)
        route = client.route(asked.method, asked.path)
        return Taken(
            profile=_labelled(client, route, service),
            server_profile=served,
            gateway=default_route(service),
            retries=RetryRule(_any_failure, client.budget) if route and route.is_retryable else None,
            timeout=route.timeout if route else None,
            budget=client.name,
            judge=route.judge if route else _no_opinion,
        )

    def _by_gateway(self, asked: _Asked, served: ProfileRoute | None) -> Taken:
        rule = gateway_rule(self._gateway.values(), asked.service, asked.method, asked.path)
        if rule is None:
            return Taken(None, served, default_route(asked.service))
        return Taken(None, served, rule.route, rule.retries, rule.timeout)

    def _profile(self, namespace: str, service: Service) -> ProfilePolicy | None:
        return self._profiles.get((namespace, f"{service.name}.{service.namespace}.svc.{TRUST_DOMAIN}"))


def _labelled(profile: ProfilePolicy, route: Any, service: Service) -> ProfileRoute:
    dst = f'dst="{profile.name}:{service.port}"'
    known = tuple(f'{dst},rt_route="{_escaped(each)}"' for each in profile.names)
    if route is None:
        return ProfileRoute(dst, "", known)
    return ProfileRoute(f'{dst},rt_route="{_escaped(route.name)}"', route.name, known)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _any_failure(status: int, grpc_status: int | None, failed: bool) -> bool:
    return failed


def _no_opinion(status: int) -> bool | None:
    return None
