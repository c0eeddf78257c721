"""The proxies' side of tap: `Observe` calls, their limits, ids and small buffers. No sockets; one event loop owns it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import count

from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.tap.events import Sight, tap_event
from linkerdctl.demo.tap.matches import InvalidMatchError, Predicate, predicate
from linkerdctl.demo.topology import DemoPod
from linkerdctl.tap.wire import proxy_tap_pb2 as wire

BUFFERED = 400
"""Events that wait for a slow reader; what comes on top is dropped."""


class ProxyLostError(ConnectionError):
    """The proxy refuses connections, or its process ended under an `Observe`."""


class Observation:
    """One `Observe`: what was tapped comes in `batches`, until as many requests as were asked for have ended."""

    def __init__(self, request: wire.ObserveRequest, base: int) -> None:
        if not request.limit:
            raise InvalidMatchError("the limit must not be 0")
        self._wanted: Predicate = predicate(request.match)
        self._headers = request.extract.http.HasField("headers")
        self._limit, self._base = request.limit, base
        self._streams = count()
        self._begun = 0
        self._open: dict[tuple[int, str], int] = {}
        self._events: deque[wire.TapEvent] = deque()
        self._news = asyncio.Event()
        self._over = False
        self._lost = False
        self.stop: Callable[[], None] = lambda: None

    async def batches(self) -> AsyncIterator[list[wire.TapEvent]]:
        """Events as they come, as many as there are. Raises `ProxyLostError` when the proxy's process ends."""
        try:
            while batch := await self.batch():
                yield batch
        finally:
            self.close()

    async def batch(self) -> list[wire.TapEvent]:
        """The next ones; none at the end."""
        while not self._events and not self._over:
            self._news.clear()
            await self._news.wait()
        batch = list(self._events)
        self._events.clear()
        if self._lost and not batch:
            raise ProxyLostError
        return batch

    def saw(self, side: str, moment: str, hop: Hop) -> None:
        """Of a request that is wanted, or of one that was begun here."""
        key = hop.number, side
        if moment == "request":
            if self._begun < self._limit and not self._is_full() and self._wanted(Sight(hop, side)):
                self._begun += 1
                self._open[key] = next(self._streams)
                self._tell(key, moment, hop)
            return
        if key in self._open:
            if not self._is_full():
                self._tell(key, moment, hop)
            if moment == "end":
                self._finish(key)

    def gone(self) -> None:
        """The proxy's process has ended."""
        self._lost = True
        self.close()

    def close(self) -> None:
        """No more events; those that came can still be had."""
        self._over = True
        self.stop()
        self._news.set()

    def _is_full(self) -> bool:
        return len(self._events) >= BUFFERED

    def _tell(self, key: tuple[int, str], moment: str, hop: Hop) -> None:
        sight = Sight(hop, key[1])
        self._events.append(tap_event(sight, moment, self._base, self._open[key], headers=self._headers))
        self._news.set()

    def _finish(self, key: tuple[int, str]) -> None:
        del self._open[key]
        if self._begun == self._limit and not self._open:
            self.close()


class ProxyTaps:
    """Opens `Observe` calls at the proxies of a mesh."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._calls: dict[tuple[tuple[str, str], float], count[int]] = {}
        self._open: set[Observation] = set()

    def observe(self, pod: DemoPod, request: wire.ObserveRequest) -> Observation:
        """One more call. Raises `ProxyLostError` for a dead proxy, `InvalidMatchError` for what no proxy takes."""
        fault = self._mesh.fault_of(pod)
        if fault is not None and fault.kind == "dead":
            raise ProxyLostError
        process = pod.key, self._mesh.proxy_started(pod)
        observation = Observation(request, next(self._calls.setdefault(process, count())))
        end = self._mesh.tap(pod, observation)

        def stop() -> None:
            end()
            self._open.discard(observation)

        observation.stop = stop
        self._open.add(observation)
        return observation

    def close(self) -> None:
        """End all calls."""
        for observation in list(self._open):
            observation.close()
