"""What HTTPRoutes and GRPCRoutes of a service say to its clients' proxies: who takes a request, retries, timeouts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from linkerdctl.demo.simulation.profile_policy import seconds
from linkerdctl.demo.simulation.retries import RetryRule
from linkerdctl.demo.simulation.taken import OutboundRoute, written_route
from linkerdctl.demo.topology import Service

_HTTP, _GRPC = "retry.linkerd.io/http", "retry.linkerd.io/grpc"
_LIMIT, _TIMEOUT = "retry.linkerd.io/limit", "timeout.linkerd.io/request"
_GRPC_CODES = {"cancelled": 1, "deadline-exceeded": 4, "resource-exhausted": 8, "internal": 13, "unavailable": 14}
Rank = tuple[int, int, int]
"""How specific a match is, most specific first: sort of path, length of path, whether it has a method."""


@dataclass(frozen=True, slots=True)
class GatewayRule:
    """The route that a request takes, and what happens when it fails or is late."""

    route: OutboundRoute
    retries: RetryRule | None
    timeout: float | None


def gateway_rule(routes: Iterable[Mapping[str, Any]], service: Service, method: str, path: str) -> GatewayRule | None:
    """The most specific match of all routes attached to a service; None when there is none."""
    found = best_match((route for route in routes if _is_attached(route, service)), method, path)
    return _rule(*found, service) if found else None


def best_match(routes: Iterable[Mapping[str, Any]], method: str, path: str) -> tuple[Any, Any] | None:
    """The route that takes a request, and which of its rules."""
    found = [
        (rank, route["metadata"]["name"], index, route, rule)
        for index, route in enumerate(routes)
        for rule in (route.get("spec") or {}).get("rules") or ()
        for rank in _ranks(route["kind"], rule, method, path)
    ]
    if not found:
        return None
    *_, route, rule = max(found, key=lambda each: (each[0], [-ord(char) for char in each[1]], -each[2]))
    return route, rule


def _is_attached(route: Mapping[str, Any], service: Service) -> bool:
    namespace = route["metadata"].get("namespace", "")
    wanted = service.namespace, service.name
    return any(
        parent.get("kind") == "Service"
        and (parent.get("namespace") or namespace, parent.get("name")) == wanted
        and parent.get("port", service.port) == service.port
        for parent in (route.get("spec") or {}).get("parentRefs") or ()
    )


def _ranks(kind: str, rule: Mapping[str, Any], method: str, path: str) -> Iterator[Rank]:
    """Of every match of a rule that holds; a rule without matches takes everything."""
    rank = _grpc_rank if kind == "GRPCRoute" else _http_rank
    matches: Sequence[Mapping[str, Any]] = rule.get("matches") or ({},)
    for match in matches:
        if (found := rank(match, method, path)) is not None:
            yield found


def _http_rank(match: Mapping[str, Any], method: str, path: str) -> Rank | None:
    if match.get("headers") or match.get("queryParams") or match.get("method", method) != method:
        return None
    told = match.get("path") or {}
    kind, value = told.get("type", "PathPrefix"), told.get("value", "/")
    if not _holds(kind, value, path):
        return None
    return {"Exact": 2, "PathPrefix": 1}.get(kind, 0), len(value), int("method" in match)


def _holds(kind: str, value: str, path: str) -> bool:
    if kind == "RegularExpression":
        return _compiled(value).fullmatch(path) is not None
    below = kind == "PathPrefix" and path.startswith(value.rstrip("/") + "/")
    return below or (kind in ("Exact", "PathPrefix") and path == value)


def _grpc_rank(match: Mapping[str, Any], method: str, path: str) -> Rank | None:
    told = match.get("method") or {}
    _, service, call = path.split("/") if path.count("/") == 2 else ("", path, "")
    exact = told.get("type", "Exact") == "Exact"
    for wanted, found in ((told.get("service"), service), (told.get("method"), call)):
        if wanted and not (wanted == found if exact else _compiled(wanted).fullmatch(found)):
            return None
    if match.get("headers") or method != "POST":
        return None
    return 2 * exact, len(told.get("service") or ""), len(told.get("method") or "")


@lru_cache(256)
def _compiled(regex: str) -> re.Pattern[str]:
    """What no proxy could compile matches nothing."""
    try:
        return re.compile(regex)
    except re.error:
        return re.compile(r"(?!)")


def _rule(route: Mapping[str, Any], rule: Mapping[str, Any], service: Service) -> GatewayRule:
    metadata = route["metadata"]
    annotations = metadata.get("annotations") or {}
    protocol = "grpc" if route["kind"] == "GRPCRoute" else "http"
    group = str(route["apiVersion"]).partition("/")[0]
    names = group, route["kind"], metadata.get("namespace", ""), metadata["name"]
    retries = _retries(protocol, annotations)
    timeout = seconds(annotations.get(_TIMEOUT)) or seconds((rule.get("timeouts") or {}).get("request"))
    return GatewayRule(written_route(protocol, service, names, retried=retries is not None), retries, timeout)


def _retries(protocol: str, annotations: Mapping[str, str]) -> RetryRule | None:
    written = annotations.get(_GRPC if protocol == "grpc" else _HTTP)
    if not written:
        return None
    limit = int(annotations[_LIMIT]) if annotations.get(_LIMIT, "").isdigit() else 1
    if protocol == "grpc":
        codes = {_GRPC_CODES.get(each.strip()) for each in written.split(",")}
        return RetryRule(
            lambda status, grpc_status, failed: grpc_status is not None and grpc_status in codes, limit=limit
        )
    ranges = list(_status_ranges(written))
    return RetryRule(lambda status, grpc_status, failed: any(status in each for each in ranges), limit=limit)


def _status_ranges(text: str) -> Iterator[range]:
    for word in (each.strip() for each in text.split(",")):
        named = {"5xx": range(500, 600), "gateway-error": range(502, 505)}.get(word)
        low, _, high = word.partition("-")
        if named:
            yield named
        elif low.isdigit():
            yield range(int(low), int(high if high.isdigit() else low) + 1)
