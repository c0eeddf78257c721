"""Regular expressions as proxies read them (Rust's syntax), parsed into nondeterministic automata over path characters."""

from __future__ import annotations

from dataclasses import dataclass, field

from linkerdctl.profiles.regex_classes import (
    ASCII,
    Cursor,
    RegexError,
    RegexLimitError,
    char_class,
    escaped,
    folded,
)

LARGEST = 20_000
"""States; expressions that need more are not looked into."""

AT_START, AT_END = 1, 2
Piece = tuple[int, int]
"""The states that a part of an expression begins and ends in."""

_LOOK_AROUND = ("=", "!", "<=", "<!")


@dataclass(slots=True)
class Automaton:
    """States with moves on sets of characters, and free moves, some only `AT_START` or `AT_END` of a path."""

    moves: list[list[tuple[int, int]]] = field(default_factory=list)
    free: list[list[tuple[int, int]]] = field(default_factory=list)
    start: int = 0
    final: int = 0

    def state(self) -> int:
        """A new one; raises `RegexLimitError`."""
        if len(self.moves) >= LARGEST:
            raise RegexLimitError("the expression is too large to look into")
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def link(self, one: int, other: int, when: int = 0) -> None:
        """A free move."""
        self.free[one].append((other, when))


def parse(pattern: str) -> Automaton:
    """The automaton of an expression; raises `RegexError` or `RegexLimitError`."""
    automaton = Automaton()
    cursor = Cursor(pattern)
    automaton.start, automaton.final = _Parser(cursor, automaton).alternation()
    if cursor.peek():
        raise RegexError("a ')' without its '('", cursor.at)
    return automaton


class _Parser:
    """Recursive descent; each method reads its part and builds it into the automaton."""

    def __init__(self, cursor: Cursor, automaton: Automaton, *, fold: bool = False) -> None:
        self._cursor = cursor
        self._automaton = automaton
        self._fold = fold

    def alternation(self) -> Piece:
        """Everything up to the end or an unmatched ')'."""
        fold = self._fold
        choices = [self._sequence()]
        while self._cursor.accept("|"):
            choices.append(self._sequence())
        self._fold = fold
        if len(choices) == 1:
            return choices[0]
        one, other = self._automaton.state(), self._automaton.state()
        for start, final in choices:
            self._automaton.link(one, start)
            self._automaton.link(final, other)
        return one, other

    def _set(self, mask: int) -> Piece:
        one, other = self._automaton.state(), self._automaton.state()
        if mask:
            self._automaton.moves[one].append((folded(mask) if self._fold else mask, other))
        return one, other

    def _empty(self, when: int = 0) -> Piece:
        one, other = self._automaton.state(), self._automaton.state()
        self._automaton.link(one, other, when)
        return one, other

    def _sequence(self) -> Piece:
        start, final = self._empty()
        while self._cursor.peek() not in ("", "|", ")"):
            one, other = self._repeated()
            self._automaton.link(final, one)
            final = other
        return start, final

    def _repeated(self) -> Piece:
        """One atom and the repetitions behind it, which may be stacked."""
        begin, fold = self._cursor.at, self._fold
        piece = self._atom()
        while True:
            end = self._cursor.at
            bounds = self._bounds()
            if bounds is None:
                return piece
            self._cursor.accept("?")
            if bounds in ((0, 1), (0, None), (1, None)):
                piece = self._loop(piece, *bounds)
            else:
                piece = self._copies(self._cursor.pattern[begin:end], bounds, fold=fold)

    def _bounds(self) -> tuple[int, int | None] | None:
        """The repetition that comes next: from how many to how many times, None for any number."""
        cursor = self._cursor
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if cursor.accept(sign):
                return bounds
        at = cursor.at
        if not cursor.accept("{"):
            return None
        wrong = "'{' begins a repetition, like {2,4}: to match a brace write \\{"
        least, comma, most = cursor.until("}", at, wrong).partition(",")
        if not least.strip().isdigit() or (most.strip() and not most.strip().isdigit()):
            raise RegexError(wrong, at)
        low = int(least)
        high = int(most) if most.strip() else (None if comma else low)
        if high is not None and high < low:
            raise RegexError(f"a repetition of {low} to {high} times", at)
        return low, high

    def _loop(self, piece: Piece, low: int, high: int | None) -> Piece:
        """Without copies: at most once, any number of times, at least once."""
        one, other = self._empty() if low == 0 else (self._automaton.state(), self._automaton.state())
        self._automaton.link(one, piece[0])
        self._automaton.link(piece[1], other)
        if high is None:
            self._automaton.link(piece[1], piece[0])
        return one, other

    def _copies(self, text: str, bounds: tuple[int, int | None], *, fold: bool) -> Piece:
        """A counted repetition: its text parsed anew for each time."""
        low, high = bounds
        times = low + 1 if high is None else high
        if times * len(text) > LARGEST:
            raise RegexLimitError("the expression is too large to look into")
        start, final = self._empty()
        for index in range(times):
            piece = _Parser(Cursor(text), self._automaton, fold=fold).alternation()
            if index >= low:
                piece = self._loop(piece, 0, 1 if high is not None else None)
            self._automaton.link(final, piece[0])
            final = piece[1]
        return start, final

    def _atom(self) -> Piece:
        at, char = self._cursor.at, self._cursor.take()
        if char == "(":
            return self._group(at)
        if char == "[":
            return self._set(char_class(self._cursor, at, fold=self._fold))
        if char == "\\":
            return self._escape(at)
        if char == ".":
            return self._set(ASCII & ~(1 << 10))
        if char in "^$":
            return self._empty(AT_START if char == "^" else AT_END)
        if char in "*+?":
            raise RegexError(f"'{char}' has nothing before it to repeat", at)
        if char == "{":
            raise RegexError("'{' has nothing before it to repeat: to match a brace write \\{", at)
        return self._set(1 << ord(char) if ord(char) < 128 else 0)

    def _escape(self, at: int) -> Piece:
        if self._cursor.accept("A"):
            return self._empty(AT_START)
        if self._cursor.accept("z"):
            return self._empty(AT_END)
        if self._cursor.peek() in ("b", "B"):
            raise RegexLimitError("expressions with \\b are not looked into")
        return self._set(escaped(self._cursor, at))

    def _group(self, at: int) -> Piece:
        fold = self._fold
        if self._cursor.accept("?"):
            if any(self._cursor.pattern.startswith(each, self._cursor.at) for each in _LOOK_AROUND):
                raise RegexError("proxies know no look-around, (?= and the like", at)
            if self._cursor.accept("P<") or self._cursor.accept("<"):
                self._cursor.until(">", at, "a group's name without its '>'")
            elif self._flags(at):
                return self._empty()
        piece = self.alternation()
        if not self._cursor.accept(")"):
            raise RegexError("a '(' without its ')'", at)
        self._fold = fold
        return piece

    def _flags(self, at: int) -> bool:
        """Read `i)` or `i:`; True when the flags hold for what follows the group rather than for its inside."""
        on = True
        while (char := self._cursor.take("a group")) not in ":)":
            if char == "-":
                on = False
            elif char == "i":
                self._fold = on
            elif char == "x":
                raise RegexLimitError("expressions with (?x) are not looked into")
            elif char not in "smUuR":
                raise RegexError(f"an unknown flag '{char}'", at)
        return char == ")"
