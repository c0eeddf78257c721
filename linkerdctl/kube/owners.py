"""Who owns a pod: the walk from its owner reference up to the topmost owner, whatever kinds are on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OwnerRef:
    """An object by lower-cased kind, namespace and name; `group_version` is where its API is (`apps/v1`)."""

    kind: str
    namespace: str
    name: str
    group_version: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it, whatever version of the API it was read through."""
        return self.kind, self.namespace, self.name


def owner_of(manifest: Mapping[str, Any]) -> OwnerRef | None:
    """The owner an object names: the controlling one or, without one, its only one."""
    metadata = manifest["metadata"]
    references: list[Any] = metadata.get("ownerReferences") or []
    controlling = [each for each in references if each.get("controller")] or references
    if len(controlling) != 1:
        return None
    owner = controlling[0]
    namespace = metadata.get("namespace", "")
    return OwnerRef(owner["kind"].lower(), namespace, owner["name"], owner.get("apiVersion", ""))


def walk(owner: OwnerRef | None, parents: Mapping[tuple[str, str, str], OwnerRef | None]) -> Iterator[OwnerRef]:
    """From the direct owner upwards, as far as owners are known; a loop of references ends where it closes."""
    seen = set()
    while owner is not None and owner.key not in seen:
        seen.add(owner.key)
        yield owner
        owner = parents.get(owner.key)
