"""Why a table about workloads is empty, for views that show only what had traffic."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import NAMESPACE, POLICY_KINDS
from linkerdctl.kube.selection import Selection


def why_nothing(selections: Sequence[Selection], inventory: Inventory, answered: int | None, otherwise: str) -> str:
    """One line: no such object, not meshed, proxies silent, or `otherwise`. `answered` counts proxies, None is unknown."""
    asked, place = asked_for(selections), place_of(selections)
    workloads = [each for each in selections if each.kind not in POLICY_KINDS]
    there = [row for each in workloads for row in inventory.rows(each)]
    if workloads and not there:
        return f"nothing to show: there is no {asked} {place}"
    if workloads and not any(row.meshed for row in there):
        return f"nothing to show: no {asked} {place} is meshed"
    if answered == 0:
        return f"nothing to show: no proxy of {asked} {place} answered"
    return f"nothing to show: {asked} {place} {otherwise}"


def asked_for(selections: Sequence[Selection]) -> str:
    """The selections in the words they were asked for with: `deploy/web po with app=web`."""
    labels = selections[0].labels
    return " ".join(map(str, selections)) + (f" with {labels}" if labels else "")


def place_of(selections: Sequence[Selection]) -> str:
    """Where they were looked for: `in namespace emojivoto`."""
    if all(each.kind is NAMESPACE for each in selections):
        return "in this cluster"
    where = {each.namespace for each in selections if each.kind is not NAMESPACE}
    return "in any namespace" if None in where else f"in namespace {', '.join(sorted(filter(None, where)))}"
