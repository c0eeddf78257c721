"""From answers to rows of `authz`: every rule that was used, and those that are written and were not. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import POLICY_KINDS, SERVER
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.golden import golden
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.authz import UNMESHED, AuthzRequest, AuthzRow, Rule
from linkerdctl.reports.authz_objects import Grant, PolicyObjects, grants_of
from linkerdctl.reports.authz_plan import RULE, AuthzPlan, Part
from linkerdctl.reports.owners import Owner, Owners, labelled
from linkerdctl.reports.policy import LABELLED, not_found
from linkerdctl.reports.stat import Answered

GroupKey = tuple[str, ...]
Key = tuple[Owner, Rule]
Whose = Callable[[Mapping[str, str]], Iterator[Owner]]
"""Whose a group of series is."""


def authz_rows(
    request: AuthzRequest,
    plans: Sequence[AuthzPlan],
    answers: Sequence[Mapping[GroupKey, Traffic]],
    inventory: Inventory,
    objects: PolicyObjects,
    answered: Answered | None = None,
) -> list[AuthzRow]:
    """Every rule that was used or is written, by object, server, route and authorization.

    Raises `NotFoundError` for a policy that is named and that nobody knows, where proxies could have told of it.
    """
    found: dict[tuple[Owner, Rule], AuthzRow] = {}
    silent = answered is not None and not answered.answered
    for selection in request.selections:
        chosen = [(each, answer) for each, answer in zip(plans, answers, strict=True) if each.selection == selection]
        granted = grants_of(selection, inventory, objects)
        owners = None if selection.kind in POLICY_KINDS else Owners.of(selection, inventory)
        counted = _counted(owners or _named_by(selection, granted), chosen)
        if _is_told_by_proxies(selection, inventory) and not (counted or granted or silent):
            raise not_found(selection, inventory)
        everyone = answered.concerned(chosen[0][0].query) if answered else (None, None)
        for (owner, rule), each in (*_shown(counted), *_unused(counted, granted)):
            proxies = answered.among(owners.pods(owner)) if answered and owners else everyone
            found[owner, rule] = _row(owner, rule, each, *proxies)
    return sorted(found.values(), key=_order)


def _is_told_by_proxies(selection: Selection, inventory: Inventory) -> bool:
    """Whether it is by them alone that a policy that is named could be known."""
    return bool(selection.name) and selection.kind in LABELLED and not inventory.knows(selection.kind)


@dataclass(slots=True)
class _Counted:
    parts: dict[Part, Traffic] = field(default_factory=dict)
    clients: set[str] = field(default_factory=set)

    def add(self, part: Part, client: str | None, traffic: Traffic) -> None:
        self.parts[part] = self.parts.get(part, Traffic()) + traffic
        if client is not None and traffic.requests:
            self.clients.add(".".join(client.split(".")[:2]) or UNMESHED)

    @property
    def is_used(self) -> bool:
        return any(traffic.requests for traffic in self.parts.values())

    @property
    def seconds(self) -> float:
        """How long was watched, whatever it was that came."""
        return max((traffic.seconds for traffic in self.parts.values()), default=0.0)

    def rate(self, part: Part) -> float | None:
        traffic = self.parts.get(part)
        return None if traffic is None or not self.is_used else traffic.rps


def _named_by(selection: Selection, granted: Sequence[tuple[Owner, Grant]]) -> Whose:
    """Policies are named by the series; of authentications it is known which policies require them."""
    kind = selection.kind
    if kind in LABELLED:
        return lambda labels: iter((Owner(kind, labels["namespace"], labels[kind.label]),))
    required = defaultdict(list)
    for owner, grant in granted:
        required[grant.namespace, grant.name].append(owner)
    return lambda labels: iter(dict.fromkeys(required[labels["namespace"], labels["authz_name"]]))


def _counted(whose: Whose, chosen: Sequence[tuple[AuthzPlan, Mapping[GroupKey, Traffic]]]) -> dict[Key, _Counted]:
    counted: defaultdict[Key, _Counted] = defaultdict(_Counted)
    for each, answer in chosen:
        for key, traffic in answer.items():
            labels = labelled(each.query.group_by, key)
            rule = Rule(*(labels[name] for name in RULE))
            for owner in whose(labels):
                counted[owner, rule].add(each.part, labels.get("client_id"), traffic)
    return dict(counted)


def _shown(counted: Mapping[Key, _Counted]) -> Iterator[tuple[Key, _Counted]]:
    """What nobody wrote is only worth a row if it was used."""
    return ((key, each) for key, each in counted.items() if each.is_used or key[1].kind not in ("", DEFAULT))


def _unused(counted: Mapping[Key, _Counted], granted: Sequence[tuple[Owner, Grant]]) -> Iterator[tuple[Key, _Counted]]:
    """Grants that no series tells of. One is of a Server: on which of its routes it was used does not matter."""
    told = {(owner, rule.server_kind, rule.server, rule.kind, rule.name) for owner, rule in counted}
    for owner, each in granted:
        if (owner, SERVER.name, each.server, each.kind, each.name) not in told:
            yield (owner, Rule(SERVER.name, each.server, each.route_kind, each.route, each.kind, each.name)), _Counted()


def _row(owner: Owner, rule: Rule, counted: _Counted, asked: int | None, got: int | None) -> AuthzRow:
    denied = counted.rate(Part.DENIED) if rule.verdict == "denied" else None
    nobody = 0.0 if rule.route_kind and counted.is_used and rule.verdict != "denied" else None
    return AuthzRow(
        owner=owner,
        rule=rule,
        golden=replace(golden(counted.parts.get(Part.RESPONSES, Traffic())), seconds=counted.seconds),
        allowed=counted.rate(Part.ALLOWED),
        denied=nobody if denied is None else denied,
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
