"""Pages of a list whose objects are decoded one at a time: as text a page is small, as objects ten times as large. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import Any

_DECODER = JSONDecoder()
_BLANKS = re.compile(r"[ \t\r\n]*")


class NoListError(Exception):
    """Well-formed, but not as lists are."""


class Page:
    """A JSON object with an array `items`, read once, from its beginning to its end.

    What is not well-formed raises `ValueError` (what is nested too deeply: `RecursionError`) when it is come to, and what
    cannot be a list `NoListError`.
    """

    def __init__(self, body: bytes) -> None:
        self._text = body.decode(errors="replace")
        self._at = 0
        self.fields: dict[str, Any] = {}
        """All but the items: `kind` from the first item on, the rest when the last one has been taken."""

    @property
    def token(self) -> str:
        """What to ask for the next page with; empty on the last."""
        return str((self.fields.get("metadata") or {}).get("continue") or "")

    @property
    def is_html(self) -> bool:
        """Whether it is no JSON, but a page for a browser."""
        return self._text.lstrip().startswith("<")

    def items(self) -> Iterator[Any]:
        """Each of the items. Those of custom kinds stand before the list's own kind, and have to wait for it."""
        waiting: list[Any] = []
        for _ in self._members("{", "}"):
            name = self._name()
            if name != "items":
                self.fields[name] = self._value()
            elif "kind" in self.fields:
                yield from self._array()
            else:
                waiting = list(self._array())
        if self._next() < len(self._text):
            raise ValueError("something follows the end")
        if not isinstance(self.fields.get("metadata") or {}, dict):
            raise NoListError
        yield from waiting

    def _array(self) -> Iterator[Any]:
        """The values of an array; none for `null`, as which an empty one is written at times."""
        if not self._text.startswith("[", self._next()):
            if self._value() is not None:
                raise NoListError
            return
        for _ in self._members("[", "]"):
            yield self._value()

    def _members(self, begin: str, end: str) -> Iterator[None]:
        """Stops before each member of an array or an object."""
        if not self._passed(begin):
            raise ValueError(f"{begin} is missing")
        if self._passed(end):
            return
        yield
        while not self._passed(end):
            if not self._passed(","):
                raise ValueError("a comma is missing")
            yield

    def _name(self) -> str:
        name = self._value()
        if not isinstance(name, str) or not self._passed(":"):
            raise ValueError("a name and a colon are missing")
        return name

    def _value(self) -> Any:
        value, self._at = _DECODER.raw_decode(self._text, self._next())
        return value

    def _passed(self, sign: str) -> bool:
        """Whether this sign is next; then it is left behind."""
        found = self._text.startswith(sign, self._next())
        self._at = self._next() + found
        return found

    def _next(self) -> int:
        """Where the next thing stands that is no blank."""
        blanks = _BLANKS.match(self._text, self._at)
        return blanks.end() if blanks else self._at
