"""What a selection means to series: the labels that name its objects, and the conditions their pods' series meet. Pure."""

from __future__ import annotations

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, NAMESPACE, SERVICE, Kind
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.query import Matcher


def object_labels(kind: Kind) -> tuple[str, ...]:
    """The labels that name an object of a kind, its namespace first; services have none of their own."""
    if kind is SERVICE:
        return ()
    return ("namespace",) if kind is NAMESPACE else ("namespace", kind.label)


def conditions(selection: Selection, inventory: Inventory, prefix: str = "") -> tuple[Matcher, ...]:
    """Conditions on labels behind `prefix` (`dst_` for the other end); label selectors are resolved to names here."""
    if selection.kind is AUTHORITY:
        return (named(AUTHORITY.label, selection.name),)
    label = prefix + selection.kind.label
    if selection.labels:
        name = Matcher(label, tuple(sorted({each.name for each in inventory.rows(selection)})))
    else:
        name = named(label, selection.name)
    if selection.namespace is None or selection.kind is NAMESPACE:
        return (name,)
    return (Matcher(prefix + "namespace", (selection.namespace,)), name)


def pods_of(selection: Selection, inventory: Inventory) -> tuple[Matcher, ...]:
    """Conditions for the pods of a selection; those behind services have no label in common. Raises `NotFoundError`."""
    rows = inventory.rows(selection)
    if selection.kind is not SERVICE:
        return conditions(selection, inventory)
    behind = {pod for row in rows for pod in row.pods}
    namespaces, names = {pod.namespace for pod in behind}, {pod.name for pod in behind}
    return (Matcher("namespace", tuple(sorted(namespaces))), Matcher("pod", tuple(sorted(names))))


def named(label: str, name: str | None) -> Matcher:
    """That a label says this name, or with None any."""
    return Matcher(label, (name,)) if name else Matcher(label, ("",), negate=True)
