"""`top` without tap: who asks whom, by route where proxies count that, added up over looks at their metrics. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import DEFAULT, OUTBOUND
from linkerdctl.metrics.golden import Golden, golden
from linkerdctl.metrics.query import Direction, Matcher, Need, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.conditions import pods_of

GroupKey = tuple[str, ...]
UNMESHED = "unmeshed"
"""Stands for clients without an identity."""
_INBOUND = ("namespace", "pod", "client_id", "route_kind", "route_name")
_OUTBOUND = ("namespace", "pod", "dst_namespace", "dst_pod", "authority")
_OUTBOUND_ROUTES = ("namespace", "pod", "parent_namespace", "parent_name", "route_kind", "route_name")
_COUNTED = Need.REQUESTS | Need.LATENCY


class End(NamedTuple):
    """One end of an edge: a pod, a service (`svc/web`), a service account (`sa/web`), an authority; and its namespace."""

    name: str
    namespace: str = ""


class EdgeKey(NamedTuple):
    """`direction` says whose proxy counted: `inbound` is the destination's. `route` is empty where it is not counted."""

    direction: str
    source: End
    destination: End
    route: str


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """An edge since the beginning, and its requests per second of late."""

    key: EdgeKey
    golden: Golden
    rps: float


def edge_queries(target: Selection, to: Selection | None, inventory: Inventory, *, routes: bool) -> list[TrafficQuery]:
    """What to ask of the target's proxies; with `to` only what they send there.

    With `routes` what they send is told by service and route instead of by pod, and its latencies are coarser.
    """
    pods = pods_of(target, inventory)
    inbound = TrafficQuery(Direction.INBOUND, _INBOUND, pods, needs=_COUNTED)
    outbound = list(_outbound(pods, to, inventory, routes=routes))
    return outbound if to else [inbound, *outbound]


def _outbound(
    pods: tuple[Matcher, ...], to: Selection | None, inventory: Inventory, *, routes: bool
) -> Iterator[TrafficQuery]:
    if not routes:
        matchers = _behind("dst_", pods_of(to, inventory)) if to else ()
        yield TrafficQuery(Direction.OUTBOUND, _OUTBOUND, pods, matchers, needs=_COUNTED)
        return
    for each in OUTBOUND:
        # A route may be called `probe`, and is none of probes
        yield TrafficQuery(
            Direction.OUTBOUND, _OUTBOUND_ROUTES, pods, needs=_COUNTED, families=each.requests, include_admin=True
        )


def _behind(prefix: str, matchers: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    return tuple(Matcher(prefix + each.label, each.values, each.negate) for each in matchers)


class Edges:
    """Adds up answers to `edge_queries`, each of which covers the time since the one before. Groups are few and stay."""

    def __init__(self, queries: Sequence[TrafficQuery]) -> None:
        self._queries = queries
        self._traffic: dict[EdgeKey, Traffic] = {}
        self._latest: dict[EdgeKey, float] = {}

    def add(self, answers: Sequence[Mapping[GroupKey, Traffic]]) -> None:
        """Take in one observation's answers."""
        self._latest = {}
        for query, groups in zip(self._queries, answers, strict=True):
            for group, traffic in groups.items():
                key = _key(query, group)
                before = self._traffic.get(key)
                self._traffic[key] = before + traffic if before else traffic
                self._latest[key] = self._latest.get(key, 0.0) + (traffic.request_rate or 0.0)

    def rows(self, *, sources: bool = True) -> list[EdgeRow]:
        """Edges on which anything was asked, the busiest first; without `sources` those to one place together."""
        traffic: dict[EdgeKey, Traffic] = {}
        rates: dict[EdgeKey, float] = {}
        for key, seen in self._traffic.items():
            shown = key if sources else key._replace(source=End(""))
            traffic[shown] = traffic[shown] + seen if shown in traffic else seen
            rates[shown] = rates.get(shown, 0.0) + self._latest.get(key, 0.0)
        found = [EdgeRow(key, golden(seen), rates[key]) for key, seen in traffic.items()]
        return sorted((row for row in found if row.golden.requests), key=lambda row: -(row.golden.requests or 0))


def _key(query: TrafficQuery, group: GroupKey) -> EdgeKey:
    namespace, name, *rest = group
    pod = End(name, namespace)
    if query.direction is Direction.INBOUND:
        client, kind, route = rest
        return EdgeKey("inbound", _client(client), pod, _route(kind, route))
    if query.group_by == _OUTBOUND_ROUTES:
        where, service, kind, route = rest
        return EdgeKey("outbound", pod, End(f"svc/{service}", where), _route(kind, route))
    where, other, authority = rest
    return EdgeKey("outbound", pod, End(other, where) if other else End(authority or UNMESHED), "")


def _client(identity: str) -> End:
    """`web.emojivoto.serviceaccount.identity...` is service account web of emojivoto."""
    account, _, rest = identity.partition(".")
    namespace, is_account, _ = rest.partition(".serviceaccount.identity.")
    if not identity:
        return End(UNMESHED)
    return End(f"sa/{account}", namespace) if is_account else End(identity)


def _route(kind: str, name: str) -> str:
    return "[DEFAULT]" if kind in (DEFAULT, "") else name
