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
    """P50, P95 and P99. `key` and `buckets` make the names of fields, of percentiles as `named` writes them."""

    def quantile(row: Row, name: str) -> Quantile | None:
        found: Quantile | None = getattr(golden(row), name)
        return found

    for name in PERCENTILES:
        yield Column(
            f"LATENCY_{name.upper()}",
            key.format(named(name)),
            lambda row, name=name: latency_number(quantile(row, name)),  # type: ignore[misc]
            lambda row, name=name: latency_text(quantile(row, name), fine=fine),  # type: ignore[misc]
            short=name.upper(),
        )
    for name in PERCENTILES:
        yield Column(
            key=buckets.format(named(name)),
            value=lambda row, name=name: latency_bucket(quantile(row, name)),  # type: ignore[misc]
        )
