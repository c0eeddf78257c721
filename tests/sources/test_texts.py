"""Texts of many proxies: in order, few at once, each failing for itself; a Prometheus has none."""

from __future__ import annotations

import asyncio
from pathlib import Path

from builders_for_sources import FakeAccess, no_peer, target

from linkerdctl.errors import ProxyError
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.sources.proxies import ProxySource
from linkerdctl.sources.recording import Recording, RecordingSource

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"


async def test_each_proxy_is_asked_once_and_fails_for_itself() -> None:
    access = FakeAccess({"web-1": [ProxyError("refused", next_step="try")], "emoji-1": [Fetched(b"a 1\n", 2_000.0)]})
    source = ProxySource(access, window=10.0, peer_labels=no_peer)
    web, emoji = [each async for each in source.texts([target("web-1"), target("emoji-1")])]
    assert (web.target.pod.name, web.text) == ("web-1", b"")
    assert web.failure is not None
    assert (web.failure.reason, web.failure.advice) == ("refused", "try")
    assert (emoji.text, emoji.at, emoji.failure) == (b"a 1\n", 2_000.0, None)


class SlowFirst:
    """The first proxy answers when it is let; tells how many others were asked meanwhile."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        self.asked.append(target.pod.name)
        if target.pod.name == "p-0":
            await self.go.wait()
        return Fetched(b"a 1\n", 0.0)


async def test_a_slow_proxy_keeps_its_place_and_no_more_than_a_few_are_held_behind_it() -> None:
    access = SlowFirst()
    source = ProxySource(access, window=10.0, peer_labels=no_peer, concurrency=3)
    texts = source.texts([target(f"p-{number}") for number in range(9)])
    first = asyncio.ensure_future(anext(texts))
    for _ in range(20):
        await asyncio.sleep(0)
    assert access.asked == ["p-0", "p-1", "p-2"]
    access.go.set()
    assert (await first).target.pod.name == "p-0"
    assert [each.target.pod.name async for each in texts] == [f"p-{number}" for number in range(1, 9)]


async def test_who_stops_early_leaves_no_request_behind() -> None:
    access = SlowFirst()
    source = ProxySource(access, window=10.0, peer_labels=no_peer, concurrency=3)
    before = asyncio.all_tasks()
    texts = source.texts([target("p-1"), target("p-2"), target("p-0"), target("p-3")])
    assert (await anext(texts)).target.pod.name == "p-1"
    await texts.aclose()
    for _ in range(20):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_recording_has_the_texts_of_its_last_pass() -> None:
    recording = Recording.open(RECORDING)
    targets = recording.inventory().targets()
    source = RecordingSource(recording, window=10.0, peer_labels=no_peer)
    *texts, gone = [each async for each in source.texts([*targets, target("gone-1")])]
    last = recording.passes[-1]
    assert [each.text for each in texts] == [recording.text(last, each.pod) for each in targets]
    assert [each.at for each in texts] == [last.at[each.pod] for each in targets]
    assert gone.failure is not None
    assert gone.failure.reason == "it did not answer when this was recorded"
