"""Which questions `authz` puts to the proxies: one query for each family that tells of authorizations. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORIZATIONPOLICY, POLICY_KINDS, Kind
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import ALLOWED, DENIED, TCP_ALLOWED, TCP_DENIED
from linkerdctl.metrics.query import RESPONSES, Direction, Matcher, Need, TrafficQuery
from linkerdctl.reports.authz import AuthzRequest
from linkerdctl.reports.authz_objects import PolicyObjects, grants_of
from linkerdctl.reports.conditions import named, pods_of
from linkerdctl.reports.owners import owner_labels
from linkerdctl.reports.policy import LABELLED, names_of, series_of

RULE = ("srv_kind", "srv_name", "route_kind", "route_name", "authz_kind", "authz_name")
"""Labels that make a `Rule`."""
_CLIENT = ("client_id",)


class Part(Enum):
    """What the traffic of a query is."""

    RESPONSES = auto()
    ALLOWED = auto()
    DENIED = auto()
    CONNECTIONS_ALLOWED = auto()
    CONNECTIONS_DENIED = auto()


_FAMILIES = {
    Part.RESPONSES: RESPONSES,
    Part.ALLOWED: ALLOWED,
    Part.DENIED: DENIED,
    Part.CONNECTIONS_ALLOWED: TCP_ALLOWED,
    Part.CONNECTIONS_DENIED: TCP_DENIED,
}


@dataclass(frozen=True, slots=True)
class AuthzPlan:
    """One query, and what it is for."""

    selection: Selection
    part: Part
    query: TrafficQuery


def plan(request: AuthzRequest, inventory: Inventory, objects: PolicyObjects) -> tuple[AuthzPlan, ...]:
    """For each selection one query of each family."""
    return tuple(
        AuthzPlan(each, part, _query(request, each, part, inventory, objects))
        for each in request.selections
        for part in Part
    )


def _query(
    request: AuthzRequest, selection: Selection, part: Part, inventory: Inventory, objects: PolicyObjects
) -> TrafficQuery:
    of_policy = selection.kind in POLICY_KINDS
    whose = _labels(selection.kind)
    clients = () if part is Part.RESPONSES else _CLIENT
    return TrafficQuery(
        Direction.INBOUND,
        group_by=tuple(dict.fromkeys((*whose, *RULE, *clients))),
        pods=(named("namespace", selection.namespace),) if of_policy else pods_of(selection, inventory),
        matchers=_series(selection, inventory, objects) if of_policy else (),
        needs=Need.REQUESTS | Need.LATENCY if part is Part.RESPONSES else Need.REQUESTS,
        families=_FAMILIES[part],
        include_admin=request.all_traffic,
    )


def _labels(kind: Kind) -> tuple[str, ...]:
    """Labels that say whose a group is; authentications have none, and are known by who requires them."""
    return owner_labels(kind) if kind in LABELLED or kind not in POLICY_KINDS else ("namespace",)


def _series(selection: Selection, inventory: Inventory, objects: PolicyObjects) -> tuple[Matcher, ...]:
    if selection.kind in LABELLED:
        return series_of(selection.kind, names_of(selection, inventory))
    policies = {each.name for _, each in grants_of(selection, inventory, objects)}
    return series_of(AUTHORIZATIONPOLICY, Matcher(AUTHORIZATIONPOLICY.label, tuple(sorted(policies))))
