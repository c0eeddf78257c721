"""Routes against traffic: which routes nobody calls, which requests no route matches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.observed import ObservedRequest
from linkerdctl.profiles.regex_classes import RegexError, RegexLimitError
from linkerdctl.profiles.routes import Route


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every route with its requests, in order, and the requests of no route, most first."""

    routes: tuple[Route, ...]
    unmatched: tuple[ObservedRequest, ...]

    @property
    def never_seen(self) -> tuple[Route, ...]:
        """Routes without a request."""
        return tuple(route for route in self.routes if not route.requests)


def coverage(routes: Sequence[Route], requests: Iterable[ObservedRequest]) -> Coverage:
    """Count each request for the first route that matches it, as proxies do."""
    matchers = [(index, route, _language(route)) for index, route in enumerate(routes)]
    hits: Counter[int] = Counter()
    missed: Counter[tuple[str, str, bool]] = Counter()
    counted: Counter[tuple[str, str, bool]] = Counter()
    for request in requests:
        counted[request.method.upper() or "GET", request.path.partition("?")[0], request.is_grpc] += request.count
    for (method, path, is_grpc), count in counted.items():
        found = next((index for index, route, language in matchers if _matches(route, language, method, path)), None)
        if found is None:
            missed[method, path, is_grpc] += count
        else:
            hits[found] += count
    return Coverage(
        tuple(replace(route, requests=hits[index]) for index, route in enumerate(routes)),
        tuple(ObservedRequest(*key, count) for key, count in missed.most_common()),
    )


def _language(route: Route) -> PathLanguage | None:
    """None for what a proxy cannot compile and so never matches."""
    try:
        return PathLanguage(route.path_regex or ".*")
    except (RegexError, RegexLimitError):
        return None


def _matches(route: Route, language: PathLanguage | None, method: str, path: str) -> bool:
    return language is not None and route.method in ("", method) and language.matches(path)
