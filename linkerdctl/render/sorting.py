"""`--sort-by`: rows by any column a view has."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.errors import UsageError
from linkerdctl.render.view import Column, Row, View


def sorted_rows(rows: Sequence[Row], view: View[Row], by: str | None) -> list[Row]:
    """Numbers from the largest down, words from a to z, what is unknown last; without `by` as they are."""
    if by is None:
        return list(rows)
    column = _column(view, by)
    known = [row for row in rows if column.rank(row) is not None]
    unknown = [row for row in rows if column.rank(row) is None]
    numeric = all(isinstance(column.rank(row), int | float) for row in known)
    return sorted(known, key=lambda row: column.rank(row), reverse=numeric) + unknown  # type: ignore[arg-type, return-value]


def check_sort(view: View[Row], by: str | None) -> None:
    """Raise `UsageError` for a column that does not exist, before anyone has to wait for it; `view` may be of no rows."""
    if by is not None:
        _column(view, by)


def _column(view: View[Row], by: str) -> Column[Row]:
    wanted = by.lower().replace("-", "_")
    for column in view.columns:
        names = {column.title.lower(), column.key.lower()}
        if column.key and (wanted in names or f"latency_{wanted}" in names):
            return column
    choices = ", ".join(
        column.title.lower().replace("latency_", "") for column in view.columns if column.title and column.key
    )
    raise UsageError(f"there is no column {by!r} to sort by", next_step=f"--sort-by takes {choices}")
