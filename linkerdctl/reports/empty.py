"""Why a table of `stat` is empty. An empty table never stands alone."""

from __future__ import annotations

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, SERVICE
from linkerdctl.kube.selection import Selection
from linkerdctl.reports.nothing import asked_for, place_of
from linkerdctl.reports.stat import StatRequest


def why_empty(request: StatRequest, inventory: Inventory, answered: int) -> str:
    """One line: no such object, not meshed, proxies silent, or no traffic. `answered` counts proxies."""
    return f"nothing to show: {_why(request, inventory, answered)}"


def _why(request: StatRequest, inventory: Inventory, answered: int) -> str:
    asked, place = asked_for(request.selections), place_of(request.selections)
    objects = [each for each in request.selections if each.kind is not AUTHORITY]
    there = [row for each in objects for row in inventory.rows(each)]
    if objects and not there:
        return f"there is no {asked} {place}"
    if request.from_ and not _sends(request.from_, inventory):
        return f"{request.from_} is not meshed, so nobody knows what it sends"
    if not request.from_ and objects and all(row.kind is not SERVICE and not row.meshed for row in there):
        hint = "" if request.narrowed else " (--unmeshed shows them all the same)"
        return f"no {asked} {place} is meshed{hint}"
    if not answered:
        return f"no proxy that could tell of {asked} {place} answered"
    other = request.to or request.from_
    between = f" {'to' if request.to else 'from'} {other}" if other else ""
    return f"{asked} {place} had no traffic{between} in the window"


def _sends(client: Selection, inventory: Inventory) -> bool:
    """Whether it has a proxy that counts what it sends."""
    return any(row.meshed for row in inventory.rows(client))
