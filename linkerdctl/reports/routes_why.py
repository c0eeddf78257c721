"""Why a route has no numbers: no profile or one of a wrong name, no traffic, no meshed client, or nothing that matched."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from linkerdctl.kube.inventory import Inventory, PodRef
from linkerdctl.kube.kinds import NAMESPACE, SERVICE
from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.query import Direction, Need, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.conditions import object_labels, pods_of
from linkerdctl.reports.routes import PROFILE_KIND, RouteRow, RoutesRequest
from linkerdctl.reports.routes_objects import Condition, RouteObjects, ServiceProfile, ServiceRef

SHOWN = 5
"""Routes that are named one by one in a line."""
ALIKE = 0.6
"""How much of two paths must be the same for one to be a near miss of the other."""
ROUTES_OF_NOBODY = "it has no ServiceProfile"

Service = tuple[str, str]
ObjectRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SeenPath:
    """Requests for one path that were seen on the way to a service."""

    method: str
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to explain rows with. `meshed_only` counts requests of clients in the mesh, `served` all of them.

    All are by object and service; inbound requests do not tell their service, so theirs is `ANY`. `elsewhere` are the
    authorities that an object called and that are no service's.
    """

    request: RoutesRequest
    inventory: Inventory
    objects: RouteObjects
    answered: frozenset[PodRef]
    served: Mapping[tuple[ObjectRef, Service], float]
    meshed_only: Mapping[tuple[ObjectRef, Service], float]
    elsewhere: Mapping[ObjectRef, tuple[str, ...]]
    paths: Mapping[Service, Sequence[SeenPath]] = field(default_factory=dict)


ANY: Service = ("", "")


def traffic_queries(request: RoutesRequest, inventory: Inventory) -> tuple[TrafficQuery, ...]:
    """One query for each selection: all its requests, whether or not they are counted by route."""
    return tuple(
        TrafficQuery(
            Direction.OUTBOUND if request.to else Direction.INBOUND,
            group_by=(*object_labels(selection.kind), "dst_namespace", "dst_service", "authority", "tls"),
            pods=pods_of(selection, inventory),
            needs=Need.REQUESTS,
        )
        for selection in request.selections
    )


def evidence(
    request: RoutesRequest,
    inventory: Inventory,
    objects: RouteObjects,
    answered: frozenset[PodRef],
    answers: Iterable[Mapping[tuple[str, ...], Traffic]],
    paths: Mapping[Service, Sequence[SeenPath]],
) -> Evidence:
    """From the answers to `traffic_queries`."""
    served: defaultdict[tuple[ObjectRef, Service], float] = defaultdict(float)
    meshed: defaultdict[tuple[ObjectRef, Service], float] = defaultdict(float)
    elsewhere: defaultdict[ObjectRef, set[str]] = defaultdict(set)
    for selection, answer in zip(request.selections, answers, strict=True):
        width = len(object_labels(selection.kind))
        for key, traffic in answer.items():
            whose = (key[0], key[width - 1]) if width else ANY
            namespace, service, authority, tls = key[width:]
            served[whose, (namespace, service)] += traffic.requests
            meshed[whose, (namespace, service)] += traffic.requests if tls == "true" else 0.0
            if request.to and traffic.requests and not service:
                elsewhere[whose].add(authority or "an address without a name")
    others = {whose: tuple(sorted(names)) for whose, names in elsewhere.items()}
    return Evidence(request, inventory, objects, answered, served, meshed, others, paths)


def explained(rows: Sequence[RouteRow], known: Evidence) -> list[RouteRow]:
    """The same rows, those without numbers with the reason."""
    parts: defaultdict[tuple[str, ...], list[RouteRow]] = defaultdict(list)
    for row in rows:
        parts[(row.kind.name, *row.key[:4])].append(row)
    found = {id(row): _Explanation(part, known).of(row) for part in parts.values() for row in part}
    return [replace(row, why=found[id(row)]) for row in rows]


def told(rows: Sequence[RouteRow]) -> Iterator[str]:
    """One line for each reason, with the routes that it holds for."""
    by_reason: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row.why:
            by_reason[row.key.service or row.key.name, row.why].append(row.route or "[DEFAULT]")
    for (service, why), routes in by_reason.items():
        named = ", ".join(routes[:SHOWN]) + (f" and {len(routes) - SHOWN} more" if len(routes) > SHOWN else "")
        yield f"{service}: {named}: {why}"


class _Explanation:
    """Of the rows of one object and one service."""

    def __init__(self, rows: Sequence[RouteRow], known: Evidence) -> None:
        self._known = known
        self._key = rows[0].key
        self._kind = rows[0].kind
        self._service: ServiceRef = self._key.service_namespace, self._key.service
        self._total = sum(row.effective.requests or 0.0 for row in rows)
        self._unmatched = sum(row.effective.requests or 0.0 for row in rows if not row.route)
        client = self._key.namespace if known.request.to else self._service[0]
        self._profile = known.objects.profile_of(self._service, client)

    def of(self, row: RouteRow) -> str | None:
        """Why a row has no numbers, or why all requests are in the one row that nobody wrote."""
        unprofiled = not self._profile and row.key.kind == DEFAULT and self._known.request.profiles
        if not row.idle:
            return self._without_profile() if unprofiled else None
        if silent := self._silent():
            return silent
        if unprofiled:
            return self._without_profile() if self._served() else self._no_traffic()
        if not self._total:
            return self._uncounted() if self._served() else self._no_traffic()
        return self._unmatched_route(row)

    def _silent(self) -> str | None:
        if self._kind is SERVICE:
            pods = self._pods()
            side = (
                "no pod behind it is meshed, and profiles are counted by the servers' proxies; ask a client with --to"
            )
        else:
            pods = self._pods()
            side = f"{self._kind.short}/{self._key.name} has no meshed pod, and only proxies count"
        if not pods:
            return side
        if not pods & self._known.answered:
            return "its proxies did not answer"
        return None

    def _pods(self) -> frozenset[PodRef]:
        for selection in self._known.request.selections:
            if selection.kind is self._kind:
                for row in self._known.inventory.rows(selection):
                    where = row.name if row.kind is NAMESPACE else row.namespace
                    if (where, row.name) == self._key[:2]:
                        return frozenset(row.pods)
        return frozenset()

    def _served(self) -> float:
        return self._sum(self._known.served)

    def _sum(self, counted: Mapping[tuple[ObjectRef, Service], float]) -> float:
        whose = ANY if self._kind is SERVICE else (self._key.namespace, self._key.name)
        return counted.get((whose, self._service if self._known.request.to else ANY), 0.0)

    def _no_traffic(self) -> str:
        if not self._known.request.to:
            return "no requests came in the window"
        others = self._known.elsewhere.get((self._key.namespace, self._key.name), ())
        past = f"; it called {', '.join(others[:SHOWN])}, which is no service's name" if others else ""
        return f"no requests from {self._kind.short}/{self._key.name} in the window{past}"

    def _without_profile(self) -> str:
        if self._known.objects.notes:
            return "whether it has a ServiceProfile could not be read"
        name = f"{self._service[1]}.{self._service[0]}.svc.cluster.local"
        if near := self._misnamed():
            return f"the ServiceProfile {near.name} in {near.namespace} is not looked at: {self._rule(near, name)}"
        make = f"linkerdctl profile -n {self._service[0]} {self._service[1]} --proto FILE (or --open-api, --tap)"
        return f"{ROUTES_OF_NOBODY}; make one: {make}"

    def _rule(self, near: ServiceProfile, name: str) -> str:
        if near.service == self._service:
            places = dict.fromkeys((self._key.namespace, self._service[0]))
            return f"it must be in namespace {' or '.join(places)}"
        return f"it must be called {name}"

    def _misnamed(self) -> ServiceProfile | None:
        """A profile that is likely meant for the service and is called otherwise, or in the wrong namespace."""
        profiles = self._known.objects.profiles
        astray = [each for each in profiles if each.service == self._service]
        nobodys = [each for each in profiles if each.service is None or not self._is_a_service(each.service)]
        mentioning = [each for each in nobodys if self._service[1] in re.split(r"[.]", each.name)]
        close = difflib.get_close_matches(self._service[1], [each.name.partition(".")[0] for each in nobodys], 1, ALIKE)
        alike = [each for each in nobodys if close and each.name.partition(".")[0] == close[0]]
        return next(iter((*astray, *mentioning, *alike)), None)

    def _is_a_service(self, service: ServiceRef) -> bool:
        return self._known.inventory.has_service(*service)

    def _uncounted(self) -> str:
        """There is traffic, and no series by route."""
        if not self._known.request.to and not self._sum(self._known.meshed_only):
            return "all its clients are outside the mesh, and routes of profiles are only counted for clients inside"
        if self._profile:
            return "the proxies do not count by this profile yet; they take a few seconds after it was applied"
        return "there were requests, but proxies counted none by route"

    def _unmatched_route(self, row: RouteRow) -> str:
        if row.key.kind != PROFILE_KIND and self._profile and row.route:
            return f"the ServiceProfile {self._profile.name} overrides it"
        if not row.route:
            return "every request matched a route"
        rest = f"; {self._unmatched:.0f} requests matched no route" if self._unmatched else ""
        return f"no request matched it{rest}{self._nearest(row)}"

    def _nearest(self, row: RouteRow) -> str:
        condition = (
            next((each for each in self._profile.routes if each.name == row.route), None) if self._profile else None
        )
        paths = self._known.paths.get(self._service, ())
        if condition is None or not paths:
            return ""
        near = [f"{each.method} {each.path} ({each.count})" for each in nearest(condition, paths)]
        return f"; nearest: {', '.join(near)}" if near else "; nothing like it was seen"


def nearest(route: Condition, paths: Iterable[SeenPath]) -> list[SeenPath]:
    """The requests that come closest to a route, at most three: those that its path matches first (another method)."""
    shape = re.sub(r"\\(.)", r"\1", route.path_regex)
    scored = ((1.0 if _matches(route.path_regex, each.path) else _likeness(shape, each.path), each) for each in paths)
    close = [(score, each) for score, each in scored if score >= ALIKE]
    return [each for _, each in sorted(close, key=lambda pair: (-pair[0], -pair[1].count, pair[1].path))[:3]]


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def _matches(regex: str, path: str) -> bool:
    try:
        return re.fullmatch(regex, path) is not None
    except re.error:
        return False
