"""What a row type looks like in every format: one `Column` per field, held by a `View`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One field. Without `title` it is not in tables, without `key` not in JSON, YAML and CSV."""

    title: str = ""
    key: str = ""
    value: Callable[[Row], Value] = lambda row: None
    text: Callable[[Row], str] | None = None
    """How a table shows it; by default the value as text."""
    order: Callable[[Row], Value] | None = None
    """What rows are sorted by, where that is known and the value is not (`>50s` is no number, and yet the slowest)."""
    left: bool = False
    wide: bool = False
    """Only with -o wide."""
    style: Callable[[Row], str] = lambda row: ""
    shown: Callable[[Sequence[Row]], bool] = lambda rows: True
    """Whether a table of these rows has the column."""
    short: str = ""
    """The title where a terminal is too narrow for the whole one."""
    spare: bool = False
    """Ornament: left out first where a terminal is too narrow."""

    def cell(self, row: Row) -> str:
        """The text of a table's cell."""
        if self.text:
            return self.text(row)
        value = self.value(row)
        return "-" if value is None else str(value)

    def datum(self, row: Row) -> Value:
        """The value for machines; what is no number is None, since JSON knows no NaN."""
        return _known(self.value(row))

    def rank(self, row: Row) -> Value:
        """What rows are sorted by; None where nothing is known."""
        return _known((self.order or self.value)(row))


def _known(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True, slots=True)
class View(Generic[Row]):
    """The columns of a row type, and by what its rows are parted into tables of their own."""

    columns: Sequence[Column[Row]]
    part: Callable[[Row], str] = lambda row: ""

    def parts(self, rows: Sequence[Row]) -> list[list[Row]]:
        """Rows in tables, in the order their parts first appear."""
        parted: dict[str, list[Row]] = {}
        for row in rows:
            parted.setdefault(self.part(row), []).append(row)
        return list(parted.values())

    @property
    def keys(self) -> list[str]:
        """The names of a record's fields, in order."""
        return [column.key for column in self.columns if column.key]

    def record(self, row: Row) -> dict[str, Value]:
        """The row as JSON, YAML and CSV have it."""
        return {column.key: column.datum(row) for column in self.columns if column.key}
