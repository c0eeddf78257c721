"""Percentiles out of a sketch, against the sorted values themselves."""

from __future__ import annotations

import math
import sys

from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.tap.sketch import Sketch

LATENCIES = st.lists(st.integers(1_000, 3_600_000_000_000), min_size=1, max_size=200)


def sketch_of(values: list[int]) -> Sketch:
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    return sketch


@given(LATENCIES, st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_within_one_percent_of_the_value_at_its_rank(values: list[int], share: float) -> None:
    [quantile] = sketch_of(values).quantiles(share)
    exact = sorted(values)[max(math.ceil(share * len(values)), 1) - 1] / 1e6

    assert quantile is not None
    assert abs(quantile.value - exact) <= exact * 0.0101
    assert quantile.lower * 0.9999 <= exact <= quantile.upper * 1.0001


@given(LATENCIES, LATENCIES)
def test_two_merged_are_as_one_that_saw_all(one: list[int], other: list[int]) -> None:
    merged = sketch_of(one)
    merged.merge(sketch_of(other))
    assert merged == sketch_of(one + other)


@given(st.lists(st.integers(0, 10**18), max_size=300))
def test_no_value_makes_it_large(values: list[int]) -> None:
    sketch = sketch_of(values)
    assert len(sketch.counts) <= 1_101
    assert sys.getsizeof(sketch.counts) < 100_000


def test_the_longest_and_the_shortest_lie_within_so_many_sizes() -> None:
    first, last = sketch_of([0]), sketch_of([10**18])
    assert next(iter(last.counts)) - next(iter(first.counts)) <= 1_100


def test_of_nothing_there_are_no_quantiles() -> None:
    assert Sketch().quantiles(0.5, 0.99) == [None, None]
