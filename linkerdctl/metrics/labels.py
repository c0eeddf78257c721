"""Labels of a series: from the raw bytes between its braces to names and values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

from linkerdctl.metrics.numbers import parse_number

CACHED_SERIES = 16_384
"""Label sets kept parsed. Scrapes of one proxy repeat theirs, so a second look at some hundred proxies is free."""
CACHED_KINDS = 1_024
"""Sequences of label names kept, and bounds. All series of a family have one or a few of them."""

LAST_LE = b',le="'
"""What stands before the upper bound of a bucket when `le` is its last label, as proxies write it."""

_NAME = "[a-zA-Z_][a-zA-Z0-9_]*"
_NAMES = re.compile(rf"{_NAME}=(?:\n,{_NAME}=)*+")
_LABEL = re.compile(rb'[ \t]*(%s)[ \t]*=[ \t]*"([^"\\\n]*+(?:\\.[^"\\\n]*+)*+)"[ \t]*' % _NAME.encode())
_BLANKS = re.compile(rb"[ \t]*")
_PLAIN_BOUND = re.compile(rb'(?:[0-9]+(?:\.[0-9]+)?|\+Inf)"')
_ESCAPE = re.compile(r"\\(.)")
_UNESCAPED = {"n": "\n", '"': '"', "\\": "\\"}

Labels = Mapping[str, str]


class MalformedError(ValueError):
    """Something is not as the format says; `offset` counts bytes from where reading began."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


@lru_cache(CACHED_SERIES)
def parse_labels(raw: bytes) -> Labels:
    """Names and unescaped values in their order; raises `MalformedError`. Callers must not change the mapping.

    Bytes that are not UTF-8 become U+FFFD: a label is for grouping and showing, and its proxy is not lost for it.
    """
    *pieces, end = raw.decode(errors="replace").split('"')  # of a="1",b="2" these: a= 1 ,b= 2 and nothing
    names = _plain_names("\n".join(pieces[::2]))
    if 2 * len(names) == len(pieces) and not end and b"\\" not in raw:
        return dict(zip(names, pieces[1::2], strict=True))
    labels, closing = read_labels(raw + b"}", 0)
    if closing < len(raw):
        raise MalformedError(closing, "a brace closes the labels too early")
    return labels


@lru_cache(CACHED_KINDS)
def _plain_names(pieces: str) -> list[str]:
    """The names in what stands between values, one piece per line; none if they are not plain or one comes twice.

    Series of one family have the same names in the same order, so this is asked again and again.
    """
    names = pieces[:-1].split("=\n,")
    return names if _NAMES.fullmatch(pieces) and len(set(names)) == len(names) else []


def read_labels(line: bytes, at: int) -> tuple[Labels, int]:
    """The labels that begin at `at`, behind the opening brace, and where the closing one stands; raises `MalformedError`.

    Blanks may stand around everything, and one comma after the last label.
    """
    labels: dict[str, str] = {}
    comma = True
    while comma and (label := _LABEL.match(line, at)):
        name, value = label[1].decode(), label[2].decode(errors="replace")
        if name in labels:
            raise MalformedError(label.start(1), f"the label {name} is given twice")
        labels[name] = _unescape(value)
        comma = line.startswith(b",", label.end())
        at = label.end() + comma
    closing = end_of_blanks(line, at)
    if not line.startswith(b"}", closing):
        raise MalformedError(closing, 'here should be a label as name="value"' if comma else "here a comma is missing")
    return labels, closing


def split_le(raw: bytes) -> tuple[bytes, float]:
    """A bucket's labels without `le`, and its upper bound; raises `MalformedError` for broken labels and without a bound.

    Proxies write `le` last, so that cutting it off will do; labels in another order are written anew.
    """
    others, found, end = raw.rpartition(LAST_LE)
    bound = plain_bound(end)
    if found and bound is not None and "le" not in parse_labels(others) and not others.endswith(b","):
        return others, bound
    labels = dict(parse_labels(raw))
    try:
        bound = parse_number(labels.pop("le", "").encode())
    except ValueError:
        bound = math.nan
    if math.isnan(bound):
        raise MalformedError(0, "a bucket needs a label le that is a number")
    return write_labels(labels), bound


@lru_cache(CACHED_KINDS)
def plain_bound(end: bytes) -> float | None:
    """The number in what follows `LAST_LE` and ends the labels, if it is a plain one."""
    return float(end[:-1]) if _PLAIN_BOUND.fullmatch(end) else None


def end_of_blanks(line: bytes, at: int) -> int:
    """The offset of the first byte from `at` on that is neither space nor tab."""
    blanks = _BLANKS.match(line, at)
    return blanks.end() if blanks else at


def _unescape(value: str) -> str:
    """Undo `\\\\`, `\\"` and `\\n`; a backslash before anything else stands for itself, as Prometheus reads it."""
    return _ESCAPE.sub(lambda escape: _UNESCAPED.get(escape[1], escape[0]), value)


def write_labels(labels: Labels) -> bytes:
    """The raw bytes of labels, as `parse_labels` reads them."""
    return ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()).encode()


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
