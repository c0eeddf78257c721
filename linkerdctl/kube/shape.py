"""Whether a document has the shape that all objects of Kubernetes have; what else is in them is looked at later."""

from __future__ import annotations


def is_object(item: object) -> bool:
    """Whether it has a name, and labels and a namespace, if any, that are such."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return False
    labels, namespace = metadata.get("labels") or {}, metadata.get("namespace") or ""
    return isinstance(namespace, str) and isinstance(labels, dict) and all(map(_is_text, labels.values()))


def _is_text(value: object) -> bool:
    return isinstance(value, str)
