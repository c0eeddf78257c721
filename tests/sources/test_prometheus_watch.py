"""Looking at a Prometheus again and again: one window joins on to the other; what is known of it is not asked twice."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator
from itertools import pairwise

import pytest

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.query import Direction, Need, TrafficQuery
from linkerdctl.sources.prometheus.api import Prometheus, Vector
from linkerdctl.sources.prometheus.source import PrometheusSource

SETUP = {"linkerdctl": "labels", "job": "linkerd-proxy", "has_namespace": "y", "has_pod": "y"}
INTERVAL = {"linkerdctl": "interval"}
BEGAN = 1000.0
"""The server's clock when its set-up was asked for."""
WEB = Target(PodRef("shop", "web-1"), {"namespace": "shop", "pod": "web-1"}, "10.0.0.1", 4191)


class Listening(Prometheus):
    """Knows nothing but its set-up; keeps the moment and the seconds of every query about requests."""

    def __init__(self, interval: float) -> None:
        self.asked: list[tuple[float, float]] = []
        self._interval = interval

    async def query(self, promql: str, at: float | None = None) -> Vector:
        if "has_pod" in promql:
            return Vector([(SETUP, 1.0), ({"linkerdctl": "starts"}, 1.0), (INTERVAL, self._interval)], BEGAN)
        if found := re.search(r"response_total\{[^}]*route_name[^}]*\} offset ((\d+)s)?((\d+)ms)?", promql):
            self.asked.append((at or 0.0, float(found[2] or 0) + float(found[4] or 0) / 1000))
        return Vector([], at)


async def watched(window: float, every: float, times: int, interval: float = 0.0) -> list[tuple[float, float]]:
    listening = Listening(interval)
    source = PrometheusSource(listening, window=window, peer_labels=lambda namespace, pod: None)

    async def targets() -> list[Target]:
        return [WEB]

    query = TrafficQuery(Direction.INBOUND, ("pod",), needs=Need.REQUESTS)
    async for _ in source.watch([query], targets, every):
        if len(listening.asked) == times:
            break
    return listening.asked


async def test_windows_as_long_as_the_pause_join_on_to_each_other() -> None:
    asked = await watched(0.05, 0.05, 4)
    assert asked[0][1] == 0.05
    for (earlier, _), (at, seconds) in pairwise(asked):
        assert at - seconds == pytest.approx(earlier, abs=0.0006)


async def test_longer_windows_overlap_and_keep_their_length() -> None:
    asked = await watched(30.0, 0.05, 3)
    assert [seconds for _, seconds in asked] == [30.0, 30.0, 30.0]
    assert asked[0][0] < asked[1][0] < asked[2][0]


async def test_a_pause_that_is_shorter_than_two_scrapes_is_made_longer_with_its_window() -> None:
    asked = await watched(0.05, 0.05, 3, interval=0.1)
    for number, ((earlier, _), (at, seconds)) in enumerate(pairwise(asked), start=1):
        assert at - BEGAN > 0.2 * number - 0.01
        assert at - seconds == pytest.approx(earlier, abs=0.0006)


class Asked:
    """A set-up that was asked for before; tells whether anybody wanted it."""

    AT = 500.0

    def __init__(self) -> None:
        self.wanted = 0

    def __await__(self) -> Generator[None, None, Vector]:
        self.wanted += 1
        yield from asyncio.sleep(0).__await__()
        return Vector([(SETUP, 1.0), ({"linkerdctl": "starts"}, 1.0)], self.AT)


def asked_before(asked: Asked, listening: Listening) -> PrometheusSource:
    return PrometheusSource(listening, window=30.0, peer_labels=lambda namespace, pod: None, asked=asked)


QUERY = TrafficQuery(Direction.INBOUND, ("pod",), needs=Need.REQUESTS)


async def test_what_was_asked_before_is_for_the_first_look_alone() -> None:
    asked, listening = Asked(), Listening(0.0)
    source = asked_before(asked, listening)
    for _ in range(2):
        await source.observe([QUERY], [WEB])
    assert asked.wanted == 1
    assert [at for at, _ in listening.asked] == [Asked.AT, BEGAN]


async def test_who_watches_asks_anew() -> None:
    asked, listening = Asked(), Listening(0.0)

    async def targets() -> list[Target]:
        return [WEB]

    async for _ in asked_before(asked, listening).watch([QUERY], targets, 0.05):
        break
    assert asked.wanted == 0
    assert listening.asked[0][0] >= BEGAN
