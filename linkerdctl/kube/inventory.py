"""What is in the cluster, as far as a command needs it: objects, their pods by owner walk, which are meshed.

Pure: built from manifests, whether they came from the API server or from a recording's cluster.json. Manifests are
reduced as they come, so that ten thousand pods stay small.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from linkerdctl.errors import NotFoundError
from linkerdctl.kube import pods
from linkerdctl.kube.kinds import KINDS, NAMESPACE, POD, SERVICE, WORKLOADS, Kind, find_kind
from linkerdctl.kube.owners import OwnerRef, owner_of, walk
from linkerdctl.kube.selection import Selection, unknown_kind
from linkerdctl.kube.selectors import LabelSelector, selector_of


@dataclass(frozen=True, slots=True, order=True)
class PodRef:
    """A pod by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """A meshed pod whose proxy can be scraped.

    `labels` are what a Prometheus of the viz extension would attach to its series: `namespace`, `pod`, and one label per
    owner up to the topmost (`replicaset`, `deployment`; `k8s_job` for jobs; the lower-cased kind, `rollout`, for others).
    """

    pod: PodRef
    labels: Mapping[str, str]
    ip: str
    admin_port: int


@dataclass(frozen=True, slots=True)
class ObjectStatus:
    """An object and its living pods: how many there are, how many are meshed and which. `status` is a pod's, as kubectl."""

    kind: Kind
    namespace: str
    name: str
    meshed: int = 0
    total: int = 0
    status: str = ""
    pods: tuple[PodRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """What is kept of a living pod."""

    ref: PodRef
    labels: Mapping[str, str]
    owner: OwnerRef | None
    meshed: bool
    status: str
    ip: str
    admin_port: int

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Pod:
        """Reduce a manifest."""
        metadata = manifest["metadata"]
        return cls(
            ref=PodRef(metadata["namespace"], metadata["name"]),
            labels=metadata.get("labels") or {},
            owner=owner_of(manifest),
            meshed=pods.is_meshed(manifest),
            status=pods.status_of(manifest),
            ip=next(pods.addresses(manifest), ""),
            admin_port=pods.admin_port(manifest),
        )


@dataclass(slots=True)
class Inventory:
    """Objects by kind, and the living pods. Fill it with `add`, or build it with `from_objects`."""

    notes: list[str] = field(default_factory=list)
    """What could not be looked at, and what that means, for the user to read."""
    _custom: list[Kind] = field(default_factory=list)
    _pods: dict[PodRef, Pod] = field(default_factory=dict)
    _labels: dict[tuple[str, str, str], Mapping[str, str]] = field(default_factory=dict)
    _parents: dict[tuple[str, str, str], OwnerRef | None] = field(default_factory=dict)
    _selectors: dict[tuple[str, str], LabelSelector | None] = field(default_factory=dict)

    @classmethod
    def from_objects(cls, manifests: Iterable[Mapping[str, Any]]) -> Inventory:
        """From the items of a v1 List; objects of kinds that commands do not know only serve as owners."""
        inventory = cls()
        for manifest in manifests:
            inventory.add(manifest)
        return inventory

    def add(self, manifest: Mapping[str, Any]) -> None:
        """Take one object in; pods that are completed or on their way out are left out."""
        kind, metadata = str(manifest.get("kind", "")).lower(), manifest["metadata"]
        if kind == POD.name:
            if pods.is_alive(manifest):
                pod = Pod.of(manifest)
                self._pods[pod.ref] = pod
            return
        key = kind, metadata.get("namespace", ""), metadata["name"]
        self._labels[key] = metadata.get("labels") or {}
        self._parents[key] = owner_of(manifest)
        if kind == SERVICE.name:
            self._selectors[key[1:]] = selector_of(manifest.get("spec", {}).get("selector"))

    def learn(self, kind: Kind) -> None:
        """A custom kind that the cluster has, even if there is no object of it."""
        self._custom.append(kind)

    def resolve(self, selection: Selection) -> Selection:
        """The same selection with its kind known for certain; raises `UsageError` for a kind nothing here has."""
        if selection.kind in KINDS:
            return selection
        words = {selection.kind.name, selection.kind.plural, *selection.kind.aliases}
        for custom in self._custom:
            if words & {custom.name, custom.plural, *custom.aliases}:
                return replace(selection, kind=custom)
        for kind in self._kinds_seen():
            if {kind, f"{kind}s"} & words:
                return replace(selection, kind=replace(selection.kind, name=kind, short=kind, label=kind))
        raise unknown_kind(selection.kind.name)

    def rows(self, selection: Selection) -> tuple[ObjectStatus, ...]:
        """The selected objects, by namespace and name; raises `NotFoundError` when a named one does not exist."""
        statuses = self._statuses(selection.kind, dict(self._members(selection.kind)))
        there = [
            each for each in statuses if selection.namespace in (None, each.namespace) or not selection.kind.namespaced
        ]
        if selection.name and not any(each.name == selection.name for each in there):
            raise _not_found(selection, [each.name for each in there])
        chosen = (each for each in there if selection.name in (None, each.name) and self._selected(selection, each))
        return tuple(sorted(chosen, key=lambda each: (each.namespace, each.name)))

    def targets(self) -> tuple[Target, ...]:
        """Every meshed pod, by namespace and name."""
        meshed = (pod for pod in self._pods.values() if pod.meshed)
        ordered = sorted(meshed, key=lambda pod: pod.ref)
        return tuple(Target(pod.ref, self._metric_labels(pod), pod.ip, pod.admin_port) for pod in ordered)

    def peer_labels(self, namespace: str, pod: str) -> Mapping[str, str] | None:
        """What `Target.labels` would hold for a pod, meshed or not; None when it is not known here."""
        found = self._pods.get(PodRef(namespace, pod))
        return self._metric_labels(found) if found else None

    def unread_owners(self) -> set[OwnerRef]:
        """Owners at the end of their walk that were never read themselves, so that theirs are not known."""
        tops = (list(walk(pod.owner, self._parents))[-1:] for pod in self._pods.values())
        return {top for last in tops for top in last if top.key not in self._parents}

    def _kinds_seen(self) -> set[str]:
        owners = (owner.kind for pod in self._pods.values() for owner in walk(pod.owner, self._parents))
        return {*owners, *(kind for kind, _, _ in self._labels)}

    def _metric_labels(self, pod: Pod) -> dict[str, str]:
        labels = {"namespace": pod.ref.namespace, "pod": pod.ref.name}
        for owner in walk(pod.owner, self._parents):
            known = next((kind for kind in WORKLOADS if kind.name == owner.kind), None)
            labels[known.label if known else owner.kind] = owner.name
        return labels

    def _members(self, kind: Kind) -> Iterator[tuple[tuple[str, str], list[Pod]]]:
        """Objects of a kind, as (namespace, name), each with its pods."""
        if kind is POD:
            yield from (((pod.ref.namespace, pod.ref.name), [pod]) for pod in self._pods.values())
            return
        members: defaultdict[tuple[str, str], list[Pod]] = defaultdict(list)
        for kind_name, namespace, name in self._labels:
            if kind_name == kind.name:
                members[namespace, name] = []
        for pod in self._pods.values():
            for key in self._memberships(kind, pod):
                members[key].append(pod)
        yield from members.items()

    def _memberships(self, kind: Kind, pod: Pod) -> Iterator[tuple[str, str]]:
        if kind is NAMESPACE:
            yield "", pod.ref.namespace
        elif kind is SERVICE:
            for (namespace, name), selector in self._selectors.items():
                if namespace == pod.ref.namespace and selector and selector.matches(pod.labels):
                    yield namespace, name
        else:
            owners = walk(pod.owner, self._parents)
            yield from ((owner.namespace, owner.name) for owner in owners if owner.kind == kind.name)

    def _statuses(self, kind: Kind, members: Mapping[tuple[str, str], list[Pod]]) -> Iterator[ObjectStatus]:
        for (namespace, name), owned in members.items():
            meshed = tuple(sorted(pod.ref for pod in owned if pod.meshed))
            status = owned[0].status if kind is POD else ""
            yield ObjectStatus(kind, namespace, name, len(meshed), len(owned), status, meshed)

    def _selected(self, selection: Selection, each: ObjectStatus) -> bool:
        if not selection.labels:
            return True
        if selection.kind is POD:
            return selection.labels.matches(self._pods[PodRef(each.namespace, each.name)].labels)
        return selection.labels.matches(self._labels.get((selection.kind.name, each.namespace, each.name), {}))


def _not_found(selection: Selection, names: list[str]) -> NotFoundError:
    where = f" in namespace {selection.namespace}" if selection.namespace and selection.kind.namespaced else ""
    close = difflib.get_close_matches(selection.name or "", names, n=3, cutoff=0.4)
    if close:
        hint = f"did you mean {', '.join(close)}?"
    elif selection.name and find_kind(selection.name):
        hint = f"to look at several kinds write {selection.kind.short},{selection.name}"
    else:
        hint = (
            f"there is no {selection.kind.name}{where}" if not names else f"there are: {', '.join(sorted(names)[:8])}"
        )
    return NotFoundError(f"{selection.kind.name} {selection.name!r} not found{where}", next_step=hint)
