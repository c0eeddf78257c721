"""Golden metrics: what traffic amounts to."""

from __future__ import annotations

from dataclasses import dataclass

from linkerdctl.metrics.histogram import Quantile
from linkerdctl.metrics.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Golden:
    """Success as a share from 0 to 1, rates per second, latencies in milliseconds. None is "no data", never zero.

    Without a single request there is no success rate and no request rate; sockets are known all the same. Proxies count
    requests when they end and latencies at the first byte, so that of responses under way there may be latencies alone.
    """

    requests: float | None = None
    failures: float | None = None
    success_rate: float | None = None
    rps: float | None = None
    p50: Quantile | None = None
    p95: Quantile | None = None
    p99: Quantile | None = None
    tcp_open: float | None = None
    read_bytes_rate: float | None = None
    write_bytes_rate: float | None = None
    seconds: float = 0.0


def golden(traffic: Traffic) -> Golden:
    """Success rate s / (s + f); requests per second as proxies measured them; percentiles over the whole window."""
    known = not (traffic.successes is None and traffic.failures is None)
    requests = traffic.requests
    return Golden(
        requests=requests if known else None,
        failures=(traffic.failures or 0.0) if known else None,
        success_rate=(traffic.successes or 0.0) / requests if requests else None,
        rps=traffic.rps if requests else None,
        p50=traffic.latency.quantile(0.50),
        p95=traffic.latency.quantile(0.95),
        p99=traffic.latency.quantile(0.99),
        tcp_open=traffic.tcp_open,
        read_bytes_rate=traffic.read_bytes_rate,
        write_bytes_rate=traffic.write_bytes_rate,
        seconds=traffic.seconds,
    )
