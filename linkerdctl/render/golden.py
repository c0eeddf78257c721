"""Columns that every table of golden metrics has, for any row type that holds a `Golden`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from linkerdctl.metrics.golden import Golden
from linkerdctl.render import numbers
from linkerdctl.render.view import Column

Row = TypeVar("Row")
GOOD, POOR = 0.99, 0.95
"""Success rates from which a row is green, and below which it is red."""


class Covered(Protocol):
    """A row that tells how many proxies it rests on, or None."""

    @property
    def proxies_asked(self) -> int | None:
        """Those that may know."""
        ...

    @property
    def proxies_answered(self) -> int | None:
        """Those that said."""
        ...


Proxied = TypeVar("Proxied", bound=Covered)


def success_style(rate: float | None) -> str:
    """Green, yellow or red."""
    if rate is None:
        return ""
    return "green" if rate >= GOOD else "yellow" if rate >= POOR else "red"


def rate_columns(golden: Callable[[Row], Golden], *, success: str = "success") -> Iterator[Column[Row]]:
    """SUCCESS and RPS; `success` is the field's name."""
    yield Column(
        "SUCCESS",
        success,
        lambda row: golden(row).success_rate,
        lambda row: numbers.percent(golden(row).success_rate),
        style=lambda row: success_style(golden(row).success_rate),
    )
    yield Column("RPS", "rps", lambda row: golden(row).rps, lambda row: numbers.per_second(golden(row).rps, "rps"))


def count_columns(golden: Callable[[Row], Golden]) -> Iterator[Column[Row]]:
    """REQUESTS, FAILURES and WINDOW, for -o wide."""
    yield Column("REQUESTS", "requests", lambda row: whole(golden(row).requests), wide=True)
    yield Column("FAILURES", "failures", lambda row: whole(golden(row).failures), wide=True)
    yield Column(
        "WINDOW",
        "window_seconds",
        lambda row: round(golden(row).seconds, 3) if golden(row).seconds else None,
        lambda row: numbers.seconds(golden(row).seconds or None),
        wide=True,
    )


def coverage_columns(row_type: type[Proxied]) -> Iterator[Column[Proxied]]:
    """PROXIES, for -o wide; `row_type` only says of which rows."""
    yield Column(
        "PROXIES",
        text=lambda row: f"{row.proxies_answered}/{row.proxies_asked}",
        wide=True,
        shown=lambda rows: rows[0].proxies_asked is not None,
    )
    yield Column(key="proxies_asked", value=lambda row: row.proxies_asked)
    yield Column(key="proxies_answered", value=lambda row: row.proxies_answered)


def whole(number: float | None) -> int | None:
    """A count."""
    return None if number is None else round(number)
