"""One look at one proxy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.exposition import Buckets, Samples, parse

START_TIME = "process_start_time_seconds"
_AFTER_ALL = 253_402_300_800.0
"""When the year 9999 is over, in epoch seconds: later moments have no date."""


def is_moment(seconds: float) -> bool:
    """Whether a number can be epoch seconds; NaN, infinities, and what is not after 1970 cannot."""
    return 0.0 < seconds < _AFTER_ALL


@dataclass(frozen=True, slots=True)
class Scrape:
    """The wanted samples of a proxy at one moment. `at` is in epoch seconds, by the clock of who scraped."""

    at: float
    samples: Samples
    buckets: Buckets = field(default_factory=dict)

    @classmethod
    def read(cls, text: bytes, at: float, names: Iterable[str]) -> Scrape:
        """Keep the samples called `names`, and the process's start time; raises `ExpositionError`.

        Every proxy tells when it started, so a text without that and without anything wanted is not one's.
        """
        found = parse(text, {*names, START_TIME})
        if not any(found.samples.values()) and not any(found.buckets.values()):
            raise ExpositionError("no metric of a proxy stands in this text", line=1, column=1)
        return cls(at, found.samples, found.buckets)

    @property
    def started(self) -> float | None:
        """When the proxy's process started, in epoch seconds, if it says so; what is no moment says nothing."""
        told = next(iter(self.samples.get(START_TIME, {}).values()), math.nan)
        return told if is_moment(told) else None

    def began_since(self, moment: float) -> bool:
        """Whether all that it counted was counted after a moment. One that does not say when it began is old, and so is
        one that began later than it was looked at: its clock is ahead of ours."""
        return self.started is not None and moment <= self.started <= self.at
