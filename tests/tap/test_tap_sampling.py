"""The estimate of what was not told of, against streams whose truth is known."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from linkerdctl.tap.sampling import Sampling
from tests.tap.tap_builders import begun, endpoint


def arrivals(rate: float, seconds: float, seed: int) -> Iterator[float]:
    """When requests come, as they come from many independent clients."""
    chance, at = random.Random(seed), 0.0
    while (at := at + chance.expovariate(rate)) < seconds:
        yield at


def told(rate: float, limit: int, seconds: float, seed: int) -> tuple[int, int, int]:
    """How many were told of, are estimated, and were there; a call opens every second, and is full after `limit`."""
    sampling, total, base, stream, opens = Sampling(), 0, 0, 0, 0.0
    for at in arrivals(rate, seconds, seed):
        total += 1
        if at < opens:
            continue
        sampling.saw(begun(base=base, stream=stream), at)
        stream += 1
        if stream == limit:
            base, stream, opens = base + 1, 0, max(opens + 1.0, at)
    return sampling.told, sampling.estimated(seconds), total


@pytest.mark.parametrize("limit", [1, 2, 5, 20])
@pytest.mark.parametrize("rate", [60.0, 200.0])
def test_the_estimate_is_about_right(rate: float, limit: int) -> None:
    runs = [told(rate, limit, 20.0, seed) for seed in range(10)]
    estimated = sum(each for _, each, _ in runs)
    total = sum(each for _, _, each in runs)
    assert sum(each for each, _, _ in runs) < total
    assert 0.85 < estimated / total < 1.15


def test_nothing_is_added_where_the_limit_was_never_reached() -> None:
    count, estimated, total = told(5.0, 100, 20.0, 1)
    assert count == estimated == total


def test_each_proxy_has_its_own_windows() -> None:
    sampling = Sampling()
    for ip in ("10.0.0.1", "10.0.0.2"):
        sampling.saw(begun(source=endpoint(ip)), 0.0)
    assert sampling.estimated(100.0) == 2


def test_a_single_request_tells_nothing_of_the_pace() -> None:
    sampling = Sampling()
    sampling.saw(begun(), 5.0)
    assert sampling.estimated(50.0) == 1
    assert Sampling().estimated(0.0) == 0
