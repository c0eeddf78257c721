"""How the demo's own Kubernetes objects are made: all of one age, with uids that follow from their names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Manifest = dict[str, Any]


class Objects:
    """Makes objects that came into being at `started` (epoch seconds)."""

    def __init__(self, started: float) -> None:
        self.created = datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def make(
        self, version: str, kind: str, namespace: str | None, name: str, rest: Mapping[str, Any], **metadata: Any
    ) -> Manifest:
        """An object; `rest` is what stands beside its metadata (spec, status)."""
        where = {"namespace": namespace} if namespace else {}
        own = {"name": name, **where, "uid": uid_of(kind, namespace, name), "creationTimestamp": self.created}
        return {"apiVersion": version, "kind": kind, "metadata": {**own, **metadata}, **rest}


def uid_of(kind: str, namespace: str | None, name: str) -> str:
    """The same uid for the same object, whoever refers to it."""
    digest = hashlib.sha256(f"{kind}/{namespace}/{name}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[12:15]}-8{digest[15:18]}-{digest[18:30]}"


def owned_by(version: str, kind: str, namespace: str, name: str) -> list[Manifest]:
    """The ownerReferences of what such an object controls."""
    uid = uid_of(kind, namespace, name)
    return [
        {"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": True, "blockOwnerDeletion": True}
    ]
