"""`$ref` inside one document: JSON pointers, followed over several steps and never in circles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Broken:
    """A reference that leads nowhere, and why."""

    reference: str
    reason: str


def resolve(root: Any, value: Any) -> Any:
    """What a value stands for: itself, or what its `$ref` leads to; `Broken` when that cannot be had.

    Keys beside `$ref` add to the target and win over it, as OpenAPI 3.1 says; nothing is changed in place.
    """
    beside: dict[str, Any] = {}
    seen: set[str] = set()
    while isinstance(value, dict) and isinstance(reference := value.get("$ref"), str):
        if reference in seen:
            return Broken(reference, "it refers to itself")
        seen.add(reference)
        beside = {key: each for key, each in value.items() if key != "$ref"} | beside
        value = _target(root, reference)
        if isinstance(value, Broken):
            return value
    return value | beside if beside and isinstance(value, dict) else value


def _target(root: Any, reference: str) -> Any:
    place, _, pointer = reference.partition("#")
    if place:
        return Broken(reference, "other files are not read")
    if pointer and not pointer.startswith("/"):
        return Broken(reference, "it is no JSON pointer")
    value = root
    for token in pointer.split("/")[1:]:
        key = unquote(token).replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return Broken(reference, f"there is no {key!r}")
    return value
