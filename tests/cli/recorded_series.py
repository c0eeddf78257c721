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
    """A series: what it grew by between the two scrapes, which are so many seconds apart."""

    workload: str
    name: str
    labels: Labels
    increase: float
    seconds: float


@dataclass
class Sum:
    """What definitions say of some series together."""

    successes: float = 0
    failures: float = 0
    rps: float = 0
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def requests(self) -> float:
        return self.successes + self.failures

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
def series() -> tuple[Grown, ...]:
    """Of all proxies in emojivoto; none restarted."""
    return tuple(_grown())


def _grown() -> Iterator[Grown]:
    for pod in (each for each in LAST["at"] if each.startswith("emojivoto/")):
        before, after = _samples(FIRST["dir"], pod), _samples(LAST["dir"], pod)
        workload, seconds = pod.split("/")[1].rsplit("-", 2)[0], LAST["at"][pod] - FIRST["at"][pod]
        for (name, labels), value in after.items():
            yield Grown(workload, name, dict(labels), value - before.get((name, labels), 0.0), seconds)


def is_admin(labels: Labels) -> bool:
    """Probes and scrapes of the proxy itself."""
    return labels.get("target_port") == "4191" or labels.get("route_name") == "probe"


def summed(
    counter: str,
    histogram: str,
    name: Callable[[Grown], Hashable | None],
    succeeded: Callable[[Labels], bool] = lambda labels: labels["classification"] == "success",
    unit_ms: float = 1.0,
) -> dict[Any, Sum]:
    """Sums by what `name` gives to a series; None leaves it out."""
    found: defaultdict[Any, Sum] = defaultdict(Sum)
    for each in series():
        if each.name not in (counter, histogram) or (key := name(each)) is None:
            continue
        if each.name == counter:
            found[key].successes += each.increase * succeeded(each.labels)
            found[key].failures += each.increase * (not succeeded(each.labels))
            found[key].rps += each.increase / each.seconds
        else:
            found[key].buckets[float(each.labels["le"]) * unit_ms] += each.increase
    return found


def rates(counter: str, name: Callable[[Grown], Hashable | None]) -> dict[Any, float]:
    """Increases per second by what `name` gives to a series."""
    return {key: total.rps for key, total in summed(counter, "", name, lambda labels: True).items()}
