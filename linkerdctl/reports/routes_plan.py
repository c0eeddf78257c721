"""Which questions `routes` puts to the proxies: one query for each family that tells of routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import SERVICE
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import (
    OUTBOUND,
    PROFILE,
    PROFILE_ATTEMPTS,
    PROFILE_REQUESTS,
    PROFILE_RETRYABLE,
    OutboundRoutes,
)
from linkerdctl.metrics.query import RESPONSES, Direction, Families, Matcher, Need, TrafficQuery
from linkerdctl.reports.conditions import object_labels, pods_of
from linkerdctl.reports.routes import RoutesRequest


class Part(Enum):
    """What the traffic of a query is to a route."""

    KNOWN = auto()
    """Requests that began; there so that routes show that had none."""
    EFFECTIVE = auto()
    ACTUAL = auto()
    RETRYABLE = auto()
    RETRIES = auto()
    RETRY_SUCCESSES = auto()
    RETRY_LIMITS = auto()
    RETRY_OVERFLOWS = auto()


class Style(Enum):
    """How series name a route; the value is their labels."""

    PROFILE = ("dst", "rt_route")
    OUTBOUND = ("parent_namespace", "parent_name", "route_kind", "route_name")
    INBOUND = ("srv_kind", "srv_name", "route_kind", "route_name")


@dataclass(frozen=True, slots=True)
class RoutesPlan:
    """One query, whose rows it helps to fill, and how its groups are to be read.

    A group's key holds the labels of the object (none for services, which the route itself names), of the route, and last
    the one label that tells outcomes apart, if the query has one.
    """

    selection: Selection
    part: Part
    style: Style
    query: TrafficQuery

    @property
    def object_labels(self) -> int:
        """How many labels name the object."""
        return len(object_labels(self.selection.kind))


def plan(request: RoutesRequest, inventory: Inventory) -> tuple[RoutesPlan, ...]:
    """All queries of a request."""
    return tuple(each for selection in request.selections for each in _plans(request, selection, inventory))


def _plans(request: RoutesRequest, selection: Selection, inventory: Inventory) -> Iterator[RoutesPlan]:
    asking = _Asking(selection, pods_of(selection, inventory), Direction.OUTBOUND if request.to else Direction.INBOUND)
    if request.profiles:
        yield from _profile_plans(asking, attempts=request.to is not None)
    if not request.gateway:
        return
    if selection.kind is SERVICE:
        yield from _outbound_plans(_from_clients(asking, inventory))
    elif request.to:
        yield from _outbound_plans(asking)
    else:
        server = Matcher("srv_name", ("",), negate=True)
        yield asking.plan(Part.EFFECTIVE, Style.INBOUND, RESPONSES, matchers=(server,))


@dataclass(frozen=True, slots=True)
class _Asking:
    """What all queries of one selection have in common."""

    selection: Selection
    pods: tuple[Matcher, ...]
    direction: Direction
    matchers: tuple[Matcher, ...] = ()

    def plan(
        self, part: Part, style: Style, families: Families, *more: str, matchers: tuple[Matcher, ...] = ()
    ) -> RoutesPlan:
        query = TrafficQuery(
            self.direction,
            group_by=(*object_labels(self.selection.kind), *style.value, *more),
            pods=self.pods,
            matchers=(*self.matchers, *matchers),
            needs=Need.REQUESTS | Need.LATENCY if part is Part.EFFECTIVE else Need.REQUESTS,
            families=families,
            include_admin=self.direction is Direction.OUTBOUND,  # These are none of probes; one may be called `probe`
        )
        return RoutesPlan(self.selection, part, style, query)


def _profile_plans(asking: _Asking, *, attempts: bool) -> Iterator[RoutesPlan]:
    yield asking.plan(Part.KNOWN, Style.PROFILE, PROFILE_REQUESTS)
    yield asking.plan(Part.EFFECTIVE, Style.PROFILE, PROFILE, "error")
    if attempts:
        yield asking.plan(Part.ACTUAL, Style.PROFILE, PROFILE_ATTEMPTS)
        yield asking.plan(Part.RETRYABLE, Style.PROFILE, PROFILE_RETRYABLE, "skipped")


def _outbound_plans(asking: _Asking) -> Iterator[RoutesPlan]:
    for families in OUTBOUND:
        yield from _protocol_plans(asking, families)


def _protocol_plans(asking: _Asking, families: OutboundRoutes) -> Iterator[RoutesPlan]:
    yield asking.plan(Part.EFFECTIVE, Style.OUTBOUND, families.requests, "error")
    for part, counted in (
        (Part.ACTUAL, families.attempts),
        (Part.RETRIES, families.retries),
        (Part.RETRY_SUCCESSES, families.retry_successes),
        (Part.RETRY_LIMITS, families.retry_limits),
        (Part.RETRY_OVERFLOWS, families.retry_overflows),
    ):
        yield asking.plan(part, Style.OUTBOUND, counted)


def _from_clients(asking: _Asking, inventory: Inventory) -> _Asking:
    """Gateway API routes of a service are followed, and counted, by its clients, whoever they are."""
    rows = inventory.rows(asking.selection)
    names = Matcher("parent_name", tuple(sorted({each.name for each in rows})))
    parents = (Matcher("parent_kind", ("Service",)), names)
    return _Asking(asking.selection, (), Direction.OUTBOUND, parents)
