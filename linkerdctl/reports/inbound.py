"""`stat-inbound`: what came to which Server by which route, as the servers' proxies counted it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, POLICY_KINDS
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.golden import Golden, golden
from linkerdctl.metrics.query import Direction, Need, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.conditions import pods_of
from linkerdctl.reports.owners import Owner, Owners, labelled, owner_labels
from linkerdctl.reports.stat import Answered

GroupKey = tuple[str, ...]
_PLACE = ("srv_kind", "srv_name", "target_port", "route_kind", "route_name")


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """One `stat-inbound` command."""

    selections: tuple[Selection, ...]
    all_traffic: bool = False

    def __post_init__(self) -> None:
        for each in self.selections:
            if each.kind in POLICY_KINDS:
                raise UsageError(
                    f"stat-inbound is about workloads, not {each.kind.plural}",
                    next_step=f"try: linkerdctl stat {each}, or linkerdctl authz {each}",
                )
            if each.kind is AUTHORITY:
                raise UsageError("nothing comes in to an authority", next_step="name the workload or service behind it")


class Place(NamedTuple):
    """Where requests came in: the Server and its port, the route. Kinds are as proxies name them."""

    server_kind: str
    server: str
    port: str
    route_kind: str
    route: str


@dataclass(frozen=True, slots=True)
class InboundRow:
    """Requests that one object got at one place."""

    owner: Owner
    place: Place
    golden: Golden
    proxies_asked: int | None = None
    proxies_answered: int | None = None


def inbound_queries(request: InboundRequest, inventory: Inventory) -> tuple[TrafficQuery, ...]:
    """One for each selection."""
    return tuple(
        TrafficQuery(
            Direction.INBOUND,
            group_by=(*owner_labels(each.kind), *_PLACE),
            pods=pods_of(each, inventory),
            needs=Need.REQUESTS | Need.LATENCY,
            include_admin=request.all_traffic,
        )
        for each in request.selections
    )


def inbound_rows(
    request: InboundRequest,
    answers: Sequence[Mapping[GroupKey, Traffic]],
    inventory: Inventory,
    answered: Answered | None = None,
) -> list[InboundRow]:
    """Every place that got requests in the window, by object, server, port and route."""
    found = (
        row
        for selection, answer in zip(request.selections, answers, strict=True)
        for row in _rows_of(Owners.of(selection, inventory), answer, answered)
    )
    return sorted(found, key=lambda row: (row.owner.kind.name, *row.owner[1:], *_order(row.place)))


def _rows_of(owners: Owners, answer: Mapping[GroupKey, Traffic], answered: Answered | None) -> Iterator[InboundRow]:
    sums: defaultdict[tuple[Owner, Place], Traffic] = defaultdict(Traffic)
    names = (*owners.labels, *_PLACE)
    for key, traffic in answer.items():
        for owner in owners(labelled(names, key)):
            sums[owner, Place(*key[-len(_PLACE) :])] += traffic
    for (owner, place), traffic in sums.items():
        if traffic.successes or traffic.failures:
            asked, got = answered.among(owners.pods(owner)) if answered else (None, None)
            yield InboundRow(owner, place, golden(traffic), asked, got)


def _order(place: Place) -> tuple[bool, str, int, bool, str, str]:
    """What somebody wrote comes first."""
    port = int(place.port) if place.port.isdigit() else 0
    return place.server_kind == DEFAULT, place.server, port, place.route_kind == DEFAULT, place.route, place.route_kind
