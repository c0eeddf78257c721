"""The one place that says which policy and which outbound route a request falls under, and how the route counts its end."""

from __future__ import annotations

from linkerdctl.demo.simulation.taken import InboundPolicy, OutboundRoute, default_policy, default_route
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.topology import ADMIN_PORT

_GRPC_NAMES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip


def inbound_policy(hop: Hop) -> InboundPolicy:
    """What lets this request into its server, or turns it away."""
    if hop.admitted is not None:
        return hop.admitted
    return default_policy(hop.service.target_port, "default")


def admin_policy(route: str) -> InboundPolicy:
    """What lets probes (`probe`) and scrapes (`default`) into the admin port."""
    return default_policy(ADMIN_PORT, route)


def outbound_route(hop: Hop) -> OutboundRoute | None:
    """The route its client's proxy takes: one of the Gateway API, or the service's default one, which is HTTP's for gRPC too.

    None where a ServiceProfile has routes: it counts for itself.
    """
    if hop.taken is None:
        return default_route(hop.service)
    return hop.taken.gateway if hop.taken.profile is None else None


def outbound_status(route: OutboundRoute, hop: Hop) -> str:
    """Labels of how it ended, in the words of the route's protocol: an HTTP route sees 200 where gRPC failed."""
    if hop.gave_up is not None:
        return f'{route.protocol}_status="",error="REQUEST_TIMEOUT"'
    if route.protocol == "http" or hop.grpc_status is None:
        return f'http_status="{hop.status}",error=""'
    return f'grpc_status="{_GRPC_NAMES[hop.grpc_status]}",error=""'
