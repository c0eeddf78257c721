"""Words of PromQL: selectors, durations, labels of results. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from linkerdctl.metrics.query import Matcher

TAG = "linkerdctl"
"""The label that says which of several expressions joined in one query a row belongs to."""

_SPECIAL = frozenset("\\.+*?()|[]{}^$")


def quoted(value: str) -> str:
    """A string literal."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def condition(matcher: Matcher) -> str:
    """A matcher as it stands between a selector's braces. One without values can match nothing: see `impossible`."""
    if len(matcher.values) == 1:
        return f"{matcher.label}{'!=' if matcher.negate else '='}{quoted(matcher.values[0])}"
    alternatives = "|".join(map(_literal, matcher.values))
    return f"{matcher.label}{'!~' if matcher.negate else '=~'}{quoted(alternatives)}"


def impossible(matchers: Iterable[Matcher]) -> bool:
    """Whether no series can satisfy all of these."""
    return any(not matcher.values and not matcher.negate for matcher in matchers)


def selector(name: str, matchers: Iterable[Matcher]) -> str:
    """A vector selector."""
    conditions = ", ".join(condition(each) for each in matchers if each.values)
    return f"{name}{{{conditions}}}" if conditions else name


def duration(seconds: float) -> str:
    """A duration literal, to the millisecond; users can read it too."""
    left = max(round(seconds * 1000), 1)
    written = ""
    for unit, milliseconds in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, milliseconds)
        written += f"{count}{unit}" if count else ""
    return written


def tagged(expression: str, tag: str) -> str:
    """An expression whose rows carry `TAG`."""
    return f'label_replace({expression}, "{TAG}", "{tag}", "", "")'


def _literal(value: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in value)
