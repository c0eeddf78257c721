"""Labels of a series: from the raw bytes between its braces to names and values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

CACHED_SERIES = 65_536
"""Label sets kept parsed. Scrapes of one proxy repeat theirs, so a second look at a few hundred proxies is free."""

_ALL_PLAIN = re.compile(rb'(?:[a-zA-Z_][a-zA-Z0-9_]*="[^"\\\n]*(?:\\.[^"\\\n]*)*",?)*')
_LABEL = re.compile(rb'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"[ \t]*(?:,|$)')
_ESCAPE = re.compile(r"\\(.)")
_UNESCAPED = {"n": "\n"}


def malformed_at(raw: bytes) -> int | None:
    """The offset of the first byte that is no label, or None when all of `raw` are labels (a trailing comma is fine)."""
    if _ALL_PLAIN.fullmatch(raw):
        return None
    at = 0
    while label := _LABEL.match(raw, at):
        at = label.end()
        if at == len(raw):
            return None
    return None if not raw[at:].strip(b" \t") else at


@lru_cache(CACHED_SERIES)
def parse_labels(raw: bytes) -> Mapping[str, str]:
    """Names and unescaped values of well-formed label bytes, in their order. Callers must not change the mapping.

    Bytes that are not UTF-8 become U+FFFD: a label is for grouping and showing, and its proxy is not lost for it.
    """
    return {label[1].decode(): _unescape(label[2].decode(errors="replace")) for label in _LABEL.finditer(raw)}


def _unescape(value: str) -> str:
    """Undo `\\\\`, `\\"` and `\\n`; a backslash before anything else stands for itself, as Prometheus reads it."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(
        lambda escape: _UNESCAPED.get(escape[1]) or (escape[1] if escape[1] in '\\"' else escape[0]), value
    )
