"""Percentiles of latencies in bounded memory: counts by logarithmic size, each quantile within one percent. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from linkerdctl.metrics.histogram import Quantile

_ERROR = 0.01
_GROWTH = (1 + _ERROR) / (1 - _ERROR)
_LOG_GROWTH = math.log(_GROWTH)
_SHORTEST, _LONGEST = 1_000, 3_600_000_000_000
"""Nanoseconds: a microsecond and an hour; what is beyond counts as that. So there are at most 1,101 sizes."""
_NANOSECONDS_PER_MS = 1e6


@dataclass(slots=True)
class Sketch:
    """How many latencies there were of each size. Sizes grow by two percent from one to the next."""

    counts: dict[int, int] = field(default_factory=dict)
    total: int = 0

    def add(self, nanoseconds: int) -> None:
        """One more."""
        bounded = min(max(nanoseconds, _SHORTEST), _LONGEST)
        size = math.ceil(math.log(bounded) / _LOG_GROWTH)
        self.counts[size] = self.counts.get(size, 0) + 1
        self.total += 1

    def merge(self, other: Sketch) -> None:
        """Take in what another has counted."""
        for size, count in other.counts.items():
            self.counts[size] = self.counts.get(size, 0) + count
        self.total += other.total

    def quantiles(self, *shares: float) -> list[Quantile | None]:
        """The smallest latencies, in milliseconds, that so large shares (0 to 1, ascending) of them do not exceed.

        None where there are no latencies.
        """
        if not self.total:
            return [None] * len(shares)
        found: list[Quantile | None] = []
        sizes = iter(sorted(self.counts.items()))
        size, below = 0, 0
        for share in shares:
            while below < max(math.ceil(share * self.total), 1):
                size, count = next(sizes)
                below += count
            found.append(_of_size(size))
        return found


def _of_size(size: int) -> Quantile:
    upper = _GROWTH**size / _NANOSECONDS_PER_MS
    return Quantile(2 * upper / (1 + _GROWTH), upper / _GROWTH, upper)
