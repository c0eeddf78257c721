"""Objects of a small cluster in memory: versions, watch events with history, deletion of what is owned.

Stored objects are never changed in place; every write stores a new one. Not thread-safe: one event loop owns it.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from linkerdctl.demo.cluster import status
from linkerdctl.demo.cluster.resources import REGISTRY, ResourceType

Manifest = dict[str, Any]
_HISTORY = 20_000
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Event:
    """One write: `ADDED`, `MODIFIED` or `DELETED`, the object after it (before it, for a deletion) and before it."""

    type: str
    key: tuple[str, str]
    version: int
    object: Manifest
    before: Manifest | None = None


Listener = Callable[[Event], None]
Maker = Callable[[], Iterable[Manifest]]


def timestamp(at: datetime | None = None) -> str:
    """A time as manifests write it."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def name_of(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Namespace (`""` for cluster-wide objects) and name."""
    metadata = manifest["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


class ObjectStore:
    """Objects by resource, namespace and name. The version of a group does not matter for storage."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], dict[tuple[str, str], Manifest]] = {}
        self._deferred: dict[tuple[str, str], list[Maker]] = {}
        self._versions = itertools.count(1000)
        self._history: deque[Event] = deque(maxlen=_HISTORY)
        self._listeners: list[Listener] = []
        self.version = next(self._versions)

    def add(self, manifest: Mapping[str, Any]) -> Manifest:
        """Take in a manifest as the cluster's own: its kind says where it belongs, its uid and times are kept."""
        resource = REGISTRY.of_kind(manifest.get("apiVersion", ""), manifest.get("kind", ""))
        if resource is None:
            raise ValueError(f"no resource for {manifest.get('apiVersion')} {manifest.get('kind')}")
        return self.create(resource, dict(manifest))

    def defer(self, resource: ResourceType, make: Maker) -> None:
        """Objects that are dear to make: they are made when somebody first looks at their kind."""
        self._deferred.setdefault(resource.key, []).append(make)

    def get(self, resource: ResourceType, namespace: str, name: str) -> Manifest:
        """One object; raises a 404 `StatusError`."""
        found = self.find(resource, namespace, name)
        if found is None:
            raise status.not_found(resource.plural, resource.group, name)
        return found

    def find(self, resource: ResourceType, namespace: str, name: str) -> Manifest | None:
        """One object, or None."""
        self._make_deferred(resource)
        return self._objects.get(resource.key, {}).get((namespace, name))

    def members(self, resource: ResourceType, namespace: str = "") -> list[Manifest]:
        """Objects by namespace and name; of all namespaces when none is given."""
        self._make_deferred(resource)
        there = self._objects.get(resource.key, {})
        return [there[key] for key in sorted(there) if namespace in ("", key[0])]

    def create(self, resource: ResourceType, manifest: Manifest) -> Manifest:
        """Store a new object under its name, or one made from its generateName; raises a 409 `StatusError`."""
        metadata = dict(manifest.get("metadata") or {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + "".join(random.choices(_SUFFIX, k=5))
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", timestamp())
        metadata.setdefault("generation", 1)
        stored = manifest | {"metadata": metadata}
        if self.find(resource, *name_of(stored)):
            raise status.already_exists(resource.plural, resource.group, metadata["name"])
        return self._write("ADDED", resource, stored, None)

    def update(self, resource: ResourceType, manifest: Manifest) -> Manifest:
        """Replace an object; a resourceVersion that is not the stored one is a 409. An equal object is left alone."""
        namespace, name = name_of(manifest)
        before = self.get(resource, namespace, name)
        metadata = dict(manifest["metadata"])
        wanted = metadata.get("resourceVersion")
        if wanted and wanted != before["metadata"]["resourceVersion"]:
            why = "the object has been modified; please apply your changes to the latest version and try again"
            raise status.conflict(resource.plural, resource.group, name, why)
        for kept in ("uid", "creationTimestamp", "resourceVersion", "generation"):
            metadata[kept] = before["metadata"].get(kept)
        after = manifest | {"metadata": metadata}
        if after | {"apiVersion": None} == before | {"apiVersion": None}:
            return before
        if after.get("spec") != before.get("spec"):
            metadata["generation"] = (metadata["generation"] or 0) + 1
        return self._write("MODIFIED", resource, after, before)

    def delete(self, resource: ResourceType, namespace: str, name: str, *, cascade: bool = True) -> Manifest:
        """Remove an object and, unless told otherwise, what it owns or (a namespace) holds."""
        before = self.get(resource, namespace, name)
        del self._objects[resource.key][namespace, name]
        removed = self._stamped(before)
        self._tell(Event("DELETED", resource.key, self.version, removed, before))
        if cascade:
            for dependent, manifest in list(self._dependents(resource, before)):
                if self.find(dependent, *name_of(manifest)):
                    self.delete(dependent, *name_of(manifest))
        return removed

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear of every write from now on, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, key: tuple[str, str], version: int) -> list[Event]:
        """Writes to one resource after a version; raises a 410 `StatusError` when they are no longer all known."""
        if self._history.maxlen == len(self._history) and version < self._history[0].version - 1:
            raise status.expired(f"too old resource version: {version} ({self._history[0].version})")
        return [event for event in self._history if event.key == key and event.version > version]

    def _make_deferred(self, resource: ResourceType) -> None:
        for make in self._deferred.pop(resource.key, ()):
            for manifest in make():
                self.add(manifest)

    def _write(self, kind: str, resource: ResourceType, manifest: Manifest, before: Manifest | None) -> Manifest:
        stored = self._stamped(manifest)
        self._objects.setdefault(resource.key, {})[name_of(stored)] = stored
        self._tell(Event(kind, resource.key, self.version, stored, before))
        return stored

    def _stamped(self, manifest: Manifest) -> Manifest:
        self.version = next(self._versions)
        return manifest | {"metadata": manifest["metadata"] | {"resourceVersion": str(self.version)}}

    def _tell(self, event: Event) -> None:
        self._history.append(event)
        for listener in list(self._listeners):
            listener(event)

    def _dependents(self, resource: ResourceType, owner: Manifest) -> Iterator[tuple[ResourceType, Manifest]]:
        uid, name = owner["metadata"]["uid"], owner["metadata"]["name"]
        for each in _stored_types():
            for manifest in self.members(each):
                owners = manifest["metadata"].get("ownerReferences") or ()
                inside = resource.kind == "Namespace" and name_of(manifest)[0] == name and each.namespaced
                if inside or any(reference.get("uid") == uid for reference in owners):
                    yield each, manifest


def _stored_types() -> list[ResourceType]:
    first: dict[tuple[str, str], ResourceType] = {}
    for each in REGISTRY.types:
        first.setdefault(each.key, each)
    return list(first.values())
