"""What is asked of a tap: whose requests, which, how many per second; in the forms that both tap APIs take. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import (
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    POD,
    REPLICASET,
    REPLICATIONCONTROLLER,
    SERVICE,
    STATEFULSET,
    Kind,
)
from linkerdctl.kube.selection import Selection
from linkerdctl.tap.decoding import METHODS, SCHEMES
from linkerdctl.tap.wire import proxy_tap_pb2 as proxy
from linkerdctl.tap.wire import viz_tap_pb2 as viz

TARGETS = (CRONJOB, DAEMONSET, DEPLOYMENT, JOB, NAMESPACE, POD, REPLICASET, REPLICATIONCONTROLLER, STATEFULSET)
"""Kinds that have pods of their own to tap."""
DESTINATIONS = (*TARGETS, SERVICE)
API = "/apis/tap.linkerd.io/v1alpha1"
DEFAULT_RPS = 100.0


@dataclass(frozen=True, slots=True)
class TapQuery:
    """`to` may be in any namespace, when its own is None; `path` is a prefix, `authority` exact; empty texts ask nothing."""

    target: Selection
    to: Selection | None = None
    scheme: str = ""
    method: str = ""
    authority: str = ""
    path: str = ""
    max_rps: float = DEFAULT_RPS
    headers: bool = False

    @property
    def matches(self) -> tuple[str, ...]:
        """What is asked beyond the target, as options; empty when every request is wanted."""
        asked = (("to", self.to), ("scheme", self.scheme), ("method", self.method))
        return tuple(
            f"--{name} {value}" for name, value in (*asked, ("authority", self.authority), ("path", self.path)) if value
        )


def check_kinds(query: TapQuery) -> None:
    """Raise `UsageError` for a kind that cannot be tapped."""
    _check(query.target.kind, TARGETS, "tapped")
    if query.to is not None:
        _check(query.to.kind, DESTINATIONS, "a destination of --to")


def _check(kind: Kind, possible: tuple[Kind, ...], what: str) -> None:
    if kind not in possible:
        hint = "tap the workload behind it, or give it to --to" if kind is SERVICE else ""
        words = ", ".join(each.name for each in possible)
        raise UsageError(f"a {kind.name} cannot be {what}", next_step=hint or f"kinds are {words}")


def viz_path(target: Selection) -> str:
    """Where to POST a request to the viz extension's API."""
    name = quote(target.name or "", safe="")
    if target.kind is NAMESPACE:
        return f"{API}/watch/namespaces/{name}/tap"
    return f"{API}/watch/namespaces/{quote(target.namespace or '', safe='')}/{target.kind.plural}/{name}/tap"


def viz_request(query: TapQuery) -> bytes:
    """The body to POST."""
    request = viz.TapByResourceRequest(target=_selection(query.target), max_rps=query.max_rps)
    request.match.all.SetInParent()
    matches = request.match.all.matches
    if query.to is not None:
        matches.add(destinations=_selection(query.to))
    if query.scheme:
        matches.add().http.scheme = query.scheme
    if query.method:
        matches.add().http.method = query.method
    if query.authority:
        matches.add().http.authority = query.authority
    if query.path:
        matches.add().http.path = query.path
    request.extract.SetInParent()
    if query.headers:
        request.extract.http.headers.SetInParent()
    return request.SerializeToString()


def observe_request(query: TapQuery, limit: int) -> proxy.ObserveRequest:
    """What the viz extension would ask of a proxy for the same query; `limit` is in requests."""
    request = proxy.ObserveRequest(limit=limit)
    request.match.all.SetInParent()
    matches = request.match.all.matches
    for key, value in _destination_labels(query.to):
        label = matches.add().destination_label
        label.key, label.value = key, value
    if query.scheme:
        _word(query.scheme, SCHEMES, matches.add().http.scheme)
    if query.method:
        _word(query.method, METHODS, matches.add().http.method)
    if query.authority:
        matches.add().http.authority.exact = query.authority
    if query.path:
        matches.add().http.path.prefix = query.path
    if query.headers:
        request.extract.http.headers.SetInParent()
    return request


def requests_per_pod(max_rps: float, pods: int) -> int:
    """How many requests a second each of so many pods may tell of, as the viz extension shares them out."""
    return int(max((max_rps or DEFAULT_RPS) / pods, 1))


def _selection(selection: Selection) -> viz.ResourceSelection:
    labels = str(selection.labels) if selection.labels else ""
    message = viz.ResourceSelection(label_selector=labels)
    message.resource.type, message.resource.name = selection.kind.name, selection.name or ""
    message.resource.namespace = "" if selection.kind is NAMESPACE else selection.namespace or ""
    return message


def _destination_labels(to: Selection | None) -> Iterator[tuple[str, str]]:
    if to is None:
        return
    if to.name:
        yield to.kind.label, to.name
    if to.kind is not NAMESPACE and to.namespace:
        yield "namespace", to.namespace


def _word(word: str, registered: tuple[str, ...], message: Any) -> None:
    upper = word.upper()
    if upper in registered:
        message.registered = registered.index(upper)
    else:
        message.unregistered = word
