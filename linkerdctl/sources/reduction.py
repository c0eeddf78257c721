"""From scrapes of many proxies to one observation. Shared by every source that scrapes or replays scrapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from linkerdctl.errors import LinkerdctlError, ProxyError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.deltas import Window, median
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.reduce import PeerLabels, reduce
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.sources.protocol import Coverage, GroupKey, Observation, ProxyFailure


def concerned(queries: Sequence[TrafficQuery], targets: Iterable[Target]) -> list[Target]:
    """The targets that at least one query is about; no other proxy is asked."""
    return [target for target in targets if any(query.concerns(target.labels) for query in queries)]


class Reduction:
    """Adds up one proxy after the other, so that no scrape needs to be kept longer than it is looked at."""

    def __init__(self, queries: Sequence[TrafficQuery], asked: Iterable[Target], peer_labels: PeerLabels) -> None:
        self._queries = queries
        self._asked = frozenset(target.pod for target in asked)
        self._peer_labels = peer_labels
        self._answers: list[dict[GroupKey, Traffic]] = [{} for _ in queries]
        self._seconds: list[float] = []
        self._ended = 0.0
        self._failures: list[ProxyFailure] = []
        self._answered: set[PodRef] = set()
        self._restarted: list[PodRef] = []

    def add(self, target: Target, window: Window) -> None:
        """Count one proxy in, unless the clock that its two looks were timed by went back: then there are no rates."""
        if window.before is not None and window.seconds <= 0:
            self.fail(target, ProxyError("no time passed between the two looks at it: the clock was set back"))
            return
        shares = reduce(
            window,
            self._queries,
            pod_labels=target.labels,
            admin_port=target.admin_port,
            peer_labels=self._peer_labels,
        )
        for answer, share in zip(self._answers, shares, strict=True):
            for key, traffic in share.items():
                answer[key] = answer[key] + traffic if key in answer else traffic
        self._seconds.append(window.seconds)
        self._ended = max(self._ended, window.after.at)
        self._answered.add(target.pod)
        if window.restarted:
            self._restarted.append(target.pod)

    def fail(self, target: Target, error: LinkerdctlError) -> None:
        """Note that a proxy gave nothing usable."""
        self._failures.append(ProxyFailure(target.pod, error.message, error.next_step))

    def observation(self) -> Observation:
        """What was added up so far."""
        answered = frozenset(self._answered)
        return Observation(
            answers=tuple(self._answers),
            coverage=Coverage(
                self._asked,
                answered,
                tuple(sorted(self._failures, key=lambda each: each.pod)),
                tuple(sorted(self._restarted)),
            ),
            seconds=median(self._seconds),
            ended=self._ended,
        )
