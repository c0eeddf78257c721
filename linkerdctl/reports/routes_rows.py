"""From answers to rows: every route that has traffic or was written down, its numbers, and what became of its requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from linkerdctl.kube.inventory import Inventory, ObjectStatus
from linkerdctl.kube.kinds import NAMESPACE, SERVICE
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.golden import golden
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.metrics.verdict import TIMEOUTS
from linkerdctl.reports.routes import PROFILE_KIND, RouteKey, RouteRow, RoutesRequest
from linkerdctl.reports.routes_fate import Fate, gateway_fate, profile_fate
from linkerdctl.reports.routes_objects import RouteObjects, ServiceRef, service_of
from linkerdctl.reports.routes_plan import Part, RoutesPlan, Style
from linkerdctl.reports.stat import Answered

GroupKey = tuple[str, ...]
ObjectRef = tuple[str, str]


@dataclass(slots=True)
class Counted:
    """What was counted of one route, by what it is, and by what a query tells apart besides."""

    parts: dict[tuple[Part, str], Traffic] = field(default_factory=dict)

    def add(self, part: Part, outcome: str, traffic: Traffic) -> None:
        """Count in."""
        self.parts[part, outcome] = self.parts.get((part, outcome), Traffic()) + traffic

    def of(self, part: Part) -> Traffic:
        """All outcomes of a part together."""
        return sum((traffic for (each, _), traffic in self.parts.items() if each is part), Traffic())

    def number(self, part: Part, *outcomes: str) -> float:
        """How many there were, of these outcomes."""
        return sum(self.parts[part, outcome].requests for outcome in outcomes if (part, outcome) in self.parts)

    @property
    def timed_out(self) -> float:
        """Requests that got no answer in time."""
        return self.number(Part.EFFECTIVE, *TIMEOUTS)


@dataclass(frozen=True, slots=True)
class Seen:
    """One selection of a request, with the objects it found."""

    request: RoutesRequest
    selection: Selection
    inventory: Inventory
    objects: RouteObjects

    @property
    def statuses(self) -> dict[ObjectRef, ObjectStatus]:
        """The objects by namespace and name; a namespace counts as its own."""
        rows = self.inventory.rows(self.selection)
        return {(each.name if each.kind is NAMESPACE else each.namespace, each.name): each for each in rows}

    def services(self) -> dict[ObjectRef, frozenset[ServiceRef]]:
        """The services that each object's routes are of: those called with `to`, else those it stands behind."""
        own = self.inventory.services_of(self.selection)
        behind = {
            (name if self.selection.kind is NAMESPACE else namespace, name): own[namespace, name]
            for namespace, name in own
        }
        if self.request.to is None:
            return behind
        called = frozenset(each for some in self.inventory.services_of(self.request.to).values() for each in some)
        return dict.fromkeys(behind, called)


def rows(
    request: RoutesRequest,
    plans: Sequence[RoutesPlan],
    answers: Sequence[Mapping[GroupKey, Traffic]],
    inventory: Inventory,
    objects: RouteObjects,
    answered: Answered | None = None,
) -> list[RouteRow]:
    """Rows of all selections by object, service and route, requests of no route last; an object appears once."""
    found: dict[tuple[str, RouteKey], RouteRow] = {}
    for selection in request.selections:
        seen = Seen(request, selection, inventory, objects)
        chosen = [(each, answer) for each, answer in zip(plans, answers, strict=True) if each.selection == selection]
        for row in _rows_of(seen, chosen, answered):
            found.setdefault((row.kind.name, row.key), row)
    return sorted(found.values(), key=_order)


def _order(row: RouteRow) -> tuple[str, str, str, str, str, bool, str, str]:
    key = row.key
    namespace, service = key.service_namespace, key.service
    return row.kind.name, key.namespace, key.name, namespace, service, not key.route, key.route, key.kind


def _rows_of(
    seen: Seen, chosen: Sequence[tuple[RoutesPlan, Mapping[GroupKey, Traffic]]], answered: Answered | None
) -> Iterator[RouteRow]:
    counted = _counted(seen, chosen)
    _leave_out_gone(counted, seen)
    for key in _written(seen):
        counted[key]
    _settle_defaults(counted, inbound=seen.request.to is None and seen.selection.kind is not SERVICE)
    statuses, queries = seen.statuses, [each.query for each, _ in chosen]
    for key, numbers in counted.items():
        status = statuses[key.namespace, key.name]
        asked, got = None, None
        if answered is not None:
            by_clients = seen.selection.kind is SERVICE and key.kind != PROFILE_KIND
            asked, got = answered.concerned(queries[-1]) if by_clients else answered.among(status.pods)
        yield RouteRow(
            kind=status.kind,
            key=key,
            effective=golden(numbers.of(Part.EFFECTIVE)),
            actual=golden(numbers.of(Part.ACTUAL)) if seen.request.to else None,
            fate=_fate(key.kind, numbers) if seen.request.to else None,
            proxies_asked=asked,
            proxies_answered=got,
        )


def _counted(
    seen: Seen, chosen: Sequence[tuple[RoutesPlan, Mapping[GroupKey, Traffic]]]
) -> defaultdict[RouteKey, Counted]:
    services, statuses = seen.services(), seen.statuses
    counted: defaultdict[RouteKey, Counted] = defaultdict(Counted)
    for each, answer in chosen:
        width = each.object_labels
        for group, traffic in answer.items():
            key = _key(seen, each.style, group[:width], group[width:], services)
            if key and (key.namespace, key.name) in statuses:
                outcome = group[width + len(each.style.value) :]
                counted[key].add(each.part, outcome[0] if outcome else "", traffic)
    return counted


def _key(
    seen: Seen, style: Style, owner: GroupKey, labels: GroupKey, services: Mapping[ObjectRef, frozenset[ServiceRef]]
) -> RouteKey | None:
    """The route of a series; None for a service that was not asked for."""
    if style is Style.INBOUND:
        whose = (owner[0], owner[-1])
        return RouteKey(*whose, *_server(whose, labels[0], labels[1], services), *_gateway_route(labels[2], labels[3]))
    service = service_of(labels[0]) if style is Style.PROFILE else (labels[0], labels[1])
    whose = (owner[0], owner[-1]) if owner else service or ("", "")
    narrowed = seen.request.to is not None or seen.selection.kind is SERVICE
    if narrowed and service not in services.get(whose, ()):
        return None
    where = service or ("", labels[0].partition(":")[0])
    return RouteKey(
        *whose, *where, *((PROFILE_KIND, labels[1]) if style is Style.PROFILE else _gateway_route(*labels[2:4]))
    )


def _gateway_route(kind: str, name: str) -> tuple[str, str]:
    """Kind and name of a route; one that nobody wrote has no name."""
    return (DEFAULT, "") if kind == DEFAULT else (kind, name)


def _server(
    whose: ObjectRef, kind: str, name: str, services: Mapping[ObjectRef, frozenset[ServiceRef]]
) -> tuple[str, str]:
    """What inbound routes are of: a Server, or where nobody wrote one the service, if there is no doubt which."""
    if kind != DEFAULT:
        return whose[0], name
    behind = services.get(whose, frozenset())
    return next(iter(behind)) if len(behind) == 1 else (whose[0], "")


def _written(seen: Seen) -> Iterator[RouteKey]:
    """Routes that profiles and Gateway API objects have, used or not; a service without any has the default one."""
    for whose, services in seen.services().items():
        for service in services:
            yield from _written_for(seen, whose, service)


def _written_for(seen: Seen, whose: ObjectRef, service: ServiceRef) -> Iterator[RouteKey]:
    client = whose[0] if seen.request.to else service[0]
    profile = seen.objects.profile_of(service, client) if seen.request.profiles else None
    if profile:
        for name in (*profile.route_names, ""):
            yield RouteKey(*whose, *service, PROFILE_KIND, name)
    if seen.request.gateway and (seen.request.to or seen.selection.kind is SERVICE):
        for each in seen.objects.gateway:
            if each.service == service:
                yield RouteKey(*whose, *service, each.kind, each.name)
    if not profile:
        yield RouteKey(*whose, *service, DEFAULT, "")


def _leave_out_gone(counted: dict[RouteKey, Counted], seen: Seen) -> None:
    """Proxies go on listing routes that no profile has any more; without traffic they are not worth a row."""
    for key in [key for key in counted if key.kind == PROFILE_KIND and seen.objects.complete]:
        service = key.service_namespace, key.service
        profile = seen.objects.profile_of(service, key.namespace if seen.request.to else service[0])
        written = profile is not None and key.route in (*profile.route_names, "")
        if not written and not counted[key].of(Part.EFFECTIVE).requests:
            del counted[key]


def _settle_defaults(counted: dict[RouteKey, Counted], *, inbound: bool) -> None:
    """One row for requests of no route: the profile's, wherever there is one.

    Servers count each request by server policy too, whether or not a profile counts it; clients only do without a profile,
    so that a default route of theirs is dropped only while it is idle.
    """
    profiled = {key[:4] for key in counted if key.kind == PROFILE_KIND}
    objects = {key[:2] for key in profiled}
    for service in profiled:
        counted.setdefault(RouteKey(*service, PROFILE_KIND, ""), Counted())
    for key in [key for key in counted if key.kind == DEFAULT]:
        idle = not counted[key].of(Part.EFFECTIVE).requests
        alone = not any(other[:2] == key[:2] and other != key for other in counted)
        if (inbound and (key[:2] in objects or (idle and not alone))) or (idle and key[:4] in profiled):
            del counted[key]


def _fate(kind: str, numbers: Counted) -> Fate:
    effective = numbers.of(Part.EFFECTIVE)
    successes, failures = effective.successes or 0.0, effective.failures or 0.0
    if kind == PROFILE_KIND:
        skipped = {outcome for part, outcome in numbers.parts if part is Part.RETRYABLE and outcome}
        return profile_fate(
            successes,
            failures,
            timed_out=numbers.timed_out,
            retryable=numbers.number(Part.RETRYABLE, ""),
            over_budget=numbers.number(Part.RETRYABLE, *skipped),
        )
    return gateway_fate(
        successes,
        failures,
        timed_out=numbers.timed_out,
        retries=numbers.number(Part.RETRIES, ""),
        retry_successes=numbers.number(Part.RETRY_SUCCESSES, ""),
        limit_exceeded=numbers.number(Part.RETRY_LIMITS, ""),
        overflow=numbers.number(Part.RETRY_OVERFLOWS, ""),
    )
