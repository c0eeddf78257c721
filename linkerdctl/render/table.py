"""Tables as kubectl and linkerd print them: no lines, three blanks between columns, numbers to the right.

Pipes get plain text at once, terminals get colours by Rich; both come from the same layout.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from linkerdctl.render.layout import Grid, Lane, laid_out
from linkerdctl.render.view import Row, View

if TYPE_CHECKING:
    from rich.table import Table

_UNBOUNDED = 10_000
"""Rich must not fold or cut lines: the layout has done what could be done."""


def table_text(
    rows: Sequence[Row], view: View[Row], *, wide: bool = False, colour: bool = False, width: int | None = None
) -> str:
    """One table per part of the view, an empty line between them; packed closer where `width` asks for it."""
    grids = laid_out(rows, view, wide=wide, width=width)
    return "\n".join(_painted(grid) if colour else _plain(grid) for grid in grids)


def tables(rows: Sequence[Row], view: View[Row], *, wide: bool = False, width: int | None = None) -> list[Table]:
    """The same as Rich renderables, for live views."""
    return [_table(grid) for grid in laid_out(rows, view, wide=wide, width=width)]


def _plain(grid: Grid) -> str:
    return "".join(f"{line}\n" for line in grid.lines())


def _painted(grid: Grid) -> str:
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(
        file=buffer, width=_UNBOUNDED, force_terminal=True, no_color=False, highlight=False, emoji=False, markup=False,
        color_system="standard", legacy_windows=False, _environ={},
    )  # fmt: skip
    console.print(_table(grid))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _table(grid: Grid) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, grid.gap, 0, 0), header_style="bold")
    for lane in grid.lanes:
        _add_column(table, lane)
    for cells in zip(*(lane.cells for lane in grid.lanes), strict=True):
        table.add_row(*(Text(cell.text, style=cell.style) for cell in cells))
    return table


def _add_column(table: Table, lane: Lane) -> None:
    from rich.text import Text

    table.add_column(Text(lane.title), justify="left" if lane.left else "right", no_wrap=True, width=lane.width)
