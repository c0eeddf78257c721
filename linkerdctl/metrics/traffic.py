"""Traffic of one group of proxies over one window: counts, latencies and sockets, additive across proxies."""

from __future__ import annotations

from dataclasses import dataclass, field

from linkerdctl.metrics.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was counted for one group.

    Counts are absolute over the window; rates are per second, each proxy's count divided by that proxy's own seconds before
    adding. `None` means that no series of that sort existed, which is not zero.
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
