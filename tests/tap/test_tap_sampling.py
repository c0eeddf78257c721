"""The bound of what was not told of, against streams whose truth is known."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from linkerdctl.tap import sampling as sampling_module
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.sampling import Sampling
from tests.tap.tap_builders import begun, ended, endpoint

SECONDS = 20.0


def arrivals(rate: float, chance: random.Random) -> Iterator[float]:
    """When requests come, as they come from many independent clients."""
    at = 0.0
    while (at := at + chance.expovariate(rate)) < SECONDS:
        yield at


@dataclass(frozen=True, slots=True)
class Run:
    told: int
    at_least: int
    total: int


def run(rate: float, limit: int, seed: int, *, took: float = 0.01, late: float = 0.0) -> Run:
    """A proxy whose requests take so long, and are heard of up to so `late`.

    A call opens every second, or when all the requests of the one before have ended; it is full after `limit`.
    """
    chance, moments, opens, total = random.Random(seed), list[tuple[float, TapEvent]](), 0.0, 0
    base, streams, opened, closes = 0, count(), 0.0, 0.0
    for at in arrivals(rate, chance):
        total += 1
        if at < opens:
            continue
        stream, ends = next(streams), at + chance.expovariate(1 / took)
        moments += [(at, begun(base=base, stream=stream)), (ends, ended(base=base, stream=stream))]
        closes = max(closes, ends)
        if stream == limit - 1:
            opens = opened = max(opened + 1.0, closes)
            base, streams, closes = base + 1, count(), 0.0
    return _heard(sorted(moments, key=lambda each: each[0]), chance, late, total)


def _heard(moments: list[tuple[float, TapEvent]], chance: random.Random, late: float, total: int) -> Run:
    sampling, now = Sampling(), 0.0
    for at, event in moments:
        if at < SECONDS:
            now = max(now, at + chance.uniform(0, late))
            sampling.saw(event, now)
    return Run(sampling.told, sampling.at_least(max(now, SECONDS)), total)


RATES = pytest.mark.parametrize("rate", [60.0, 200.0])


@RATES
@pytest.mark.parametrize("limit", [1, 2, 5, 20])
@pytest.mark.parametrize("took", [0.01, 0.3])
def test_the_bound_holds(rate: float, limit: int, took: float) -> None:
    runs = [run(rate, limit, seed, took=took) for seed in range(20)]
    assert all(each.told < each.total for each in runs)
    assert sum(each.at_least <= each.total for each in runs) >= 17
    assert max(each.at_least / each.total for each in runs) < 1.4


@RATES
@pytest.mark.parametrize("took", [0.01, 0.3])
def test_the_bound_is_near_the_truth_where_many_are_told_of(rate: float, took: float) -> None:
    runs = [run(rate, 20, seed, took=took) for seed in range(20)]
    assert sum(each.at_least for each in runs) > 0.7 * sum(each.total for each in runs)


@RATES
@pytest.mark.parametrize("limit", [2, 20])
def test_what_is_heard_late_makes_the_bound_lower_not_higher(rate: float, limit: int) -> None:
    runs = [run(rate, limit, seed, late=0.2) for seed in range(20)]
    assert all(each.told <= each.at_least <= each.total for each in runs)


def test_nothing_is_added_where_the_limit_was_never_reached() -> None:
    found = run(5.0, 100, 1)
    assert found.told == found.at_least == found.total


def test_each_proxy_has_its_own_windows() -> None:
    sampling = Sampling()
    for ip in ("10.0.0.1", "10.0.0.2"):
        sampling.saw(begun(source=endpoint(ip)), 0.0)
    assert sampling.at_least(100.0) == 2


def test_a_single_request_tells_nothing_of_the_pace() -> None:
    sampling = Sampling()
    sampling.saw(begun(), 5.0)
    assert sampling.at_least(50.0) == 1
    assert Sampling().at_least(0.0) == 0


@pytest.mark.parametrize("pause", [0.0, 1e-6, 1e-3, 0.4])
@pytest.mark.parametrize("limit", [1, 2, 7, 90])
def test_a_file_is_heard_faster_than_it_was_recorded_and_adds_nothing_impossible(pause: float, limit: int) -> None:
    """Its calls come one upon the other, not a second apart, and then there is none for long."""
    sampling, now = Sampling(), 0.0
    for base in range(6):
        for stream in range(limit):
            sampling.saw(begun(base=base, stream=stream), now)
            now += pause
        assert sampling.at_least(now) >= sampling.told
    now += 1.5
    sampling.saw(begun(base=7), now)
    assert sampling.at_least(now) >= sampling.told


def test_an_end_without_a_beginning_is_no_request() -> None:
    sampling = Sampling()
    sampling.saw(ended(), 1.0)
    assert sampling.told == sampling.at_least(50.0) == 0


def test_however_many_proxies_there_are_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling_module, "MOST_PROXIES", 3)
    sampling = Sampling()
    for number in range(10):
        sampling.saw(begun(source=endpoint(f"10.0.0.{number}")), float(number))
    assert sampling.told == 10
    assert len(sampling._proxies) == 3
