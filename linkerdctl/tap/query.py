"""What is asked of a tap: whose requests, which, how many per second; in the forms that both tap APIs take. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import (
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    JOB,
    KINDS,
    NAMESPACE,
    POD,
    REPLICASET,
    REPLICATIONCONTROLLER,
    SERVICE,
    STATEFULSET,
    Kind,
)
from linkerdctl.kube.selection import Selection, unknown_kind, word_for
from linkerdctl.tap.decoding import METHODS, SCHEMES
from linkerdctl.tap.wire import proxy_tap_pb2 as proxy
from linkerdctl.tap.wire import viz_tap_pb2 as viz

TARGETS = (CRONJOB, DAEMONSET, DEPLOYMENT, JOB, NAMESPACE, POD, REPLICASET, REPLICATIONCONTROLLER, STATEFULSET)
"""Kinds that have pods of their own to tap."""
DESTINATIONS = (*TARGETS, SERVICE)
API = "/apis/tap.linkerd.io/v1alpha1"
DEFAULT_RPS = 100.0
MOST_RPS = (1 << 32) - 1
"""What a proxy's limit can be."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Which requests; empty texts ask nothing. `to` is in any namespace where its own is None."""

    to: Selection | None = None
    scheme: str = ""
    method: str = ""
    authority: str = ""
    """All of it, port included."""
    path: str = ""
    """A prefix, without query."""

    def __str__(self) -> str:
        """As options; empty when every request is wanted."""
        where = self.to.namespace if self.to else None
        asked = (("to", self.to), ("to-namespace", where), ("scheme", self.scheme), ("method", self.method))
        given = (*asked, ("authority", self.authority), ("path", self.path))
        return " ".join(f"--{name} {value}" for name, value in given if value)


@dataclass(frozen=True, slots=True)
class TapQuery:
    """`max_rps` is for all proxies together, up to `MOST_RPS`, 0 for the default; `headers` asks for those too."""

    target: Selection
    matches: Matches = field(default_factory=Matches)
    max_rps: float = DEFAULT_RPS
    headers: bool = False


def check_kinds(query: TapQuery) -> None:
    """Raise `UsageError` for a kind that cannot be tapped."""
    check_kind(query.target.kind, TARGETS, "tapped")
    if query.target.kind is NAMESPACE and not query.target.name:
        raise UsageError("which namespace is missing", next_step="name it: ns/emojivoto")
    if query.matches.to is not None:
        check_kind(query.matches.to.kind, DESTINATIONS, "a destination of --to")


def check_kind(kind: Kind, possible: tuple[Kind, ...], what: str) -> None:
    """Raise `UsageError` for a kind that is not possible, or that nobody knows."""
    if kind not in KINDS:
        raise unknown_kind(word_for(kind))
    if kind not in possible:
        hint = "name the workload behind it; services can only be given to --to" if kind is SERVICE else ""
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
    asked, matches = query.matches, request.match.all.matches
    if asked.to is not None:
        matches.add(destinations=_selection(asked.to))
    if asked.scheme:
        matches.add().http.scheme = asked.scheme
    if asked.method:
        matches.add().http.method = asked.method
    if asked.authority:
        matches.add().http.authority = asked.authority
    if asked.path:
        matches.add().http.path = asked.path
    request.extract.SetInParent()
    if query.headers:
        request.extract.http.headers.SetInParent()
    return request.SerializeToString()


def observe_request(query: TapQuery, limit: int) -> proxy.ObserveRequest:
    """What the viz extension would ask of a proxy for the same query; `limit` is in requests."""
    request = proxy.ObserveRequest(limit=limit)
    request.match.all.SetInParent()
    asked, matches = query.matches, request.match.all.matches
    for key, value in destination_labels(asked.to).items():
        label = matches.add().destination_label
        label.key, label.value = key, value
    if asked.scheme:
        _word(asked.scheme, SCHEMES, matches.add().http.scheme)
    if asked.method:
        _word(asked.method, METHODS, matches.add().http.method)
    if asked.authority:
        matches.add().http.authority.exact = asked.authority
    if asked.path:
        matches.add().http.path.prefix = asked.path
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


def destination_labels(to: Selection | None) -> dict[str, str]:
    """What destinations of `--to` are labelled with by their controller."""
    if to is None:
        return {}
    named = {to.kind.label: to.name} if to.name else {}
    return {**named, "namespace": to.namespace} if to.kind is not NAMESPACE and to.namespace else named


def _word(word: str, registered: tuple[str, ...], message: Any) -> None:
    upper = word.upper()
    if upper in registered:
        message.registered = registered.index(upper)
    else:
        message.unregistered = word
