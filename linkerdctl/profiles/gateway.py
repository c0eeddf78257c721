"""Routes as Gateway API objects for Linkerd: an HTTPRoute or GRPCRoute each, since policy and metrics go by object."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.profiles.names import LONGEST_LABEL, ServiceName
from linkerdctl.profiles.regex import anchored, literal
from linkerdctl.profiles.routes import GrpcMethod, RetryBudget, Route

API_VERSION = "gateway.networking.k8s.io/v1"
HTTP_ROUTE = "HTTPRoute"
GRPC_ROUTE = "GRPCRoute"
LONGEST_PATH = 1024

RETRY_HTTP = "retry.linkerd.io/http"
RETRY_GRPC = "retry.linkerd.io/grpc"
TIMEOUT = "timeout.linkerd.io/request"
GRPC_FAILURES = "cancelled,deadline-exceeded,internal,resource-exhausted,unavailable"
"""All the codes that the annotation takes."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
_EXACT_PATH = re.compile(
    r"/(?!.*(?://|/\./|/\.\./|%2[fF]))(?!.*/\.\.?$)(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*"
)
_GRPC_SERVICE = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_GRPC_METHOD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class GatewayObjects:
    """The manifests, and what of the routes they cannot express, one line each."""

    manifests: tuple[dict[str, Any], ...]
    lost: tuple[str, ...]


def gateway_objects(
    kind: str, name: ServiceName, port: int, routes: Iterable[Route], budget: RetryBudget | None = None
) -> GatewayObjects:
    """One object of `kind` per route, and one for all other requests, which would get no answer otherwise."""
    maker = _Maker(kind, name, port)
    manifests = [manifest for route in routes if (manifest := maker.route(route))]
    if budget:
        maker.lost.append(
            "the retry budget has no counterpart: each request is retried once, or retry.linkerd.io/limit times"
        )
    if any(manifest["metadata"].get("annotations", {}).keys() & {RETRY_HTTP, RETRY_GRPC} for manifest in manifests):
        maker.lost.append(
            "retries: at most one per request (retry.linkerd.io/limit) where a profile has a retry budget"
        )
    if manifests:
        manifests.append(maker.rest())
        maker.lost.append(
            f"requests that match no route are refused as soon as there is one: {manifests[-1]['metadata']['name']} "
            "takes them"
        )
        maker.lost.append("order counts for nothing: of several routes that match, the more specific one wins")
    return GatewayObjects(tuple(manifests), tuple(maker.lost))


class _Maker:
    """Makes the objects of one service, with names of their own."""

    def __init__(self, kind: str, name: ServiceName, port: int) -> None:
        self._kind = kind
        self._name = name
        self._port = port
        self._taken: set[str] = set()
        self.lost: list[str] = []

    def route(self, route: Route) -> dict[str, Any] | None:
        """The object of a route; None, and a line in `lost`, when there can be none."""
        match = self._grpc_match(route) if self._kind == GRPC_ROUTE else self._http_match(route)
        if match is None:
            return None
        if route.responses:
            failures = ", ".join(_codes(each.low, each.high) for each in route.responses if each.is_failure) or "none"
            self.lost.append(
                f"{route.name}: response classes (failures: {failures}); a status of 500 or more is a failure"
            )
        return self._object(route.name, [match], self._annotations(route))

    def rest(self) -> dict[str, Any]:
        """What takes requests that no other object matches."""
        everything = [{"path": {"type": "PathPrefix", "value": "/"}}] if self._kind == HTTP_ROUTE else []
        return self._object("default", everything, {})

    def _object(self, name: str, matches: list[dict[str, Any]], annotations: dict[str, str]) -> dict[str, Any]:
        backend = {"kind": "Service", "name": self._name.service, "port": self._port}
        rule: dict[str, Any] = {"matches": matches} if matches else {}
        return {
            "apiVersion": API_VERSION,
            "kind": self._kind,
            "metadata": {
                "name": self._object_name(name),
                "namespace": self._name.namespace,
                **({"annotations": annotations} if annotations else {}),
            },
            "spec": {
                "parentRefs": [{"group": "", **backend}],
                "rules": [{**rule, "backendRefs": [backend]}],
            },
        }

    def _object_name(self, route: str) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", route).lower()).strip("-")
        name = f"{self._name.service}-{words}".rstrip("-")
        if len(name) > LONGEST_LABEL or name in self._taken:
            digest = hashlib.sha256(f"{len(self._taken)} {route}".encode()).hexdigest()[:6]
            name = f"{name[: LONGEST_LABEL - 7].rstrip('-')}-{digest}"
        self._taken.add(name)
        return name

    def _http_match(self, route: Route) -> dict[str, Any] | None:
        if route.method and route.method not in _METHODS:
            self.lost.append(f"{route.name}: left out, an HTTPRoute cannot match the method {route.method}")
            return None
        match: dict[str, Any] = {}
        if route.path_regex:
            fixed = literal(route.path_regex)
            exact = fixed is not None and _EXACT_PATH.fullmatch(fixed) is not None
            value = fixed if exact and fixed is not None else anchored(route.path_regex)
            if len(value) > LONGEST_PATH:
                self.lost.append(f"{route.name}: left out, its path is longer than {LONGEST_PATH} characters")
                return None
            match["path"] = {"type": "Exact" if exact else "RegularExpression", "value": value}
        if route.method:
            match["method"] = route.method
        return match

    def _grpc_match(self, route: Route) -> dict[str, Any] | None:
        call = route.grpc or GrpcMethod.of_path(literal(route.path_regex) or "")
        valid = call and _GRPC_SERVICE.fullmatch(call.service) and _GRPC_METHOD.fullmatch(call.method)
        if not call or not valid or route.method not in ("", "POST"):
            self.lost.append(f"{route.name}: left out, it is no gRPC method; --kind httproute takes it")
            return None
        return {"method": {"type": "Exact", "service": call.service, "method": call.method}}

    def _annotations(self, route: Route) -> dict[str, str]:
        annotations: dict[str, str] = {}
        if route.is_retryable and self._kind == GRPC_ROUTE:
            annotations[RETRY_GRPC] = GRPC_FAILURES
        elif route.is_retryable:
            annotations[RETRY_HTTP] = "5xx"
            if route.grpc:
                self.lost.append(
                    f"{route.name}: retries of gRPC failures, which have status 200; --kind grpcroute retries them"
                )
        if route.timeout and (timeout := self._timeout(route)):
            annotations[TIMEOUT] = timeout
        return annotations

    def _timeout(self, route: Route) -> str:
        try:
            milliseconds = parse_duration(route.timeout) * 1000
        except UsageError as error:
            self.lost.append(f"{route.name}: its timeout, {error.message}")
            return ""
        whole = round(milliseconds)
        if whole <= 0 or abs(milliseconds - whole) > 1e-6:
            self.lost.append(f"{route.name}: its timeout {route.timeout}, which is no whole number of milliseconds")
            return ""
        return _annotation_duration(whole)


def _annotation_duration(milliseconds: int) -> str:
    """A whole number with one unit: Linkerd's annotations take no `1h30m`."""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _codes(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"
