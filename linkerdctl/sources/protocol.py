"""What every source of traffic owes its callers.

A source answers `TrafficQuery`s about the proxies it was given, and shows single samples of theirs. It never fails as a
whole because a proxy did: such a proxy is named in `Coverage.failures` and the rest is answered.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.metrics.traffic import Traffic

GroupKey = tuple[str, ...]
"""Values of a query's `group_by` labels, in that order; an absent label is the empty string."""


@dataclass(frozen=True, slots=True)
class ProxyFailure:
    """A proxy that gave nothing usable, and why, in a few words (`timed out after 5s`)."""

    pod: PodRef
    reason: str
    advice: str | None = None
    """What to do about it, if it is the same for all (a missing permission)."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which proxies were asked and which answered. Sources that cannot tell (Prometheus) leave both empty."""

    asked: frozenset[PodRef] = frozenset()
    answered: frozenset[PodRef] = frozenset()
    failures: tuple[ProxyFailure, ...] = ()
    restarted: tuple[PodRef, ...] = ()
    """Answered both times, but as another process: part of what they counted is lost."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One answer: for each query, in order, the traffic of each group; how long was watched; who answered.

    `seconds` is the typical (median) time between the two looks at a proxy; `ended` the epoch second of the last.
    """

    answers: tuple[Mapping[GroupKey, Traffic], ...]
    coverage: Coverage
    seconds: float
    ended: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What proxies said at one moment: a scrape of each that answered, with the samples that were asked for."""

    scrapes: Mapping[PodRef, Scrape]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class ProxyText:
    """What one proxy said, word for word, at epoch second `at`; or why there is nothing."""

    target: Target
    text: bytes = b""
    at: float = 0.0
    failure: ProxyFailure | None = None


class Source(Protocol):
    """A place that golden metrics can be had from."""

    async def observe(self, queries: Sequence[TrafficQuery], targets: Sequence[Target]) -> Observation:
        """Answer once, over one window. Proxies that no query can match are not asked."""
        ...

    def watch(
        self,
        queries: Sequence[TrafficQuery],
        targets: Callable[[], Awaitable[Sequence[Target]]],
        every: float,
    ) -> AsyncIterator[Observation]:
        """Answer again and again, every `every` seconds; `targets` is asked anew each time (pods come and go)."""
        ...

    async def snapshot(self, names: Iterable[str], targets: Sequence[Target]) -> Snapshot:
        """One look at these proxies: their samples called `names` as they stand, and when their process started.

        For what is no traffic: gauges, versions, certificates. Histograms are not among it.
        """
        ...

    def texts(self, targets: Sequence[Target]) -> AsyncGenerator[ProxyText, None]:
        """One look at these proxies, in their order: all that each says, as it comes, so that never all is held at once.

        Raises what tells why, in a line, where a source has no texts (Prometheus).
        """
        ...
