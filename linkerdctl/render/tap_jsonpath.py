"""Kubernetes' jsonpath, as far as events need it: fields, indices, slices, wildcards, descent, filters by comparison."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from linkerdctl.errors import UsageError

Step = Callable[[Any], Iterator[Any]]
_TOKEN = re.compile(
    r"\.\.(?P<descent>[A-Za-z_][\w-]*)"
    r"|\.?(?P<star>\*)"
    r"|\.(?P<field>[A-Za-z_][\w-]*)"
    r"|\[(?P<index>-?[0-9]{1,9})\]"
    r"|\[(?P<slice>(?:-?[0-9]{1,9})?:(?:-?[0-9]{1,9})?)\]"
    r"|\[(?P<all>\*)\]"
    r"|\[(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\]"
    r"|\[\?\((?P<filter>[^\[\]]*)\)\]"
)
_COMPARISON = re.compile(
    r"""\s*@(?P<path>[.\w-]*)\s*(?:(?P<operator>==|!=|>=|<=|>|<)\s*(?P<value>'[^']*'|"[^"]*"|-?[0-9]+(?:\.[0-9]+)?|true|false|null))?\s*"""
)
_HINT = 'write it like {.requestInitEvent.path} or {.requestInitEvent.headers[?(@.name=="user-agent")].valueStr}'
_SHOWN = 120
"""Characters of a path that are quoted back."""


class JsonPath:
    """A path that has been understood; raises `UsageError` for one that cannot be."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = tuple(self._read(_bare(text)))

    def find(self, value: Any) -> list[Any]:
        """What the path leads to in a JSON value, in order; nothing where it leads nowhere."""
        found = [value]
        for step in self._steps:
            found = [each for one in found for each in step(one)]
        return found

    def _read(self, path: str) -> Iterator[Step]:
        at = 0
        while at < len(path):
            token = _TOKEN.match(path, at)
            if token is None:
                raise UsageError(
                    f"jsonpath {self._text[:_SHOWN]!r} cannot be read at {path[at : at + _SHOWN]!r}", next_step=_HINT
                )
            yield self._step(token)
            at = token.end()

    def _step(self, token: re.Match[str]) -> Step:
        kind, value = token.lastgroup, token[token.lastgroup or 0]
        if kind == "field":
            return _field(value)
        if kind == "quoted":
            return _field(re.sub(r"\\(.)", r"\1", value[1:-1]))
        if kind == "index":
            return _index(int(value))
        if kind == "slice":
            first, last = (int(word) if word else None for word in value.split(":"))
            return lambda one: iter(one[first:last] if isinstance(one, list) else ())
        if kind == "descent":
            return lambda one: _descend(one, value)
        return self._filter(value) if kind == "filter" else _children

    def _filter(self, text: str) -> Step:
        found = _COMPARISON.fullmatch(text)
        if found is None:
            raise UsageError(f"jsonpath filter {text[:_SHOWN]!r} cannot be read", next_step=_HINT)
        left = tuple(_field(name) for name in found["path"].split(".") if name)
        holds = _comparison(found["operator"], found["value"])

        def chosen(one: Any) -> Iterator[Any]:
            for each in one if isinstance(one, list) else ():
                values = [each]
                for step in left:
                    values = [inner for value in values for inner in step(value)]
                if any(holds(value) for value in values):
                    yield each

        return chosen


def _bare(text: str) -> str:
    """The path of `a.b`, `.a.b`, `{a.b}`, `{.a.b}`, as the linkerd CLI takes them, with `$` or without."""
    path = text.strip()
    if path.startswith("{") or path.endswith("}"):
        if not (path.startswith("{") and path.endswith("}")):
            raise UsageError(f"jsonpath {text!r} has a brace too few", next_step=_HINT)
        path = path[1:-1].strip()
    path = path.removeprefix("$")
    if not path:
        raise UsageError("the jsonpath is empty", next_step=_HINT)
    return path if path[0] in ".[" else f".{path}"


def _field(name: str) -> Step:
    def field(one: Any) -> Iterator[Any]:
        if isinstance(one, dict) and one.get(name) is not None:
            yield one[name]

    return field


def _index(number: int) -> Step:
    def index(one: Any) -> Iterator[Any]:
        if isinstance(one, list) and -len(one) <= number < len(one):
            yield one[number]

    return index


def _children(one: Any) -> Iterator[Any]:
    if isinstance(one, dict):
        yield from one.values()
    elif isinstance(one, list):
        yield from one


def _descend(one: Any, name: str) -> Iterator[Any]:
    yield from _field(name)(one)
    for child in _children(one):
        yield from _descend(child, name)


def _comparison(operator: str | None, text: str | None) -> Callable[[Any], bool]:
    if operator is None or text is None:
        return lambda value: value is not None
    wanted = _value(text)
    comparisons: dict[str, Callable[[Any], bool]] = {
        "==": lambda value: bool(value == wanted),
        "!=": lambda value: bool(value != wanted),
        ">": lambda value: _comparable(value, wanted) and bool(value > wanted),
        ">=": lambda value: _comparable(value, wanted) and bool(value >= wanted),
        "<": lambda value: _comparable(value, wanted) and bool(value < wanted),
        "<=": lambda value: _comparable(value, wanted) and bool(value <= wanted),
    }
    return comparisons[operator]


def _comparable(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers or (isinstance(one, str) and isinstance(other, str))


def _value(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1]
    words = {"true": True, "false": False, "null": None}
    return words[text] if text in words else float(text)
