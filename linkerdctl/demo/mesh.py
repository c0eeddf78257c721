"""The mesh itself: a clock, requests, proxies that count them. It has no sockets; servers ask it for texts."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Protocol

from linkerdctl.demo.faults import Fault
from linkerdctl.demo.proxies.idle_routes import longest_idle_part
from linkerdctl.demo.proxies.metrics import ProxyMetrics
from linkerdctl.demo.simulation.generator import TrafficGenerator
from linkerdctl.demo.simulation.policies import Policies
from linkerdctl.demo.simulation.request_log import RequestLog, Scraped
from linkerdctl.demo.simulation.traffic import NEVER, Hop
from linkerdctl.demo.topology import DemoPod, Topology

PAST = 60.0
"""Seconds of traffic that lie behind a mesh when it is made, so that its counters are not at zero."""
TICK = 0.02
Step = Callable[[Hop], None]


class ProxyTap(Protocol):
    """Someone who watches one proxy."""

    def saw(self, side: str, moment: str, hop: Hop) -> None:
        """A `request` came, its `response` began, or that came to its `end`; `side` is `inbound` or `outbound`."""

    def gone(self) -> None:
        """The proxy's process has ended."""


def default_rps(topology: Topology) -> float:
    """Requests per second that vote-bots begin: as the real emojivoto in a small mesh, more in a large one."""
    return max(16.0, len(topology.pods) / 10)


class Mesh:
    """Simulates up to the moment it is asked about. Not thread-safe: one event loop owns it.

    `rps` is what all vote-bots together begin per second. `faults`, by pod, may change at any time; the mesh itself only
    sees to restarts, the others are for whoever serves its texts. The same seed and clock give the same mesh. Every proxy
    tells of `idle_routes` besides.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        rps: float | None = None,
        seed: int = 1,
        faults: dict[tuple[str, str], Fault] | None = None,
        log: RequestLog | None = None,
        clock: Callable[[], float] = time.time,
        idle_routes: int = 0,
    ) -> None:
        self.topology = topology
        self.faults = faults if faults is not None else {}
        self.log = log or RequestLog()
        self._clock = clock
        self._now = topology.started
        self.policies = Policies()
        self._traffic = TrafficGenerator(topology, rps=rps or default_rps(topology), seed=seed, policies=self.policies)
        self._proxies = {pod.key: ProxyMetrics(topology.started, idle=idle_routes) for pod in topology.pods}
        self._idle_routes = idle_routes
        self.shared_text = longest_idle_part(idle_routes)
        """Stands in every proxy's text."""
        self._order = count()
        self._due: list[tuple[float, int, Step, Hop]] = []
        self._next_request = topology.started + self._traffic.next_gap()
        self._taps: dict[tuple[str, str], list[ProxyTap]] = {}

    @classmethod
    def with_past(cls, *, pods: int = 4, clock: Callable[[], float] = time.time, **options: object) -> Mesh:
        """A mesh of emojivoto that has been running for `PAST` seconds."""
        topology = Topology.emojivoto(pods=pods, started=clock() - PAST)
        mesh = cls(topology, clock=clock, **options)  # type: ignore[arg-type]
        mesh.advance()
        return mesh

    def tap(self, pod: DemoPod, tap: ProxyTap) -> Callable[[], None]:
        """Watch what a pod's proxy sees, as it sees it; returns how to stop it."""
        taps = self._taps.setdefault(pod.key, [])
        taps.append(tap)

        def stop() -> None:
            if tap in taps:
                taps.remove(tap)

        return stop

    def proxy_started(self, pod: DemoPod) -> float:
        """When a proxy's present process began, epoch seconds."""
        return self._proxies[pod.key].started

    def advance(self, to: float | None = None) -> float:
        """Let everything happen that is due by `to` (epoch seconds; now), in its order; returns that time.

        Time never runs backwards here, whatever the clock does.
        """
        now = max(self._clock() if to is None else to, self._now)
        while (due := self._next_due()) <= now:
            self._now = due
            self._happen()
        self._now = now
        return now

    def scrape(self, pod: DemoPod) -> bytes:
        """The text of a pod's proxy as of now, with the scrape itself counted as real proxies count it."""
        now = self.advance()
        text = self._proxies[pod.key].scrape(now)
        self.log.scraped(Scraped(now, pod.key))
        return text

    def fault_of(self, pod: DemoPod) -> Fault | None:
        """What a scrape of this pod runs into; the mesh itself sees to restarts."""
        return self.faults.get(pod.key)

    def restart(self, pod: DemoPod, at: float | None = None) -> None:
        """The proxy's process ends and another begins, at zero; it knows nothing of requests that were under way."""
        now = self.advance(at)
        self._start_again(pod.key, now)

    async def run(self) -> None:
        """Keep up with the clock until cancelled."""
        while True:
            self.advance()
            await asyncio.sleep(TICK)

    def _next_due(self) -> float:
        first = self._due[0][0] if self._due else self._next_request
        return min(first, self._next_request, *(at for at, _ in self._restarts()))

    def _happen(self) -> None:
        """Whatever is due first, which is now."""
        for at, key in self._restarts():
            if at <= self._now:
                self._start_again(key, self._now)
                return
        if self._due and self._due[0][0] <= self._now:
            _, _, step, hop = heapq.heappop(self._due)
            step(hop)
            return
        for attempt in self._traffic.request(self._next_request):
            for hop in attempt.all():
                self._plan(hop)
        self._next_request += self._traffic.next_gap()

    def _restarts(self) -> Iterator[tuple[float, tuple[str, str]]]:
        """When which proxy restarts next, if nobody changes the faults before."""
        for key, fault in self.faults.items():
            if fault.kind == "restarting":
                yield max(self._proxies[key].started + max(fault.seconds, TICK), self._now), key

    def _start_again(self, key: tuple[str, str], at: float) -> None:
        self._proxies[key] = ProxyMetrics(at, idle=self._idle_routes)
        self.log.restarted(key, at)
        for tap in list(self._taps.get(key, ())):
            tap.gone()

    def _plan(self, hop: Hop) -> None:
        self.log.begun(hop)
        for at, step in (
            (hop.started, self._sent),
            (hop.server_started, self._received),
            (hop.server_first_byte, self._answering),
            (hop.server_ended, self._answered),
            (hop.first_byte, self._hearing),
            (hop.ended, self._heard),
            (NEVER if hop.gave_up is None else hop.gave_up, self._gave_up),
        ):
            if at < NEVER:
                heapq.heappush(self._due, (at, next(self._order), step, hop))

    def _sent(self, hop: Hop) -> None:
        self._proxies[hop.client.key].outbound.began(hop)
        self._tell(hop.client, "outbound", "request", hop)

    def _received(self, hop: Hop) -> None:
        self._proxies[hop.server.key].inbound.began(hop)
        self._tell(hop.server, "inbound", "request", hop)

    def _answering(self, hop: Hop) -> None:
        if proxy := self._still_there(hop.server, hop.server_started):
            proxy.inbound.answered(hop)
            self._tell(hop.server, "inbound", "response", hop)

    def _answered(self, hop: Hop) -> None:
        if proxy := self._still_there(hop.server, hop.server_started):
            proxy.inbound.ended(hop)
            self._tell(hop.server, "inbound", "end", hop)

    def _hearing(self, hop: Hop) -> None:
        if proxy := self._still_there(hop.client, hop.started):
            proxy.outbound.answered(hop)
            self._tell(hop.client, "outbound", "response", hop)

    def _heard(self, hop: Hop) -> None:
        if proxy := self._still_there(hop.client, hop.started):
            proxy.outbound.ended(hop)
            self._tell(hop.client, "outbound", "end", hop)
        self.log.ended(hop)

    def _gave_up(self, hop: Hop) -> None:
        if proxy := self._still_there(hop.client, hop.started):
            proxy.outbound.gave_up(hop)
        self.log.ended(hop)

    def _tell(self, pod: DemoPod, side: str, moment: str, hop: Hop) -> None:
        for tap in tuple(self._taps.get(pod.key, ())):
            tap.saw(side, moment, hop)

    def _still_there(self, pod: DemoPod, since: float) -> ProxyMetrics | None:
        """A pod's proxy, if it is still the process that saw the request begin."""
        proxy = self._proxies[pod.key]
        return proxy if proxy.started <= since else None
