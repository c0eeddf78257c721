"""Reading and writing objects as the Kubernetes API does, short of HTTP: manifests and queries in, manifests out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.demo.api.admission import admit
from linkerdctl.demo.api.paths import Subject
from linkerdctl.demo.cluster import server_side_apply, status
from linkerdctl.demo.cluster.patches import json_patch, merge_patch, strategic_merge
from linkerdctl.demo.cluster.resources import REGISTRY, ResourceType
from linkerdctl.demo.cluster.selection import filter_of, page
from linkerdctl.demo.cluster.store import Manifest, ObjectStore, timestamp

Query = Mapping[str, str]
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
_SERVER_FIELDS = ("uid", "creationTimestamp", "resourceVersion", "generation", "selfLink")


@dataclass(frozen=True, slots=True)
class Written:
    """The object after a write, whether it is new, and warnings for who wrote it."""

    manifest: Manifest
    created: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects of a list and its metadata."""

    items: list[Manifest]
    metadata: dict[str, Any]


def in_version(resource: ResourceType, manifest: Manifest) -> Manifest:
    """An object as one version of its group shows it."""
    return manifest | {"apiVersion": resource.api_version, "kind": resource.kind}


class ObjectsApi:
    """The verbs on a store. Every refusal is a `StatusError`."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def get(self, subject: Subject) -> Manifest:
        """One object."""
        return in_version(subject.resource, self.store.get(subject.resource, subject.namespace, subject.name))

    def list(self, subject: Subject, query: Query) -> Listed:
        """A page of a collection."""
        wanted = filter_of(subject.resource, subject.namespace, query)
        every = [each for each in self.store.members(subject.resource, subject.namespace) if wanted.matches(each)]
        part = page(every, query)
        metadata: dict[str, Any] = {"resourceVersion": str(self.store.version)}
        if part.token:
            metadata |= {"continue": part.token, "remainingItemCount": part.remaining}
        return Listed([in_version(subject.resource, each) for each in part.items], metadata)

    def create(self, subject: Subject, body: Any, query: Query) -> Written:
        """A new object in an existing namespace."""
        admitted = admit(subject, _without_server_fields(body), query)
        self._check_namespace(subject)
        if _is_dry(query):
            name = admitted.manifest["metadata"].get("name", "")
            if self.store.find(subject.resource, subject.namespace, name):
                raise status.already_exists(subject.resource.plural, subject.resource.group, name)
            return Written(_as_if_stored(admitted.manifest), True, admitted.warnings)
        return Written(self.store.create(subject.resource, admitted.manifest), True, admitted.warnings)

    def replace(self, subject: Subject, body: Any, query: Query) -> Written:
        """The whole object anew, or its status alone."""
        before = self.store.get(subject.resource, subject.namespace, subject.name)
        return self._store(subject, before, body, query)

    def patch(self, subject: Subject, media_type: str, body: Any, query: Query) -> Written:
        """A change to an object; an apply makes it when it is not there."""
        if media_type == APPLY:
            return self._apply(subject, body, query)
        before = in_version(subject.resource, self.store.get(subject.resource, subject.namespace, subject.name))
        if media_type == JSON_PATCH:
            after = json_patch(before, body)
        elif media_type == MERGE:
            after = merge_patch(before, body)
        elif media_type == STRATEGIC and not subject.resource.custom:
            after = strategic_merge(before, body)
        else:
            message = "the body of the request was in an unknown format - accepted media types include: "
            accepted = [JSON_PATCH, MERGE, APPLY, *([] if subject.resource.custom else [STRATEGIC])]
            raise status.StatusError(415, "UnsupportedMediaType", message + ", ".join(accepted))
        return self._store(subject, before, after, query)

    def delete(self, subject: Subject, options: Any, query: Query) -> Manifest:
        """Remove an object; returns the `Status` of it."""
        before = self.store.get(subject.resource, subject.namespace, subject.name)
        chosen = options if isinstance(options, dict) else {}
        self._check_preconditions(subject, before, chosen.get("preconditions") or {})
        policy = chosen.get("propagationPolicy") or query.get("propagationPolicy")
        if not _is_dry(query) and "All" not in (chosen.get("dryRun") or ()):
            self.store.delete(subject.resource, subject.namespace, subject.name, cascade=policy != "Orphan")
        resource, uid = subject.resource, before["metadata"]["uid"]
        return status.success({"name": subject.name, "group": resource.group, "kind": resource.plural, "uid": uid})

    def delete_collection(self, subject: Subject, query: Query) -> Manifest:
        """Remove what a list would show."""
        for each in self.list(subject, query).items:
            metadata = each["metadata"]
            if self.store.find(subject.resource, metadata.get("namespace", ""), metadata["name"]):
                self.store.delete(subject.resource, metadata.get("namespace", ""), metadata["name"])
        return status.success({"group": subject.resource.group, "kind": subject.resource.plural})

    def _apply(self, subject: Subject, body: Any, query: Query) -> Written:
        manager = query.get("fieldManager")
        if not manager:
            raise status.bad_request("PatchOptions.meta.k8s.io is invalid: fieldManager: Required value")
        wanted = admit(subject, body, query)
        before = self.store.find(subject.resource, subject.namespace, subject.name)
        force = query.get("force") in ("true", "1")
        after = server_side_apply.apply(before, wanted.manifest, manager=manager, force=force)
        if before is None:
            return self.create(subject, after, query)
        return self._store(subject, before, after, query)

    def _store(self, subject: Subject, before: Manifest, after: Any, query: Query) -> Written:
        admitted = admit(subject, after, query)
        manifest = admitted.manifest
        if subject.subresource == "status":
            manifest = before | {"status": manifest.get("status", {}), "metadata": _versioned(before, manifest)}
        if _is_dry(query):
            return Written(manifest, warnings=admitted.warnings)
        return Written(self.store.update(subject.resource, manifest), warnings=admitted.warnings)

    def _check_namespace(self, subject: Subject) -> None:
        namespaces = REGISTRY.served("v1", "Namespace")
        if subject.namespace and not self.store.find(namespaces, "", subject.namespace):
            raise status.not_found("namespaces", "", subject.namespace)

    def _check_preconditions(self, subject: Subject, before: Manifest, wanted: Mapping[str, Any]) -> None:
        for field in ("uid", "resourceVersion"):
            found = before["metadata"].get(field)
            if wanted.get(field) and wanted[field] != found:
                why = f"Precondition failed: {field} in precondition: {wanted[field]}, in object meta: {found}"
                raise status.conflict(subject.resource.plural, subject.resource.group, subject.name, why)


def _without_server_fields(body: Any) -> Any:
    """A manifest that was read from a cluster says things that only the server decides."""
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        return body
    metadata = {key: value for key, value in body["metadata"].items() if key not in _SERVER_FIELDS}
    return {**body, "metadata": metadata}


def _is_dry(query: Query) -> bool:
    return query.get("dryRun") == "All"


def _as_if_stored(manifest: Manifest) -> Manifest:
    return manifest | {"metadata": {"uid": "", "creationTimestamp": timestamp(), **manifest["metadata"]}}


def _versioned(before: Manifest, after: Manifest) -> dict[str, Any]:
    wanted = after["metadata"].get("resourceVersion", before["metadata"]["resourceVersion"])
    return {**before["metadata"], "resourceVersion": wanted}
