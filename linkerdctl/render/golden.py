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


def rate_columns(
    golden: Callable[[Row], Golden], *, success: str = "success", rps: str = "rps", prefix: str = "", wide: bool = False
) -> Iterator[Column[Row]]:
    """SUCCESS and RPS, behind a `prefix` (`ACTUAL_`); `success` and `rps` are the fields' names."""
    yield Column(
        f"{prefix}SUCCESS",
        success,
        lambda row: golden(row).success_rate,
        lambda row: numbers.percent(golden(row).success_rate),
        wide=wide,
        style=lambda row: success_style(golden(row).success_rate),
        short=_short(prefix, "SUCCESS"),
    )
    yield Column(
        f"{prefix}RPS",
        rps,
        lambda row: golden(row).rps,
        lambda row: numbers.per_second(golden(row).rps, "rps"),
        wide=wide,
        short=_short(prefix, "RPS"),
    )


def _short(prefix: str, title: str) -> str:
    """`ACT_RPS`; nothing where the title is short as it is."""
    return f"{prefix[:3]}_{title}" if prefix else ""


def socket_columns(golden: Callable[[Row], Golden]) -> Iterator[Column[Row]]:
    """TCP_CONN and, for -o wide, bytes per second each way."""
    yield Column(
        "TCP_CONN",
        "tcp_open_connections",
        lambda row: whole(golden(row).tcp_open),
        lambda row: numbers.count(golden(row).tcp_open),
        short="TCP",
    )
    yield _bytes_column("read", lambda row: golden(row).read_bytes_rate)
    yield _bytes_column("write", lambda row: golden(row).write_bytes_rate)


def _bytes_column(direction: str, rate: Callable[[Row], float | None]) -> Column[Row]:
    return Column(
        f"{direction.upper()}_BYTES/SEC",
        f"tcp_{direction}_bytes_rate",
        rate,
        lambda row: numbers.per_second(rate(row), "B/s"),
        wide=True,
        short=direction.upper(),
    )


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
