"""What a proxy counted between two looks at it, restarts and new series minded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from linkerdctl.metrics.histogram import Histogram
from linkerdctl.metrics.scrape import Scrape

_SAME_PROCESS = 1.0
"""Seconds two readings of a start time may differ (it is a float of whole seconds in some versions) and be the same."""
_TOO_MANY = 2.0**64
"""Proxies count in 64 bits. Nothing larger is added up, so that no sum is ever infinite."""


@dataclass(frozen=True, slots=True)
class Window:
    """Two scrapes of one proxy, or one scrape and the proxy's whole life before it (`before` is None)."""

    before: Scrape | None
    after: Scrape

    @property
    def seconds(self) -> float:
        """How long was watched: between the scrapes, or since the process started. 0 when that is not known.

        Less than 0 when the clock was set back in between.
        """
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
    """The increase of every series of a counter, by raw labels.

    A value lower than before means that the counter began anew: the increase is the new value. So it is for a series that
    was not there before. One that held what no counter can (NaN, less than nothing, 2^64) in either scrape is absent: from
    what it rose is not known, and to count all of it would be to invent traffic.
    """
    before = window.baseline.samples.get(name, {}) if window.baseline else {}
    return {
        labels: value - earlier if earlier <= value else value
        for labels, value in window.after.samples.get(name, {}).items()
        if _is_count(value) and _is_count(earlier := before.get(labels, 0.0))
    }


def histogram_deltas(window: Window, name: str) -> dict[bytes, Histogram]:
    """The increase of every histogram of a family (`name` ends in `_bucket`), keyed by its labels without `le`.

    A histogram begins anew as a whole: if one bucket fell, none of the earlier counts hold, or else the differences
    would not be cumulative. One in which a bucket holds no count, in either scrape, is absent.
    """
    before = window.baseline.buckets.get(name, {}) if window.baseline else {}
    return {
        labels: _histogram_increase(earlier, buckets)
        for labels, buckets in window.after.buckets.get(name, {}).items()
        if _are_counts(buckets) and _are_counts(earlier := before.get(labels, {}))
    }


def gauge_values(window: Window, name: str) -> dict[bytes, float]:
    """What every series of a gauge stood at when last looked at; NaN, and what is too much to be true, count as absent."""
    return {labels: value for labels, value in window.after.samples.get(name, {}).items() if abs(value) < _TOO_MANY}


def _is_count(value: float) -> bool:
    return 0.0 <= value < _TOO_MANY


def _are_counts(buckets: Mapping[float, float]) -> bool:
    return all(map(_is_count, buckets.values()))


def _histogram_increase(before: Mapping[float, float], after: Mapping[float, float]) -> Histogram:
    """Of buckets that came later nobody knows what they held before: only bounds that both have are told apart."""
    if any(count > after.get(bound, 0.0) for bound, count in before.items()) or not before:
        return Histogram.of(after)
    return Histogram.of({bound: count - before[bound] for bound, count in after.items() if bound in before})
