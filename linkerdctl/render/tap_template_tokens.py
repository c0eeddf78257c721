"""A template's text cut into literal text and actions, and actions into tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from linkerdctl.errors import UsageError

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<close>-?\}\})
    |(?P<comment>/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<raw>`[^`]*`)
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<variable>\$\w*)
    |(?P<field>(?:\.[A-Za-z_]\w*)+|\.)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>:=|[|(),])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "nil": None}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is value, field, variable, word, sign or end."""

    kind: str
    text: str
    value: Any = None
    """Of a value itself; of a field the names it is made of."""
    joined: bool = False
    """Whether it follows the token before it without a blank."""


Piece = str | Sequence[Token]
"""Text that stays as it is, or the tokens of an action."""


def pieces(text: str) -> Iterator[Piece]:
    """What a template is made of. Raises `UsageError` where an action cannot be read. `{{-` and `-}}` trim blanks."""
    at, trim = 0, False
    while (opening := text.find("{{", at)) >= 0:
        tokens, end, trims_left, trims_right = _action(text, opening)
        literal = text[at:opening]
        literal = literal.lstrip() if trim else literal
        yield literal.rstrip() if trims_left else literal
        yield tokens
        at, trim = end, trims_right
    yield text[at:].lstrip() if trim else text[at:]


def _action(text: str, opening: int) -> tuple[list[Token], int, bool, bool]:
    at = opening + 2
    trims_left = re.match(r"-\s", text[at:]) is not None
    at += trims_left
    tokens: list[Token] = []
    joined = False
    while (found := _TOKEN.match(text, at)) is not None:
        at = found.end()
        if found.lastgroup == "close":
            return tokens, at, trims_left, found["close"].startswith("-")
        if found.lastgroup in ("blank", "comment"):
            joined = False
            continue
        tokens.append(_token(found, joined))
        joined = True
    what = f"cannot be read at {text[at : at + 10]!r}" if at < len(text) else "has no }} at its end"
    raise UsageError(f"the template's action {text[opening : opening + 30]!r} {what}")


def _token(found: re.Match[str], joined: bool) -> Token:
    kind, text = found.lastgroup or "", found[0]
    if kind == "string":
        return Token("value", text, _unquoted(text))
    if kind == "raw":
        return Token("value", text, text[1:-1])
    if kind == "number":
        return Token("value", text, float(text) if "." in text else int(text))
    if kind == "word" and text in _WORDS:
        return Token("value", text, _WORDS[text])
    if kind == "field":
        return Token("field", text, [name for name in text.split(".") if name], joined)
    return Token(kind, text, None, joined)


def _unquoted(text: str) -> str:
    """Go's escapes are JSON's, nearly."""
    plain = re.sub(r"\\x([0-9A-Fa-f]{2})", r"\\u00\1", text).replace("\\a", "\\u0007").replace("\\v", "\\u000b")
    try:
        return str(json.loads(plain, strict=False))
    except ValueError:
        raise UsageError(f"the template's string {text} cannot be read") from None
