"""The mesh itself: a clock, requests, proxies that count them. It has no sockets; servers ask it for texts."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count

from linkerdctl.demo.faults import Fault
from linkerdctl.demo.proxy_metrics import ProxyMetrics
from linkerdctl.demo.request_log import Counted, RequestLog, Scraped
from linkerdctl.demo.topology import DemoPod, Topology
from linkerdctl.demo.traffic import Hop, TrafficGenerator

PAST = 60.0
"""Seconds of traffic that lie behind a mesh when it is made, so that its counters are not at zero."""
PROBE_EVERY = 10.0
TICK = 0.02
Listener = Callable[[Hop], None]


def default_rps(topology: Topology) -> float:
    """Requests per second that vote-bots begin: ten in a small mesh, more in a large one, never too many for one core."""
    return max(10.0, len(topology.pods) / 10)


class Mesh:
    """Simulates up to the moment it is asked about. Not thread-safe: one event loop owns it."""

    def __init__(
        self,
        topology: Topology,
        *,
        rps: float | None = None,
        seed: int = 1,
        faults: dict[tuple[str, str], Fault] | None = None,
        log: RequestLog | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.topology = topology
        self.faults = faults or {}
        self.log = log or RequestLog()
        self._clock = clock
        self._traffic = TrafficGenerator(topology, rps=rps or default_rps(topology), seed=seed)
        self._proxies = {pod.key: ProxyMetrics(pod, topology.started) for pod in topology.pods}
        self._order = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._next_request = topology.started + self._traffic.next_gap()
        self._next_probe = topology.started + PROBE_EVERY
        self._next_restarts = {
            key: topology.started + fault.seconds for key, fault in self.faults.items() if fault.kind == "restarting"
        }
        self._listeners: list[Listener] = []

    @classmethod
    def with_past(cls, *, pods: int = 4, clock: Callable[[], float] = time.time, **options: object) -> Mesh:
        """A mesh of emojivoto that has been running for `PAST` seconds."""
        topology = Topology.emojivoto(pods=pods, started=clock() - PAST)
        mesh = cls(topology, clock=clock, **options)  # type: ignore[arg-type]
        mesh.advance()
        return mesh

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of every hop when it has ended at its client; returns how to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def advance(self, to: float | None = None) -> None:
        """Let everything happen that is due by now, in its order."""
        now = self._clock() if to is None else to
        while True:
            due = min(self._next_request, self._next_probe, self._due[0][0] if self._due else now)
            due = min([due, *self._next_restarts.values()])
            if due > now or (due == now and not self._due_at(now)):
                return
            self._happen(due)

    def scrape(self, pod: DemoPod) -> bytes:
        """The text of a pod's proxy as of now. The scrape itself is counted after it, as real proxies do."""
        now = self._clock()
        self.advance(now)
        proxy = self._proxies[pod.key]
        text = proxy.text()
        proxy.count_admin("default", len(text) // 12)
        self.log.scrape(Scraped(now, pod.key))
        return text

    def fault_of(self, pod: DemoPod) -> Fault | None:
        """What a scrape of this pod runs into; the mesh itself sees to restarts."""
        return self.faults.get(pod.key)

    def restart(self, pod: DemoPod, at: float | None = None) -> None:
        """The proxy's process ends and another begins, at zero."""
        self._proxies[pod.key] = ProxyMetrics(pod, self._clock() if at is None else at)

    async def run(self) -> None:
        """Keep up with the clock until cancelled."""
        while True:
            self.advance()
            await asyncio.sleep(TICK)

    def _due_at(self, now: float) -> bool:
        nexts = [self._next_request, self._next_probe, *self._next_restarts.values()]
        return now in nexts or bool(self._due and self._due[0][0] <= now)

    def _happen(self, due: float) -> None:
        for key, at in self._next_restarts.items():
            if at == due:
                self._restart_again(key, due)
                return
        if self._due and self._due[0][0] == due:
            heapq.heappop(self._due)[2]()
        elif self._next_probe == due:
            for proxy in self._proxies.values():
                proxy.count_admin("probe", 30)
            self._next_probe += PROBE_EVERY
        else:
            for hop in self._traffic.request(due).all():
                self._plan(hop)
            self._next_request += self._traffic.next_gap()

    def _restart_again(self, key: tuple[str, str], at: float) -> None:
        self.restart(self._proxies[key].pod, at)
        self._next_restarts[key] = at + self.faults[key].seconds

    def _plan(self, hop: Hop) -> None:
        heapq.heappush(self._due, (hop.server_ended, next(self._order), lambda: self._count(hop, "inbound")))
        heapq.heappush(self._due, (hop.ended, next(self._order), lambda: self._count(hop, "outbound")))

    def _count(self, hop: Hop, side: str) -> None:
        if side == "inbound":
            self._proxies[hop.server.key].count_inbound(hop)
            self.log.count(Counted(hop.server_ended, side, hop))
            return
        self._proxies[hop.client.key].count_outbound(hop)
        self.log.count(Counted(hop.ended, side, hop))
        for listener in list(self._listeners):
            listener(hop)
