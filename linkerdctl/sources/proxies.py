"""The proxies themselves: two looks at each, a window apart, many at once, each on its own clock."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence

from linkerdctl.errors import ExpositionError, LinkerdctlError, ProxyError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.proxy_access import ProxyAccess
from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.reduce import PeerLabels, sample_names
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.progress import NoProgress, Progress
from linkerdctl.sources.protocol import Observation, ProxyFailure, ProxyText, Snapshot
from linkerdctl.sources.reduction import Reduction, concerned
from linkerdctl.sources.snapshots import Album

TICK = 0.25
"""Seconds between two steps of the countdown."""
OUTDATED = 3
"""Windows after which an earlier look at a proxy that kept silent since tells nothing of now."""


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
        self._ahead = concurrency
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
        """A scrape every `every` seconds, each compared with the earlier one that is nearest to `window` before it.

        Where the window is no longer than that it is the last one, however late it came: who adds up answers must find
        every second in one of them and none in two.
        """
        names = sample_names(queries)
        past: dict[PodRef, deque[Scrape]] = {}
        met: set[PodRef] = set()
        began: float | None = None
        looked_last: float | None = None
        next_look = time.monotonic()
        while True:
            asked = concerned(queries, await targets())
            reduction, now = Reduction(queries, asked, self._peer_labels), time.time()
            async with asyncio.TaskGroup() as group:
                for target in asked:
                    scrapes = past.setdefault(target.pod, deque())
                    unseen_since = looked_last if target.pod in met else began
                    group.create_task(self._look_again(target, names, scrapes, reduction, every, unseen_since))
            met.update(target.pod for target in asked)
            for gone in past.keys() - {target.pod for target in asked}:
                del past[gone]
            if looked_last is not None:
                yield reduction.observation()
            next_look = max(next_look + (every if looked_last else min(every, self._window)), time.monotonic())
            began, looked_last = began or now, now
            await asyncio.sleep(next_look - time.monotonic())

    async def snapshot(self, names: Iterable[str], targets: Sequence[Target]) -> Snapshot:
        """One scrape of each proxy."""
        album, wanted = Album(targets), frozenset(names)
        self._progress.start("asking proxies", len(targets))

        async def one(target: Target) -> None:
            try:
                album.add(target, await self._scrape(target, wanted, self._progress.advance))
            except (ProxyError, ExpositionError) as error:
                album.fail(target, error)

        try:
            async with asyncio.TaskGroup() as looks:
                for target in targets:
                    looks.create_task(one(target))
        finally:
            self._progress.stop()
        return album.snapshot()

    async def texts(self, targets: Sequence[Target]) -> AsyncGenerator[ProxyText, None]:
        """One request to each proxy; a slow one holds up no more than as many as are asked at once."""
        ahead: deque[asyncio.Task[ProxyText]] = deque()
        try:
            for target in targets:
                ahead.append(asyncio.create_task(self._text(target)))
                if len(ahead) >= self._ahead:
                    yield await ahead.popleft()
            while ahead:
                yield await ahead.popleft()
        finally:
            for task in ahead:
                task.cancel()

    async def _text(self, target: Target) -> ProxyText:
        try:
            async with self._places:
                fetched = await self._access.fetch(target, deadline=self._deadline)
        except ProxyError as error:
            return ProxyText(target, failure=ProxyFailure(target.pod, error.message, error.next_step))
        return ProxyText(target, fetched.text, fetched.at)

    async def _look_again(
        self,
        target: Target,
        names: frozenset[str],
        scrapes: deque[Scrape],
        reduction: Reduction,
        every: float,
        unseen_since: float | None,
    ) -> None:
        """Add what a proxy counted since it was looked at; one that was not looked at counts only if it is new.

        That is if it began after the look before; if nobody knew of it then, after the first look of all.
        """
        try:
            after = await self._scrape(target, names)
        except (ProxyError, ExpositionError) as error:
            reduction.fail(target, error)
            return
        while scrapes and not 0 < after.at - scrapes[0].at <= OUTDATED * max(self._window, every):
            scrapes.popleft()  # too old, or from before the clock was set back
        before = _nearest(scrapes, after, self._window) if self._window > every else _last(scrapes)
        if before is not None or (unseen_since is not None and after.began_since(unseen_since)):
            reduction.add(target, Window(before, after))
        else:
            reduction.fail(target, ProxyError("it did not answer the look before"))
        scrapes.append(after)

    async def _look(self, target: Target, names: frozenset[str], began: float, stages: _Stages) -> Window:
        if self._since_start:
            return Window(None, await self._scrape(target, names, stages.first))
        try:
            before = await self._scrape(target, names, stages.first)
        except (ProxyError, ExpositionError) as error:
            return await self._late(target, names, began, stages, error)
        await self._wait(before.at)
        return Window(before, await self._scrape(target, names, stages.second))

    async def _wait(self, since: float) -> None:
        """Until the window is over; no longer than that, should somebody set the clock meanwhile."""
        await asyncio.sleep(min(max(since + self._window - time.time(), 0.0), self._window))

    async def _late(
        self, target: Target, names: frozenset[str], began: float, stages: _Stages, first: LinkerdctlError
    ) -> Window:
        """A proxy that did not answer at first may be starting: if its process is younger than the window, it counts."""
        await self._wait(began)
        try:
            after = await self._scrape(target, names, stages.second)
        except (ProxyError, ExpositionError):
            raise first from None
        if not after.began_since(began):
            raise first
        return Window(None, after)

    async def _scrape(self, target: Target, names: frozenset[str], done: Callable[[], None] = lambda: None) -> Scrape:
        try:
            async with self._places:
                fetched = await self._access.fetch(target, deadline=self._deadline)
            return Scrape.read(fetched.text, fetched.at, names)
        finally:
            done()


def _last(scrapes: deque[Scrape]) -> Scrape | None:
    """The last scrape; those before it are dropped."""
    while len(scrapes) > 1:
        scrapes.popleft()
    return scrapes[0] if scrapes else None


def _nearest(scrapes: deque[Scrape], after: Scrape, window: float) -> Scrape | None:
    """The earlier scrape that is nearest to `window` before `after`; those before that one are dropped."""

    def far(scrape: Scrape) -> float:
        return abs(after.at - scrape.at - window)

    while len(scrapes) > 1 and far(scrapes[1]) <= far(scrapes[0]):
        scrapes.popleft()
    return scrapes[0] if scrapes else None


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
        if not self._window:
            return
        self._progress.start(f"watching for {self._window:g}s", round(self._window))
        while not self._again:
            await asyncio.sleep(TICK)
            if not self._again:
                self._progress.advance(TICK)
