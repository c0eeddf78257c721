"""Bytes of files to text."""

from __future__ import annotations

from linkerdctl.errors import SpecificationError


def decoded(raw: bytes, source: str) -> str:
    """The text of a file's bytes; raises `SpecificationError`."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise SpecificationError(f"{source}:{line}:{column}: this is no UTF-8 text") from None
