"""What a ServiceProfile says to a proxy: routes in their order, which may be retried, how long they may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.demo.simulation.retries import BudgetTerms
from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.profiles.conditions import Condition, condition

StatusTest = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """One route. `classes` say of statuses whether they are failures; the first that holds counts."""

    name: str
    matches: Condition
    is_retryable: bool
    timeout: float | None
    classes: tuple[tuple[StatusTest, bool], ...]

    def judge(self, status: int) -> bool | None:
        """Whether a status is a failure; None when no class is about it."""
        return next((is_failure for holds, is_failure in self.classes if holds(status)), None)


class ProfilePolicy:
    """One profile. What a proxy cannot read, it does without."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        spec = manifest.get("spec") or {}
        self.name: str = manifest["metadata"]["name"]
        self.routes = tuple(_route(each) for each in spec.get("routes") or ())
        self.budget = _budget(spec.get("retryBudget"))

    @property
    def names(self) -> tuple[str, ...]:
        """Of all routes, each once."""
        return tuple(dict.fromkeys(route.name for route in self.routes))

    def route(self, method: str, path: str) -> RoutePolicy | None:
        """The first that matches."""
        return next((route for route in self.routes if route.matches(method, path)), None)


def _route(route: Mapping[str, Any]) -> RoutePolicy:
    classes = tuple(
        (_status_test(each.get("condition")), bool(each.get("isFailure")))
        for each in route.get("responseClasses") or ()
    )
    return RoutePolicy(
        name=str(route.get("name", "")),
        matches=condition(route.get("condition")),
        is_retryable=bool(route.get("isRetryable")),
        timeout=seconds(route.get("timeout")),
        classes=classes,
    )


def _budget(budget: Any) -> BudgetTerms:
    if not isinstance(budget, Mapping):
        return BudgetTerms()
    ttl = seconds(budget.get("ttl")) or BudgetTerms().ttl
    return BudgetTerms(float(budget.get("retryRatio", 0.0)), float(budget.get("minRetriesPerSecond", 0)), ttl)


def seconds(duration: Any) -> float | None:
    """Of a Go duration; None for none, and for what is none."""
    try:
        return parse_duration(str(duration)) or None if duration else None
    except UsageError:
        return None


def _status_test(match: Any) -> StatusTest:
    """Of `responseClasses[].condition`; all keys that are set have to hold."""
    if not isinstance(match, Mapping):
        return lambda status: False
    tests: list[StatusTest] = []
    if isinstance(match.get("status"), Mapping):
        low, high = match["status"].get("min"), match["status"].get("max")
        low, high = low or high or 0, high or low or 0
        tests.append(lambda status: low <= status <= high)
    if isinstance(match.get("all"), list):
        every = [_status_test(each) for each in match["all"]]
        tests.append(lambda status: all(test(status) for test in every))
    if isinstance(match.get("any"), list):
        some = [_status_test(each) for each in match["any"]]
        tests.append(lambda status: any(test(status) for test in some))
    if isinstance(match.get("not"), Mapping):
        inner = _status_test(match["not"])
        tests.append(lambda status: not inner(status))
    return lambda status: bool(tests) and all(test(status) for test in tests)
