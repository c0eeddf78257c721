"""Latency histograms: bucket counts that add up, and the quantiles they can honestly give."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile and the bucket it lies in: `lower` exclusive, `upper` inclusive, in the histogram's unit.

    `beyond` says that the rank falls where the histogram cannot tell: the last finite bucket or above. `value` is then the
    bucket's lower bound and means "more than".
    """

    value: float
    lower: float
    upper: float
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cumulative counts per upper bound, bounds ascending and ending in +Inf; both empty when nothing was ever counted."""

    bounds: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()

    @classmethod
    def of(cls, buckets: Mapping[float, float]) -> Histogram:
        """From upper bound to cumulative count. Without a +Inf bucket there is no total, and so no histogram."""
        if math.inf not in buckets:
            return cls()
        bounds = tuple(sorted(buckets))
        return cls(bounds, tuple(buckets[bound] for bound in bounds))

    @property
    def total(self) -> float:
        """How many observations there are."""
        return self.counts[-1] if self.counts else 0.0

    def scaled(self, factor: float) -> Histogram:
        """The same observations in another unit, of which `factor` make one of this one's."""
        return self if factor == 1 else Histogram(tuple(bound * factor for bound in self.bounds), self.counts)

    def __add__(self, other: Histogram) -> Histogram:
        """Both together. Where bounds differ only those that both have are known for the sum, and so only those stay."""
        if not self.bounds or self.bounds == other.bounds:
            return (
                other
                if not self.bounds
                else Histogram(self.bounds, tuple(map(sum, zip(self.counts, other.counts, strict=True))))
            )
        if not other.bounds:
            return self
        mine, others = (
            dict(zip(self.bounds, self.counts, strict=True)),
            dict(zip(other.bounds, other.counts, strict=True)),
        )
        return Histogram.of({bound: mine[bound] + others[bound] for bound in mine.keys() & others.keys()})

    def quantile(self, q: float) -> Quantile | None:
        """The value below which a share `q` (0 to 1) of the observations lies; None when there are none.

        Linear interpolation inside the bucket that holds the rank, from 0 in the first one: what Prometheus documents
        for `histogram_quantile`, except that a rank in the last finite bucket or in +Inf gives no number (see `Quantile`).
        """
        if self.total <= 0 or len(self.bounds) < 2:
            return None
        rank = q * self.total
        at = bisect_left(self.counts, rank)
        lower = self.bounds[at - 1] if at else min(0.0, self.bounds[0])
        upper = self.bounds[at]
        if at >= len(self.bounds) - 2:
            return Quantile(lower, lower, upper, beyond=True)
        below = self.counts[at - 1] if at else 0.0
        inside = self.counts[at] - below
        share = (rank - below) / inside if inside else 0.0
        return Quantile(min(lower + (upper - lower) * share, upper), lower, upper)  # rounding may lead beyond
