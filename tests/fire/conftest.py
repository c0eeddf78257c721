"""The cluster under fire, a clock that needs no waiting, and commands run against both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from linkerdctl.cli.run import run
from linkerdctl.kube import client, proxy_ways
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.kube.proxy_ways import ThroughApiServer
from linkerdctl.sources import census, proxies, recorder
from linkerdctl.sources.protocol import Observation
from linkerdctl.sources.proxies import ProxySource
from tests.fire.cluster import Cluster, running
from tests.fire.faults import NOW

SHORTLY = 0.02
"""Real seconds in which all others come to where they wait too."""


@dataclass
class Clock:
    """Stands still but for those who wait for it."""

    now: float = NOW
    fetching: int = 0
    """Proxies that are being asked: time does not pass before they have answered."""

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Ticks of progress bars are real, short and nobody's business; all other waiting is over at once."""
        if seconds == proxies.TICK:
            await asyncio.sleep(seconds)
            return
        wakes = self.now + max(seconds, 0.0)
        await asyncio.sleep(SHORTLY)
        while self.fetching:  # noqa: ASYNC110 - one clock serves several event loops
            await asyncio.sleep(SHORTLY)
        self.now = max(self.now, wakes)

    async def fetch(self, access: ThroughApiServer, target: Target, *, deadline: float) -> Fetched:
        """As a proxy is asked, counted."""
        self.fetching += 1
        try:
            return await _fetch(access, target, deadline=deadline)
        finally:
            self.fetching -= 1


class _Asyncio:
    """The module, but for its sleep."""

    def __init__(self, clock: Clock) -> None:
        self.sleep = clock.sleep

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


LOOKS = 2
"""After so many answers a watch is over; else it would go on for ever."""


async def _watch(self: ProxySource, *args: Any) -> AsyncIterator[Observation]:
    left = LOOKS
    async with aclosing(_forever(self, *args)) as answers:
        async for each in answers:
            yield each
            left -= 1
            if not left:
                return


_forever: Any = ProxySource.watch
_fetch = ThroughApiServer.fetch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    told = SimpleNamespace(time=clock.time, monotonic=clock.time)
    for module in (proxies, recorder):
        monkeypatch.setattr(module, "time", told)
        monkeypatch.setattr(module, "asyncio", _Asyncio(clock))
    monkeypatch.setattr(ProxySource, "watch", _watch)
    monkeypatch.setattr(
        ThroughApiServer, "fetch", lambda access, target, deadline: clock.fetch(access, target, deadline=deadline)
    )
    monkeypatch.setattr(proxy_ways, "time", told)
    monkeypatch.setattr(census, "PODS_AGAIN", 0.0)
    monkeypatch.setattr(client, "_sleep", clock.sleep)
    return clock


@pytest.fixture
def cluster(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    for name in ("LINKERDCTL_RECORDING", "LINKERDCTL_PROMETHEUS", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with running(tmp_path, token="first-token") as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        yield cluster


@dataclass
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str

    def lines_about(self, words: str) -> list[str]:
        """Lines of talk in which something is named."""
        return [line for line in self.err.splitlines() if words in line]


Command = Callable[..., Ran]


@pytest.fixture
def linkerdctl(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process."""

    def command(line: str, *more: str) -> Ran:
        code = run([*line.split(), *more])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return command
