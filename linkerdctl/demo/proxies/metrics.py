"""One proxy process: what it has counted since its start, and its exposition text in the order of real ones."""

from __future__ import annotations

import math

from linkerdctl.demo.proxies.declared import GOLDEN, INBOUND, OUTBOUND, PROFILES, TCP, TCP_READ, TCP_WRITTEN
from linkerdctl.demo.proxies.families import LATENCY_MS as LATENCY_MS
from linkerdctl.demo.proxies.families import Registry
from linkerdctl.demo.proxies.idle_routes import idle_routes
from linkerdctl.demo.proxies.inbound import InboundMetrics
from linkerdctl.demo.proxies.internals import control_lines, own_lines, process_lines
from linkerdctl.demo.proxies.outbound import OutboundMetrics

PROBE_EVERY = 10.0
"""Seconds between two probes; each is one of readiness and one of liveness."""
_PROBE_BYTES = 119
_COMPRESSION = 12
"""How many times smaller a scrape is on the wire."""


class ProxyMetrics:
    """Counts from `started` (epoch seconds) on. `inbound` and `outbound` are told of requests as they happen.

    Beside what it counts it tells of `idle` routes.
    """

    def __init__(self, started: float, *, idle: int = 0) -> None:
        self.started = started
        self._registry = Registry(idle_routes(idle))
        self.inbound = InboundMetrics(self._registry)
        self.outbound = OutboundMetrics(self._registry)
        self._probed = 0

    def scrape(self, now: float) -> bytes:
        """The text as of `now`; the scrape itself stands in it as a request without a response, as in real ones."""
        self._catch_up_on_probes(now)
        self.inbound.admin_began("default")
        text = self._text(now)
        self.inbound.admin_ended("default", len(text) // _COMPRESSION)
        return text

    def _catch_up_on_probes(self, now: float) -> None:
        """Nobody sees probes but who looks, so those of an idle proxy cost nothing until then."""
        due = max(math.floor((now - self.started) / PROBE_EVERY), 0) * 2
        for _ in range(due - self._probed):
            self.inbound.admin_began("probe")
            self.inbound.admin_ended("probe", _PROBE_BYTES)
        self._probed = max(due, self._probed)

    def _text(self, now: float) -> bytes:
        lines = [
            *self._registry.lines((*GOLDEN, *PROFILES)),
            control_lines(),
            *self._registry.lines(TCP),
            own_lines(self.started),
            *self._registry.lines(INBOUND),
            *self._registry.lines(OUTBOUND),
            process_lines(self.started, now, (self._registry.total(TCP_READ), self._registry.total(TCP_WRITTEN))),
            "# EOF\n",
        ]
        return "\n".join(lines).encode()
