"""Columns that tables about meshed pods and their certificates have in common: identity, and what is wrong."""

from __future__ import annotations

from typing import Protocol, TypeVar

from linkerdctl.render import numbers
from linkerdctl.render.view import Column


class Remarked(Protocol):
    """A row with texts that may be empty."""

    @property
    def identity(self) -> str:
        """In the mesh."""
        ...

    @property
    def remark(self) -> str:
        """What somebody should look at."""
        ...


Row = TypeVar("Row", bound=Remarked)


def identity_column() -> Column[Row]:
    """IDENTITY, for -o wide."""
    return Column(
        "IDENTITY",
        "identity",
        lambda row: row.identity,
        lambda row: row.identity or numbers.NOTHING,
        left=True,
        wide=True,
    )


def remark_column() -> Column[Row]:
    """REMARK, in red, where any row has one."""
    return Column(
        "REMARK",
        "remark",
        lambda row: row.remark,
        left=True,
        style=lambda row: "red",
        shown=lambda rows: any(row.remark for row in rows),
    )
