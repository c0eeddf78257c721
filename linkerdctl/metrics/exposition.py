"""The text that proxies expose: find the wanted series and their values, quickly, and nothing else.

A dump of 600 kB holds some thousands of series, of which a command wants a few hundred. So only the stretch of text that
holds wanted names is split into lines, most lines are cut at their last brace, and only what that cannot read (exemplars,
timestamps, odd spacing, faults) is read strictly, by the grammar.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.labels import malformed_at

Samples = Mapping[str, Mapping[bytes, float]]
"""Sample name to raw label bytes (what stands between the braces) to value."""

_LAST_LABEL_LE = b',le="'
_AFTER_NAME = (b"{", b" ", b"\t")
_STRICT = re.compile(
    rb"""[a-zA-Z_:][a-zA-Z0-9_:]*[ \t]*
    (?:\{(?P<labels>(?:[^"}\n]|"(?:[^"\\\n]|\\.)*")*)\})?[ \t]*
    (?P<value>[^ \t\r\n{}]+)
    (?:[ \t]+-?[0-9.]+)?            # a timestamp
    (?:[ \t]+\#[ \t]*\{.*)?         # an exemplar
    [ \t]*\r?$""",
    re.VERBOSE,
)
_FIRST_LINE = re.compile(rb"\s*(?:#|[a-zA-Z_:][a-zA-Z0-9_:]*[ \t{])")


def parse(text: bytes, names: Iterable[str]) -> Samples:
    """The samples called exactly `names`; a name the text does not hold gives an empty mapping.

    Raises `ExpositionError`, with line and column, where a wanted sample is malformed and where the text as a whole is no
    metrics text or ends in mid-line. What is wrong with series no one asked for goes unnoticed.
    """
    _check_whole(text)
    by_first_word: defaultdict[bytes, list[str]] = defaultdict(list)
    for name in names:
        by_first_word[name.encode().partition(b"_")[0]].append(name)
    samples: dict[str, dict[bytes, float]] = {}
    for first_word, sharing in by_first_word.items():
        start, end = _stretch(text, first_word)
        for name in sharing:
            samples[name] = _samples(text, *_stretch(text, name.encode(), start, end), name.encode())
    return samples


def _check_whole(text: bytes) -> None:
    if not _FIRST_LINE.match(text):
        raise ExpositionError("this is not metrics text" if text.strip() else "the text is empty", line=1, column=1)
    if not text.endswith(b"\n"):
        last_line = text.count(b"\n") + 1
        raise ExpositionError("the text ends in mid-line", line=last_line, column=len(text) - text.rfind(b"\n"))


def _stretch(text: bytes, prefix: bytes, start: int = 0, end: int | None = None) -> tuple[int, int]:
    """Where the first line that begins with `prefix` starts and the last one ends; families need not be in one piece."""
    end = len(text) if end is None else end
    if text.startswith(prefix, start):
        first = start
    elif (feed := text.find(b"\n" + prefix, start, end)) >= 0:
        first = feed + 1
    else:
        return start, start
    last = max(text.rfind(b"\n" + prefix, first, end), first)
    return first, text.find(b"\n", last + 1) + 1


def _samples(text: bytes, start: int, end: int, name: bytes) -> dict[bytes, float]:
    samples: dict[bytes, float] = {}
    labelled, skip = name + b"{", len(name) + 1
    for line in text[start:end].split(b"\n"):
        if line.startswith(labelled):
            labels, _, value = line[skip:].rpartition(b"} ")
            try:
                samples[labels] = float(value)
            except ValueError:
                break
            if b"#" in line:
                break
        elif line.startswith(name) and line[len(name) : skip] in _AFTER_NAME:
            break
    else:
        if _well_formed(samples):
            return samples
    return dict(_strict_samples(text, start, end, name))


def _well_formed(samples: Iterable[bytes]) -> bool:
    """Buckets of one histogram share all labels but the last, so their common part is looked at once."""
    parts = set()
    for labels in samples:
        common, le, bound = labels.rpartition(_LAST_LABEL_LE)
        parts.add(common if le else labels)
        parts.add(le[1:] + bound)
    return all(malformed_at(part) is None for part in parts)


def _strict_samples(text: bytes, start: int, end: int, name: bytes) -> Iterator[tuple[bytes, float]]:
    at = start
    while at < end:
        line_end = text.find(b"\n", at)
        if text.startswith(name, at) and text[at + len(name) : at + len(name) + 1] in _AFTER_NAME:
            yield _strict_sample(text, at, line_end)
        at = line_end + 1


def _strict_sample(text: bytes, at: int, line_end: int) -> tuple[bytes, float]:
    sample = _STRICT.match(text[at:line_end])
    if sample is None:
        raise _error(text, at, "not a sample: labels or value are broken")
    labels = sample["labels"] or b""
    if (offset := malformed_at(labels)) is not None:
        raise _error(text, at + sample.start("labels") + offset, "a label is broken")
    try:
        return labels, float(sample["value"])
    except ValueError:
        shown = sample["value"][:20].decode(errors="replace")
        raise _error(text, at + sample.start("value"), f"{shown!r} is not a number") from None


def _error(text: bytes, offset: int, reason: str) -> ExpositionError:
    line_start = text.rfind(b"\n", 0, offset) + 1
    return ExpositionError(reason, line=text.count(b"\n", 0, offset) + 1, column=offset - line_start + 1)
