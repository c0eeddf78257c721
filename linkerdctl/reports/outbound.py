"""`stat-outbound`: what workloads sent where by which route, and to which backends, as their own proxies counted it. Pure.

Routes count requests as the application saw them, backends every attempt. What takes the routes of a ServiceProfile is not
counted by either: `by_profile` tells of that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import NamedTuple

from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, POLICY_KINDS, SERVICE
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import DEFAULT, OUTBOUND, PROFILE
from linkerdctl.metrics.golden import Golden, golden
from linkerdctl.metrics.query import Direction, Families, Need, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.metrics.verdict import TIMEOUTS
from linkerdctl.reports.conditions import pods_of
from linkerdctl.reports.owners import Owner, Owners, labelled, owner_labels
from linkerdctl.reports.stat import Answered

GroupKey = tuple[str, ...]
_ROUTE = ("parent_kind", "parent_namespace", "parent_name", "parent_port", "route_kind", "route_name")
_BACKEND = ("backend_kind", "backend_namespace", "backend_name", "backend_port")


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One `stat-outbound` command."""

    selections: tuple[Selection, ...]

    def __post_init__(self) -> None:
        for each in self.selections:
            if each.kind in (SERVICE, AUTHORITY, *POLICY_KINDS):
                raise UsageError(
                    f"stat-outbound is about workloads: {each.kind.plural} send no requests",
                    next_step=f"name the client (deploy/NAME), or see: linkerdctl stat {each}",
                )


class RouteRef(NamedTuple):
    """What an outbound route hangs on (a service; `default` for addresses that are no service's) and its kind and name."""

    parent_kind: str
    parent_namespace: str
    parent: str
    port: str
    kind: str
    name: str


class BackendRef(NamedTuple):
    """Where a route leads."""

    kind: str
    namespace: str
    name: str
    port: str


@dataclass(frozen=True, slots=True)
class OutboundRow:
    """A route of one object or, with `backend`, one of the places it leads to; shares are from 0 to 1.

    `timeouts` of all that ended; `retries`, which only routes have, of all attempts.
    """

    owner: Owner
    route: RouteRef
    golden: Golden
    timeouts: float | None = None
    retries: float | None = None
    backend: BackendRef | None = None
    is_last: bool = False
    """Of the backends of its route."""
    proxies_asked: int | None = None
    proxies_answered: int | None = None


class Part(Enum):
    """What the traffic of a query is."""

    REQUESTS = auto()
    ATTEMPTS = auto()
    RETRIES = auto()
    PROFILE = auto()


@dataclass(frozen=True, slots=True)
class OutboundPlan:
    """One query, and how its groups are to be read."""

    selection: Selection
    part: Part
    query: TrafficQuery


@dataclass(slots=True)
class _Counted:
    """What was counted of one route or one backend."""

    traffic: Traffic = field(default_factory=Traffic)
    timeouts: float = 0.0
    retries: float = 0.0

    def add(self, traffic: Traffic, error: str) -> None:
        """Count in what ended with an error, or without (empty)."""
        self.traffic += traffic
        self.timeouts += traffic.requests if error in TIMEOUTS else 0.0


def plan(request: OutboundRequest, inventory: Inventory) -> tuple[OutboundPlan, ...]:
    """For each selection the families of both protocols, and what profiles take."""
    return tuple(each for selection in request.selections for each in _plans(selection, inventory))


def _plans(selection: Selection, inventory: Inventory) -> Iterator[OutboundPlan]:
    pods, whose = pods_of(selection, inventory), owner_labels(selection.kind)

    def query(part: Part, families: Families, *labels: str, latency: bool = False) -> OutboundPlan:
        asked = TrafficQuery(
            Direction.OUTBOUND,
            (*whose, *labels),
            pods,
            needs=Need.REQUESTS | Need.LATENCY if latency else Need.REQUESTS,
            families=families,
            include_admin=True,  # Routes of clients are none of probes, and one may be called `probe`
        )
        return OutboundPlan(selection, part, asked)

    for protocol in OUTBOUND:
        yield query(Part.REQUESTS, protocol.requests, *_ROUTE, "error", latency=True)
        yield query(Part.ATTEMPTS, protocol.attempts, *_ROUTE, *_BACKEND, "error", latency=True)
        yield query(Part.RETRIES, protocol.retries, *_ROUTE)
    yield query(Part.PROFILE, PROFILE, "dst")


def outbound_rows(
    plans: Sequence[OutboundPlan],
    answers: Sequence[Mapping[GroupKey, Traffic]],
    inventory: Inventory,
    answered: Answered | None = None,
) -> list[OutboundRow]:
    """Every route with requests in the window, each followed by its backends; by object, service and route."""
    found: dict[tuple[Owner, RouteRef], list[OutboundRow]] = {}
    for selection in dict.fromkeys(each.selection for each in plans):
        owners = Owners.of(selection, inventory)
        chosen = [(each, answer) for each, answer in zip(plans, answers, strict=True) if each.selection == selection]
        for rows in _trees(owners, chosen, answered):
            found[rows[0].owner, rows[0].route] = rows
    ordered = sorted(found.values(), key=lambda rows: _order(rows[0]))
    return [row for rows in ordered for row in rows]


def by_profile(
    plans: Sequence[OutboundPlan], answers: Sequence[Mapping[GroupKey, Traffic]], inventory: Inventory
) -> dict[Owner, list[str]]:
    """The profiles (`voting-svc.emojivoto.svc.cluster.local:8080`) whose routes requests of an object took."""
    found: defaultdict[Owner, set[str]] = defaultdict(set)
    for each, answer in zip(plans, answers, strict=True):
        if each.part is Part.PROFILE:
            owners = Owners.of(each.selection, inventory)
            for key, traffic in answer.items():
                for owner in owners(labelled(each.query.group_by, key)) if traffic.requests else ():
                    found[owner].add(key[-1])
    return {owner: sorted(found[owner]) for owner in sorted(found, key=lambda owner: owner[1:])}


def _trees(
    owners: Owners, chosen: Iterable[tuple[OutboundPlan, Mapping[GroupKey, Traffic]]], answered: Answered | None
) -> Iterator[list[OutboundRow]]:
    routes: defaultdict[tuple[Owner, RouteRef], _Counted] = defaultdict(_Counted)
    backends: defaultdict[tuple[Owner, RouteRef], defaultdict[BackendRef, _Counted]] = defaultdict(
        lambda: defaultdict(_Counted)
    )
    for each, answer in chosen:
        for key, traffic in answer.items() if each.part is not Part.PROFILE else ():
            labels = labelled(each.query.group_by, key)
            for owner in owners(labels):
                whose = owner, RouteRef(*(labels[name] for name in _ROUTE))
                if each.part is Part.RETRIES:
                    routes[whose].retries += traffic.requests
                elif each.part is Part.REQUESTS:
                    routes[whose].add(traffic, labels["error"])
                else:
                    backends[whose][BackendRef(*(labels[name] for name in _BACKEND))].add(traffic, labels["error"])
    for (owner, route), counted in routes.items():
        if counted.traffic.requests:
            asked, got = answered.among(owners.pods(owner)) if answered else (None, None)
            base = OutboundRow(owner, route, Golden(), proxies_asked=asked, proxies_answered=got)
            yield [_filled(base, counted, retried=True), *_branches(base, backends[owner, route])]


def _branches(base: OutboundRow, backends: Mapping[BackendRef, _Counted]) -> Iterator[OutboundRow]:
    """Backends with attempts in the window, by namespace and name."""
    used = sorted(backend for backend, counted in backends.items() if counted.traffic.requests)
    for backend in used:
        yield replace(_filled(base, backends[backend]), backend=backend, is_last=backend == used[-1])


def _filled(base: OutboundRow, counted: _Counted, *, retried: bool = False) -> OutboundRow:
    requests = counted.traffic.requests
    retries = counted.retries / (requests + counted.retries) if retried else None
    return replace(base, golden=golden(counted.traffic), timeouts=counted.timeouts / requests, retries=retries)


def _order(row: OutboundRow) -> tuple[object, ...]:
    route = row.route
    port = int(route.port) if route.port.isdigit() else 0
    place = route.parent_kind == DEFAULT, route.parent_namespace, route.parent, port, route.parent_kind
    return (row.owner.kind.name, *row.owner[1:], *place, route.kind == DEFAULT, route.name, route.kind)
