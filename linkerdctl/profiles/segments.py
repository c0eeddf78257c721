"""Which segments of observed paths are identifiers: by how they look, and by how they vary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from statistics import median

ANY = "\0"
"""Stands for a part of a segment that varies. No path holds it."""

MANY = 12
"""Different values at one place from which on it may be judged by its variety alone."""

_NUMBERS = re.compile(r"[-+]?\d[\d.,:_-]*")
_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"(?=.*\d)(?=.*[a-fA-F])(0x)?[0-9a-fA-F]{6,}")
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?([T_ ].*)?")
_VERSION = re.compile(r"[vV]\d+(\.\d+)*((alpha|beta|rc)\d*)?")
_WORD_WITH_NUMBER = re.compile(r"[a-zA-Z]+\d{1,2}|[a-z]{1,6}\d{2,4}|[a-z]+\d[a-z]+")
"""oauth2, sha256, iso8601, log4j: words of an API rather than identifiers."""
_NUMBERED_SLUG = re.compile(r"(.+[-_.~])?\d{2,}([-_.~].+)?|\d+[-_.~].+|.+[-_.~]\d+")
_ENCODED = re.compile(r"@|%[0-9a-fA-F]{2}")
_PARTS = re.compile(r"([.:;])")


def template(segment: str) -> str:
    """The segment with `ANY` where it looks like an identifier; itself when it does not."""
    if _VERSION.fullmatch(segment):
        return segment
    if is_identifier(segment):
        return ANY
    parts = _PARTS.split(segment)
    if len(parts) == 1:
        return segment
    return "".join(ANY if index % 2 == 0 and is_identifier(part) else part for index, part in enumerate(parts))


def is_identifier(text: str) -> bool:
    """Whether it looks like a number, UUID, hash, date, address, encoded text, or a name with a number in it."""
    if not text or _VERSION.fullmatch(text):
        return False
    if any(shape.fullmatch(text) for shape in (_NUMBERS, _UUID, _HEX, _DATE)) or _ENCODED.search(text):
        return True
    digits = sum(char.isdigit() for char in text)
    if not digits or _WORD_WITH_NUMBER.fullmatch(text):
        return False
    if "." in text or ":" in text:
        return False
    if len(text) >= 6 and text.upper() == text:
        return True
    return len(text) >= 6 and (digits >= 2 or _NUMBERED_SLUG.fullmatch(text) is not None)


def family(segment: str) -> str:
    """What segments that differ in their numbers only have in common; empty for those without, and for versions."""
    if _VERSION.fullmatch(segment) or not any(char.isdigit() for char in segment):
        return ""
    return re.sub(r"\d+", "0", segment)


def ever_new(counts: Mapping[str, int]) -> Iterator[str]:
    """The values of a segment that are but samples of many more, given how many paths each was part of.

    That is so when there are many and most are rare; those that stand out are names of their own.
    """
    rare = sum(1 for count in counts.values() if count == 1)
    if len(counts) < MANY or rare * 2 < len(counts):
        return
    usual = median(counts.values())
    yield from (value for value, count in counts.items() if count < max(5, 10 * usual))
