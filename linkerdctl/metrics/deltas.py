"""What a proxy counted between two looks at it, restarts and new series minded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from linkerdctl.metrics.histogram import Histogram
from linkerdctl.metrics.scrape import Scrape

_SAME_PROCESS = 1.0
"""Seconds two readings of a start time may differ (it is a float of whole seconds in some versions) and be the same."""


@dataclass(frozen=True, slots=True)
class Window:
    """Two scrapes of one proxy, or one scrape and the proxy's whole life before it (`before` is None)."""

    before: Scrape | None
    after: Scrape

    @property
    def seconds(self) -> float:
        """How long was watched: between the scrapes, or since the process started. 0 when that is not known."""
        if self.before is not None:
            return self.after.at - self.before.at
        started = self.after.started
        return max(self.after.at - started, 0.0) if started is not None else 0.0

    @property
    def baseline(self) -> Scrape | None:
        """The earlier scrape, unless the process is another one by now and began at zero."""
        if self.before is None or self.before.started is None or self.after.started is None:
            return self.before
        return None if abs(self.after.started - self.before.started) > _SAME_PROCESS else self.before

    @property
    def restarted(self) -> bool:
        """Whether the proxy became another process in between; what it counted after the first scrape and before is lost."""
        return self.before is not None and self.baseline is None


def median(seconds: Iterable[float]) -> float:
    """The middle of several spans, 0 of none. Not from `statistics`, which takes longer to load than two scrapes to read."""
    ordered = sorted(seconds)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2 if ordered else 0.0


def counter_deltas(window: Window, name: str) -> dict[bytes, float]:
    """The increase of every series of a counter.

    A value lower than before means that the counter began anew: the increase is the new value. So it is for a series that
    was not there before. What no counter can hold (NaN, infinity, less than nothing) counts as absent.
    """
    before = window.baseline.samples.get(name, {}) if window.baseline else {}
    return {
        labels: _increase(before.get(labels, 0.0), value)
        for labels, value in window.after.samples.get(name, {}).items()
        if _is_count(value)
    }


def histogram_deltas(window: Window, name: str) -> dict[bytes, Histogram]:
    """The increase of every histogram of a family (`name` ends in `_bucket`), keyed by its labels without `le`.

    A histogram begins anew as a whole: if one bucket fell, none of the earlier counts hold, or else the differences
    would not be cumulative. One in which a bucket holds no count is absent.
    """
    before = window.baseline.buckets.get(name, {}) if window.baseline else {}
    return {
        labels: _histogram_increase(before.get(labels, {}), buckets)
        for labels, buckets in window.after.buckets.get(name, {}).items()
        if all(map(_is_count, buckets.values()))
    }


def gauge_values(window: Window, name: str) -> dict[bytes, float]:
    """What every series of a gauge stood at when last looked at; NaN and infinity count as absent."""
    return {labels: value for labels, value in window.after.samples.get(name, {}).items() if math.isfinite(value)}


def _is_count(value: float) -> bool:
    return 0.0 <= value < math.inf


def _increase(before: float, after: float) -> float:
    return after - before if _is_count(before) and before <= after else after


def _histogram_increase(before: Mapping[float, float], after: Mapping[float, float]) -> Histogram:
    began_anew = any(not 0.0 <= count <= after.get(bound, 0.0) for bound, count in before.items())
    return Histogram.of(
        after if began_anew else {bound: count - before.get(bound, 0.0) for bound, count in after.items()}
    )
