"""Where every cell of a table goes. Pure: titles, cells and widths, for pipes and for terminals alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from linkerdctl.render.terminal import printable
from linkerdctl.render.view import Column, Row, View


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and how it is painted (a Rich style)."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """A column in its place: `width` in terminal cells."""

    title: str
    left: bool
    width: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: its columns, and so many blanks between them."""

    lanes: Sequence[Lane]
    gap: int

    @property
    def width(self) -> int:
        """Of the longest line."""
        return sum(lane.width for lane in self.lanes) + self.gap * (len(self.lanes) - 1)

    def lines(self) -> Iterator[str]:
        """Title and rows as plain text."""
        gap = " " * self.gap
        columns = ([lane.title, *(cell.text for cell in lane.cells)] for lane in self.lanes)
        padded = [_padded(texts, lane) for texts, lane in zip(columns, self.lanes, strict=True)]
        return (gap.join(line).rstrip() for line in zip(*padded, strict=True))


@dataclass(frozen=True, slots=True)
class Fit:
    """How closely a table is packed."""

    gap: int = 3
    short_titles: bool = False
    spare_columns: bool = True
    longest_name: int | None = None


FITS = (Fit(), Fit(2, True), Fit(2, True, False), Fit(1, True, False))
"""Tried in this order until a table is no wider than its terminal; then names lose their middle. Numbers are never cut:
if that does not do, the terminal wraps lines by itself. Pipes and files always get the first."""

SHORTEST_NAME = 12


@dataclass(frozen=True, slots=True)
class _Measured:
    """A column with the cells of its part; left ones are as wide in all parts."""

    column: Column[object]
    cells: list[Cell]


def laid_out(rows: Sequence[Row], view: View[Row], *, wide: bool = False, width: int | None = None) -> list[Grid]:
    """One grid per part of the view, all of them packed alike; `width` is the terminal's, None where there is none."""
    parts = [list(_measured(part, view, wide)) for part in view.parts(rows)]
    grids: list[Grid] = []
    for fit in FITS:
        grids = _grids(parts, fit)
        if width is None or all(grid.width <= width for grid in grids):
            return grids
    return _grids(parts, replace(FITS[-1], longest_name=min(_longest_name(grid, width or 0) for grid in grids)))


def _longest_name(grid: Grid, width: int) -> int:
    """The most that names may take for the grid to be `width` wide, all of them alike."""
    names = [lane.width for lane in grid.lanes if lane.left]
    room = width - (grid.width - sum(names))
    lengths = range(max(names, default=0), SHORTEST_NAME, -1)
    return next((longest for longest in lengths if sum(min(name, longest) for name in names) <= room), SHORTEST_NAME)


def _measured(rows: Sequence[Row], view: View[Row], wide: bool) -> Iterator[_Measured]:
    for column in view.columns:
        if column.title and (wide or not column.wide) and column.shown(rows):
            yield _Measured(column, [_cell(column, row) for row in rows])  # type: ignore[arg-type]


def _cell(column: Column[Row], row: Row) -> Cell:
    text = printable(column.cell(row))
    return Cell(text, "dim" if text == "-" else column.style(row))


def _grids(parts: Sequence[Sequence[_Measured]], fit: Fit) -> list[Grid]:
    tables = [[_lane(each, fit) for each in part if fit.spare_columns or not each.column.spare] for part in parts]
    common: dict[str, int] = {}
    for lane in (lane for table in tables for lane in table if lane.left):
        common[lane.title] = max(lane.width, common.get(lane.title, 0))
    return [Grid([_widened(lane, common) for lane in table], fit.gap) for table in tables]


def _lane(measured: _Measured, fit: Fit) -> Lane:
    column, cells = measured.column, measured.cells
    title = (fit.short_titles and column.short) or column.title
    if column.left and fit.longest_name:
        cells = [Cell(shortened(cell.text, fit.longest_name), cell.style) for cell in cells]
    return Lane(title, column.left, max(map(cells_wide, (title, *(cell.text for cell in cells)))), cells)


def _widened(lane: Lane, common: dict[str, int]) -> Lane:
    return Lane(lane.title, lane.left, common.get(lane.title, lane.width) if lane.left else lane.width, lane.cells)


def _padded(texts: Sequence[str], lane: Lane) -> list[str]:
    blanks = [" " * (lane.width - cells_wide(text)) for text in texts]
    return [text + blank if lane.left else blank + text for text, blank in zip(texts, blanks, strict=True)]


def shortened(text: str, longest: int) -> str:
    """The text with its middle left out: pods of a workload differ at the end, workloads at the beginning.

    `longest` is in terminal cells, of which some characters take two.
    """
    if cells_wide(text) <= longest:
        return text
    tail = (longest - 1) // 2
    return f"{_beginning(text, longest - 1 - tail)}…{_beginning(text[::-1], tail)[::-1]}"


def _beginning(text: str, most: int) -> str:
    """As many characters as fit into so many cells."""
    ends = accumulate(map(cells_wide, text))
    return "".join(char for char, end in zip(text, ends, strict=True) if end <= most)


def cells_wide(text: str) -> int:
    """How many terminal cells a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
