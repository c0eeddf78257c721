"""What `stat` asks and what its rows mean. Pure: objects and traffic in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import Inventory, ObjectStatus, PodRef
from linkerdctl.kube.kinds import AUTHORITY, NAMESPACE, POLICY_KINDS, SERVICE, Kind
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.golden import Golden, golden
from linkerdctl.metrics.query import Direction, Matcher, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.conditions import conditions, object_labels
from linkerdctl.reports.policy import LABELLED, Access, policy_queries, policy_traffic

GroupKey = tuple[str, ...]
ProxyCount = Callable[[ObjectStatus], tuple[int | None, int | None]]
"""Proxies asked and answered for an object; None where the source cannot tell."""


@dataclass(frozen=True, slots=True)
class StatRequest:
    """One `stat` command: which objects, and whether their traffic is narrowed to one other side.

    `to` and `from_` exclude each other. With `to` the rows are the clients and the numbers what they sent; with
    `from_` the rows are the servers and the numbers what that client sent them.
    """

    selections: tuple[Selection, ...]
    to: Selection | None = None
    from_: Selection | None = None
    all_traffic: bool = False
    keep_unmeshed: bool = False

    def __post_init__(self) -> None:
        if self.to and self.from_:
            raise UsageError("--to and --from exclude each other", next_step="run stat twice, once with each")
        if self.from_ and self.from_.kind in (SERVICE, AUTHORITY):
            client = "an authority" if self.from_.kind is AUTHORITY else "a service"
            raise UsageError(
                f"--from {self.from_} cannot be answered: {client} sends no requests",
                next_step="name the workload that calls: --from deploy/NAME",
            )
        if any(each.kind is AUTHORITY and each.labels for each in self.selections):
            raise UsageError("authorities have no labels to select them by", next_step="leave -l out")
        self._check_policy()

    def _check_policy(self) -> None:
        for each in (*self.selections, self.to, self.from_):
            if each and each.kind in POLICY_KINDS and self.narrowed:
                raise UsageError(
                    f"--to and --from cannot be answered for {each.kind.plural}: only servers count them, whoever calls",
                    next_step=f"who calls: linkerdctl authz {each} -o wide",
                )
            if each and each.kind in POLICY_KINDS and each.kind not in LABELLED:
                raise UsageError(
                    f"no traffic is counted by {each.kind.name}",
                    next_step=f"what requires it: linkerdctl authz {each}",
                )

    @property
    def narrowed(self) -> bool:
        """Whether only the traffic between two sides is wanted."""
        return self.to is not None or self.from_ is not None


@dataclass(frozen=True, slots=True)
class StatRow:
    """One object and its golden metrics over the window.

    `meshed` and `total` count pods and are None where the kind has none of its own (services, authorities);
    `status` is kubectl's and only pods have it. `proxies_asked` and `proxies_answered` are None where the source
    cannot tell.
    """

    kind: Kind
    namespace: str
    name: str
    golden: Golden
    status: str | None = None
    meshed: int | None = None
    total: int | None = None
    proxies_asked: int | None = None
    proxies_answered: int | None = None
    access: Access | None = None
    """What was let in and turned away, at Servers and routes."""
    servers: tuple[str, ...] = ()
    """Those that requests of a route came to."""


@dataclass(frozen=True, slots=True)
class StatPlan:
    """One query and the selection whose rows it helps to fill."""

    selection: Selection
    query: TrafficQuery


@dataclass(frozen=True, slots=True)
class Answered:
    """Which proxies an answer rests on: those asked, by their labels, and those that answered."""

    asked: Mapping[PodRef, Mapping[str, str]]
    answered: frozenset[PodRef]

    def among(self, pods: Iterable[PodRef]) -> tuple[int, int]:
        """How many of these pods were asked, and how many of them answered."""
        asked = [pod for pod in pods if pod in self.asked]
        return len(asked), sum(pod in self.answered for pod in asked)

    def concerned(self, query: TrafficQuery) -> tuple[int, int]:
        """The same for every proxy a query is about."""
        return self.among(pod for pod, labels in self.asked.items() if query.concerns(labels))


def plan(request: StatRequest, inventory: Inventory) -> tuple[StatPlan, ...]:
    """The queries that answer a request: one for each selection, up to three where requests may be turned away."""
    return tuple(StatPlan(each, query) for each in request.selections for query in _queries(request, each, inventory))


def rows(
    request: StatRequest,
    plans: Sequence[StatPlan],
    answers: Sequence[Mapping[GroupKey, Traffic]],
    inventory: Inventory,
    answered: Answered | None = None,
) -> list[StatRow]:
    """Rows of all selections, by kind, then namespace and name; an object asked for twice appears once.

    Without `--to` and `--from` there is a row for every object, with them only for those that have such traffic.
    """
    told: dict[Selection, list[tuple[StatPlan, Mapping[GroupKey, Traffic]]]] = {}
    for stat_plan, traffic in zip(plans, answers, strict=True):
        told.setdefault(stat_plan.selection, []).append((stat_plan, traffic))
    found = {
        (row.kind.name, row.namespace, row.name): row
        for selection, parts in told.items()
        for row in (
            _policy_rows(selection, parts, inventory, answered)
            if selection.kind in POLICY_KINDS
            else _rows_of(request, *parts[0], inventory, answered)
        )
    }
    return [found[key] for key in sorted(found)]


def _queries(request: StatRequest, selection: Selection, inventory: Inventory) -> tuple[TrafficQuery, ...]:
    if selection.kind in POLICY_KINDS:
        return policy_queries(selection, inventory, include_admin=request.all_traffic)
    return (_query(request, selection, inventory),)


def _query(request: StatRequest, selection: Selection, inventory: Inventory) -> TrafficQuery:
    if selection.kind in (SERVICE, AUTHORITY):
        return _client_side_query(request, selection, inventory)
    if request.from_:
        return TrafficQuery(
            Direction.OUTBOUND,
            group_by=_destination_labels(selection.kind),
            pods=conditions(request.from_, inventory),
            matchers=conditions(selection, inventory, "dst_"),
            peer="dst",
            include_admin=request.all_traffic,
        )
    return TrafficQuery(
        Direction.OUTBOUND if request.to else Direction.INBOUND,
        group_by=object_labels(selection.kind),
        pods=conditions(selection, inventory),
        matchers=conditions(request.to, inventory, "dst_") if request.to else (),
        peer="dst" if request.to else "src",
        include_admin=request.all_traffic,
    )


def _client_side_query(request: StatRequest, selection: Selection, inventory: Inventory) -> TrafficQuery:
    """Services and authorities have no proxy: what they served is what their clients saw."""
    pods = conditions(request.from_, inventory) if request.from_ else ()
    narrowing = conditions(request.to, inventory, "dst_") if request.to else ()
    if selection.kind is AUTHORITY:
        if selection.namespace is not None and not request.from_:
            pods = (Matcher("namespace", (selection.namespace,)),)
        return TrafficQuery(
            Direction.OUTBOUND,
            group_by=("authority",),
            pods=pods,
            matchers=(*narrowing, *conditions(selection, inventory)),
            peer="dst",
            include_admin=request.all_traffic,
        )
    return TrafficQuery(
        Direction.OUTBOUND,
        group_by=("dst_namespace", "dst_service"),
        pods=pods,
        matchers=(*narrowing, *conditions(selection, inventory, "dst_")),
        peer="dst",
        include_admin=request.all_traffic,
    )


def _destination_labels(kind: Kind) -> tuple[str, ...]:
    return tuple(f"dst_{label}" for label in object_labels(kind))


def _rows_of(
    request: StatRequest,
    stat_plan: StatPlan,
    traffic: Mapping[GroupKey, Traffic],
    inventory: Inventory,
    answered: Answered | None,
) -> Iterator[StatRow]:
    selection = stat_plan.selection
    proxies = _proxies_of(stat_plan, answered)
    if selection.kind is AUTHORITY:
        for (authority,), seen in traffic.items():
            yield _row(ObjectStatus(AUTHORITY, selection.namespace or "", authority), seen, proxies)
        return
    for each in inventory.rows(selection):
        seen_by_key = traffic.get(_key(each))
        if request.narrowed and seen_by_key is None:
            continue
        if _is_unmeshed(each) and not (request.keep_unmeshed or request.from_):
            continue
        yield _row(each, seen_by_key or Traffic(), proxies)


def _policy_rows(
    selection: Selection,
    parts: Sequence[tuple[StatPlan, Mapping[GroupKey, Traffic]]],
    inventory: Inventory,
    answered: Answered | None,
) -> Iterator[StatRow]:
    asked, got = answered.concerned(parts[0][0].query) if answered else (None, None)
    for each in policy_traffic(selection, [answer for _, answer in parts], inventory):
        yield StatRow(
            kind=selection.kind,
            namespace=each.namespace,
            name=each.name,
            golden=golden(each.traffic),
            proxies_asked=asked,
            proxies_answered=got,
            access=each.access,
            servers=each.servers,
        )


def _proxies_of(stat_plan: StatPlan, answered: Answered | None) -> ProxyCount:
    """How many proxies a row rests on: an object's own, or those of everybody who could have called it."""
    if answered is None:
        return lambda each: (None, None)
    if stat_plan.query.group_by == object_labels(stat_plan.selection.kind):
        return lambda each: answered.among(each.pods)
    callers = answered.concerned(stat_plan.query)
    return lambda each: callers


def _key(each: ObjectStatus) -> GroupKey:
    return (each.name,) if each.kind is NAMESPACE else (each.namespace, each.name)


def _is_unmeshed(each: ObjectStatus) -> bool:
    return each.kind is not SERVICE and each.meshed == 0


def _row(each: ObjectStatus, seen: Traffic, proxies: ProxyCount) -> StatRow:
    counts_pods = each.kind not in (SERVICE, AUTHORITY)
    asked, got = proxies(each)
    return StatRow(
        kind=each.kind,
        namespace=each.namespace,
        name=each.name,
        golden=golden(seen),
        status=each.status or None,
        meshed=each.meshed if counts_pods else None,
        total=each.total if counts_pods else None,
        proxies_asked=asked,
        proxies_answered=got,
    )
