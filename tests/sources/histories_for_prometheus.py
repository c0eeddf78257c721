"""Made-up histories of proxies, as a Prometheus would have scraped them: for its store, and for our own arithmetic."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.reduce import sample_names
from linkerdctl.metrics.scrape import Scrape

EVERY = 60
"""Seconds between two scrapes."""
BUCKETS = ("1", "2", "5", "10", "+Inf")
ADMIN = 'target_port="4191",route_name="probe"'

Samples = dict[str, float]


@dataclass
class History:
    """What one proxy showed at each scrape (epoch seconds). `started` follows its restarts."""

    namespace: str
    pod: str
    deployment: str
    scrapes: dict[float, Samples] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        labels = {"namespace": self.namespace, "pod": self.pod, "deployment": self.deployment}
        return Target(PodRef(self.namespace, self.pod), labels, "10.0.0.1", 4191)

    def at(self, moment: float) -> tuple[float, Samples] | None:
        """The newest scrape that is not later, if it is not older than Prometheus looks back."""
        times = [each for each in self.scrapes if moment - 300 < each <= moment]
        return (max(times), self.scrapes[max(times)]) if times else None

    def window(self, moment: float, seconds: float | None, queries: list[TrafficQuery]) -> Window | None:
        """Two looks at it, as `ProxySource` would have had them; None for a proxy that is old but was not seen then."""
        after = self._scrape(self.at(moment), queries)
        if after is None or seconds is None:
            return Window(None, after) if after else None
        before = self._scrape(self.at(moment - seconds), queries)
        if before is None and (after.started is None or after.started <= moment - seconds):
            return None
        return Window(before, after)

    def _scrape(self, seen: tuple[float, Samples] | None, queries: list[TrafficQuery]) -> Scrape | None:
        if seen is None:
            return None
        text = "".join(f"{series} {value}\n" for series, value in seen[1].items())
        return Scrape.read(text.encode(), seen[0], sample_names(queries))

    def exposition(self, scenario: int) -> Iterator[tuple[str, str]]:
        """Series of a store, by family, each with all its samples in time order."""
        own = (
            f'scenario="{scenario}",job="linkerd-proxy",instance="{self.namespace}-{self.pod}:4191",'
            f'namespace="{self.namespace}",pod="{self.pod}",deployment="{self.deployment}"'
        )
        for series in dict.fromkeys(name for samples in self.scrapes.values() for name in samples):
            name, _, labels = series.partition("{")
            full = f"{name}{{{own}{',' + labels if labels else '}'}"
            for at, samples in sorted(self.scrapes.items()):
                if series in samples:
                    yield name, f"{full} {samples[series]} {at:.3f}\n"


def random_histories(seed: int, end: float) -> list[History]:
    """A few proxies over half an hour: old, young, restarted, found late; series that come late or begin anew."""
    dice = random.Random(seed)
    return [_history(dice, number, end) for number in range(dice.randint(1, 4))]


def _history(dice: random.Random, number: int, end: float) -> History:
    history = History(f"ns{dice.randint(0, 1)}", f"p{number}", f"d{dice.randint(0, 1)}")
    first = end - 1800 + dice.uniform(0, EVERY)
    times = [first + EVERY * step for step in range(int((end - first) / EVERY) + 1)]
    started = first - dice.uniform(1, 5000)
    fate = dice.choice(["steady", "steady", "restart", "young", "late"])
    turn = dice.randrange(5, len(times) - 2)
    if fate in ("young", "late"):
        times = times[turn:]
        started = times[0] - (dice.uniform(1, EVERY) if fate == "young" else 10_000)
    counts = _Counts(dice)
    for step, at in enumerate(times):
        if fate == "restart" and step == turn:
            counts.begin_anew()
            started = at - dice.uniform(1, EVERY - 1)
        process = {"process_start_time_seconds": started, "process_uptime_seconds_total": at - started}
        history.scrapes[at] = {**process, **counts.next()}
    return history


class _Counts:
    """A proxy's counters as they grow; a series may come later, or begin anew though its proxy did not restart.

    None goes away: of that, a real Prometheus is told by a marker that cannot be written into a text. A histogram has counted
    so much before that one which began anew has not caught up by the end.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._requests: dict[str, float] = {}
        self._buckets: Mapping[str, float] = dict(zip(BUCKETS, (2, 4, 500, 900, 1000), strict=True))
        self._evicted = dice.random() < 0.2

    def begin_anew(self) -> None:
        self._requests = dict.fromkeys(self._requests, 0.0)
        self._buckets = {}

    def next(self) -> Samples:
        dice = self._dice
        if self._evicted and dice.random() < 0.05:
            self._evicted = False
            self.begin_anew()
        for outcome in ("success", "failure"):
            for port in ("8080", "9090"):
                labels = f'classification="{outcome}",target_port="{port}",route_name="default"'
                if labels in self._requests or dice.random() < 0.4:
                    self._requests[labels] = self._requests.get(labels, 0) + dice.randrange(0, 9)
        admin = f'classification="success",{ADMIN}'
        self._requests[admin] = self._requests.get(admin, 0) + 6
        observed = sorted(dice.randrange(len(BUCKETS)) for _ in range(dice.randrange(0, 6)))
        self._buckets = {
            bound: self._buckets.get(bound, 0) + sum(each <= index for each in observed)
            for index, bound in enumerate(BUCKETS)
        }
        return {
            **{f'response_total{{direction="inbound",{labels}}}': count for labels, count in self._requests.items()},
            **{
                f'response_latency_ms_bucket{{direction="inbound",target_port="8080",le="{bound}"}}': count
                for bound, count in self._buckets.items()
            },
            'tcp_open_connections{direction="inbound",peer="src",target_port="8080"}': dice.randrange(0, 5),
        }
