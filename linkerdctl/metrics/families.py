"""The families that count requests by route or authorization, told so that any source can read them. Data only.

ServiceProfile routes are counted twice by clients: as the application saw them (`PROFILE`, latencies with retries in them)
and by attempt (`PROFILE_ATTEMPTS`). Gateway API routes have a pair for each protocol, and coarse buckets in seconds. Servers
tell the route of a request in `RESPONSES`, whose buckets are finer than those of `inbound_http_*`.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkerdctl.metrics.query import Families
from linkerdctl.metrics.verdict import (
    CLASSIFICATION,
    COUNTED,
    GRPC_STATUS,
    HTTP_STATUS,
    Verdict,
)

DEFAULT = "default"
"""The kind by which proxies call Servers, routes and authorizations that nobody wrote, and often their name."""

_SECOND = 1000.0

PROFILE = Families("route_response_total", CLASSIFICATION, "route_response_latency_ms_bucket")
PROFILE_ATTEMPTS = Families("route_actual_response_total", CLASSIFICATION)
PROFILE_REQUESTS = Families("route_request_total", COUNTED)
"""Requests as they begin. A proxy lists the routes of an inbound profile here from the start, unused ones at zero."""
PROFILE_RETRYABLE = Families("route_retryable_total", COUNTED)
"""Responses that may be retried; those with `skipped` were not (`no_budget`)."""

ALLOWED = Families("inbound_http_authz_allow_total", COUNTED, directed=False)
"""Requests that a server's proxy let in, with the authorization that did it; that of audit mode is named `audit`."""
DENIED = Families("inbound_http_authz_deny_total", COUNTED, directed=False)
"""Requests it turned away: no authorization is named, and `RESPONSES` does not count them."""
TCP_ALLOWED = Families("inbound_tcp_authz_allow_total", COUNTED, directed=False)
TCP_DENIED = Families("inbound_tcp_authz_deny_total", COUNTED, directed=False)
"""The same of connections that are no HTTP."""


@dataclass(frozen=True, slots=True)
class OutboundRoutes:
    """What a client counts of Gateway API routes of one protocol."""

    requests: Families
    """As the application saw them."""
    attempts: Families
    """By backend."""
    retries: Families
    retry_successes: Families
    """Requests that succeeded after a retry."""
    retry_limits: Families
    """Requests that failed when they had had all their retries."""
    retry_overflows: Families
    """Requests that got no retry because a circuit breaker or the like had none to give."""

    @classmethod
    def of(cls, protocol: str, verdict: Verdict) -> OutboundRoutes:
        """Those of `http` or `grpc`."""
        route, backend = f"outbound_{protocol}_route", f"outbound_{protocol}_route_backend"

        def counter(name: str) -> Families:
            return Families(f"{route}_retry_{name}_total", COUNTED, directed=False)

        return cls(
            _in_seconds(f"{route}_request_statuses_total", verdict, f"{route}_request_duration_seconds_bucket"),
            _in_seconds(f"{backend}_response_statuses_total", verdict, f"{backend}_response_duration_seconds_bucket"),
            *map(counter, ("requests", "successes", "limit_exceeded", "overflow")),
        )


def _in_seconds(responses: str, verdict: Verdict, latency: str) -> Families:
    return Families(responses, verdict, latency, unit_ms=_SECOND, directed=False)


OUTBOUND_HTTP = OutboundRoutes.of("http", HTTP_STATUS)
OUTBOUND_GRPC = OutboundRoutes.of("grpc", GRPC_STATUS)
OUTBOUND = (OUTBOUND_HTTP, OUTBOUND_GRPC)
