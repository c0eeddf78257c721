"""Questions about the paths that regular expressions match, answered exactly: any at all, all that another matches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from linkerdctl.profiles.regex import anchored
from linkerdctl.profiles.regex_classes import RegexLimitError
from linkerdctl.profiles.regex_syntax import AT_END, AT_START, Automaton, parse

MOST_STATES = 3_000
"""Pairs of state sets; questions that need more stay open."""

PATH = sum(1 << code for code in range(0x21, 0x7F)) & ~(1 << ord("?")) & ~(1 << ord("#"))
"""The characters that a path can hold when it reaches a proxy. The query is not a part of it."""

States = frozenset[int]


class PathLanguage:
    """The paths that a proxy takes for a match of one expression. Raises `RegexError`, `RegexLimitError`."""

    def __init__(self, regex: str) -> None:
        self._automaton: Automaton = parse(anchored(regex))
        self.begin = self._closure([self._automaton.start], AT_START)
        self._steps: dict[tuple[States, int], States] = {}
        self._accepts: dict[States, bool] = {}
        self.masks = frozenset(mask for moves in self._automaton.moves for mask, _ in moves)

    def step(self, states: States, char: int) -> States:
        """Where a character, by its code, leads."""
        key = states, char
        if key not in self._steps:
            moves = self._automaton.moves
            targets = [target for state in states for mask, target in moves[state] if mask >> char & 1]
            self._steps[key] = self._closure(targets, 0)
        return self._steps[key]

    def accepts(self, states: States) -> bool:
        """Whether a path may end here."""
        if states not in self._accepts:
            self._accepts[states] = self._automaton.final in self._closure(states, AT_END)
        return self._accepts[states]

    def matches(self, path: str) -> bool:
        """Whether the expression matches the whole of `path`."""
        states = self.begin
        for char in path:
            if ord(char) > 127 or not states:
                return False
            states = self.step(states, ord(char))
        if not path:
            return self._automaton.final in self._closure(self.begin, AT_START | AT_END)
        return self.accepts(states)

    def example(self) -> str | None:
        """A shortest path that it matches; None when there is none. Raises `RegexLimitError`."""
        first = self.step(self.begin, ord("/"))
        letters = _letters([self])
        queue, seen = deque([(first, "/")]), {first}
        while queue:
            states, path = queue.popleft()
            if self.accepts(states):
                return path
            for letter in letters:
                following = self.step(states, letter)
                if following and following not in seen:
                    seen.add(following)
                    queue.append((following, path + chr(letter)))
            if len(seen) > MOST_STATES:
                raise RegexLimitError("the expression is too large to look into")
        return None

    def includes(self, other: PathLanguage) -> bool | None:
        """Whether it matches every path that `other` does; None when that is too hard to tell."""
        letters = _letters([self, other])
        first = other.step(other.begin, ord("/")), self.step(self.begin, ord("/"))
        queue, seen = deque([first]), {first}
        while queue:
            theirs, ours = queue.popleft()
            if other.accepts(theirs) and not self.accepts(ours):
                return False
            for letter in letters:
                pair = other.step(theirs, letter), self.step(ours, letter)
                if pair[0] and pair not in seen:
                    seen.add(pair)
                    queue.append(pair)
            if len(seen) > MOST_STATES:
                return None
        return True

    def _closure(self, states: Iterable[int], where: int) -> States:
        """With everything that free moves reach; those for the start or end only when `where` says so."""
        found = set(states)
        waiting = list(found)
        while waiting:
            for target, when in self._automaton.free[waiting.pop()]:
                if when & ~where == 0 and target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)


def _letters(languages: Iterable[PathLanguage]) -> list[int]:
    """One character for each group that no expression tells apart, those that look best in examples first."""
    masks = sorted(set().union(*(language.masks for language in languages)))
    groups: dict[tuple[bool, ...], int] = {}
    for code in _PREFERRED:
        groups.setdefault(tuple(bool(mask >> code & 1) for mask in masks), code)
    return list(groups.values())


_PREFERRED = sorted(
    (code for code in range(128) if PATH >> code & 1),
    key=lambda code: (not chr(code).islower(), not chr(code).isdigit(), not chr(code).isalnum(), code),
)
