"""The text that proxies expose: find the wanted samples and their values, quickly, and nothing else.

A dump of 600 kB holds some thousands of series, of which a command wants a few hundred. So one pattern looks at how each
line begins, and takes the wanted ones apart in the same go; label sets are parsed once and remembered. Texts in which a
wanted line is not plain (a timestamp, an exemplar, NaN, odd blanks, a fault) are read again, by the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.labels import LAST_LE, MalformedError, parse_labels, plain_bound, split_le

Samples = Mapping[str, Mapping[bytes, float]]
"""Sample name to raw label bytes (what stands between the braces) to value."""
Buckets = Mapping[str, Mapping[bytes, Mapping[float, float]]]
"""Sample name to raw label bytes without `le` to upper bound to cumulative count."""

BUCKET = b"_bucket"
"""What the samples of histograms end in."""

_FIRST_LINE = re.compile(rb"\s*(?:#|[a-zA-Z_:][a-zA-Z0-9_:]*[ \t{])")
_LAST_LINE = re.compile(rb"(?:\n|\n# EOF|\A# EOF)\Z")

_Sample = tuple[bytes, bytes, bytes]
"""Name, raw labels, value as it is written."""


@dataclass(frozen=True, slots=True)
class Exposition:
    """The wanted samples of a text, those of histograms as `buckets`. A name that the text does not hold maps to nothing."""

    samples: Samples
    buckets: Buckets


def parse(text: bytes, names: Iterable[str]) -> Exposition:
    """The samples called exactly `names`.

    Of a series that stands there twice the first holds, as in Prometheus. Raises `ExpositionError`, with line and column
    (in bytes), where a wanted sample is malformed and where the text as a whole is no metrics text or ends in mid-line.
    What is wrong with series no one asked for goes unnoticed.
    """
    check_whole(text)
    wanted = frozenset(name.encode() for name in names)
    lines = text if text.startswith(b"#") else b"\n" + text  # so that every sample stands behind a line feed
    pattern = _lines_of(wanted)
    try:
        return _gather(wanted, pattern.findall(lines))
    except ValueError:
        return _gather(wanted, _read_strictly(pattern.finditer(lines), padded=lines is not text))


def check_whole(text: bytes) -> None:
    """Raise `ExpositionError` where a text is no metrics text at all, or ends in mid-line."""
    if not _FIRST_LINE.match(text):
        raise ExpositionError("this is not metrics text" if text.strip() else "the text is empty", line=1, column=1)
    if not _LAST_LINE.search(text, max(len(text) - len("\n# EOF"), 0)):
        last_line = text.count(b"\n") + 1
        raise ExpositionError("the text ends in mid-line", line=last_line, column=len(text) - text.rfind(b"\n"))


@lru_cache
def _lines_of(names: frozenset[bytes]) -> re.Pattern[bytes]:
    """Finds the lines of these samples: their name and, where the line is plain, labels and value.

    The pattern begins with a line feed because that is what the regex engine searches for fastest. Names are sorted by
    their first word because on most lines none of them stands, and the fewer are tried the better.
    """
    by_word = groupby(sorted(names), key=lambda name: name.partition(b"_")[0])
    either = b"|".join(
        re.escape(word) + b"(?:%s)" % b"|".join(re.escape(name.removeprefix(word)) for name in sharing)
        for word, sharing in by_word
    )
    plain = rb"(?:\{(.*)\})? ([0-9]+(?:\.[0-9]+)?)(?=\r?\n)"
    return re.compile(rb"\n[ \t]*+((?:%s))(?:%s|(?=[ \t{]))" % (either or b"(?!)", plain))


def _read_strictly(lines: Iterable[re.Match[bytes]], *, padded: bool) -> Iterator[_Sample]:
    from linkerdctl.metrics.grammar import read_sample  # not loaded for nothing: few texts ever need it

    for line in lines:
        text, start = line.string, line.start() + 1
        try:
            labels, value = read_sample(text[start : text.index(b"\n", start)])
            if line[1].endswith(BUCKET):
                split_le(labels)
        except MalformedError as error:
            number = text.count(b"\n", 0, start) + (not padded)
            raise ExpositionError(error.reason, line=number, column=error.offset + 1) from None
        yield line[1], labels, value


def _gather(names: Iterable[bytes], samples: Iterable[_Sample]) -> Exposition:
    """Raises `ValueError` for what is not plain."""
    families = {name: _Histograms() if name.endswith(BUCKET) else _Series() for name in names}
    for name, labels, value in samples:
        families[name].add(labels, float(value))
    return Exposition(
        {name.decode(): family.found for name, family in families.items() if isinstance(family, _Series)},
        {name.decode(): family.found for name, family in families.items() if isinstance(family, _Histograms)},
    )


class _Series:
    """Samples of one name that are no buckets."""

    def __init__(self) -> None:
        self.found: dict[bytes, float] = {}

    def add(self, labels: bytes, value: float) -> None:
        """Keep a sample; raises `MalformedError` for broken labels."""
        if labels not in self.found:
            parse_labels(labels)
            self.found[labels] = value


class _Histograms:
    """Buckets of one name, by the histogram they belong to."""

    def __init__(self) -> None:
        self.found: dict[bytes, dict[float, float]] = {}

    def add(self, labels: bytes, count: float) -> None:
        """Keep a bucket; raises `MalformedError` for broken labels and where `le` is no number.

        Nearly all are the next bucket of a histogram that was met before, whose labels need no second look.
        """
        others, le, end = labels.rpartition(LAST_LE)
        buckets, bound = self.found.get(others), plain_bound(end)
        if not le or buckets is None or bound is None:
            others, bound = split_le(labels)
            buckets = self.found.setdefault(others, {})
        buckets.setdefault(bound, count)
