"""Percentiles as columns and cells: a number where the histogram gives one, else the bucket that it lies in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TypeVar

from linkerdctl.metrics.golden import Golden
from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render import numbers
from linkerdctl.render.view import Column

Row = TypeVar("Row")
PERCENTILES = ("p50", "p95", "p99")
COARSE, FINE_MS = 2.5, 1.0
"""A bucket that spans more than that factor, and more than that time, gives no number inside it."""


def is_coarse(quantile: Quantile) -> bool:
    """Whether the bucket is so wide that a number from inside it would be invented."""
    return quantile.upper - quantile.lower > FINE_MS and quantile.upper > COARSE * quantile.lower


def bucket(quantile: Quantile) -> str:
    """The bucket in seconds: `0.05-0.5s`, `>10s`."""
    lower, upper = quantile.lower / 1000, quantile.upper / 1000
    return f">{lower:g}s" if math.isinf(upper) else f"{lower:g}-{upper:g}s"


def latency_text(quantile: Quantile | None, *, fine: bool = False) -> str:
    """A cell."""
    if quantile is not None and is_coarse(quantile):
        return bucket(quantile)
    return numbers.milliseconds(quantile, fine=fine)


def latency_number(quantile: Quantile | None) -> float | None:
    """Milliseconds; a number that the histogram cannot give is no number."""
    if quantile is None or quantile.beyond or is_coarse(quantile):
        return None
    return round(quantile.value, 3)


def latency_bucket(quantile: Quantile | None) -> str | None:
    """The bucket, where it is all there is to tell."""
    return bucket(quantile) if quantile is not None and is_coarse(quantile) else None


def latency_columns(
    golden: Callable[[Row], Golden],
    *,
    fine: bool,
    key: str = "latency_ms_{}",
    buckets: str = "latency_bucket_{}",
    named: Callable[[str], str] = str,
) -> Iterator[Column[Row]]:
    """P50, P95 and P99. `key` and `buckets` make the names of fields, of percentiles as `named` writes them.

    Without `buckets` machines are not told of buckets: for families that have fine ones.
    """
    quantiles = {name: _percentile(golden, name) for name in PERCENTILES}
    for name, quantile in quantiles.items():
        yield latency_column(
            f"LATENCY_{name.upper()}", key.format(named(name)), quantile, fine=fine, short=name.upper()
        )
    for name, quantile in quantiles.items() if buckets else ():
        yield Column(key=buckets.format(named(name)), value=_bucket_of(quantile))


def latency_column(
    title: str,
    key: str,
    quantile: Callable[[Row], Quantile | None],
    *,
    fine: bool = False,
    wide: bool = False,
    short: str = "",
) -> Column[Row]:
    """One percentile. Rows are sorted by what is known of it: `>50s` is no number, and yet the slowest."""

    def order(row: Row) -> float | None:
        found = quantile(row)
        return None if found is None else found.value

    return Column(
        title,
        key,
        lambda row: latency_number(quantile(row)),
        lambda row: latency_text(quantile(row), fine=fine),
        order=order,
        wide=wide,
        short=short,
    )


def _percentile(golden: Callable[[Row], Golden], name: str) -> Callable[[Row], Quantile | None]:
    def quantile(row: Row) -> Quantile | None:
        found: Quantile | None = getattr(golden(row), name)
        return found

    return quantile


def _bucket_of(quantile: Callable[[Row], Quantile | None]) -> Callable[[Row], str | None]:
    return lambda row: latency_bucket(quantile(row))
