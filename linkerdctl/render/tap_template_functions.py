"""The functions of templates, and how Go prints values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_VERB = re.compile(r"%([-+ 0#]*\d*(?:\.\d+)?)([a-zA-Z%])")


class WrongArgumentsError(ValueError):
    """A function that was given what it cannot take."""


class _Missing:
    """What a path leads to that leads nowhere."""


MISSING = _Missing()


def text_of(value: Any) -> str:
    """As Go prints it: `true`, `map[a:1]`, `[1 2]`, `<no value>`."""
    if isinstance(value, str):
        return value
    if value is MISSING or value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{text_of(each)}' for key, each in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(text_of, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def is_true(value: Any) -> bool:
    """Whether `if` takes it for true: it is there, and not empty, zero or false."""
    return value is not MISSING and bool(value)


def _print(*values: Any) -> str:
    """Blanks go between values of which none is a string."""
    text = ""
    for index, value in enumerate(values):
        apart = index and not isinstance(value, str) and not isinstance(values[index - 1], str)
        text += f"{' ' if apart else ''}{text_of(value)}"
    return text


def _println(*values: Any) -> str:
    return " ".join(map(text_of, values)) + "\n"


def _printf(form: Any = "", *values: Any) -> str:
    if not isinstance(form, str):
        raise WrongArgumentsError("printf needs a string first")
    rest = list(values)

    def verb(found: re.Match[str]) -> str:
        flags, letter = found.groups()
        if letter == "%":
            return "%"
        if not rest:
            return f"%!{letter}(MISSING)"
        return _formatted(flags, letter, rest.pop(0))

    return _VERB.sub(verb, form)


def _formatted(flags: str, letter: str, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if letter == "q":
        return str(f"%{flags}s" % json.dumps(text_of(value), ensure_ascii=False))
    if letter in "dxXob" and number:
        return format(int(value), letter) if letter == "b" else str(f"%{flags}{letter}" % int(value))
    if letter in "feEgG" and number:
        return str(f"%{flags}{letter}" % value)
    return str(f"%{flags.replace('0', '') if flags.startswith('0') else flags}s" % text_of(value))


def _len(value: Any) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    if value is MISSING or value is None:
        return 0
    raise WrongArgumentsError(f"len of {text_of(value)}")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        elif isinstance(value, dict) and isinstance(key, str):
            value = value.get(key, MISSING)
        else:
            return MISSING
    return value


def _eq(one: Any, *others: Any) -> bool:
    return any(one == other for other in others)


def _compared(name: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(one: Any, other: Any) -> bool:
        """What is not there is neither smaller nor larger."""
        if one in (MISSING, None) or other in (MISSING, None):
            return False
        try:
            return holds(one, other)
        except TypeError:
            raise WrongArgumentsError(f"{name} cannot compare {text_of(one)} with {text_of(other)}") from None

    return compare


def _and(*values: Any) -> Any:
    return next((value for value in values if not is_true(value)), values[-1] if values else MISSING)


def _or(*values: Any) -> Any:
    return next((value for value in values if is_true(value)), values[-1] if values else MISSING)


def _taking(name: str, numbers: range, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that says how many arguments it takes when it is given others."""

    def checked(*values: Any) -> Any:
        if len(values) not in numbers:
            raise WrongArgumentsError(f"{name} is given {len(values)} values")
        return function(*values)

    return checked


_ANY = range(100)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: _taking(name, numbers, function)
    for name, numbers, function in (
        ("print", _ANY, _print),
        ("println", _ANY, _println),
        ("printf", range(1, 100), _printf),
        ("len", range(1, 2), _len),
        ("index", range(1, 100), _index),
        ("eq", range(2, 100), _eq),
        ("ne", range(2, 3), lambda one, other: one != other),
        ("lt", range(2, 3), _compared("lt", lambda one, other: bool(one < other))),
        ("le", range(2, 3), _compared("le", lambda one, other: bool(one <= other))),
        ("gt", range(2, 3), _compared("gt", lambda one, other: bool(one > other))),
        ("ge", range(2, 3), _compared("ge", lambda one, other: bool(one >= other))),
        ("and", range(1, 100), _and),
        ("or", range(1, 100), _or),
        ("not", range(1, 2), lambda value: not is_true(value)),
        ("lower", range(1, 2), lambda value: text_of(value).lower()),
        ("upper", range(1, 2), lambda value: text_of(value).upper()),
    )
}
