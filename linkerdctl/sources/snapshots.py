"""From single scrapes of many proxies to one snapshot. Shared by every source."""

from __future__ import annotations

from collections.abc import Iterable

from linkerdctl.errors import LinkerdctlError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.sources.protocol import Coverage, ProxyFailure, Snapshot


class Album:
    """Takes in one proxy after the other."""

    def __init__(self, asked: Iterable[Target]) -> None:
        self._asked = frozenset(target.pod for target in asked)
        self._scrapes: dict[PodRef, Scrape] = {}
        self._failures: list[ProxyFailure] = []

    def add(self, target: Target, scrape: Scrape) -> None:
        """What a proxy said."""
        self._scrapes[target.pod] = scrape

    def fail(self, target: Target, error: LinkerdctlError) -> None:
        """Note that a proxy gave nothing usable."""
        self._failures.append(ProxyFailure(target.pod, error.message, error.next_step))

    def snapshot(self) -> Snapshot:
        """What was taken in so far."""
        failures = tuple(sorted(self._failures, key=lambda each: each.pod))
        return Snapshot(self._scrapes, Coverage(self._asked, frozenset(self._scrapes), failures))
