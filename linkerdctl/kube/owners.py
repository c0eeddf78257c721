"""Who owns a pod: the walk from its owner reference up to the topmost owner, whatever kinds are on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.kube.kinds import WORKLOADS, kind_key

Key = tuple[str, str, str]
"""Kind, namespace and name: what identifies an object, whatever version of the API it was read through."""

_INJECTED = "linkerd.io/proxy-"


@dataclass(frozen=True, slots=True)
class OwnerRef:
    """An object by kind (as `kind_key` files it), namespace and name; `group_version` is where its API is (`apps/v1`)."""

    kind: str
    namespace: str
    name: str
    group_version: str = ""

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self.kind, self.namespace, self.name


def owner_of(manifest: Mapping[str, Any]) -> OwnerRef | None:
    """The owner an object names: the controlling one or, without one, its only one."""
    metadata = manifest["metadata"]
    references: list[Any] = metadata.get("ownerReferences") or []
    controlling = [each for each in references if each.get("controller")] or references
    if len(controlling) != 1:
        return None
    owner = controlling[0]
    group_version = owner.get("apiVersion", "")
    kind = kind_key(owner["kind"], group_version)
    return OwnerRef(kind, metadata.get("namespace", ""), str(owner["name"]), group_version)


def injected_owner(manifest: Mapping[str, Any]) -> OwnerRef | None:
    """The owner that Linkerd's injector wrote into a meshed pod's labels: what is left where owners may not be read."""
    metadata = manifest["metadata"]
    labels = metadata.get("labels") or {}
    for kind in WORKLOADS:
        if name := labels.get(_INJECTED + kind.name):
            return OwnerRef(kind.name, metadata.get("namespace", ""), name, kind.group_version)
    return None


def walk(
    owner: OwnerRef | None, parents: Mapping[Key, OwnerRef | None], otherwise: OwnerRef | None = None
) -> Iterator[OwnerRef]:
    """From the direct owner upwards, as far as owners are known; a loop of references ends where it closes.

    Where the walk ends at an owner that was never read, it goes on with `otherwise`, unless that was on the way.
    """
    seen: set[Key] = set()
    while owner is not None and owner.key not in seen:
        seen.add(owner.key)
        yield owner
        owner = parents.get(owner.key, otherwise)
