"""Routes of requests that were seen: segments that look like identifiers, or take ever new values, become one route."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.regex import ONE_SEGMENT, escape
from linkerdctl.profiles.routes import GrpcMethod, Route
from linkerdctl.profiles.segments import ANY, ever_new, family, template

ROUTE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class ObservedRequest:
    """Requests that were alike: `count` with this method and path. The path may have a query, which is not looked at."""

    method: str
    path: str
    is_grpc: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Inference:
    """Routes in the order a proxy should try them, each with its `requests`, and how far they can be trusted."""

    routes: tuple[Route, ...]
    total: int
    """Requests seen."""
    left_out: tuple[Route, ...] = ()
    """Routes above the limit, those with the fewest requests."""
    values: Mapping[str, int] = field(default_factory=dict)
    """How many different paths the route of a name stands for."""
    collisions: tuple[str, ...] = ()

    @property
    def covered(self) -> int:
        """Requests that the routes match."""
        return sum(route.requests or 0 for route in self.routes)

    @property
    def unseen(self) -> float | None:
        """The share of traffic on routes that were not seen yet: Good and Turing's estimate. None without requests."""
        once = sum(1 for route in (*self.routes, *self.left_out) if route.requests == 1)
        return once / self.total if self.total else None

    def summary(self) -> Iterator[str]:
        """What the routes rest on, one line each."""
        if not self.total:
            yield "no requests for the service were seen: there are no routes, and applying this removes those there are"
            return
        for route in sorted(self.routes, key=lambda route: -(route.requests or 0)):
            values = self.values.get(route.name, 1)
            spread = f", {values} different paths" if values > 1 else ""
            unit = "request " if route.requests == 1 else "requests"
            yield f"{route.requests:6d} {unit}  {route.name}{spread}"
        yield f"{len(self.routes)} routes cover {self.covered} of {self.total} requests ({self.covered / self.total:.1%})"
        if self.left_out:
            yield f"{len(self.left_out)} routes are above the limit and left out: " + _listed(self.left_out)
        yield f"about {self.unseen:.1%} of requests go to routes that were not seen yet"
        yield from self.collisions


def _listed(routes: tuple[Route, ...]) -> str:
    shown = ", ".join(route.name for route in routes[:5])
    return shown if len(routes) <= 5 else f"{shown} and {len(routes) - 5} more"


Segments = tuple[str, ...]


def routes_of_requests(requests: Iterable[ObservedRequest], *, limit: int = ROUTE_LIMIT) -> Inference:
    """Routes for what was seen, at most `limit`, those with most requests."""
    counted: Counter[tuple[str, bool, str]] = Counter()
    for request in requests:
        path = request.path.partition("?")[0] or "/"
        counted[request.method.upper() or "GET", request.is_grpc, path] += request.count
    paths: defaultdict[str, dict[Segments, int]] = defaultdict(dict)
    found: list[_Found] = []
    for (method, is_grpc, path), count in counted.items():
        if is_grpc:
            found.append(_Found(method, tuple(path.split("/")), count, 1, is_grpc=True))
        else:
            paths[method][tuple(path.split("/"))] = count
    for method, seen in paths.items():
        found.extend(_Found(method, *each) for each in _grouped(seen))
    return _inference(found, limit)


@dataclass(frozen=True, slots=True)
class _Found:
    """A route before it has its name: `segments` hold placeholders."""

    method: str
    segments: Segments
    count: int
    values: int
    is_grpc: bool = False

    @property
    def order(self) -> tuple[str, tuple[tuple[bool, str], ...]]:
        """By path, fixed segments before placeholders, as the first route that matches wins."""
        return self.method, tuple((ANY in each, each) for each in self.segments)

    def route(self) -> Route:
        path = "/".join(self.segments)
        regex = "/".join(ONE_SEGMENT.join(map(escape, each.split(ANY))) for each in self.segments)
        name = f"{self.method} {path.replace(ANY, '{id}')}"
        grpc = GrpcMethod.of_path(path) if self.is_grpc else None
        return Route(name, self.method, regex, requests=self.count, grpc=grpc)


def _inference(found: list[_Found], limit: int) -> Inference:
    ranked = sorted(found, key=lambda each: (-each.count, each.order))
    kept = sorted(ranked[:limit], key=lambda each: each.order)
    routes = tuple(each.route() for each in kept)
    return Inference(
        routes,
        total=sum(each.count for each in found),
        left_out=tuple(each.route() for each in ranked[limit:]),
        values={route.name: each.values for route, each in zip(routes, kept, strict=True)},
        collisions=tuple(_collisions(kept, routes)),
    )


def _grouped(seen: Mapping[Segments, int]) -> Iterator[tuple[Segments, int, int]]:
    """Paths of one method as templates, with requests and different paths of each."""
    groups: defaultdict[Segments, list[int]] = defaultdict(list)
    for path, grouped in _templates(seen, 0):
        groups[grouped].append(seen[path])
    for grouped, counts in groups.items():
        yield grouped, sum(counts), len(counts)


def _templates(paths: Mapping[Segments, int], position: int) -> Iterator[tuple[Segments, Segments]]:
    """Each path with its template, segment by segment, judged among paths that are alike so far."""
    here: defaultdict[str, dict[Segments, int]] = defaultdict(dict)
    for path, count in paths.items():
        if len(path) == position:
            yield path, ()
        else:
            here[path[position]][path] = count
    alike: defaultdict[str, dict[Segments, int]] = defaultdict(dict)
    for value, given in _placeholders({value: sum(each.values()) for value, each in here.items()}).items():
        alike[given] |= here[value]
    for given, members in alike.items():
        for path, rest in _templates(members, position + 1):
            yield path, (given, *rest)


def _placeholders(counts: Mapping[str, int]) -> dict[str, str]:
    """What each value of a segment becomes, given its requests: itself, or something with a placeholder."""
    given = {value: template(value) for value in counts}
    families: defaultdict[str, list[str]] = defaultdict(list)
    for value in (value for value, each in given.items() if ANY not in each):
        families[family(value)].append(value)
    for stem, members in families.items():
        if stem and len(members) >= 3:
            given.update(dict.fromkeys(members, ANY))
    fixed = {value: counts[value] for value, each in given.items() if value and ANY not in each}
    return given | dict.fromkeys(ever_new(fixed), ANY)


def _collisions(kept: list[_Found], routes: tuple[Route, ...]) -> Iterator[str]:
    """Routes whose paths a later one with placeholders would match as well."""
    wide = [
        (route, PathLanguage(route.path_regex))
        for route, each in zip(routes, kept, strict=True)
        if any(ANY in segment for segment in each.segments)
    ]
    for route, each in zip(routes, kept, strict=True):
        sample = "/".join(each.segments).replace(ANY, "x")
        for other, language in wide:
            if other is not route and other.method == route.method and language.matches(sample):
                first, second = sorted((route, other), key=routes.index)
                yield f"{first.name} and {second.name} both match some paths; {first.name} comes first and counts them"
