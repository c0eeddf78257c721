"""From words of the command line to values, for the few types that commands take.

Typer would load pydantic for it, which costs more than all the rest of the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

Converter = Callable[[str], Any]


class AsGiven:
    """Takes the place of typer's own coercion (`get_runtime_param`) on one parameter."""

    def __init__(self, convert: Converter) -> None:
        self._convert = convert

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """None stays None (or nothing, where several may be given); what is wrong raises typer's BadParameter."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        try:
            return [self._convert(each) for each in value] if several else self._convert(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from None


def light(params: Iterable[Any]) -> None:
    """Make parameters of types known here do without pydantic; the others stay as they are."""
    for param in params:
        if getattr(param, "_runtime_param", param) is None:
            convert = _converter(param.type_descriptor.annotation)
            param._runtime_param = AsGiven(convert) if convert else None


def _converter(annotation: Any) -> Converter | None:
    if get_origin(annotation) is list:
        return _converter(get_args(annotation)[0])
    choices = get_args(annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return _one_of(choices)
    simple: dict[Any, Converter] = {str: str, Path: Path, int: _whole_number, float: _number, bool: bool}
    return simple.get(annotation)


def _whole_number(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{word!r} is not a whole number") from None


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{word!r} is not a number") from None


def _one_of(choices: tuple[str, ...]) -> Converter:
    def convert(word: str) -> str:
        if word not in choices:
            raise ValueError(f"{word!r} is not one of {', '.join(choices)}")
        return word

    return convert
