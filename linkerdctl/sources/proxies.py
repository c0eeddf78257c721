"""The proxies themselves: two looks at each, a window apart, many at once, each on its own clock."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from linkerdctl.errors import ExpositionError, LinkerdctlError, ProxyError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.proxy_access import ProxyAccess
from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.reduce import PeerLabels, sample_names
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.progress import NoProgress, Progress
from linkerdctl.sources.protocol import Observation
from linkerdctl.sources.reduction import Reduction, concerned

TICK = 0.25
"""Seconds between two steps of the countdown."""


class ProxySource:
    """Scrapes. A scrape is reduced to the wanted samples as it arrives, so that memory does not follow the dumps' size."""

    def __init__(
        self,
        access: ProxyAccess,
        *,
        window: float,
        peer_labels: PeerLabels,
        concurrency: int = 64,
        deadline: float = 5.0,
        since_start: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._access = access
        self._window = window
        self._peer_labels = peer_labels
        self._places = asyncio.Semaphore(concurrency)
        self._deadline = deadline
        self._since_start = since_start
        self._progress = progress or NoProgress()

    async def observe(self, queries: Sequence[TrafficQuery], targets: Sequence[Target]) -> Observation:
        """Two scrapes of each proxy, `window` apart by that proxy's own first one; one only with `since_start`."""
        asked = concerned(queries, targets)
        reduction = Reduction(queries, asked, self._peer_labels)
        names = sample_names(queries)
        stages = _Stages(self._progress, len(asked), 0 if self._since_start else self._window)
        began = time.time()

        async def one(target: Target) -> None:
            try:
                reduction.add(target, await self._look(target, names, began, stages))
            except (ProxyError, ExpositionError) as error:
                reduction.fail(target, error)

        try:
            async with asyncio.TaskGroup() as group:
                countdown = group.create_task(stages.countdown())
                async with asyncio.TaskGroup() as looks:
                    for target in asked:
                        looks.create_task(one(target))
                countdown.cancel()
        finally:
            self._progress.stop()
        return reduction.observation()

    async def watch(
        self,
        queries: Sequence[TrafficQuery],
        targets: Callable[[], Awaitable[Sequence[Target]]],
        every: float,
    ) -> AsyncIterator[Observation]:
        """A scrape every `every` seconds, each compared with the oldest one no more than `window` before it."""
        names = sample_names(queries)
        past: dict[PodRef, deque[Scrape]] = {}
        next_look = time.monotonic()
        while True:
            asked = concerned(queries, await targets())
            reduction = Reduction(queries, asked, self._peer_labels)
            looked = bool(past)
            async with asyncio.TaskGroup() as group:
                for target in asked:
                    scrapes = past.setdefault(target.pod, deque())
                    group.create_task(self._look_again(target, names, scrapes, reduction, first=not looked))
            for gone in past.keys() - {target.pod for target in asked}:
                del past[gone]
            if looked:
                yield reduction.observation()
            next_look = max(next_look + every, time.monotonic())
            await asyncio.sleep(next_look - time.monotonic())

    async def _look_again(
        self, target: Target, names: frozenset[str], scrapes: deque[Scrape], reduction: Reduction, *, first: bool
    ) -> None:
        try:
            after = await self._scrape(target, names)
        except (ProxyError, ExpositionError) as error:
            reduction.fail(target, error)
            return
        while len(scrapes) > 1 and after.at - scrapes[1].at >= self._window:
            scrapes.popleft()
        if scrapes or not first:
            reduction.add(target, Window(scrapes[0] if scrapes else None, after))
        scrapes.append(after)

    async def _look(self, target: Target, names: frozenset[str], began: float, stages: _Stages) -> Window:
        if self._since_start:
            return Window(None, await self._scrape(target, names, stages.first))
        try:
            before = await self._scrape(target, names, stages.first)
        except (ProxyError, ExpositionError) as error:
            return await self._late(target, names, began, stages, error)
        await asyncio.sleep(max(before.at + self._window - time.time(), 0.0))
        return Window(before, await self._scrape(target, names, stages.second))

    async def _late(
        self, target: Target, names: frozenset[str], began: float, stages: _Stages, first: LinkerdctlError
    ) -> Window:
        """A proxy that did not answer at first may be starting: if its process is younger than the window, it counts."""
        await asyncio.sleep(max(began + self._window - time.time(), 0.0))
        try:
            after = await self._scrape(target, names, stages.second)
        except (ProxyError, ExpositionError):
            raise first from None
        if after.started is None or after.started < began:
            raise first
        return Window(None, after)

    async def _scrape(self, target: Target, names: frozenset[str], done: Callable[[], None] = lambda: None) -> Scrape:
        try:
            async with self._places:
                fetched = await self._access.fetch(target, deadline=self._deadline)
            return Scrape.read(fetched.text, fetched.at, names)
        finally:
            done()


class _Stages:
    """What the progress bar shows: who has been asked, how long is left to watch, who has been asked again."""

    def __init__(self, progress: Progress, proxies: int, window: float) -> None:
        self._progress = progress
        self._proxies = proxies
        self._window = window
        self._waiting = proxies
        self._again = False
        progress.start("asking proxies", proxies)
        self._all_asked = asyncio.Event()

    def first(self) -> None:
        self._waiting -= 1
        self._progress.advance()
        if not self._waiting:
            self._all_asked.set()

    def second(self) -> None:
        if not self._again:
            self._again = True
            self._progress.start("asking again", self._proxies)
        self._progress.advance()

    async def countdown(self) -> None:
        await self._all_asked.wait()
        self._progress.start(f"watching for {self._window:g}s", round(self._window))
        while not self._again:
            await asyncio.sleep(TICK)
            if not self._again:
                self._progress.advance(TICK)
