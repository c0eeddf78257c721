"""What to say of tables without rows, and of rows without numbers when nobody asked why."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import SERVICE
from linkerdctl.reports.routes import RouteRow, RoutesRequest


def why_no_rows(request: RoutesRequest, inventory: Inventory, answered: int) -> str:
    """One line: no such object, not meshed, proxies silent, or no service behind it."""
    asked = " ".join(map(str, request.selections))
    namespaces = {each.namespace for each in request.selections}
    place = "in any namespace" if None in namespaces else f"in namespace {', '.join(sorted(filter(None, namespaces)))}"
    there = [row for each in request.selections for row in inventory.rows(each)]
    if not there:
        return f"nothing to show: there is no {asked} {place}"
    if all(row.kind is not SERVICE and not row.meshed for row in there):
        return f"nothing to show: no {asked} {place} is meshed"
    if not answered:
        return f"nothing to show: no proxy of {asked} {place} answered"
    if request.to:
        return f"nothing to show: no service leads to {request.to}, and routes belong to services"
    why = "stands behind no service and served no requests in the window"
    return f"nothing to show: {asked} {place} {why} (what it sent: --to svc/NAME)"


def hint(rows: Sequence[RouteRow]) -> str:
    """One line when no row has numbers; empty when one has."""
    if any(not row.idle for row in rows):
        return ""
    return "no requests were counted on these routes in the window; --why tells why" if rows else ""
