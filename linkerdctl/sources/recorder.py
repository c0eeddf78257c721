"""Recording: passes over all proxies at set moments, while pods come and go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from linkerdctl.kube.inventory import Target
from linkerdctl.kube.proxy_access import ProxyAccess
from linkerdctl.progress import NoProgress, Progress
from linkerdctl.sources.recording_writer import RecordingWriter

TICK = 0.25
"""Seconds between two steps of the progress bar."""


class Objects(Protocol):
    """The objects of a cluster, which change; `census.Census` is one."""

    def manifests(self) -> Iterable[Mapping[str, Any]]:
        """As they are now."""
        ...

    def targets(self) -> Sequence[Target]:
        """The proxies there are now."""
        ...

    async def look_again(self) -> bool:
        """Whether they have changed since."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to record and how often, in seconds; `deadline` is each proxy's."""

    seconds: float
    every: float
    deadline: float
    concurrency: int

    @property
    def moments(self) -> tuple[float, ...]:
        """When passes begin, in seconds from the start: the first at once, the last at the end."""
        whole = int(self.seconds / self.every + 1e-9)
        regular = [number * self.every for number in range(whole + 1)]
        return tuple(regular if self.seconds - regular[-1] < self.every / 100 else [*regular, self.seconds])


async def record(
    writer: RecordingWriter, objects: Objects, access: ProxyAccess, plan: Plan, progress: Progress | None = None
) -> int:
    """Record as planned; a pass that takes longer than planned costs those it overlaps. How many were left out.

    Pods that come in the meantime are recorded from then on, and those that go are not waited for.
    """
    moments, began, left_out = list(plan.moments), time.monotonic(), 0
    writer.cluster(objects.manifests())
    async with _shown(progress or NoProgress(), plan, began) as show:
        while moments:
            await asyncio.sleep(max(began + moments.pop(0) - time.monotonic(), 0.0))
            show(len(plan.moments) - len(moments))
            await writer.scrape(objects.targets(), access, deadline=plan.deadline, concurrency=plan.concurrency)
            while len(moments) > 1 and moments[1] <= time.monotonic() - began:
                moments.pop(0)
                left_out += 1
            if moments:
                await _follow(writer, objects, patience=max(began + moments[0] - time.monotonic(), 1.0))
    return left_out


async def _follow(writer: RecordingWriter, objects: Objects, *, patience: float) -> None:
    """The objects as they are at the next pass; a server that takes its time must not delay that."""
    try:
        async with asyncio.timeout(patience):
            changed = await objects.look_again()
    except TimeoutError:
        return
    if changed:
        writer.cluster(objects.manifests())


@asynccontextmanager
async def _shown(progress: Progress, plan: Plan, began: float) -> AsyncIterator[Callable[[int], None]]:
    """A bar that moves with the time; call what this gives with the number of each pass."""

    def show(number: int) -> None:
        progress.start(f"recording, pass {number} of {len(plan.moments)}", round(plan.seconds))
        progress.advance(time.monotonic() - began)

    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK)
            progress.advance(TICK)

    ticking = asyncio.ensure_future(tick())
    try:
        yield show
    finally:
        ticking.cancel()
        progress.stop()
