"""What a manifest must pass before it is stored: shape, names, schema. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.demo.api.paths import Subject
from linkerdctl.demo.cluster.resources import ResourceType
from linkerdctl.demo.cluster.schemas import pruned, unknown_fields, violations
from linkerdctl.demo.cluster.status import Cause, bad_request, invalid
from linkerdctl.demo.cluster.store import Manifest

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_FREE_NAMES = frozenset({"roles", "rolebindings", "clusterroles", "clusterrolebindings"})


@dataclass(frozen=True, slots=True)
class Admitted:
    """A manifest ready to be stored, and what its sender should be warned of."""

    manifest: Manifest
    warnings: tuple[str, ...] = ()


def admit(subject: Subject, manifest: Any, query: Mapping[str, str]) -> Admitted:
    """Check a manifest against its path and schema; raises a 400 or 422 `StatusError`. Unknown fields are told as
    `fieldValidation` says, and pruned from custom resources."""
    resource = subject.resource
    _check_shape(resource, manifest)
    metadata = _metadata(subject, manifest)
    whole = {**manifest, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    causes = [*_name_causes(resource, metadata), *violations(whole, resource.schema)]
    unknown = [f'unknown field "{path}"' for path in unknown_fields(whole, resource.schema)]
    if unknown and query.get("fieldValidation") == "Strict":
        raise bad_request(_strict(resource, unknown))
    if causes:
        raise invalid(resource.kind, resource.group, metadata.get("name", ""), causes)
    warnings = () if query.get("fieldValidation") == "Ignore" else tuple(unknown)
    return Admitted(_defaulted(resource, pruned(whole, resource.schema)), warnings)


def _strict(resource: ResourceType, unknown: list[str]) -> str:
    return (
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
        f"strict decoding error: {', '.join(unknown)}"
    )


def _check_shape(resource: ResourceType, manifest: Any) -> None:
    if not isinstance(manifest, dict) or not isinstance(manifest.get("metadata", {}), dict):
        raise bad_request("the request body is not a Kubernetes object")
    found = manifest.get("apiVersion", resource.api_version), manifest.get("kind", resource.kind)
    if found != (resource.api_version, resource.kind):
        raise bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): "
            f"it says {found[0]}, Kind={found[1]}, expected {resource.api_version}, Kind={resource.kind}"
        )


def _metadata(subject: Subject, manifest: Manifest) -> dict[str, Any]:
    metadata = {key: value for key, value in (manifest.get("metadata") or {}).items() if value not in (None, {}, [])}
    if subject.name and metadata.setdefault("name", subject.name) != subject.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({subject.name})"
        )
    if not subject.resource.namespaced:
        metadata.pop("namespace", None)
    elif (metadata.get("namespace") or subject.namespace) != subject.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    else:
        metadata["namespace"] = subject.namespace
    return metadata


def _name_causes(resource: ResourceType, metadata: Mapping[str, Any]) -> list[Cause]:
    name = metadata.get("name") or metadata.get("generateName", "").rstrip("-")
    if not name:
        return [Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")]
    if resource.plural in _FREE_NAMES or (_SUBDOMAIN.fullmatch(str(name)) and len(name) <= 253):
        return []
    return [Cause("FieldValueInvalid", f'Invalid value: "{name}": {_SUBDOMAIN_RULE}', "metadata.name")]


def _defaulted(resource: ResourceType, manifest: Manifest) -> Manifest:
    if resource.kind != "Namespace":
        return manifest
    labels = {"kubernetes.io/metadata.name": manifest["metadata"].get("name", "")}
    labels = labels | (manifest["metadata"].get("labels") or {})
    metadata = manifest["metadata"] | {"labels": labels}
    return {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}, **manifest, "metadata": metadata}
