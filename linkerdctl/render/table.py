"""Tables as kubectl and linkerd print them: no lines, three blanks between columns, numbers to the right."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from linkerdctl.render.terminal import printable
from linkerdctl.render.view import Column, Row, View

if TYPE_CHECKING:
    from rich.table import Table

GAP = 3
_UNBOUNDED = 10_000
"""Lines are never folded or cut: pipes want them whole, and terminals wrap by themselves."""


def table_text(rows: Sequence[Row], view: View[Row], *, wide: bool = False, colour: bool = False) -> str:
    """One table per part of the view, an empty line between them. Left columns are as wide in each."""
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(
        file=buffer, width=_UNBOUNDED, force_terminal=colour, no_color=not colour, highlight=False, emoji=False,
        markup=False, color_system="standard" if colour else None,
    )  # fmt: skip
    for index, table in enumerate(tables(rows, view, wide=wide)):
        if index:
            console.print()
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def tables(rows: Sequence[Row], view: View[Row], *, wide: bool = False) -> Iterator[Table]:
    """The same as Rich renderables, for live views."""
    parts = view.parts(rows)
    left = [column for column in view.columns if column.left and column.title]
    widths = {column.title: max(len(column.cell(row)) for row in rows) for column in left} if rows else {}
    for part in parts:
        shown = [column for column in view.columns if column.title and (wide or not column.wide) and column.shown(part)]
        yield _table(part, shown, widths)


def _table(rows: Sequence[Row], columns: Sequence[Column[Row]], widths: dict[str, int]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "left" if column.left else "right"
        table.add_column(column.title, justify=justify, no_wrap=True, min_width=widths.get(column.title))
    for row in rows:
        table.add_row(*(Text(printable(column.cell(row)), style=column.style(row)) for column in columns))
    return table
