"""What a proxy counted between two looks at it, restarts and new series minded."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from linkerdctl.metrics.histogram import Histogram
from linkerdctl.metrics.labels import parse_labels
from linkerdctl.metrics.scrape import Scrape

_LE = b',le="'
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


def counter_deltas(window: Window, name: str) -> dict[bytes, float]:
    """The increase of every series of a counter.

    A value lower than before means that the counter began anew: the increase is the new value. So it is for a series that
    was not there before. NaN counts as absent.
    """
    before = window.baseline.samples.get(name, {}) if window.baseline else {}
    return {
        labels: _increase(before.get(labels), value)
        for labels, value in window.after.samples.get(name, {}).items()
        if not math.isnan(value)
    }


def histogram_deltas(window: Window, name: str) -> dict[bytes, Histogram]:
    """The increase of every histogram of a family (`name` ends in `_bucket`), keyed by its labels without `le`.

    A histogram begins anew as a whole: if one bucket fell, none of the earlier counts hold, or else the differences
    would not be cumulative.
    """
    after = _children(window.after.samples.get(name, {}))
    before = _children(window.baseline.samples.get(name, {})) if window.baseline else {}
    return {child: _histogram_increase(before.get(child), buckets) for child, buckets in after.items()}


def _increase(before: float | None, after: float) -> float:
    return after if before is None or math.isnan(before) or after < before else after - before


def _histogram_increase(before: Mapping[bytes, float] | None, after: Mapping[bytes, float]) -> Histogram:
    began_anew = before is None or any(after.get(le, 0.0) < count for le, count in before.items())
    base = {} if began_anew or before is None else before
    return Histogram.of({float(le): count - base.get(le, 0.0) for le, count in after.items()})


def _children(samples: Mapping[bytes, float]) -> dict[bytes, dict[bytes, float]]:
    """Buckets by the histogram they belong to. Proxies write `le` last, so that cutting it off will do nearly always."""
    children: defaultdict[bytes, dict[bytes, float]] = defaultdict(dict)
    for labels, count in samples.items():
        child, found, bound = labels.rpartition(_LE)
        if found and bound.endswith(b'"') and bound.count(b'"') == 1:
            children[child][bound[:-1]] = count
        else:
            child, bound = _split_le(labels)
            children[child][bound] = count
    return {child: buckets for child, buckets in children.items() if not any(map(math.isnan, buckets.values()))}


def _split_le(labels: bytes) -> tuple[bytes, bytes]:
    """The same for labels in another order: the rest, written anew, and the bound."""
    parsed = parse_labels(labels)
    rest = ",".join(f'{name}="{_escape(value)}"' for name, value in parsed.items() if name != "le")
    return rest.encode(), parsed.get("le", "NaN").encode()


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
