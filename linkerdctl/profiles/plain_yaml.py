"""YAML of manifests in which nothing needs quotes or folding, without loading a YAML library for it.

Start-up is most of the time of `profile --proto`, and the library would be a tenth of it. Whatever is not plainly
plain is declined, and left to the library; a test holds the two byte for byte against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 80
"""Columns from which on text with blanks is folded."""

_PLAIN = re.compile(
    r"[A-Za-z/](?:[A-Za-z0-9/_.$()*+?^{}\[\]|\\~-]| (?=[A-Za-z0-9/_.$()+^{}\[\]|\\~-]))*|[0-9]+(?:ms|s|m|h)"
)
_READS_AS_SOMETHING_ELSE = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_FLOAT = re.compile(r"[0-9]+\.[0-9]+")


def plain_yaml(manifest: Mapping[str, Any]) -> str | None:
    """The text, keys in alphabetical order at every level; None when something in it is not plain."""
    lines = list(_mapping(manifest, 0))
    return None if not lines or None in lines else "".join(f"{line}\n" for line in lines)


def _mapping(mapping: Mapping[str, Any], indent: int) -> Iterator[str | None]:
    blanks = " " * indent
    for key in sorted(mapping):
        value = mapping[key]
        head = f"{blanks}{key}:"
        if not _is_plain(key):
            yield None
        elif isinstance(value, dict) and value:
            yield head
            yield from _mapping(value, indent + 2)
        elif isinstance(value, list) and value:
            yield head
            yield from _sequence(value, indent)
        else:
            text = _scalar(value)
            folds = text is None or (" " in text and len(head) + 1 + len(text) > WIDTH)
            yield None if folds else f"{head} {text}"


def _sequence(items: list[Any], indent: int) -> Iterator[str | None]:
    """Each item a mapping, its first key behind the dash."""
    for item in items:
        if not isinstance(item, dict) or not item:
            yield None
            return
        for index, line in enumerate(_mapping(item, indent + 2)):
            yield f"{' ' * indent}- {line[indent + 2 :]}" if index == 0 and line is not None else line


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if _FLOAT.fullmatch(repr(value)) else None
    return value if isinstance(value, str) and _is_plain(value) else None


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _READS_AS_SOMETHING_ELSE
