"""Deltas, resets, histograms and quantiles against plain definitions."""

from __future__ import annotations

import math
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkerdctl.metrics.deltas import Window, counter_deltas, gauge_values, histogram_deltas
from linkerdctl.metrics.golden import golden
from linkerdctl.metrics.histogram import Histogram
from linkerdctl.metrics.scrape import START_TIME, Scrape
from linkerdctl.metrics.traffic import Traffic

examples = settings(max_examples=int(os.environ.get("LINKERDCTL_EXAMPLES", "200")), deadline=None)
BOUNDS = (1.0, 2.0, 5.0, 10.0, 100.0, math.inf)


def scrape(at: float, started: float | None = 1.0, **counters: dict[bytes, float]) -> Scrape:
    start = {} if started is None else {START_TIME: {b"": started}}
    return Scrape(at, {**counters, **start})


def scrape_of(buckets: dict[float, float], at: float = 0.0) -> Scrape:
    """One histogram `h` with the labels a="1"."""
    return Scrape(at, {}, {"h": {b'a="1"': buckets}})


def histogram_of(observations: list[float]) -> Histogram:
    return Histogram.of(buckets_of(observations))


def buckets_of(observations: list[float]) -> dict[float, float]:
    return {bound: float(sum(each <= bound for each in observations)) for bound in BOUNDS}


counts = st.dictionaries(st.sampled_from([b'a="1"', b'a="2"', b'a="3"']), st.integers(0, 50).map(float))


@given(counts, counts)
def test_an_increase_is_the_difference_or_after_a_reset_the_new_value(
    before: dict[bytes, float], after: dict[bytes, float]
) -> None:
    got = counter_deltas(Window(scrape(10, c=before), scrape(20, c=after)), "c")
    assert got == {
        labels: value - before[labels] if labels in before and value >= before[labels] else value
        for labels, value in after.items()
    }


def test_another_start_time_means_that_every_counter_began_anew() -> None:
    before, after = scrape(10, 1.0, c={b"": 5}), scrape(20, 15.0, c={b"": 7})
    assert counter_deltas(Window(before, after), "c") == {b"": 7}


def test_a_start_time_that_is_only_rounded_is_the_same_process() -> None:
    before, after = scrape(10, 1.0, c={b"": 5}), scrape(20, 1.4, c={b"": 7})
    assert counter_deltas(Window(before, after), "c") == {b"": 2}


NO_COUNTS = [math.nan, math.inf, -math.inf, -1.0, 1.7e308]


@pytest.mark.parametrize("no_count", NO_COUNTS)
def test_a_counter_that_held_what_none_can_is_absent_and_never_counted_whole(no_count: float) -> None:
    before = scrape(10, c={b"x": no_count, b"y": 1, b"z": no_count})
    after = scrape(20, c={b"x": 3, b"y": no_count, b"z": no_count, b"new": no_count})
    assert counter_deltas(Window(before, after), "c") == {}


@pytest.mark.parametrize("no_count", NO_COUNTS)
def test_a_histogram_with_a_bucket_that_holds_no_count_is_absent_as_a_whole(no_count: float) -> None:
    whole, broken = buckets_of([1, 50]), {**buckets_of([1, 50]), 5.0: no_count}
    assert histogram_deltas(Window(scrape_of(whole), scrape_of(broken)), "h") == {}
    assert histogram_deltas(Window(scrape_of(broken), scrape_of(whole)), "h") == {}


@pytest.mark.parametrize("no_count", NO_COUNTS)
def test_what_no_counter_can_hold_does_no_harm_once_the_proxy_is_another_process(no_count: float) -> None:
    before, after = scrape(10, 1.0, c={b"x": no_count}), scrape(20, 15.0, c={b"x": 3})
    assert counter_deltas(Window(before, after), "c") == {b"x": 3}


@pytest.mark.parametrize("first", [BOUNDS[2:], (1.0, 10.0, math.inf), (math.inf,)])
def test_buckets_that_came_later_leave_the_increase_to_those_that_were_there(first: tuple[float, ...]) -> None:
    """Counted whole beside differences of the others they would say that more were fast than there were at all."""
    before, after = buckets_of([1, 1, 1, 1, 4, 50]), buckets_of([1, 1, 1, 1, 4, 50, 1, 4, 50, 50])
    window = Window(scrape_of({bound: before[bound] for bound in first}), scrape_of(after))
    increase = buckets_of([1, 4, 50, 50])
    assert histogram_deltas(window, "h") == {b'a="1"': Histogram.of({bound: increase[bound] for bound in first})}


def test_a_gauge_stands_where_it_was_last_seen_if_anywhere() -> None:
    after = scrape(20, g={b"x": 3, b"y": math.nan, b"z": math.inf, b"w": -2, b"v": 1.7e308})
    assert gauge_values(Window(scrape(10, g={b"x": 9}), after), "g") == {b"x": 3, b"w": -2}


@pytest.mark.parametrize("no_moment", [math.nan, math.inf, -math.inf, 0.0, -5.0])
def test_a_start_time_that_is_no_moment_says_nothing(no_moment: float) -> None:
    lifetime = Window(None, scrape(20, no_moment, c={b"": 7}))
    assert lifetime.after.started is None
    assert lifetime.seconds == 0
    assert not lifetime.after.began_since(0)


def test_a_new_proxy_counts_from_its_start() -> None:
    window = Window(None, scrape(20, 15.0, c={b"": 10}))
    assert window.seconds == 5
    assert counter_deltas(window, "c") == {b"": 10}


@given(st.lists(st.floats(0, 200), max_size=30), st.lists(st.floats(0, 200), max_size=30))
def test_a_histogram_increases_by_what_was_observed_in_between(first: list[float], more: list[float]) -> None:
    window = Window(scrape_of(buckets_of(first)), scrape_of(buckets_of(first + more)))
    assert histogram_deltas(window, "h") == {b'a="1"': histogram_of(more)}


def test_a_histogram_begins_anew_as_a_whole() -> None:
    """Fewer fast and more slow ones than before: bucket by bucket, the difference would not be cumulative."""
    before, after = buckets_of([1, 1, 1, 50]), buckets_of([1, 50, 50, 50, 50])
    [delta] = histogram_deltas(Window(scrape_of(before), scrape_of(after)), "h").values()
    assert delta == histogram_of([1, 50, 50, 50, 50])


def defined_quantile(q: float, buckets: dict[float, float]) -> float | None:
    """histogram_quantile as its documentation tells it."""
    bounds = sorted(buckets)
    observations = buckets[math.inf]
    if not observations:
        return None
    rank = q * observations
    index = next(i for i, bound in enumerate(bounds) if buckets[bound] >= rank)
    if index >= len(bounds) - 2:
        return math.inf
    start = bounds[index - 1] if index else 0.0
    below = buckets[bounds[index - 1]] if index else 0.0
    return start + (bounds[index] - start) * (rank - below) / (buckets[bounds[index]] - below)


@settings(max_examples=400)
@given(st.lists(st.floats(0.001, 200), max_size=60), st.sampled_from([0.5, 0.95, 0.99, 0.1, 1.0]))
def test_a_quantile_is_what_its_definition_says(observations: list[float], q: float) -> None:
    histogram = histogram_of(observations)
    wanted = defined_quantile(q, dict(zip(histogram.bounds, histogram.counts, strict=True)))
    got = histogram.quantile(q)
    if wanted is None or got is None:
        assert got is wanted
    elif math.isinf(wanted):
        assert got.beyond
        assert got.value == got.lower >= 10
    else:
        assert got.value == pytest.approx(wanted)
        assert got.lower <= got.value <= got.upper


@given(
    st.lists(st.floats(0, 200), max_size=9),
    st.lists(st.floats(0, 200), max_size=9),
    st.lists(st.floats(0, 200), max_size=9),
)
def test_histograms_add_up_in_any_order(one: list[float], two: list[float], three: list[float]) -> None:
    a, b, c = map(histogram_of, (one, two, three))
    assert (a + b) + c == a + (b + c) == histogram_of(one + two + three)
    assert a + b == b + a
    assert a + Histogram() == a == Histogram() + a


def test_histograms_with_other_bounds_keep_what_both_know() -> None:
    fine, coarse = Histogram((1, 2, 10, math.inf), (1, 2, 3, 4)), Histogram((1, 10, math.inf), (5, 6, 7))
    assert fine + coarse == Histogram((1, 10, math.inf), (6, 9, 11))


def test_no_requests_are_no_data_and_not_zero() -> None:
    nothing = golden(Traffic(successes=0.0, failures=0.0, request_rate=0.0, tcp_open=2))
    assert (nothing.success_rate, nothing.rps, nothing.p95, nothing.tcp_open) == (None, None, None, 2)


SHARES = (0.0, 0.1, 0.5, 0.95, 0.99, 1.0)


@examples
@given(st.dictionaries(st.floats(-5, 5) | st.sampled_from(BOUNDS), st.integers(0, 9).map(float), max_size=6))
def test_quantiles_lie_in_their_buckets_and_in_order_whatever_the_counts(buckets: dict[float, float]) -> None:
    """A proxy may write counts that are not cumulative: they are taken to be at least those of the bounds below."""
    found = [Histogram.of({**buckets, math.inf: 5.0}).quantile(share) for share in SHARES]
    if None in found:
        assert set(found) == {None}
        return
    assert all(each and each.lower <= each.value <= each.upper for each in found)
    values = [each.value for each in found if each]
    assert values == sorted(values)


steps = st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 9), min_size=1, max_size=3)), min_size=2, max_size=8)


@examples
@given(steps, st.booleans())
def test_what_is_counted_from_look_to_look_adds_up_to_all_that_happened(
    steps: list[tuple[bool, list[int]]], tells_its_start: bool
) -> None:
    """Each step is a window in which requests come, after a restart of the proxy or not.

    A proxy that does not say when it started is known to be another one only where a counter fell.
    """
    held, started = [0, 0, 0], 1.0
    windows: list[Window] = []
    happened: list[dict[bytes, float]] = []
    before = scrape(0.0, started if tells_its_start else None, c={b"%d" % index: 0.0 for index in range(3)})
    for number, (restarts, requests) in enumerate(steps, start=1):
        if restarts:
            held, started = [0, 0, 0], number * 10 - 5.0
        came = [*requests, 0, 0][:3]
        held = [one + more for one, more in zip(held, came, strict=True)]
        counters = {b"%d" % index: float(value) for index, value in enumerate(held)}
        after = scrape(number * 10.0, started if tells_its_start else None, c=counters)
        windows.append(Window(before, after))
        seen = before.samples["c"]
        fell = [counters[key] < seen[key] for key in counters]
        happened.append(
            dict(zip(counters, map(float, came), strict=True))
            if tells_its_start or not restarts
            else {key: counters[key] - (0.0 if less else seen[key]) for key, less in zip(counters, fell, strict=True)}
        )
        before = after
    assert [counter_deltas(window, "c") for window in windows] == happened
