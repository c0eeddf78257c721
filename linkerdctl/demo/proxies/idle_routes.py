"""Routes of a ServiceProfile that were asked for once and never since: most of what large real proxies tell.

Each has 34 series. Their text is the same for all pods, and made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from linkerdctl.demo.proxies.declared import (
    PROFILES,
    ROUTE_ATTEMPT_RESPONSES,
    ROUTE_ATTEMPTS,
    ROUTE_LATENCIES,
    ROUTE_REQUESTS,
    ROUTE_RESPONSES,
    ROUTE_RETRYABLE,
)
from linkerdctl.demo.proxies.families import Family, Registry
from linkerdctl.demo.simulation.retries import NO_BUDGET

DESTINATION = "api.example.com:443"
"""Outside of the cluster, so that no object of it has these routes."""
_MILLISECONDS = 7
_SUCCESS = 'status_code="200",classification="success",grpc_status="",error=""'


@lru_cache(8)
def idle_routes(count: int) -> Mapping[Family, str]:
    """The lines of so many routes, by family; without the families' declarations."""
    registry = Registry()
    for number in range(count):
        _asked_for_once(registry, f'direction="outbound",dst="{DESTINATION}",rt_route="GET /v1/things-{number}"')
    return {family: "\n".join(registry.series_lines(family)) for family in PROFILES} if count else {}


@lru_cache(8)
def longest_idle_part(count: int) -> bytes:
    """What stands in one piece in every text with so many routes: the lines of the largest family."""
    return max(idle_routes(count).values(), key=len, default="").encode()


def _asked_for_once(registry: Registry, labels: str) -> None:
    for family, more in (
        (ROUTE_REQUESTS, ""),
        (ROUTE_ATTEMPTS, ""),
        (ROUTE_RESPONSES, f",{_SUCCESS}"),
        (ROUTE_ATTEMPT_RESPONSES, f",{_SUCCESS}"),
    ):
        registry.sample(family, f"{labels}{more}", 1)
    registry.sample(ROUTE_RETRYABLE, labels)
    registry.sample(ROUTE_RETRYABLE, f'{labels},skipped="{NO_BUDGET}"')
    registry.distribution(ROUTE_LATENCIES, f'{labels},status_code="200"').observe(_MILLISECONDS)
