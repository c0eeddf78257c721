"""`authz`: requests by the authorization that let them in, and those that none did. Pure: policies and traffic in, rows out.

Proxies count denied requests by Server and route; they name no authorization, and those requests are no responses of the
workload. What only the audit mode let in goes by an authorization of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal, NamedTuple

from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, AUTHORIZATIONPOLICY, POLICY_KINDS, Kind
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import ALLOWED, DENIED, TCP_ALLOWED, TCP_DENIED
from linkerdctl.metrics.golden import Golden, golden
from linkerdctl.metrics.query import RESPONSES, Direction, Matcher, Need, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.authz_objects import Grant, PolicyObjects
from linkerdctl.reports.conditions import named, pods_of
from linkerdctl.reports.owners import Owner, Owners, labelled, owner_labels
from linkerdctl.reports.policy import LABELLED, names_of, series_of
from linkerdctl.reports.stat import Answered

GroupKey = tuple[str, ...]
DEFAULT, AUDIT = "default", "audit"
UNMESHED = "(unmeshed)"
"""A client that did not say who it is."""
_RULE = ("srv_kind", "srv_name", "route_kind", "route_name", "authz_kind", "authz_name")
_CLIENT = ("client_id",)


@dataclass(frozen=True, slots=True)
class AuthzRequest:
    """One `authz` command."""

    selections: tuple[Selection, ...]
    all_traffic: bool = False

    def __post_init__(self) -> None:
        for each in self.selections:
            if each.kind is AUTHORITY:
                raise UsageError("no policy is about authorities", next_step="name the workload behind it: deploy/NAME")


class Rule(NamedTuple):
    """What a request ran into, as proxies name it; no authorization is named where it was denied.

    Connections that are no HTTP have no route. Kinds are `default` for what nobody wrote.
    """

    server_kind: str
    server: str
    route_kind: str
    route: str
    kind: str = ""
    name: str = ""

    @property
    def verdict(self) -> Literal["allowed", "audited", "denied"]:
        """`audited` is what would have been denied without the audit mode."""
        if not self.kind:
            return "denied"
        return "audited" if (self.kind, self.name) == (DEFAULT, AUDIT) else "allowed"


@dataclass(frozen=True, slots=True)
class AuthzRow:
    """One rule of one object over the window. `golden` is of requests that were let in and answered.

    Rates are per second; all are None where nothing was counted, be it that the rule was only written.
    """

    owner: Owner
    rule: Rule
    golden: Golden = field(default_factory=Golden)
    allowed: float | None = None
    denied: float | None = None
    connections_allowed: float | None = None
    """Of connections that are no HTTP."""
    connections_denied: float | None = None
    clients: tuple[str, ...] = ()
    """Who called, as `serviceaccount.namespace`."""
    proxies_asked: int | None = None
    proxies_answered: int | None = None


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
        group_by=tuple(dict.fromkeys((*whose, *_RULE, *clients))),
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
    policies = {each.name for owner, each in _grants(selection, inventory, objects)}
    return series_of(AUTHORIZATIONPOLICY, Matcher(AUTHORIZATIONPOLICY.label, tuple(sorted(policies))))


def authz_rows(
    request: AuthzRequest,
    plans: Sequence[AuthzPlan],
    answers: Sequence[Mapping[GroupKey, Traffic]],
    inventory: Inventory,
    objects: PolicyObjects,
    answered: Answered | None = None,
) -> list[AuthzRow]:
    """Every rule that was used or is written, by object, server, route and authorization."""
    found: dict[tuple[Owner, Rule], AuthzRow] = {}
    for selection in request.selections:
        chosen = [(each, answer) for each, answer in zip(plans, answers, strict=True) if each.selection == selection]
        counted = _counted(selection, chosen, inventory, objects)
        used = {key for key, each in counted.items() if each.is_used}
        shown = {key for key in counted if key in used or key[1].kind not in ("", DEFAULT)}
        written = _written(selection, inventory, objects, {(owner, *_identity(rule)) for owner, rule in shown})
        for owner, rule in (*shown, *written):
            asked, got = _proxies(selection, owner, chosen, inventory, answered)
            found[owner, rule] = _row(owner, rule, counted.get((owner, rule), _Counted()), asked, got)
    return sorted(found.values(), key=_order)


@dataclass(slots=True)
class _Counted:
    parts: dict[Part, Traffic] = field(default_factory=dict)
    clients: set[str] = field(default_factory=set)

    def add(self, part: Part, client: str | None, traffic: Traffic) -> None:
        self.parts[part] = self.parts.get(part, Traffic()) + traffic
        if client is not None and _number(traffic):
            self.clients.add(".".join(client.split(".")[:2]) or UNMESHED)

    @property
    def is_used(self) -> bool:
        return any(map(_number, self.parts.values()))

    def rate(self, part: Part) -> float | None:
        traffic = self.parts.get(part)
        return None if traffic is None or not self.is_used else traffic.request_rate or 0.0


def _number(traffic: Traffic) -> float:
    return (traffic.successes or 0.0) + (traffic.failures or 0.0)


def _counted(
    selection: Selection,
    chosen: Sequence[tuple[AuthzPlan, Mapping[GroupKey, Traffic]]],
    inventory: Inventory,
    objects: PolicyObjects,
) -> dict[tuple[Owner, Rule], _Counted]:
    whose = _owners(selection, inventory, objects)
    counted: defaultdict[tuple[Owner, Rule], _Counted] = defaultdict(_Counted)
    for each, answer in chosen:
        for key, traffic in answer.items():
            labels = labelled(each.query.group_by, key)
            rule = Rule(*(labels[name] for name in _RULE))
            for owner in whose(labels):
                counted[owner, rule].add(each.part, labels.get("client_id"), traffic)
    return dict(counted)


def _owners(
    selection: Selection, inventory: Inventory, objects: PolicyObjects
) -> Callable[[Mapping[str, str]], Iterator[Owner]]:
    """Whose a group is: an object's, a policy's, or that of the authentications that the policy requires."""
    kind = selection.kind
    if kind not in POLICY_KINDS:
        return Owners.of(selection, inventory)
    if kind in LABELLED:
        return lambda labels: iter((Owner(kind, labels["namespace"], labels[kind.label]),))
    required = defaultdict(list)
    for owner, grant in _grants(selection, inventory, objects):
        required[grant.namespace, grant.name].append(owner)
    return lambda labels: iter(dict.fromkeys(required[labels["namespace"], labels["authz_name"]]))


def _grants(selection: Selection, inventory: Inventory, objects: PolicyObjects) -> Iterator[tuple[Owner, Grant]]:
    """What is written that concerns a selection, and which object of it."""
    kind = selection.kind
    for each in objects.grants:
        if kind not in POLICY_KINDS:
            yield from ((owner, each) for owner in _guarded(selection, inventory, objects, each))
        else:
            yield from ((owner, each) for owner in _mentioned(kind, each) if _wanted(selection, inventory, owner))


def _guarded(selection: Selection, inventory: Inventory, objects: PolicyObjects, grant: Grant) -> Iterator[Owner]:
    """The objects with pods that a grant's Server is about."""
    servers = [each for each in objects.servers if (each.namespace, each.name) == (grant.namespace, grant.server)]
    for each in inventory.rows(selection):
        labels = [(pod.namespace, inventory.pod_labels(pod)) for pod in each.pods]
        if any(server.selects(namespace, own) for server in servers for namespace, own in labels):
            yield Owner(each.kind, each.namespace, each.name)


def _mentioned(kind: Kind, grant: Grant) -> Iterator[Owner]:
    """The objects of a policy kind that a grant is, or speaks of."""
    if kind.name == grant.kind:
        yield Owner(kind, grant.namespace, grant.name)
    elif kind.name == "server":
        yield Owner(kind, grant.namespace, grant.server)
    elif kind.object_kind == grant.route_kind:
        yield Owner(kind, grant.namespace, grant.route)
    yield from (Owner(kind, namespace, name) for each, namespace, name in grant.requires if each == kind.name)


def _wanted(selection: Selection, inventory: Inventory, owner: Owner) -> bool:
    if selection.namespace not in (None, owner.namespace) or selection.name not in (None, owner.name):
        return False
    return not selection.labels or any((each.namespace, each.name) == owner[1:] for each in inventory.rows(selection))


def _written(
    selection: Selection, inventory: Inventory, objects: PolicyObjects, shown: set[tuple[object, ...]]
) -> Iterator[tuple[Owner, Rule]]:
    """Grants that nothing was counted of: on any route, where they are about a Server as a whole."""
    for owner, each in _grants(selection, inventory, objects):
        rule = Rule("server", each.server, each.route_kind, each.route, each.kind, each.name)
        if (owner, *_identity(rule)) not in shown:
            yield owner, rule


def _identity(rule: Rule) -> tuple[str, ...]:
    """A grant is of one Server: which of its routes it was used on does not matter."""
    return rule.server_kind, rule.server, rule.kind, rule.name


def _proxies(
    selection: Selection,
    owner: Owner,
    chosen: Sequence[tuple[AuthzPlan, Mapping[GroupKey, Traffic]]],
    inventory: Inventory,
    answered: Answered | None,
) -> tuple[int | None, int | None]:
    if answered is None:
        return None, None
    if selection.kind in POLICY_KINDS:
        return answered.concerned(chosen[0][0].query)
    return answered.among(Owners.of(selection, inventory).pods(owner))


def _row(owner: Owner, rule: Rule, counted: _Counted, asked: int | None, got: int | None) -> AuthzRow:
    http = bool(rule.route_kind)
    return AuthzRow(
        owner=owner,
        rule=rule,
        golden=golden(counted.parts.get(Part.RESPONSES, Traffic())),
        allowed=counted.rate(Part.ALLOWED),
        denied=counted.rate(Part.DENIED) if rule.verdict == "denied" else 0.0 if http and counted.is_used else None,
        connections_allowed=counted.rate(Part.CONNECTIONS_ALLOWED),
        connections_denied=counted.rate(Part.CONNECTIONS_DENIED),
        clients=tuple(sorted(counted.clients)),
        proxies_asked=asked,
        proxies_answered=got,
    )


def _order(row: AuthzRow) -> tuple[object, ...]:
    """What nobody wrote comes last."""
    rule = row.rule
    place = rule.server_kind == DEFAULT, rule.server, rule.route_kind == DEFAULT, rule.route, rule.route_kind
    return (row.owner.kind.name, *row.owner[1:], *place, rule.kind, rule.name)
