"""Label selectors, in all the forms Kubernetes takes on the command line and in manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from linkerdctl.errors import UsageError

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_KEY = rf"(?:[A-Za-z0-9.-]{{1,253}}/)?{_PART}"
_VALUE = re.compile(rf"(?:{_PART})?")
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<gone>{_KEY})"
    rf"|(?P<key>{_KEY})(?:\s*(?P<operator>==|=|!=|>|<)\s*(?P<value>[^\s,()!=<>]*)"
    rf"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*"
)
_OPERATORS = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}
_MANIFEST_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
_SIGNS = {"in": "=", "notin": "!=", "gt": ">", "lt": "<"}
_HINT = "write it like app=web,tier!=cache or 'env in (prod,staging)'"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition; `operator` is `in`, `notin`, `exists`, `!`, `gt` or `lt`. `notin` holds where the key is absent."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy it."""
        if self.operator in ("exists", "!"):
            return (self.key in labels) is (self.operator == "exists")
        value = labels.get(self.key)
        if self.operator in ("gt", "lt"):
            return value is not None and self._compares(value)
        return (value in self.values) is (self.operator == "in")

    def _compares(self, value: str) -> bool:
        if not _is_integer(value):
            return False
        bound = int(self.values[0])
        return int(value) > bound if self.operator == "gt" else int(value) < bound

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{_SIGNS[self.operator]}{self.values[0]}"
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
            broken = text[at if found is None else found.end() :].strip()
            raise _bad(text, f"cannot read {broken!r}" if broken else "a condition is missing at its end")
        yield _requirement(text, found)
        if found.end() == len(text):
            return
        at = found.end() + 1


def _requirement(text: str, found: re.Match[str]) -> Requirement:
    if found["absent"]:
        return Requirement(found["gone"], "!")
    operator = _OPERATORS.get(found["operator"], found["set"])
    if operator is None:
        return Requirement(found["key"], "exists")
    values = tuple(each.strip() for each in found["values"].split(",")) if found["set"] else (found["value"],)
    for value in values:
        if not _VALUE.fullmatch(value):
            raise _bad(text, f"{value!r} can be no label's value")
        if operator in ("gt", "lt") and not _is_integer(value):
            raise _bad(text, f"{value!r} is no whole number")
    return Requirement(found["key"], operator, values)


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"[0-9]+", text) is not None


def _bad(text: str, why: str) -> UsageError:
    return UsageError(f"bad label selector {text!r}: {why}", next_step=_HINT)


def equal_to(labels: Mapping[str, object] | None) -> LabelSelector | None:
    """A Service's selector, a plain map of labels. None, which selects nothing, when it has none."""
    if not labels:
        return None
    return LabelSelector(tuple(Requirement(str(key), "in", (str(value),)) for key, value in labels.items()))


def selector_of(spec: Mapping[str, object] | None) -> LabelSelector | None:
    """A manifest's matchLabels and matchExpressions. None selects nothing, and an empty one everything."""
    if spec is None:
        return None
    equal, expressions = spec.get("matchLabels"), spec.get("matchExpressions")
    requirements = [*(equal_to(equal if isinstance(equal, Mapping) else None) or LabelSelector()).requirements]
    for each in expressions if isinstance(expressions, list) else []:
        # An operator of the future must not select more than was meant: "in" without values matches nothing.
        operator = _MANIFEST_OPERATORS.get(each.get("operator"))
        values = tuple(map(str, each.get("values") or ())) if operator else ()
        requirements.append(Requirement(str(each.get("key")), operator or "in", values))
    return LabelSelector(tuple(requirements))
