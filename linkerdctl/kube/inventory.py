"""What is in the cluster, as far as a command needs it: objects, their pods by owner walk, which are meshed.

Pure: built from manifests, whether they came from the API server or from a recording's cluster.json. Manifests are
reduced as they come, so that ten thousand pods stay small.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from linkerdctl.errors import NotFoundError
from linkerdctl.kube import pods
from linkerdctl.kube.kinds import KINDS, NAMESPACE, POD, SERVICE, WORKLOADS, Kind, find_kind, group_of, kind_key
from linkerdctl.kube.owners import Key, OwnerRef, injected_owner, owner_of, walk
from linkerdctl.kube.selection import Selection, unknown_kind, word_for
from linkerdctl.kube.selectors import LabelSelector, equal_to
from linkerdctl.kube.shape import odd_object

_LABELS = {kind.name: kind.label for kind in WORKLOADS}


@dataclass(frozen=True, slots=True, order=True)
class PodRef:
    """A pod by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """A meshed, running pod, whose proxy can be scraped.

    `labels` are what a Prometheus of the viz extension would attach to its series: `namespace`, `pod`, and one label per
    owner up to the topmost (`replicaset`, `deployment`; `k8s_job` for jobs; the lower-cased kind, `rollout`, for others).
    """

    pod: PodRef
    labels: Mapping[str, str]
    ip: str
    admin_port: int
    identity: str = ""
    """`serviceaccount.namespace`, what the proxy's certificate is about."""


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
    injected: OwnerRef | None
    """The owner as Linkerd's injector knew it, for where the walk from `owner` is cut short."""
    meshed: bool
    running: bool
    status: str
    ip: str
    admin_port: int
    identity: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Pod:
        """Reduce a manifest."""
        metadata = manifest["metadata"]
        return cls(
            ref=PodRef(metadata["namespace"], metadata["name"]),
            labels=metadata.get("labels") or {},
            owner=owner_of(manifest),
            injected=injected_owner(manifest),
            meshed=pods.is_meshed(manifest),
            running=pods.is_running(manifest),
            status=pods.status_of(manifest),
            ip=next(pods.addresses(manifest), ""),
            admin_port=pods.admin_port(manifest) or 0,
            identity=pods.identity(manifest),
        )


@dataclass(slots=True)
class Inventory:
    """Objects by kind, and the living pods. Fill it with `add`, or build it with `from_objects`."""

    notes: list[str] = field(default_factory=list)
    """What could not be looked at, and what that means, for the user to read."""
    _custom: list[Kind] = field(default_factory=list)
    _groups: dict[str, str] = field(default_factory=dict)
    """The API group of every kind that was seen, be it only as an owner."""
    _pods: dict[PodRef, Pod] = field(default_factory=dict)
    _left_out: dict[PodRef, str] = field(default_factory=dict)
    """The status of pods that do not count."""
    _labels: dict[Key, Mapping[str, str]] = field(default_factory=dict)
    _parents: dict[Key, OwnerRef | None] = field(default_factory=dict)
    _selectors: defaultdict[str, dict[str, LabelSelector]] = field(default_factory=lambda: defaultdict(dict))
    """Of services, by namespace and name."""

    @classmethod
    def from_objects(cls, manifests: Iterable[Mapping[str, Any]]) -> Inventory:
        """From the items of a v1 List; objects of kinds that commands do not know only serve as owners."""
        inventory = cls()
        for manifest in manifests:
            inventory.add(manifest)
        return inventory

    def add(self, manifest: Mapping[str, Any]) -> None:
        """Take one object in; pods that are completed or on their way out are left out. Raises `ObjectError`."""
        try:
            self._add(manifest)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise odd_object(manifest, error) from None

    def _add(self, manifest: Mapping[str, Any]) -> None:
        metadata, group_version = manifest["metadata"], str(manifest.get("apiVersion", ""))
        kind, owner = kind_key(str(manifest.get("kind", "")), group_version), owner_of(manifest)
        self._groups.setdefault(kind, group_of(group_version))
        if owner:
            self._groups.setdefault(owner.kind, group_of(owner.group_version))
        if kind == POD.name:
            self._add_pod(manifest)
            return
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        self._labels[kind, namespace, name] = metadata.get("labels") or {}
        self._parents[kind, namespace, name] = owner
        selector = equal_to(manifest.get("spec", {}).get("selector")) if kind == SERVICE.name else None
        if selector:
            self._selectors[namespace][name] = selector

    def _add_pod(self, manifest: Mapping[str, Any]) -> None:
        pod = Pod.of(manifest)
        if pods.is_alive(manifest):
            self._pods[pod.ref] = pod
        else:
            self._left_out[pod.ref] = pod.status

    def become(self, other: Inventory) -> None:
        """Hold what another one does from now on, for all who hold this one."""
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))

    def learn(self, kind: Kind) -> None:
        """A custom kind that the cluster has, even if there is no object of it."""
        self._custom.append(kind)

    def resolve(self, selection: Selection) -> Selection:
        """The same selection with its kind known for certain; raises `UsageError` for a kind nothing here has."""
        if selection.kind in KINDS:
            return selection
        words = {selection.kind.name, selection.kind.plural, *selection.kind.aliases}
        group = group_of(selection.kind.group_version)
        for custom in self._custom:
            if group in ("", custom.group) and words & {custom.name, custom.plural, *custom.aliases}:
                return replace(selection, kind=custom)
        for kind, its_group in sorted(self._groups.items()):
            if {kind, f"{kind}s"} & words and group in ("", its_group) and not find_kind(kind):
                return replace(selection, kind=replace(selection.kind, name=kind, short=kind, label=kind))
        raise unknown_kind(word_for(selection.kind))

    def rows(self, selection: Selection) -> tuple[ObjectStatus, ...]:
        """The selected objects, by namespace and name; raises `NotFoundError` when a named one does not exist."""
        statuses = self._statuses(selection.kind, dict(self._members(selection.kind)))
        there = [
            each for each in statuses if selection.namespace in (None, each.namespace) or not selection.kind.namespaced
        ]
        if selection.name and not any(each.name == selection.name for each in there):
            raise self._not_found(selection, [each.name for each in there])
        chosen = (each for each in there if selection.name in (None, each.name) and self._selected(selection, each))
        return tuple(sorted(chosen, key=lambda each: (each.namespace, each.name)))

    def knows(self, kind: Kind) -> bool:
        """Whether there is any object of a kind."""
        return any(each == kind.name for each, _, _ in self._labels)

    def is_inhabited(self, namespace: str) -> bool:
        """Whether anything was seen in a namespace."""
        places = {each for _, each, _ in self._labels} | {pod.namespace for pod in (*self._pods, *self._left_out)}
        return namespace in places

    def has_service(self, namespace: str, name: str) -> bool:
        """Whether there is a service of that name."""
        return (SERVICE.name, namespace, name) in self._labels

    def services_of(self, selection: Selection) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
        """For every object of a selection, as (namespace, name), the services that pods of its stand behind."""
        members = dict(self._members(selection.kind))
        found: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}
        for each in self.rows(selection):
            key = (each.namespace, each.name)
            behind = (self._memberships(SERVICE, pod) for pod in members[key])
            found[key] = frozenset({key} if selection.kind is SERVICE else (each for some in behind for each in some))
        return found

    def targets(self) -> tuple[Target, ...]:
        """Every meshed pod that runs, by namespace and name."""
        meshed = (pod for pod in self._pods.values() if pod.meshed and pod.running)
        ordered = sorted(meshed, key=lambda pod: pod.ref)
        return tuple(Target(pod.ref, self._metric_labels(pod), pod.ip, pod.admin_port, pod.identity) for pod in ordered)

    def peer_labels(self, namespace: str, pod: str) -> Mapping[str, str] | None:
        """What `Target.labels` would hold for a pod, meshed or not; None when it is not known here."""
        found = self._pods.get(PodRef(namespace, pod))
        return self._metric_labels(found) if found else None

    def pod_labels(self, pod: PodRef) -> Mapping[str, str]:
        """A pod's own labels; none of one that is not known here."""
        return self._pods[pod].labels if pod in self._pods else {}

    def unread_owners(self) -> set[OwnerRef]:
        """Owners at the end of their walk that were never read themselves, so that theirs are not known."""
        owners = (owner for pod in self._pods.values() for owner in self._owners(pod))
        return {owner for owner in owners if owner.key not in self._parents}

    def _owners(self, pod: Pod) -> Iterator[OwnerRef]:
        return walk(pod.owner, self._parents, pod.injected)

    def _metric_labels(self, pod: Pod) -> dict[str, str]:
        labels = {"namespace": pod.ref.namespace, "pod": pod.ref.name}
        for owner in self._owners(pod):
            labels[_LABELS.get(owner.kind, owner.kind)] = owner.name
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
            for name, selector in self._selectors[pod.ref.namespace].items():
                if selector.matches(pod.labels):
                    yield pod.ref.namespace, name
        else:
            owners = (owner for owner in self._owners(pod) if owner.kind == kind.name)
            yield from ((owner.namespace if kind.namespaced else "", owner.name) for owner in owners)

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

    def _not_found(self, selection: Selection, names: list[str]) -> NotFoundError:
        kind, name, namespace = selection.kind, selection.name or "", selection.namespace or ""
        where = f" in namespace {namespace}" if namespace and kind.namespaced else ""
        if kind is POD and (status := self._left_out.get(PodRef(namespace, name))):
            return NotFoundError(
                f"pod {name!r}{where} does not count: it is {status}",
                next_step="only pending and running pods have traffic",
            )
        if close := difflib.get_close_matches(name, names, n=3, cutoff=0.4):
            hint = f"did you mean {', '.join(close)}?"
        elif find_kind(name):
            hint = f"to look at several kinds write {kind.short},{name}"
        else:
            hint = f"there are: {', '.join(sorted(names)[:8])}" if names else f"there is no {kind.name}{where}"
        return NotFoundError(f"{kind.name} {name!r} not found{where}", next_step=hint)
