"""Why a table is empty. An empty table never stands alone."""

from __future__ import annotations

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, SERVICE
from linkerdctl.reports.stat import StatRequest


def why_empty(request: StatRequest, inventory: Inventory, answered: int) -> str:
    """One line: no such object, not meshed, proxies silent, or no traffic."""
    asked = " ".join(map(str, request.selections))
    where = {each.namespace for each in request.selections}
    place = "in any namespace" if None in where else f"in namespace {', '.join(sorted(filter(None, where)))}"
    if len(where) == 1 and all(not each.kind.namespaced for each in request.selections):
        place = "in this cluster"
    there = [row for each in request.selections if each.kind is not AUTHORITY for row in inventory.rows(each)]
    if not there and any(each.kind is not AUTHORITY for each in request.selections):
        return f"nothing to show: there is no {asked} {place}"
    if not request.narrowed and all(row.kind is not SERVICE and not row.meshed for row in there):
        return f"nothing to show: no {asked} {place} is meshed (--unmeshed shows them all the same)"
    if not answered:
        return f"nothing to show: no proxy of {asked} {place} answered"
    other = request.to or request.from_
    between = f" {'to' if request.to else 'from'} {other}" if other else ""
    return f"nothing to show: {asked} {place} had no traffic{between} in the window"
