"""Traffic of one group of proxies over one window: counts, latencies and sockets, additive across proxies."""

from __future__ import annotations

from dataclasses import dataclass, field

from linkerdctl.metrics.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was counted for one group.

    Counts are absolute over the window; rates are per second, each proxy's count divided by that proxy's own seconds before
    adding. `None` means that no series of that sort existed, which is not zero; of a rate also that nobody knows how long
    the count took.
    """

    successes: float | None = None
    failures: float | None = None
    request_rate: float | None = None
    latency: Histogram = field(default_factory=Histogram)
    """Time to first byte in milliseconds."""
    tcp_open: float | None = None
    read_bytes_rate: float | None = None
    write_bytes_rate: float | None = None
    seconds: float = 0.0
    """The longest window among the proxies that were added up."""

    @property
    def requests(self) -> float:
        """How many ended, well or not; 0 also where there are no series."""
        return (self.successes or 0.0) + (self.failures or 0.0)

    @property
    def rps(self) -> float | None:
        """Requests per second: 0 where none ended, None where the time that they took is not known."""
        return self.request_rate if self.requests else 0.0

    def __add__(self, other: Traffic) -> Traffic:
        """Both together; `Traffic()` changes nothing."""
        return Traffic(
            successes=_sum(self.successes, other.successes),
            failures=_sum(self.failures, other.failures),
            request_rate=_sum(self.request_rate, other.request_rate),
            latency=self.latency + other.latency,
            tcp_open=_sum(self.tcp_open, other.tcp_open),
            read_bytes_rate=_sum(self.read_bytes_rate, other.read_bytes_rate),
            write_bytes_rate=_sum(self.write_bytes_rate, other.write_bytes_rate),
            seconds=max(self.seconds, other.seconds),
        )


def _sum(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other
