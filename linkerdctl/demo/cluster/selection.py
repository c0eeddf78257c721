"""Which objects of a list a client wants: label selectors, field selectors, pages. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linkerdctl.demo.cluster import status
from linkerdctl.demo.cluster.resources import ResourceType
from linkerdctl.demo.cluster.store import Manifest, name_of
from linkerdctl.errors import UsageError
from linkerdctl.kube.selectors import LabelSelector, parse_selector

_FIELDS: dict[str, frozenset[str]] = {
    "Pod": frozenset(
        f"spec.{each}" for each in ("nodeName", "restartPolicy", "schedulerName", "serviceAccountName", "hostNetwork")
    )
    | {"status.phase", "status.podIP", "status.nominatedNodeName"},
    "Event": frozenset(
        f"involvedObject.{each}"
        for each in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
    )
    | {"reason", "reportingComponent", "source", "type"},
    "Namespace": frozenset({"status.phase"}),
    "Node": frozenset({"spec.unschedulable"}),
    "Secret": frozenset({"type"}),
    "Job": frozenset({"status.successful"}),
    "Service": frozenset({"spec.clusterIP", "spec.type"}),
    "ReplicaSet": frozenset({"status.replicas"}),
    "ReplicationController": frozenset({"status.replicas"}),
}


@dataclass(frozen=True, slots=True)
class FieldCondition:
    """`path` equals `value`, or does not."""

    path: str
    value: str
    equal: bool

    def matches(self, manifest: Mapping[str, Any]) -> bool:
        """Whether an object satisfies it; a field that is not there counts as empty."""
        at: Any = manifest
        for key in self.path.split("."):
            at = at.get(key) if isinstance(at, Mapping) else None
        text = "" if at is None else str(at).lower() if isinstance(at, bool) else str(at)
        return (text == self.value) is self.equal


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list or a watch lets through."""

    namespace: str
    labels: LabelSelector
    fields: tuple[FieldCondition, ...]

    def matches(self, manifest: Mapping[str, Any]) -> bool:
        """Whether an object is wanted."""
        metadata = manifest["metadata"]
        return (
            self.namespace in ("", metadata.get("namespace"))
            and self.labels.matches(metadata.get("labels") or {})
            and all(condition.matches(manifest) for condition in self.fields)
        )


def filter_of(resource: ResourceType, namespace: str, query: Mapping[str, str]) -> Filter:
    """From a request's query; raises a 400 `StatusError` for a selector that cannot be read."""
    try:
        labels = parse_selector(query.get("labelSelector", ""))
    except UsageError as error:
        raise status.bad_request(f"unable to parse requirement: {error.message}") from error
    return Filter(namespace, labels, _fields(resource, query.get("fieldSelector", "")))


def _fields(resource: ResourceType, text: str) -> tuple[FieldCondition, ...]:
    return tuple(_field(resource, part) for part in text.split(",") if part)


def _field(resource: ResourceType, part: str) -> FieldCondition:
    operator = next((each for each in ("!=", "==", "=") if each in part), None)
    if operator is None:
        raise status.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    path, _, value = part.partition(operator)
    if path not in ("metadata.name", "metadata.namespace") and path not in _FIELDS.get(resource.kind, ()):
        raise status.bad_request(f"field label not supported: {path}")
    return FieldCondition(path, value, operator != "!=")


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: its items, the token of the next page (`""` at the end) and how many come after."""

    items: list[Manifest]
    token: str = ""
    remaining: int = 0


def page(items: Sequence[Manifest], query: Mapping[str, str]) -> Page:
    """One page of an ordered list, as `limit` and `continue` say; raises a 400 `StatusError` for a bad token."""
    after = _position(query["continue"]) if query.get("continue") else None
    rest = [item for item in items if after is None or name_of(item) > after]
    limit = int(query.get("limit") or 0)
    if not limit or len(rest) <= limit:
        return Page(rest)
    last = json.dumps(name_of(rest[limit - 1])).encode()
    return Page(rest[:limit], base64.urlsafe_b64encode(last).decode(), len(rest) - limit)


def _position(token: str) -> tuple[str, str]:
    try:
        namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise status.bad_request("continue key is not valid") from error
    return namespace, name
