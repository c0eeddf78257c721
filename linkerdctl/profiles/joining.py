"""Routes of several specifications as one list, and what is odd about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from linkerdctl.profiles.regex import literal
from linkerdctl.profiles.routes import Generated, Route
from linkerdctl.profiles.service_profile import route_entry


def joined(groups: Iterable[Generated], sources: Iterable[str]) -> Generated:
    """Routes of several sources as one. What a source says twice stays, as with the real tool; what an earlier source
    has is left out. Collisions are warned of, and routes that get no requests."""
    routes: list[Route] = []
    first: dict[tuple[str, str], tuple[Route, str]] = {}
    warnings: list[str] = []
    for group, source in zip(groups, sources, strict=True):
        warnings.extend(group.warnings)
        for route in group.routes:
            kept, origin = first.setdefault((route.method, route.path_regex), (route, source))
            if kept is not route:
                warnings.append(_collision(route, kept, source, origin))
            if kept is route or origin == source:
                routes.append(route)
    return Generated(tuple(routes), (*warnings, *_without_requests(routes), *_namesakes(routes)))


def _collision(route: Route, kept: Route, source: str, origin: str) -> str:
    if origin == source:
        return f"{source}: {route.name} matches the same requests as {kept.name}, which comes first"
    if replace(route, name=kept.name) == kept:
        return f"{source}: {route.name} is in {origin} too"
    return f"{source}: {route.name} is in {origin} too, and differs; what {origin} says is used"


def _without_requests(routes: Sequence[Route]) -> Iterator[str]:
    """Proxies take the first route that matches; the real tool's order is by bytes, and puts `/a/{id}` before `/a/~me`."""
    if all(literal(route.path_regex) is not None for route in routes):
        return  # as in all of gRPC, which has no use for what is to be loaded
    from linkerdctl.profiles.lint_routes import shadowed

    for index, before in shadowed(list(map(route_entry, routes))):
        route, earlier = routes[index], routes[before]
        if (route.method, route.path_regex) != (earlier.method, earlier.path_regex):
            yield f"{route.name} gets no requests: {earlier.name} comes first and matches all of them"


def _namesakes(routes: Iterable[Route]) -> list[str]:
    counted = Counter((route.name, route.method, route.path_regex) for route in routes)
    names = Counter(name for name, _, _ in counted)
    return [
        f"{number} routes are called {name}; their metrics are added up" for name, number in names.items() if number > 1
    ]
