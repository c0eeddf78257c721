"""The full-screen table of `top`: what keys do to it, and its lines. Pure; terminal and events are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from linkerdctl.render.layout import Cell, Grid, cells_wide
from linkerdctl.render.sorting import sorted_rows
from linkerdctl.render.terminal import printable
from linkerdctl.render.top import TopShape, fitting_grid, top_view
from linkerdctl.render.view import Column, View
from linkerdctl.tap.top import TopKey, TopRow

Line = list[Cell]
KEYS = "q quit  ←→ sort  r reverse  / filter  p pause  s sources  t routes  ↑↓ Enter open"
KEYS_OPENED = "Esc back  p pause  q quit"
KEYS_TYPING = "Enter keep  Esc clear  !text leaves out"
_ABOVE, _BELOW = 3, 1
"""Lines above the rows, their titles among them, and below."""


@dataclass(frozen=True, slots=True)
class Told:
    """What stands around the table: what is looked at, how much came, and what went wrong."""

    title: str
    counts: str = ""
    clock: str = ""
    notice: str = ""
    opened: Sequence[str] = ()
    """Lines of the row that is open: the command for it, and its requests."""


@dataclass(slots=True)
class TopScreen:
    """One user's view of the rows: sorted, filtered, paused, a row chosen or open."""

    shape: TopShape
    sort: str = "COUNT"
    reverse: bool = False
    filter: str = ""
    typing: bool = False
    paused: bool = False
    done: bool = False
    chosen: TopKey | None = None
    opened: TopRow | None = None
    page: int = 20
    """Rows that fit on the screen, as of the last time it was drawn."""
    _rows: Sequence[TopRow] = ()
    _stale: bool = False
    """Whether the rows are those of another shape, so that newer ones are needed even when paused."""
    _first: int = 0
    _shown: list[TopRow] = field(default_factory=list)

    def update(self, rows: Sequence[TopRow]) -> None:
        """Newer rows, unless paused."""
        if self._stale or not self.paused:
            self._rows, self._stale = rows, False
            self._arrange()

    def press(self, key: str) -> None:
        """What a key does, by its name or character. Keys that mean nothing do nothing."""
        if self.typing:
            self._type(key)
        elif self.opened is not None and key in ("escape", "enter", "backspace", "left"):
            self.opened = None
        elif action := _ACTIONS.get(key):
            action(self)
        self._arrange()

    def lines(self, told: Told, width: int, height: int) -> list[Line]:
        """The whole screen."""
        self.page = max(height - _ABOVE - _BELOW, 1)
        body = self._opened_lines(told) if self.opened else list(self._table(width))
        keys = KEYS_TYPING if self.typing else KEYS_OPENED if self.opened else KEYS
        head = [[Cell(told.title, "bold"), Cell(f"   {told.counts}   "), Cell(told.clock, "dim")], self._status(told)]
        room = max(height - len(head) - _BELOW, 1)
        whole = [*head, *body[:room], *([] for _ in range(room - len(body))), [Cell(keys, "dim")]]
        return [clipped(line, width) for line in whole[:height]]

    def _status(self, told: Told) -> Line:
        parts = [Cell("PAUSED  ", "bold yellow")] if self.paused else []
        if self.filter or self.typing:
            parts.append(Cell(f"filter: {self.filter}{'█' if self.typing else ''}  ", "cyan"))
        return [*parts, Cell(told.notice, "yellow")]

    def _table(self, width: int) -> Iterator[Line]:
        if not self._shown:
            yield [Cell("nothing matches the filter" if self._rows else "no requests yet", "dim")]
            return
        self._scroll()
        rows = self._shown[self._first : self._first + self.page]
        yield from _painted(fitting_grid(rows, self._view(marked=True), width), self._index() - self._first)

    def _opened_lines(self, told: Told) -> list[Line]:
        lines = [[Cell(each, "bold" if index == 0 else "")] for index, each in enumerate(told.opened)]
        return [*lines[:1], *lines[1:][-self.page :]]

    def _view(self, *, marked: bool = False) -> View[TopRow]:
        view = top_view(self.shape)
        return replace(view, columns=[self._marked(each) for each in view.columns]) if marked else view

    def _marked(self, column: Column[TopRow]) -> Column[TopRow]:
        return (
            replace(column, title=column.title + ("↑" if self.reverse else "↓"))
            if column.title == self.sort
            else column
        )

    def _titles(self) -> list[str]:
        return [column.title for column in self._view().columns if column.title]

    def _arrange(self) -> None:
        if self.sort not in self._titles():
            self.sort = "COUNT"
        rows = [row for row in self._rows if not row.others and _matches(row, self.filter)]
        others = [row for row in self._rows if row.others and not self.filter]
        ordered = sorted_rows(rows, self._view(), self.sort)
        self._shown = [*(reversed(ordered) if self.reverse else ordered), *others]

    def _index(self) -> int:
        """Where the chosen row is; -1 when there is none."""
        return next((index for index, row in enumerate(self._shown) if row.key == self.chosen), -1)

    def _scroll(self) -> None:
        index = max(self._index(), 0)
        self._first = min(max(self._first, index - self.page + 1), index, max(len(self._shown) - 1, 0))

    def _type(self, key: str) -> None:
        if key == "enter":
            self.typing = False
        elif key == "escape":
            self.typing, self.filter = False, ""
        elif key == "backspace":
            self.filter = self.filter[:-1]
        elif len(key) == 1:
            self.filter += key

    def _move(self, by: int) -> None:
        if self._shown and self.opened is None:
            at = self._index()
            to = at + by if at >= 0 else 0
            self.chosen = self._shown[min(max(to, 0), len(self._shown) - 1)].key

    def _sort_by(self, step: int) -> None:
        titles = self._titles()
        self.sort = titles[(titles.index(self.sort) + step) % len(titles)]

    def _open(self) -> None:
        self.opened = next((row for row in self._shown if row.key == self.chosen and not row.others), None)

    def _toggle_sources(self) -> None:
        self.shape, self._stale = replace(self.shape, sources=not self.shape.sources), True

    def _toggle_routes(self) -> None:
        self.shape, self._stale = replace(self.shape, routes=not self.shape.routes), True

    def _escape(self) -> None:
        self.filter, self.chosen = "", None

    def _quit(self) -> None:
        self.done = True

    def _pause(self) -> None:
        self.paused = not self.paused

    def _turn(self) -> None:
        self.reverse = not self.reverse

    def _start_typing(self) -> None:
        self.typing = True


_ACTIONS: dict[str, Callable[[TopScreen], None]] = {
    "q": TopScreen._quit,
    "p": TopScreen._pause,
    " ": TopScreen._pause,
    "/": TopScreen._start_typing,
    "r": TopScreen._turn,
    "s": TopScreen._toggle_sources,
    "t": TopScreen._toggle_routes,
    "enter": TopScreen._open,
    "escape": TopScreen._escape,
    "up": lambda screen: screen._move(-1),
    "k": lambda screen: screen._move(-1),
    "down": lambda screen: screen._move(1),
    "j": lambda screen: screen._move(1),
    "page-up": lambda screen: screen._move(-screen.page),
    "page-down": lambda screen: screen._move(screen.page),
    "home": lambda screen: screen._move(-len(screen._shown)),
    "end": lambda screen: screen._move(len(screen._shown)),
    "left": lambda screen: screen._sort_by(-1),
    "<": lambda screen: screen._sort_by(-1),
    "right": lambda screen: screen._sort_by(1),
    ">": lambda screen: screen._sort_by(1),
}


def _matches(row: TopRow, text: str) -> bool:
    """Whether a text is somewhere in a row's words; `!text` for rows without it."""
    wanted = text.removeprefix("!").lower()
    key = row.key
    words = (*key.source, *key.destination, f"{key.method} {key.path}", key.route)
    return not wanted or any(wanted in word.lower() for word in words) is not text.startswith("!")


def _painted(grid: Grid, chosen: int) -> Iterator[Line]:
    """Titles and rows; the chosen one stands out."""
    gap = " " * grid.gap
    yield [Cell(gap.join(_aligned(lane.title, lane.width, left=lane.left) for lane in grid.lanes), "bold")]
    for index, cells in enumerate(zip(*(lane.cells for lane in grid.lanes), strict=True)):
        line: Line = []
        for lane, cell in zip(grid.lanes, cells, strict=True):
            text = _aligned(cell.text, lane.width, left=lane.left) + gap
            line.append(Cell(text, "reverse" if index == chosen else cell.style))
        yield line


def _aligned(text: str, width: int, *, left: bool) -> str:
    blanks = " " * (width - cells_wide(text))
    return text + blanks if left else blanks + text


def clipped(line: Line, width: int) -> Line:
    """As much of a line as fits; what is cut ends in an ellipsis."""
    kept: Line = []
    room = width
    for cell in line:
        text = printable(cell.text)
        if cells_wide(text.rstrip()) > room:
            kept.append(Cell(_cut(text, room), cell.style))
            return kept
        kept.append(Cell(text[: max(room, 0)] if cells_wide(text) > room else text, cell.style))
        room -= cells_wide(text)
    return kept


def _cut(text: str, room: int) -> str:
    if room <= 0:
        return ""
    shown = text[: room - 1]
    while cells_wide(shown) > room - 1:
        shown = shown[:-1]
    return shown + "…"
