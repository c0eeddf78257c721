"""Metric families, their series, and the two dialects of exposition text that proxies mix. Knows no metric by name."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

LATENCY_MS = (
    1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500,
    1000, 2000, 3000, 4000, 5000, 10000, 20000, 30000, 40000, 50000,
)  # fmt: skip


@dataclass(slots=True)
class Sample:
    """One counter or gauge: whole numbers stand without a point, floats with one."""

    value: float = 0

    def add(self, amount: float = 1) -> None:
        """Count."""
        self.value += amount


@dataclass(slots=True)
class Distribution:
    """One histogram: how many values fell between two bounds each, and their sum. Bounds are inclusive."""

    bounds: tuple[float, ...]
    sum: float = 0
    counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulated(self) -> Iterator[int]:
        """What the buckets say, `+Inf` last."""
        total = 0
        for count in self.counts:
            total += count
            yield total


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A family's declaration; it holds no values. Labels are the text between a series' braces.

    `legacy` families are in the proxies' older dialect: `le` last, buckets before count and sum, no units. In the other,
    OpenMetrics', counters' samples end in `_total` while HELP and TYPE carry the bare name, `le` comes first, sums lead.
    """

    name: str
    type: str
    help: str
    unit: str = ""
    bounds: tuple[float, ...] = ()
    legacy: bool = False

    def header(self) -> Iterator[str]:
        """HELP, TYPE and UNIT."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.type}"
        if self.unit:
            yield f"# UNIT {self.name} {self.unit}"

    def sample_line(self, labels: str, sample: Sample) -> str:
        """A counter's or gauge's only line."""
        name = f"{self.name}_total" if self.type == "counter" and not self.legacy else self.name
        return f"{name}{{{labels}}} {sample.value}" if labels else f"{name} {sample.value}"

    def distribution_lines(self, labels: str, distribution: Distribution) -> list[str]:
        """A histogram's buckets, count and sum."""
        totals = list(distribution.cumulated())
        whole = f"{self.name}_count{{{labels}}} {totals[-1]}"
        total = f"{self.name}_sum{{{labels}}} {distribution.sum}"
        bounds = (*distribution.bounds, "+Inf")
        if not self.legacy:
            start, rest = f'{self.name}_bucket{{le="', f'",{labels}}} '
            return [
                total,
                whole,
                *(f"{start}{bound}{rest}{count}" for bound, count in zip(bounds, totals, strict=True)),
            ]
        start = f'{self.name}_bucket{{{labels},le="'
        buckets = [f'{start}{bound}"}} {count}' for bound, count in zip(bounds, totals, strict=True)]
        return [*buckets, whole, total]


class Registry:
    """The series of one process. A family that was never used is not even declared, as in real proxies.

    `shared` are lines of series that stand still, by family: written once for the processes that have them in common.
    """

    def __init__(self, shared: Mapping[Family, str] | None = None) -> None:
        self._samples: dict[Family, dict[str, Sample]] = {}
        self._distributions: dict[Family, dict[str, Distribution]] = {}
        self._shared = shared or {}

    def sample(self, family: Family, labels: str = "", value: float = 0) -> Sample:
        """The counter or gauge of these labels; made with `value` when it is new."""
        series = self._samples.setdefault(family, {})
        return series.get(labels) or series.setdefault(labels, Sample(value))

    def distribution(self, family: Family, labels: str) -> Distribution:
        """The histogram of these labels."""
        series = self._distributions.setdefault(family, {})
        return series.get(labels) or series.setdefault(labels, Distribution(family.bounds))

    def total(self, family: Family) -> float:
        """All of a counter's series together."""
        return sum(sample.value for sample in self._samples.get(family, {}).values())

    def lines(self, families: Iterable[Family]) -> Iterator[str]:
        """The text of these families, in this order, line by line."""
        for family in families:
            series = [*self.series_lines(family), *([self._shared[family]] if family in self._shared else ())]
            if series:
                yield from family.header()
                yield from series

    def series_lines(self, family: Family) -> Iterator[str]:
        """The lines of one family's own series, without its declaration."""
        for labels, sample in self._samples.get(family, {}).items():
            yield family.sample_line(labels, sample)
        for labels, distribution in self._distributions.get(family, {}).items():
            yield from family.distribution_lines(labels, distribution)
