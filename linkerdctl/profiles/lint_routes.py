"""What routes match: expressions that proxies cannot compile, that match nothing, or nothing that is left to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from linkerdctl.profiles.documents import Path, lookup
from linkerdctl.profiles.findings import Problem, error, warning
from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.regex import SPECIAL, escape, fixed_prefix, has_open_alternation
from linkerdctl.profiles.regex_classes import RegexError, RegexLimitError

_TEMPLATE = re.compile(r"(?<!\\)(?<!\\[pPxuU])\{[A-Za-z_][^{}]*\}")
_COLON = re.compile(r"/:[A-Za-z_]\w*")
_LITERAL_BRACES = re.compile(r"\\\{[A-Za-z_][^{}]*\\\}")
_LONE_CLASS = re.compile(r"/\[\^/\](?![*+?{])")
_BARE_DOT = re.compile(r"(?<=[A-Za-z0-9])(?<!\\[dDwWsS])\.(?=[A-Za-z0-9])")
_METHOD = re.compile(r"[A-Z][A-Z0-9_-]*")


_SIMPLE = re.compile(r"/(?:[!\"%&',/0-9:;<=>@A-Z_a-z`~-]|\\[\\.+*()|\[\]{}^$]|\[\^/\][*+])*")
"""Expressions as they are generated: a path with whole segments, or parts of such, left open."""
_OPEN_OR_ESCAPED = re.compile(r"\[\^/\][*+]|\\(.)")


@dataclass(frozen=True, slots=True)
class _Plain:
    """A route whose condition is nothing but a method and an expression; `sample` is a path that it matches.

    Of routes there may be thousands, and of their pairs millions. So an expression is only looked into when another route's
    sample matches it, which Python's own engine tells of simple ones.
    """

    index: int
    name: str
    method: str
    regex: str
    sample: str
    prefix: str
    takes: Callable[[str], object]
    """Whether it matches a path."""

    @property
    def language(self) -> PathLanguage:
        """All paths that it matches."""
        return _language(self.regex)


@lru_cache(1_024)
def _language(regex: str) -> PathLanguage:
    return PathLanguage(regex)


def problems(profile: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything odd about what the routes of a profile match."""
    routes = lookup(profile, ("spec", "routes"))
    if not isinstance(routes, list):
        return
    plain: list[_Plain] = []
    names: dict[str, int] = {}
    for index, route in enumerate(routes):
        if not isinstance(route, dict):
            continue
        where: Path = ("spec", "routes", index)
        if isinstance(route.get("name"), str) and names.setdefault(route["name"], index) != index:
            yield warning((*where, "name"), f"another route is called {route['name']}", "their metrics are added up")
        for path, key, value in _leaves(route.get("condition"), (*where, "condition")):
            yield from _method(value, path) if key == "method" else _regex(value, path)
        if found := _plain(index, route):
            plain.append(found)
    yield from (_without_requests(*pair) for pair in _shadowed(plain))


def _leaves(match: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Every method and expression in a condition, however deep."""
    if not isinstance(match, dict):
        return
    for key, value in match.items():
        if key in ("method", "pathRegex") and isinstance(value, str) and value:
            yield (*path, key), key, value
        elif key in ("all", "any") and isinstance(value, list):
            for index, each in enumerate(value):
                yield from _leaves(each, (*path, key, index))
        elif key == "not":
            yield from _leaves(value, (*path, key))


def _method(method: str, path: Path) -> Iterator[Problem]:
    if not _METHOD.fullmatch(method.upper()):
        hint = f"write {method.strip().upper()}" if method.strip().isalpha() else "write one, like GET"
        yield error(path, f"{method!r} is no HTTP method", hint)
    elif not method.isupper():
        yield warning(path, f"{method} is not written as methods are", f"write {method.upper()}")


def _regex(regex: str, path: Path) -> Iterator[Problem]:
    if template := _TEMPLATE.search(regex):
        fixed = regex.replace(template[0], "[^/]+")
        yield error(
            path, f"{template[0]} is a template, not an expression: proxies leave this route out", f"write {fixed}"
        )
        return
    try:
        language = PathLanguage(regex)
        sample = language.example()
    except RegexError as wrong:
        yield error(path, f"{regex} is no expression: {wrong.message}; proxies leave this route out", _hint(regex))
        return
    except RegexLimitError:
        return
    if sample is None:
        yield error(path, f"{regex} never matches: {_why_never(regex)}", "write it for the path alone: /cart/checkout")
        return
    yield from _doubtful(regex, path)


def _hint(regex: str) -> str:
    return f"to match it as it stands write {escape(regex)}" if any(char in regex for char in SPECIAL) else "correct it"


def _why_never(regex: str) -> str:
    if method := re.match(r"\^?([A-Z]+) +/", regex):
        return f"{method[1]} belongs into method"
    if " " in regex:
        return "a path has no blanks"
    if not regex.removeprefix("^").startswith("/"):
        return "paths begin with '/'"
    if r"\?" in regex or "#" in regex:
        return "proxies match the path without its query"
    if not regex.isascii():
        return "characters beyond ASCII are percent-encoded in requests"
    return "no path can look like that"


def _doubtful(regex: str, path: Path) -> Iterator[Problem]:
    """Expressions that work, though hardly as meant."""
    if has_open_alternation(regex):
        yield warning(
            path,
            f"{regex} is not anchored as a whole: '^' belongs to its first alternative, '$' to its last",
            f"put the alternatives in parentheses: ({regex.removeprefix('^').removesuffix('$')})",
        )
    if _LONE_CLASS.search(regex):
        fixed = _LONE_CLASS.sub(lambda match: match[0] + "+", regex)
        yield warning(path, "[^/] matches one character", f"for a whole segment write {fixed}")
    if colon := _COLON.search(regex):
        fixed = _COLON.sub("/[^/]+", regex)
        yield warning(path, f"{colon[0][1:]} is no parameter here: it matches itself", f"write {fixed}")
    if _BARE_DOT.search(regex):
        fixed = _BARE_DOT.sub(r"\\.", regex)
        yield warning(path, "an unescaped '.' matches any character", f"write {fixed}")
    if braces := _LITERAL_BRACES.search(regex):
        fixed = _LITERAL_BRACES.sub("[^/]+", regex)
        yield warning(path, f"{braces[0]} is no parameter here: it matches the braces themselves", f"write {fixed}")
    if regex in ("/", "^/$"):
        yield warning(path, "/ matches the root path alone", "for everything below it write /.*")


def _plain(index: int, route: Any) -> _Plain | None:
    condition = route.get("condition") if isinstance(route, dict) else None
    if not isinstance(condition, dict) or not set(condition) <= {"method", "pathRegex"}:
        return None
    regex, method = condition.get("pathRegex") or ".*", condition.get("method") or ""
    if not isinstance(regex, str) or not isinstance(method, str):
        return None
    try:
        sample, takes = _sampled(regex)
    except (RegexError, RegexLimitError):
        return None
    if sample is None:
        return None
    return _Plain(index, str(route.get("name", "")), method.upper(), regex, sample, fixed_prefix(regex), takes)


def _sampled(regex: str) -> tuple[str | None, Callable[[str], object]]:
    """A path that an expression matches, and how to ask whether it matches others."""
    if _SIMPLE.fullmatch(regex):
        return _OPEN_OR_ESCAPED.sub(lambda found: found[1] or "a", regex), re.compile(regex).fullmatch
    language = _language(regex)
    return language.example(), language.matches


def shadowed(routes: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """The elements of `spec.routes` that get no request, each with the earlier one that takes all of them."""
    for route, earlier in _shadowed([found for index, each in enumerate(routes) if (found := _plain(index, each))]):
        yield route.index, earlier.index


def _shadowed(plain: list[_Plain]) -> Iterator[tuple[_Plain, _Plain]]:
    for position, route in enumerate(plain):
        for earlier in plain[:position]:
            if earlier.method not in ("", route.method) or not route.sample.startswith(earlier.prefix):
                continue
            if earlier.takes(route.sample) and earlier.language.includes(route.language):
                yield route, earlier
                break


def _without_requests(route: _Plain, earlier: _Plain) -> Problem:
    return error(
        ("spec", "routes", route.index),
        f"it gets no requests: {earlier.name or 'an earlier route'} matches all of them first",
        f"move it before {earlier.name}" if not route.language.includes(earlier.language) else "remove it",
    )
