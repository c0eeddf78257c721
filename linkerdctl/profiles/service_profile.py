"""Routes as a ServiceProfile, `linkerd.io/v1alpha2`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.routes import ResponseClass, RetryBudget, Route

API_VERSION = "linkerd.io/v1alpha2"
KIND = "ServiceProfile"


def service_profile(name: ServiceName, routes: Iterable[Route], budget: RetryBudget | None = None) -> dict[str, Any]:
    """The manifest, its keys in the order of the real tool's JSON; what is empty is left out."""
    spec: dict[str, Any] = {}
    if entries := [route_entry(route) for route in routes]:
        spec["routes"] = entries
    if budget:
        spec["retryBudget"] = {
            "retryRatio": budget.ratio,
            "minRetriesPerSecond": budget.min_per_second,
            "ttl": budget.ttl,
        }
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "metadata": {"name": name.profile, "namespace": name.namespace},
        "spec": spec,
    }


def route_entry(route: Route) -> dict[str, Any]:
    """One element of `spec.routes`."""
    condition = {"pathRegex": route.path_regex, "method": route.method}
    entry: dict[str, Any] = {
        "name": route.name,
        "condition": {key: value for key, value in condition.items() if value},
    }
    if route.responses:
        entry["responseClasses"] = [_response_class(each) for each in route.responses]
    if route.is_retryable:
        entry["isRetryable"] = True
    if route.timeout:
        entry["timeout"] = route.timeout
    return entry


def _response_class(each: ResponseClass) -> dict[str, Any]:
    entry: dict[str, Any] = {"condition": {"status": {"min": each.low, "max": each.high}}}
    if each.is_failure:
        entry["isFailure"] = True
    return entry
