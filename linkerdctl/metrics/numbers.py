"""Numbers as exposition text writes them, which is less than `float` reads: no `1_000`, no blanks."""

from __future__ import annotations

import re

NUMBER = (
    rb"(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    rb"|[+-]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?"
    rb"|[nN][aA][nN])"
)
"""A pattern for one of them."""

_NUMBER = re.compile(NUMBER)


def parse_number(written: bytes) -> float:
    """The value; raises `ValueError` for what is not a number."""
    if not _NUMBER.fullmatch(written):
        raise ValueError(f"{written[:20].decode(errors='replace')!r} is not a number")
    return float(written)
