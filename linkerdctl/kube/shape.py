"""Whether a document has the shape that all objects of Kubernetes have, and what to say of one that has another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkerdctl.errors import ObjectError


def is_object(item: object) -> bool:
    """Whether it has a name, and labels and a namespace, if any, that are such."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return False
    labels, namespace = metadata.get("labels") or {}, metadata.get("namespace") or ""
    return isinstance(namespace, str) and isinstance(labels, dict) and all(map(_is_text, labels.values()))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def odd_object(manifest: Any, error: Exception) -> ObjectError:
    """The error for an object that lacks what Kubernetes' objects have, or has something else in its place."""
    return ObjectError(f"{_named(manifest)} is not as it should be: {type(error).__name__} {error}")


def _named(manifest: Any) -> str:
    """What can be said of an object that may be none."""
    if not isinstance(manifest, Mapping) or not isinstance(metadata := manifest.get("metadata"), Mapping):
        return "an object"
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{str(manifest.get('kind') or 'object').lower()} {place}{metadata.get('name', '')}".strip()
