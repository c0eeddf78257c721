"""Words, numbers, strings and signs of .proto text, each with its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple, NoReturn

from linkerdctl.errors import SpecificationError

_TOKEN = re.compile(
    r"""
    (?P<space> (?: \s+ | //[^\n]* | /\*.*?\*/ )+ )
  | (?P<word> [A-Za-z_]\w*(?:\.[A-Za-z_]\w*)* )
  | (?P<number> \.?\d(?:[eE][+-]?\d|[\w.])* )
  | (?P<string> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
  | (?P<sign> [{}\[\]()<>;=,:.\-+] | /(?!\*) )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


class Token(NamedTuple):
    """`kind` is word, number, string, sign or end; words hold dots (`a.b.C`); strings are without quotes."""

    kind: str
    text: str
    start: int


class Text:
    """The text of one file, which knows lines and columns."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self.source = source

    def fail(self, start: int, reason: str) -> NoReturn:
        """Raise `SpecificationError` about a place; lines and columns count from 1."""
        lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(lines, start)
        raise SpecificationError(f"{self.source}:{line}:{start - lines[line - 1] + 1}: {reason}")

    def tokens(self) -> list[Token]:
        """All of them, and one of kind `end`; raises `SpecificationError` for what is none."""
        found: list[Token] = []
        text, position, match_at = self.text, 0, _TOKEN.match
        while position < len(text):
            match = match_at(text, position)
            if match is None or match.lastgroup is None:
                self.fail(position, self._why(position))
            if match.lastgroup != "space":
                value = match[0][1:-1] if match.lastgroup == "string" else match[0]
                found.append(Token(match.lastgroup, value, position))
            position = match.end()
        found.append(Token("end", "end of file", len(text)))
        return found

    def _why(self, position: int) -> str:
        if self.text.startswith("/*", position):
            return "this comment does not end"
        char = self.text[position]
        return "this string does not end on its line" if char in "\"'" else f"unexpected character {char!r}"
