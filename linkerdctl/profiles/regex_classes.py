"""Characters and sets of them in regular expressions as proxies read them: escapes, classes, properties.

A set is an integer with a bit for each ASCII code: paths travel in ASCII, so nothing else can match.
"""

from __future__ import annotations

from linkerdctl.errors import LinkerdctlError

ASCII = (1 << 128) - 1
DIGITS = sum(1 << code for code in range(ord("0"), ord("9") + 1))
UPPER = sum(1 << code for code in range(ord("A"), ord("Z") + 1))
LOWER = sum(1 << code for code in range(ord("a"), ord("z") + 1))
WORD = DIGITS | UPPER | LOWER | 1 << ord("_")
SPACE = sum(1 << ord(char) for char in " \t\n\r\f\v")
PUNCTUATION = sum(1 << code for code in range(0x21, 0x7F)) & ~WORD | 1 << ord("_")

_CLASSES = {"d": DIGITS, "w": WORD, "s": SPACE}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7}
_POSIX = {
    "alpha": UPPER | LOWER, "digit": DIGITS, "alnum": UPPER | LOWER | DIGITS, "upper": UPPER, "lower": LOWER,
    "word": WORD, "space": SPACE, "punct": PUNCTUATION, "ascii": ASCII, "blank": 1 << 32 | 1 << 9,
    "xdigit": DIGITS | sum(1 << ord(char) for char in "abcdefABCDEF"),
}  # fmt: skip
_PROPERTIES = {
    "L": UPPER | LOWER, "Letter": UPPER | LOWER, "Alphabetic": UPPER | LOWER, "Lu": UPPER, "Ll": LOWER,
    "N": DIGITS, "Nd": DIGITS, "P": PUNCTUATION,
}  # fmt: skip


class RegexError(LinkerdctlError):
    """An expression that a proxy cannot compile; it leaves such a route out without a word. `at` counts from 0."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.at = at


class RegexLimitError(LinkerdctlError):
    """An expression that is valid, or may be, but that nothing can be said about here."""


class Cursor:
    """A place in an expression, and reading on from it."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def peek(self) -> str:
        """The next character; empty at the end."""
        return self.pattern[self.at : self.at + 1]

    def take(self, what: str = "the expression") -> str:
        """The next character; raises `RegexError` at the end."""
        char = self.peek()
        if not char:
            raise RegexError(f"{what} ends too early", self.at)
        self.at += 1
        return char

    def accept(self, text: str) -> bool:
        """Whether `text` comes next; if so it is read."""
        if self.pattern.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def until(self, text: str, at: int, missing: str) -> str:
        """What comes before `text`, which is read too; raises `RegexError` about the place `at` without it."""
        close = self.pattern.find(text, self.at)
        if close < 0:
            raise RegexError(missing, at)
        inside, self.at = self.pattern[self.at : close], close + len(text)
        return inside


def escaped(cursor: Cursor, at: int) -> int:
    """The set that an escape stands for; its backslash has been read."""
    char = cursor.take()
    if char.lower() in _CLASSES:
        mask = _CLASSES[char.lower()]
        return mask if char.islower() else ASCII & ~mask
    if char in _CONTROLS:
        return 1 << _CONTROLS[char]
    if char in "xuU":
        return _hexadecimal(cursor, char, at)
    if char in "pP":
        return _property(cursor, at, negated=char == "P")
    if char.isdigit():
        raise RegexError(f"proxies know no back-references, like \\{char}", at)
    if char.isalpha() and char.isascii():
        raise RegexError(f"an unknown escape \\{char}", at)
    return 1 << ord(char) if ord(char) < 128 else 0


def _hexadecimal(cursor: Cursor, kind: str, at: int) -> int:
    length = {"x": 2, "u": 4, "U": 8}[kind]
    if cursor.accept("{"):
        digits = cursor.until("}", at, f"\\{kind}{{ without its '}}'")
    else:
        digits, cursor.at = cursor.pattern[cursor.at : cursor.at + length], cursor.at + length
    try:
        code = int(digits, 16)
    except ValueError:
        raise RegexError(f"\\{kind} without its hexadecimal digits", at) from None
    return 1 << code if code < 128 else 0


def _property(cursor: Cursor, at: int, *, negated: bool) -> int:
    name = cursor.until("}", at, "\\p{ without its '}'") if cursor.accept("{") else cursor.take()
    if name not in _PROPERTIES:
        raise RegexLimitError(f"expressions with \\p{{{name}}} are not looked into")
    return ASCII & ~_PROPERTIES[name] if negated else _PROPERTIES[name]


def char_class(cursor: Cursor, at: int, *, fold: bool) -> int:
    """The inside of `[...]`, unions and intersections and nested classes included."""
    negated = cursor.accept("^")
    mask, first = 0, True
    while first or cursor.peek() != "]":
        if not cursor.peek():
            raise RegexError("a '[' without its ']'", at)
        if cursor.accept("&&"):
            mask &= _operand(cursor, at)
            break
        mask |= _member(cursor, at)
        first = False
    cursor.at += 1
    if fold:
        mask = folded(mask)
    return ASCII & ~mask if negated else mask


def _operand(cursor: Cursor, at: int) -> int:
    """What follows `&&`, up to the end of the class."""
    mask = 0
    while cursor.peek() != "]":
        if not cursor.peek():
            raise RegexError("a '[' without its ']'", at)
        mask |= _member(cursor, at)
    return mask


def _member(cursor: Cursor, at: int) -> int:
    if cursor.accept("[:"):
        inverted = cursor.accept("^")
        name = cursor.until(":]", at, "a '[:' without its ':]'")
        if name not in _POSIX:
            raise RegexError(f"an unknown class [:{name}:]", at)
        return ASCII & ~_POSIX[name] if inverted else _POSIX[name]
    if cursor.accept("["):
        return char_class(cursor, at, fold=False)
    low = _one(cursor, at)
    if cursor.peek() == "-" and cursor.pattern[cursor.at + 1 : cursor.at + 2] not in ("]", ""):
        cursor.at += 1
        return _range(low, _one(cursor, at), at)
    return low


def _one(cursor: Cursor, at: int) -> int:
    char = cursor.take("a class")
    if char == "\\":
        return escaped(cursor, at)
    return 1 << ord(char) if ord(char) < 128 else 0


def _range(low: int, high: int, at: int) -> int:
    if not low or low & (low - 1):
        return low | high
    last = high.bit_length() - 1 if high else 127
    first = low.bit_length() - 1
    if last < first:
        raise RegexError(f"a range from {chr(first)} down to {chr(last)}", at)
    return sum(1 << code for code in range(first, last + 1))


def folded(mask: int) -> int:
    """With the other case of every letter."""
    return mask | (mask & UPPER) << 32 | (mask & LOWER) >> 32
