"""One sample by the letter of the format: for the few lines that are not plain, and to tell what is wrong in them.

The format is that of Prometheus' text; what OpenMetrics adds (exemplars, fractional timestamps) is read too, because
proxies mix both in one answer.
"""

from __future__ import annotations

import re

from linkerdctl.metrics.labels import MalformedError, end_of_blanks, read_labels
from linkerdctl.metrics.numbers import NUMBER, parse_number

_NAME = re.compile(rb"[ \t]*[a-zA-Z_:][a-zA-Z0-9_:]*")
_WORD = re.compile(rb"[^ \t\r]*")
_EXEMPLAR = rb'#[ \t]*\{(?:[^"}]|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+\}[ \t]*' + NUMBER + rb"(?:[ \t]+" + NUMBER + rb")?"
_AFTER_VALUE = re.compile(rb"(?:[ \t]+" + NUMBER + rb")?(?:[ \t]+" + _EXEMPLAR + rb")?[ \t]*\r?")


def read_sample(line: bytes) -> tuple[bytes, bytes]:
    """Raw labels, and the value as it is written, of a line that begins with a sample's name; raises `MalformedError`."""
    name = _NAME.match(line)
    at = end_of_blanks(line, name.end() if name else 0)
    labels = b""
    if line.startswith(b"{", at):
        _, end = read_labels(line, at + 1)
        labels, at = line[at + 1 : end], end_of_blanks(line, end + 1)
    return labels, _read_value(line, at)


def _read_value(line: bytes, at: int) -> bytes:
    """The number at `at`; what follows it is checked and let go."""
    word = _WORD.match(line, at)
    value = word[0] if word else b""
    try:
        parse_number(value)
    except ValueError as error:
        raise MalformedError(at, str(error) if value else "the value is missing") from None
    after = at + len(value)
    if not _AFTER_VALUE.fullmatch(line, after):
        raise MalformedError(after, "after the value only a timestamp and an exemplar may stand")
    return value
