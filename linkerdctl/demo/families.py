"""Metric families in memory, and their exposition text. What stands before a bucket's value is written only once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

LATENCY_MS = (
    1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500,
    1000, 2000, 3000, 4000, 5000, 10000, 20000, 30000, 40000, 50000,
)  # fmt: skip
ROUTE_SECONDS = (0.05, 0.5, 1.0, 10.0)
BACKEND_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0)


@dataclass(slots=True)
class Family:
    """A counter or gauge: values by their labels, written as they stand between the braces.

    `suffix` is what OpenMetrics appends to a counter's samples (`_total`) while HELP and TYPE carry the bare name.
    """

    name: str
    type: str
    help: str
    suffix: str = ""
    unit: str = ""
    values: dict[str, float] = field(default_factory=dict)

    def add(self, labels: str, amount: float = 1) -> None:
        """Count."""
        self.values[labels] = self.values.get(labels, 0) + amount

    def set(self, labels: str, value: float) -> None:
        """Set a gauge."""
        self.values[labels] = value

    def lines(self) -> Iterator[str]:
        """Samples."""
        name = f"{self.name}{self.suffix}"
        for labels, value in self.values.items():
            yield f"{name}{{{labels}}} {_number(value)}" if labels else f"{name} {_number(value)}"


@dataclass(slots=True)
class HistogramFamily:
    """A histogram: per labels the counts of each bucket, not cumulated, and the sum."""

    name: str
    help: str
    bounds: tuple[float, ...]
    unit: str = ""
    type: str = "histogram"
    counts: dict[str, list[int]] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    _prefixes: dict[str, list[str]] = field(default_factory=dict)

    def observe(self, labels: str, value: float) -> None:
        """Count one value; bounds are inclusive."""
        if labels not in self.counts:
            self.counts[labels] = [0] * (len(self.bounds) + 1)
            self.sums[labels] = 0
            self._prefixes[labels] = self._prefixes_of(labels)
        self.counts[labels][bisect_left(self.bounds, value)] += 1
        self.sums[labels] += value

    def lines(self) -> Iterator[str]:
        """Samples: buckets, cumulated, then sum and count, as proxies order them."""
        for labels, counts in self.counts.items():
            total = 0
            for prefix, count in zip(self._prefixes[labels], counts, strict=True):
                total += count
                yield f"{prefix}{total}"
            yield f"{self.name}_count{{{labels}}} {total}"
            yield f"{self.name}_sum{{{labels}}} {_number(self.sums[labels])}"

    def _prefixes_of(self, labels: str) -> list[str]:
        bounds = [*map(_bound, self.bounds), "+Inf"]
        return [f'{self.name}_bucket{{{labels},le="{bound}"}} ' for bound in bounds]

    @property
    def values(self) -> dict[str, list[int]]:
        """Whether there is anything, as for other families."""
        return self.counts


def exposition(families: list[Family | HistogramFamily]) -> bytes:
    """The text of all families that hold something; a family that was never used is not even declared."""
    lines: list[str] = []
    for family in families:
        if not family.values:
            continue
        lines.append(f"# HELP {family.name} {family.help}")
        lines.append(f"# TYPE {family.name} {family.type}")
        if family.unit:
            lines.append(f"# UNIT {family.name} {family.unit}")
        lines.extend(family.lines())
    return ("\n".join(lines) + "\n").encode()


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _bound(bound: float) -> str:
    """Whole milliseconds stand as whole numbers, seconds with their point: `50`, `1.0`."""
    return str(bound)
