"""The pods that a tap is about, with what their manifests say of taps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.cluster import check_namespaces, load_inventory
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import CRONJOB, DEPLOYMENT, JOB, NAMESPACE, REPLICASET
from linkerdctl.kube.pods import is_alive
from linkerdctl.kube.rbac import About
from linkerdctl.kube.selection import Selection
from linkerdctl.kube.shape import odd_object
from linkerdctl.tap.hydration import Hydration
from linkerdctl.tap.pods import TapPod, tap_pod

_ON_THE_WAY = ((DEPLOYMENT.label, REPLICASET.label), (CRONJOB.label, JOB.label))
"""Owners, and those below them that tap's labels leave out."""


@dataclass(slots=True)
class _Keeping:
    """A client that keeps the pods it lists: an inventory reduces them to less than a tap wants to know."""

    client: KubeClient
    pods: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, path: str, about: About, *, patient: bool = True) -> dict[str, Any]:
        """As the client."""
        return await self.client.get(path, about, patient=patient)

    async def objects(
        self, group_version: str, plural: str, *, namespace: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """As the client."""
        async for manifest in self.client.objects(group_version, plural, namespace=namespace):
            yield manifest
            # Whoever took it has found it to be as pods are
            if plural == "pods" and is_alive(manifest):
                self.pods.append(manifest)


@dataclass(frozen=True, slots=True)
class Targets:
    """The target's pods among all that were looked at."""

    inventory: Inventory
    pods: Sequence[TapPod]
    _manifests: Sequence[dict[str, Any]]

    def hydration(self) -> Hydration:
        """What is known of the addresses of all pods that were looked at."""
        return Hydration((each, _owners(self.inventory, each)) for each in self._manifests)


async def load_targets(client: KubeClient, target: Selection, *, everywhere: bool = False) -> Targets:
    """Look at a target's pods, or with `everywhere` at all there are. Raises `ApiError`, `NotFoundError`, `ObjectError`."""
    keeping = _Keeping(client)
    inventory = await load_inventory(keeping, [target], all_pods=everywhere)
    await check_namespaces(client, [target], inventory)
    chosen = {(each.namespace, each.name) for each in inventory.rows(inventory.resolve(target))}
    found = [each for each in keeping.pods if chosen & set(_memberships(target, inventory, each))]
    return Targets(inventory, [_tap_pod(each) for each in found], keeping.pods)


def _tap_pod(manifest: dict[str, Any]) -> TapPod:
    try:
        return tap_pod(manifest)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise odd_object(manifest, error) from None


def _memberships(target: Selection, inventory: Inventory, pod: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The object of the target's kind that a pod belongs to."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    if target.kind is NAMESPACE:
        yield "", namespace
        return
    labels = inventory.peer_labels(namespace, name) or {}
    if target.kind.label in labels:
        yield namespace, labels[target.kind.label]


def _owners(inventory: Inventory, pod: dict[str, Any]) -> dict[str, str]:
    labels = dict(inventory.peer_labels(pod["metadata"]["namespace"], pod["metadata"]["name"]) or {})
    for owner, below in _ON_THE_WAY:
        if owner in labels:
            labels.pop(below, None)
    return labels
