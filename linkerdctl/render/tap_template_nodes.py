"""What a template is made of once it has been read: nodes that print, expressions that find values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from linkerdctl.render.tap_template_functions import MISSING, text_of

Expression = Callable[["Scope"], Any]
Node = Callable[["Scope"], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What `.` and the variables are; `values` notes for each printed value whether it was there."""

    dot: Any
    variables: dict[str, Any]
    values: list[bool]


def literal(text: str) -> Node:
    """Text as it stands."""

    return lambda scope: iter((text,))


def sequence(nodes: Sequence[Node]) -> Node:
    """One after the other."""

    def node(scope: Scope) -> Iterator[str]:
        for each in nodes:
            yield from each(scope)

    return node


def printing(expression: Expression) -> Node:
    """A value, as Go prints it."""

    def node(scope: Scope) -> Iterator[str]:
        value = expression(scope)
        scope.values.append(value is not MISSING and value is not None)
        yield text_of(value)

    return node


def setting(name: str, expression: Expression) -> Node:
    """A variable, from here on."""

    def node(scope: Scope) -> Iterator[str]:
        scope.variables[name] = expression(scope)
        return iter(())

    return node


def field_of(value: Expression, names: Sequence[str]) -> Expression:
    """`.a.b` of a value; missing where any of them is."""

    def path(scope: Scope) -> Any:
        found = value(scope)
        for name in names:
            found = found.get(name, MISSING) if isinstance(found, dict) else MISSING
        return found

    return path


def with_variable(scope: Scope, name: str | None, value: Any) -> Scope:
    """The scope inside which a variable is set; the same without a name."""
    return replace(scope, variables={**scope.variables, name: value}) if name else scope


def entries_of(value: Any) -> list[tuple[Any, Any]]:
    """What `range` goes through: a list by index, a map by sorted key, nothing else."""

    if isinstance(value, dict):
        return sorted(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []
