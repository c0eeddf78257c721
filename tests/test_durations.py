"""Durations as Go reads them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("10s", 10.0),
        ("300ms", 0.3),
        ("1h30m", 5400.0),
        (".5m", 30.0),
        ("1.s", 1.0),
        ("1m1s1ms1us1ns", 61.001001001),
        ("2µs", 2e-6),
        ("2μs", 2e-6),
        ("-5s", -5.0),
        ("+5s", 5.0),
        ("30s1h", 3630.0),
        ("0s", 0.0),
        ("2562047h", 2562047 * 3600.0),
    ],
)
def test_what_go_reads(text: str, seconds: float) -> None:
    assert math.isclose(parse_duration(text), seconds, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("-", "it is empty"),
        ("10", "the unit is missing; did you mean 10s?"),
        ("1.5", "did you mean 1.5s?"),
        ("1d", "there are no days or weeks"),
        ("2w", "there are no days or weeks"),
        ("1h30", "it takes numbers with the units"),
        ("soon", "it takes numbers with the units"),
        (".s", "it takes numbers with the units"),
        ("1e3s", "it takes numbers with the units"),
        ("1 s", "it takes numbers with the units"),
        ("10s\n", "it takes numbers with the units"),
        ("--5s", "it takes numbers with the units"),
        ("+-5s", "it takes numbers with the units"),
        ("１０s", "it takes numbers with the units"),
        ("٣s", "it takes numbers with the units"),
        ("²s", "it takes numbers with the units"),
        ("١٠", "it takes numbers with the units"),
        ("10S", "it takes numbers with the units"),
        ("2562048h", "is too long a duration"),
        ("9" * 400 + "s", "is too long a duration"),
    ],
)
def test_what_go_does_not_read_is_wrong_usage_in_one_line(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert why in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 120
    assert caught.value.next_step == "write it like 10s, 300ms or 1h30m"


@given(st.text(max_size=12))
def test_whatever_is_given_either_is_a_number_or_wrong_usage(text: str) -> None:
    try:
        assert math.isfinite(parse_duration(text))
    except UsageError:
        return


UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=5))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert math.isclose(parse_duration(text), sum(number * UNITS[unit] for number, unit in parts), abs_tol=1e-12)
