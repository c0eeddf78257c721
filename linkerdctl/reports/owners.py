"""Whose a group of series is: the labels that name an object of a selection, and back from labels to objects. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from linkerdctl.kube.inventory import Inventory, ObjectStatus, PodRef
from linkerdctl.kube.kinds import NAMESPACE, POD, SERVICE, Kind
from linkerdctl.kube.selection import Selection
from linkerdctl.reports.conditions import object_labels

Labels = Mapping[str, str]


class Owner(NamedTuple):
    """An object by kind, namespace (empty for namespaces) and name."""

    kind: Kind
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Owners:
    """The objects of one selection. `labels` are what groups must be told apart by to say whose they are.

    Pods may stand behind several services: then what a pod counted is all of theirs.
    """

    kind: Kind
    statuses: Mapping[tuple[str, str], ObjectStatus]
    _services: Mapping[PodRef, list[Owner]] = field(default_factory=dict)

    @classmethod
    def of(cls, selection: Selection, inventory: Inventory) -> Owners:
        """Raises `NotFoundError` when a named object does not exist."""
        statuses = {(each.namespace, each.name): each for each in inventory.rows(selection)}
        services: defaultdict[PodRef, list[Owner]] = defaultdict(list)
        for each in statuses.values() if selection.kind is SERVICE else ():
            for pod in each.pods:
                services[pod].append(Owner(SERVICE, each.namespace, each.name))
        return cls(selection.kind, statuses, services)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels to group by."""
        return owner_labels(self.kind)

    def __call__(self, labels: Labels) -> Iterator[Owner]:
        """Those that a group is of, if they are among the selected."""
        if self.kind is SERVICE:
            yield from self._services.get(PodRef(labels["namespace"], labels["pod"]), ())
            return
        key = ("", labels["namespace"]) if self.kind is NAMESPACE else (labels["namespace"], labels[self.kind.label])
        if key in self.statuses:
            yield Owner(self.kind, *key)

    def pods(self, owner: Owner) -> tuple[PodRef, ...]:
        """The meshed pods of an object."""
        return self.statuses[owner.namespace, owner.name].pods


def owner_labels(kind: Kind) -> tuple[str, ...]:
    """The labels that name an object of a kind; services are known by their pods."""
    return object_labels(POD if kind is SERVICE else kind)


def labelled(names: tuple[str, ...], key: tuple[str, ...]) -> dict[str, str]:
    """A group's key with the names of its labels."""
    return dict(zip(names, key, strict=True))
