"""Servers, authorizations and routes as series name them: they have no pods, and only their labels tell what is theirs.

Pure. Deleted objects leave idle series behind; objects that may not be listed are known from their series alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from linkerdctl.errors import NotFoundError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import (
    AUTHORIZATIONPOLICY,
    GRPCROUTE,
    HTTPROUTE,
    SERVER,
    SERVERAUTHORIZATION,
    Kind,
)
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import ALLOWED, DENIED
from linkerdctl.metrics.query import RESPONSES, Direction, Families, Matcher, Need, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.conditions import named

ROUTES = (HTTPROUTE, GRPCROUTE)
LABELLED = (SERVER, SERVERAUTHORIZATION, AUTHORIZATIONPOLICY, *ROUTES)
"""Policy kinds whose objects series name."""
REFUSING = (SERVER, *ROUTES)
"""Of these the kinds that requests are turned away at; what was denied names no authorization."""

ObjectRef = tuple[str, str]
GroupKey = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """Requests per second that were let in and turned away, and the share (0 to 1) of the latter; None without any."""

    allowed_rps: float | None = None
    denied_rps: float | None = None
    denied_share: float | None = None


@dataclass(frozen=True, slots=True)
class PolicyTraffic:
    """What was counted of one object; `access` and `servers` (those its requests came to) only where they apply."""

    namespace: str
    name: str
    traffic: Traffic
    access: Access | None = None
    servers: tuple[str, ...] = ()


def series_of(kind: Kind, names: Matcher) -> tuple[Matcher, ...]:
    """Conditions for the series of objects of a `LABELLED` kind; `names` is about its label."""
    if kind in ROUTES:
        return Matcher("route_kind", (kind.object_kind,)), names
    return Matcher("srv_kind" if kind is SERVER else "authz_kind", (kind.name,)), names


def names_of(selection: Selection, inventory: Inventory) -> Matcher:
    """A condition on the label that holds the names of a selection's objects."""
    if selection.labels:
        return Matcher(selection.kind.label, tuple(sorted({each.name for each in inventory.rows(selection)})))
    return named(selection.kind.label, selection.name)


def policy_queries(selection: Selection, inventory: Inventory, *, include_admin: bool) -> tuple[TrafficQuery, ...]:
    """What to ask of one selection: its traffic, and where requests may be turned away how many were and were not."""
    sockets = Need.TCP if selection.kind is SERVER else Need(0)
    first = _query(selection, inventory, RESPONSES, Need.REQUESTS | Need.LATENCY | sockets, include_admin)
    if selection.kind not in REFUSING:
        return (first,)
    counted = (_query(selection, inventory, each, Need.REQUESTS, include_admin) for each in (ALLOWED, DENIED))
    return (first, *counted)


def _query(
    selection: Selection, inventory: Inventory, families: Families, needs: Need, include_admin: bool
) -> TrafficQuery:
    servers = ("srv_name",) if selection.kind in ROUTES else ()
    return TrafficQuery(
        Direction.INBOUND,
        group_by=("namespace", selection.kind.label, *servers),
        pods=(named("namespace", selection.namespace),),
        matchers=series_of(selection.kind, names_of(selection, inventory)),
        needs=needs,
        families=families,
        include_admin=include_admin,
    )


def policy_traffic(
    selection: Selection, answers: Sequence[Mapping[GroupKey, Traffic]], inventory: Inventory
) -> Iterator[PolicyTraffic]:
    """Every object there is, and those that only proxies tell of; raises `NotFoundError` for a named one of neither."""
    sums: list[dict[ObjectRef, Traffic]] = [_by_object(answer) for answer in answers]
    there, listed = _objects(selection, inventory), inventory.knows(selection.kind)
    told = {ref for answer in sums for ref, traffic in answer.items() if not listed or traffic.requests}
    if selection.name and not there | told:
        raise not_found(selection, inventory)
    for namespace, name in sorted(there | told):
        ref = namespace, name
        traffic, *access = (answer.get(ref, Traffic()) for answer in sums)
        servers = {key[2] for answer in answers for key in answer if key[:2] == ref and len(key) > 2}
        yield PolicyTraffic(*ref, traffic, _access(*access) if access else None, tuple(sorted(servers)))


def _objects(selection: Selection, inventory: Inventory) -> set[ObjectRef]:
    try:
        return {(each.namespace, each.name) for each in inventory.rows(selection)}
    except NotFoundError:
        return set()


def not_found(selection: Selection, inventory: Inventory) -> NotFoundError:
    """Of a named object that neither the cluster nor a proxy tells of, with a hint at what there is."""
    if inventory.knows(selection.kind):
        try:
            inventory.rows(selection)
        except NotFoundError as error:
            return error
    where = f" in namespace {selection.namespace}" if selection.namespace else ""
    return NotFoundError(
        f"{selection.kind.name} {selection.name!r} not found{where}, and no proxy there tells of it",
        next_step=f"what proxies tell of: linkerdctl stat {selection.kind.name}",
    )


def _by_object(answer: Mapping[GroupKey, Traffic]) -> dict[ObjectRef, Traffic]:
    found: defaultdict[ObjectRef, Traffic] = defaultdict(Traffic)
    for key, traffic in answer.items():
        found[key[0], key[1]] += traffic
    return dict(found)


def _access(allowed: Traffic, denied: Traffic) -> Access:
    if allowed.successes is None and denied.successes is None:
        return Access()
    total = allowed.requests + denied.requests
    return Access(allowed.rps, denied.rps, denied.requests / total if total else None)
