"""Label selectors, in all the forms Kubernetes takes on the command line and in manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from linkerdctl.errors import UsageError

_KEY = r"(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<gone>{_KEY})"
    rf"|(?P<key>{_KEY})(?:\s*(?P<operator>==|=|!=)\s*(?P<value>[^\s,()!=]*)"
    rf"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*"
)
_MANIFEST_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition; `operator` is `in`, `notin`, `exists` or `!`. `notin` holds where the key is absent."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy it."""
        if self.operator in ("exists", "!"):
            return (self.key in labels) is (self.operator == "exists")
        return (labels.get(self.key) in self.values) is (self.operator == "in")

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.operator == 'in' else '!='}{self.values[0]}"
        return f"{self.key} {self.operator} ({','.join(self.values)})"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Conditions that must all hold; none at all selects everything. `str()` gives the form the API takes."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def parse_selector(text: str) -> LabelSelector:
    """Read what a user gives to `-l`; raises `UsageError` naming the place that cannot be read."""
    return LabelSelector(tuple(_requirements(text))) if text.strip() else LabelSelector()


def _requirements(text: str) -> Iterator[Requirement]:
    at = 0
    while True:
        found = _REQUIREMENT.match(text, at)
        if found is None or (found.end() < len(text) and text[found.end()] != ","):
            broken = text[at if found is None else found.end() :]
            raise UsageError(
                f"bad label selector {text!r}: cannot read {broken!r}",
                next_step="write it like app=web,tier!=cache or 'env in (prod,staging)'",
            )
        yield _requirement(found)
        if found.end() == len(text):
            return
        at = found.end() + 1


def _requirement(found: re.Match[str]) -> Requirement:
    if found["absent"]:
        return Requirement(found["gone"], "!")
    if found["operator"]:
        return Requirement(found["key"], "notin" if found["operator"] == "!=" else "in", (found["value"],))
    if found["set"]:
        return Requirement(found["key"], found["set"], tuple(value.strip() for value in found["values"].split(",")))
    return Requirement(found["key"], "exists")


def selector_of(spec: Mapping[str, object] | None) -> LabelSelector | None:
    """The selector in a manifest: a Service's plain map, or matchLabels and matchExpressions. None selects nothing."""
    if not spec:
        return None
    structured = "matchLabels" in spec or "matchExpressions" in spec
    plain = spec.get("matchLabels") if structured else spec
    equal = plain if isinstance(plain, Mapping) else {}
    requirements = [Requirement(str(key), "in", (str(value),)) for key, value in equal.items()]
    expressions = spec.get("matchExpressions") if structured else None
    for each in expressions if isinstance(expressions, list) else []:
        operator = _MANIFEST_OPERATORS.get(each.get("operator"), "in")
        requirements.append(Requirement(str(each.get("key")), operator, tuple(each.get("values") or ())))
    return LabelSelector(tuple(requirements))
