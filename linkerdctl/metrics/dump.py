"""A whole text of a proxy taken apart by family: every line of it, for those who ask for all that a proxy says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.exposition import check_whole
from linkerdctl.metrics.grammar import read_sample
from linkerdctl.metrics.labels import Labels, MalformedError, parse_labels
from linkerdctl.metrics.numbers import parse_number

UNTYPED = "unknown"

_TYPE = re.compile(rb"^[ \t]*#[ \t]+TYPE[ \t]+(\S+)[ \t]+(\S+)", re.MULTILINE)
_ABOUT = re.compile(rb"[ \t]*#[ \t]+(?:HELP|TYPE|UNIT)[ \t]+(\S+)")
_NAME = re.compile(rb"[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)(?=[ \t{])")
_PAIR = re.compile(rb'([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_ENDINGS = re.compile(r"_(?:bucket|sum|count|total|created|info|gcount|gsum)$")
"""What samples add to their family's name, in one of the two formats."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds a sample: as it stands but for its end; its labels and its value as they are written."""

    name: str
    text: bytes
    labels: bytes
    value: bytes

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Names and values of its labels as they are written."""
        return _PAIR.findall(self.labels)


@dataclass(slots=True)
class Family:
    """All lines of one family, wherever they stand, in their order."""

    name: str
    type: str = UNTYPED
    about: list[bytes] = field(default_factory=list)
    """Its HELP, TYPE and UNIT."""
    lines: list[Line] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes it takes, line feeds included."""
        return sum(len(each) + 1 for each in self.about) + sum(len(each.text) + 1 for each in self.lines)

    def series(self) -> list[Line]:
        """The first line of each: one that stands there again is the same series, and a Prometheus keeps the first."""
        found: dict[tuple[str, bytes], Line] = {}
        for line in self.lines:
            found.setdefault((line.name, line.labels), line)
        return list(found.values())

    def matches(self, pattern: re.Pattern[str] | None) -> bool:
        """Whether the pattern is found in its name, or in that of a sample; None fits all."""
        names = {self.name, *(line.name for line in self.lines)}
        return pattern is None or any(map(pattern.search, names))


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a proxy."""

    name: str
    labels: Labels
    value: float | None
    """None for what JSON has no number for."""


def families(text: bytes) -> list[Family]:
    """In the order they first appear; raises `ExpositionError` where the text is not whole or a line is malformed."""
    check_whole(text)
    types = {name.decode(errors="replace"): kind.decode(errors="replace") for name, kind in _TYPE.findall(text)}
    found: dict[str, Family] = {}
    for number, raw in enumerate(text.split(b"\n"), start=1):
        line = raw.rstrip(b"\r")
        if about := _ABOUT.match(line):
            _family(found, about[1].decode(errors="replace"), types).about.append(line)
        elif line.strip() and not line.lstrip().startswith(b"#"):
            sample = _read(line, number)
            _family(found, _family_name(sample.name, types), types).lines.append(sample)
    return list(found.values())


def samples(chosen: Iterable[Family]) -> Iterator[Sample]:
    """Every sample, labels and value read."""
    for line in (line for family in chosen for line in family.lines):
        value = parse_number(line.value)
        yield Sample(line.name, parse_labels(line.labels), value if math.isfinite(value) else None)


def written(chosen: Iterable[Family]) -> bytes:
    """Families as text again: what is said of each, then its samples."""
    lines = (line for family in chosen for line in (*family.about, *(each.text for each in family.lines)))
    return b"".join(line + b"\n" for line in lines)


def _read(line: bytes, number: int) -> Line:
    name = _NAME.match(line)
    if name is None:
        raise ExpositionError("here should be the name of a sample", line=number, column=1)
    try:
        return Line(name[1].decode(), line, *read_sample(line))
    except MalformedError as error:
        raise ExpositionError(error.reason, line=number, column=error.offset + 1) from None


def _family_name(sample: str, types: Mapping[str, str]) -> str:
    """The family that a sample belongs to; one that nothing is said of is its own."""
    shorter = _ENDINGS.sub("", sample)
    return shorter if sample not in types and shorter in types else sample


def _family(found: dict[str, Family], name: str, types: Mapping[str, str]) -> Family:
    return found.setdefault(name, Family(name, types.get(name, UNTYPED)))
