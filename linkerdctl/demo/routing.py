"""The one place that says which policy and which route a request falls under: those that hold where nobody set any."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from linkerdctl.demo.proxy_labels import backend, parent
from linkerdctl.demo.topology import ADMIN_PORT, Service
from linkerdctl.demo.traffic import Hop

_GRPC_NAMES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InboundPolicy:
    """Labels of the server, the route and the authorization that let a request in."""

    server: str
    route: str
    authorization: str
    parent: str
    """The server once more, as the parent of the route."""

    @property
    def labels(self) -> str:
        """All three."""
        return f"{self.server},{self.route},{self.authorization}"


@dataclass(frozen=True, slots=True)
class OutboundRoute:
    """Labels of an outbound route and its backend. `protocol` says whose families count it, and which statuses."""

    protocol: str
    labels: str
    backend: str

    def status(self, hop: Hop) -> str:
        """How it ended, in the words of the route's protocol: an HTTP route sees 200 where gRPC failed."""
        if self.protocol == "http" or hop.grpc_status is None:
            return f'http_status="{hop.status}",error=""'
        return f'grpc_status="{_GRPC_NAMES[hop.grpc_status]}",error=""'


def inbound_policy(hop: Hop) -> InboundPolicy:
    """What lets this request into its server."""
    return _default_policy(hop.service.target_port, "default")


def admin_policy(route: str) -> InboundPolicy:
    """What lets probes (`probe`) and scrapes (`default`) into the admin port."""
    return _default_policy(ADMIN_PORT, route)


def outbound_route(hop: Hop) -> OutboundRoute:
    """The route its client's proxy takes: the service's default one, which is HTTP's for gRPC too."""
    return _default_route(hop.service)


@lru_cache(64)
def _default_policy(port: int, route: str) -> InboundPolicy:
    authorization = "probe" if route == "probe" else "all-unauthenticated"
    return InboundPolicy(
        server=f'srv_group="",srv_kind="default",srv_name="all-unauthenticated",srv_port="{port}"',
        route=f'route_group="",route_kind="default",route_name="{route}"',
        authorization=f'authz_group="",authz_kind="default",authz_name="{authorization}"',
        parent=f'parent_group="",parent_kind="default",parent_name="all-unauthenticated",parent_port="{port}"',
    )


@lru_cache(65_536)
def _default_route(service: Service) -> OutboundRoute:
    route = 'route_group="",route_kind="default",route_namespace="",route_name="http"'
    labels = f"{parent(service)},{route}"
    return OutboundRoute("http", labels, f"{labels},{backend(service)}")
