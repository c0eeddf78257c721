"""Conditions of routes, asked whether they hold for a request: what a proxy does with `all`, `any`, `not` and the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.regex import anchored, fixed_prefix
from linkerdctl.profiles.regex_classes import RegexError, RegexLimitError

Condition = Callable[[str, str], bool]
"""Takes a method in upper case, and a path without its query."""


def condition(match: Any) -> Condition:
    """Of `spec.routes[].condition`. What is no condition, or one that a proxy cannot compile, never holds."""
    parts = list(_parts(match)) if isinstance(match, dict) else []
    if not parts:
        return _never
    return parts[0] if len(parts) == 1 else lambda method, path: all(part(method, path) for part in parts)


def _parts(match: Mapping[str, Any]) -> Iterator[Condition]:
    """One for each key that is set; all of them have to hold."""
    if isinstance(match.get("method"), str) and match["method"]:
        wanted = match["method"].upper()
        yield lambda method, path: method == wanted
    if isinstance(match.get("pathRegex"), str) and match["pathRegex"]:
        yield _path(match["pathRegex"])
    if isinstance(match.get("all"), list):
        every = [condition(each) for each in match["all"]]
        yield lambda method, path: all(each(method, path) for each in every)
    if isinstance(match.get("any"), list):
        some = [condition(each) for each in match["any"]]
        yield lambda method, path: any(each(method, path) for each in some)
    if isinstance(match.get("not"), dict):
        inner = condition(match["not"])
        yield lambda method, path: not inner(method, path)


def _path(regex: str) -> Condition:
    try:
        matches = PathLanguage(regex).matches
    except RegexError:
        return _never
    except RegexLimitError:
        return _as_python_has_it(regex)
    prefix = fixed_prefix(regex)
    return lambda method, path: path.startswith(prefix) and matches(path)


def _as_python_has_it(regex: str) -> Condition:
    """For the rare expressions that are not looked into here; the two syntaxes agree on nearly all of them."""
    try:
        pattern = re.compile(anchored(regex), re.ASCII)
    except re.error:
        return _never
    return lambda method, path: pattern.match(path) is not None


def _never(method: str, path: str) -> bool:
    return False
