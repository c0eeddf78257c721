"""Policies and routes as proxies label them, and what of them one request takes; which ones it does is not known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from linkerdctl.demo.simulation.labels import backend, parent
from linkerdctl.demo.simulation.retries import RetryRule
from linkerdctl.demo.topology import Service

_POLICY = "policy.linkerd.io"


@dataclass(frozen=True, slots=True)
class InboundPolicy:
    """Labels of the server, the route and the authorization that let a request in; without the last none did."""

    server: str
    route: str
    authorization: str
    parent: str
    """The server once more, as the parent of the route."""

    @property
    def labels(self) -> str:
        """All three."""
        return ",".join(filter(None, (self.server, self.route, self.authorization)))

    @property
    def denies(self) -> bool:
        """Whether the request is turned away."""
        return not self.authorization


@dataclass(frozen=True, slots=True)
class OutboundRoute:
    """Labels of an outbound route and its backend. `protocol` says whose families count it, and which statuses."""

    protocol: str
    labels: str
    backend: str
    retried: bool = False
    """Whether it says that requests be tried again."""


@dataclass(frozen=True, slots=True)
class ProfileRoute:
    """How a profile's route is labelled: `labels` of this one (`dst`, and `rt_route` if it is one), `known` of all."""

    labels: str
    name: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """The routes that requests of one sort take at both proxies, and what the client's does when they fail."""

    profile: ProfileRoute | None
    server_profile: ProfileRoute | None
    gateway: OutboundRoute
    retries: RetryRule | None = None
    timeout: float | None = None
    budget: str = ""
    """Whose budget retries come out of: the profile's name."""

    judge: Callable[[int], bool | None] = field(default=lambda status: None, compare=False)
    """Whether a profile calls a status a failure; None where it says nothing."""

    @property
    def route(self) -> str:
        """The name of the client's ServiceProfile route; empty where there is none."""
        return self.profile.name if self.profile else ""


@lru_cache(64)
def default_policy(port: int, route: str) -> InboundPolicy:
    """What holds for a port that no Server is written for, by the name of its route: `default` or `probe`."""
    authorization = "probe" if route == "probe" else "all-unauthenticated"
    return InboundPolicy(
        server=f'srv_group="",srv_kind="default",srv_name="all-unauthenticated",srv_port="{port}"',
        route=f'route_group="",route_kind="default",route_name="{route}"',
        authorization=f'authz_group="",authz_kind="default",authz_name="{authorization}"',
        parent=f'parent_group="",parent_kind="default",parent_name="all-unauthenticated",parent_port="{port}"',
    )


def written_policy(
    server: str, port: int, route: tuple[str, str, str] | None, authorization: tuple[str, str] | None
) -> InboundPolicy:
    """What a Server says: a route by group, kind and name or the default one, an authorization by kind and name if any."""
    routed = route or ("", "default", "default")
    kind, name = authorization or ("", "")
    authz = zip(("group", "kind", "name"), ("" if kind == "default" else _POLICY, kind, name), strict=True)
    return InboundPolicy(
        server=f'srv_group="{_POLICY}",srv_kind="server",srv_name="{server}",srv_port="{port}"',
        route=",".join(f'route_{word}="{each}"' for word, each in zip(("group", "kind", "name"), routed, strict=True)),
        authorization=",".join(f'authz_{word}="{each}"' for word, each in authz) if authorization else "",
        parent=f'parent_group="{_POLICY}",parent_kind="server",parent_name="{server}",parent_port="{port}"',
    )


@lru_cache(65_536)
def default_route(service: Service) -> OutboundRoute:
    """What a service has without any route of its own."""
    return _outbound("http", service, 'route_group="",route_kind="default",route_namespace="",route_name="http"')


def written_route(protocol: str, service: Service, names: tuple[str, str, str, str], *, retried: bool) -> OutboundRoute:
    """An HTTPRoute or GRPCRoute, by group, kind, namespace and name, that is attached to a service and leads there too."""
    words = zip(("group", "kind", "namespace", "name"), names, strict=True)
    return _outbound(protocol, service, ",".join(f'route_{word}="{name}"' for word, name in words), retried=retried)


def _outbound(protocol: str, service: Service, route: str, *, retried: bool = False) -> OutboundRoute:
    labels = f"{parent(service)},{route}"
    return OutboundRoute(protocol, labels, f"{labels},{backend(service)}", retried)
