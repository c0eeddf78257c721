"""The one place that says which policy and which outbound route a request falls under."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from linkerdctl.demo.simulation.labels import backend, parent
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.topology import ADMIN_PORT, Service

_GRPC_NAMES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip

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

    def status(self, hop: Hop) -> str:
        """How it ended, in the words of the route's protocol: an HTTP route sees 200 where gRPC failed."""
        if hop.gave_up is not None:
            return f'{self.protocol}_status="",error="REQUEST_TIMEOUT"'
        if self.protocol == "http" or hop.grpc_status is None:
            return f'http_status="{hop.status}",error=""'
        return f'grpc_status="{_GRPC_NAMES[hop.grpc_status]}",error=""'


def inbound_policy(hop: Hop) -> InboundPolicy:
    """What lets this request into its server, or turns it away."""
    if hop.admitted is not None:
        return hop.admitted
    return _default_policy(hop.service.target_port, "default")


def admin_policy(route: str) -> InboundPolicy:
    """What lets probes (`probe`) and scrapes (`default`) into the admin port."""
    return _default_policy(ADMIN_PORT, route)


def outbound_route(hop: Hop) -> OutboundRoute | None:
    """The route its client's proxy takes: one of the Gateway API, or the service's default one, which is HTTP's for gRPC too.

    None where a ServiceProfile has routes: it counts for itself.
    """
    if hop.taken is None:
        return default_route(hop.service)
    return hop.taken.gateway if hop.taken.profile is None else None


@lru_cache(64)
def _default_policy(port: int, route: str) -> InboundPolicy:
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
