"""Every series of the recording of real proxies, read with prometheus_client; sums and quantiles by their definitions."""

from __future__ import annotations

import gzip
import json
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
FIRST, LAST = json.loads((RECORDING / "recording.json").read_text())["scrapes"]
Labels = dict[str, str]
Row = dict[str, Any]


class Grown(NamedTuple):
    """A series of a pod, `NAMESPACE/NAME`: what it grew by between the two scrapes, which are so many seconds apart."""

    pod: str
    name: str
    labels: Labels
    increase: float
    value: float
    seconds: float

    @property
    def workload(self) -> str:
        return self.pod.split("/")[1].rsplit("-", 2)[0]


@dataclass
class Sum:
    """What definitions say of some series together."""

    counted: bool = False
    """Whether there is a series that counts requests, be it at zero."""
    successes: float = 0
    failures: float = 0
    rps: float = 0
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def requests(self) -> float:
        return self.successes + self.failures

    def add(self, each: Grown, *, succeeded: bool) -> None:
        """Take in what a counter of requests grew by."""
        self.counted = True
        self.successes += each.increase * succeeded
        self.failures += each.increase * (not succeeded)
        self.rps += each.increase / each.seconds

    def quantile(self, q: float) -> float | None:
        """The value alone, in the unit of the buckets."""
        found = self.bracket(q)
        return found[0] if found else None

    def bracket(self, q: float) -> tuple[float, float, float] | None:
        """Prometheus' histogram_quantile, spelt out, with the bucket that the rank falls into."""
        total = self.buckets[math.inf] if self.buckets else 0
        if not total:
            return None
        rank, lower, below = q * total, 0.0, 0.0
        for bound in sorted(self.buckets):
            if self.buckets[bound] >= rank:
                return lower + (bound - lower) * (rank - below) / (self.buckets[bound] - below), lower, bound
            lower, below = bound, self.buckets[bound]
        raise AssertionError


def _samples(directory: str, pod: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = gzip.decompress((RECORDING / directory / f"{pod}.prom.gz").read_bytes()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@cache
def everywhere() -> tuple[Grown, ...]:
    """Of all proxies; none restarted."""
    return tuple(_grown())


@cache
def series() -> tuple[Grown, ...]:
    """Of all proxies in emojivoto."""
    return tuple(each for each in everywhere() if each.pod.startswith("emojivoto/"))


def _grown() -> Iterator[Grown]:
    for pod, ended in LAST["at"].items():
        before, after = _samples(FIRST["dir"], pod), _samples(LAST["dir"], pod)
        for (name, labels), value in after.items():
            increase = value - before.get((name, labels), 0.0)
            yield Grown(pod, name, dict(labels), increase, value, ended - FIRST["at"][pod])


def is_admin(labels: Labels) -> bool:
    """Probes and scrapes of the proxy itself."""
    return labels.get("target_port") == "4191" or labels.get("route_name") == "probe"


def succeeded(labels: Labels) -> bool:
    """As proxies classify responses."""
    return labels["classification"] == "success"


def summed(
    counter: str,
    histogram: str,
    name: Callable[[Grown], Hashable | None],
    succeeded: Callable[[Labels], bool] = succeeded,
    unit_ms: float = 1.0,
) -> dict[Any, Sum]:
    """Sums by what `name` gives to a series; None leaves it out."""
    found: defaultdict[Any, Sum] = defaultdict(Sum)
    for each in series():
        if each.name not in (counter, histogram) or (key := name(each)) is None:
            continue
        if each.name == counter:
            found[key].add(each, succeeded=succeeded(each.labels))
        else:
            found[key].buckets[float(each.labels["le"]) * unit_ms] += each.increase
    return found


def rates(counter: str, name: Callable[[Grown], Hashable | None]) -> dict[Any, float]:
    """Increases per second by what `name` gives to a series."""
    return {key: total.rps for key, total in summed(counter, "", name, lambda labels: True).items()}
