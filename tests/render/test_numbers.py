"""How numbers look."""

from __future__ import annotations

import pytest

from linkerdctl.metrics.histogram import Histogram, Quantile
from linkerdctl.render import numbers


def at(value: float) -> Quantile:
    return Quantile(value, 0, 1e9)


@pytest.mark.parametrize(
    ("value", "table", "wide"),
    [
        (0.04, "0.0ms", "0.0ms"),
        (2.233, "2.2ms", "2.2ms"),
        (9.94, "9.9ms", "9.9ms"),
        (9.96, "10ms", "10.0ms"),
        (24.03, "24ms", "24.0ms"),
        (99.94, "100ms", "99.9ms"),
        (99.96, "100ms", "100ms"),
        (9999.4, "9999ms", "9999ms"),
        (9999.6, "10.0s", "10.0s"),
        (12_345.0, "12.3s", "12.3s"),
    ],
)
def test_latencies_show_as_many_digits_as_mean_something(value: float, table: str, wide: str) -> None:
    assert numbers.milliseconds(at(value)) == table
    assert numbers.milliseconds(at(value), fine=True) == wide


@pytest.mark.parametrize(("bound", "shown"), [(50_000, ">50s"), (2_500, ">2.5s"), (500, ">500ms")])
def test_a_rank_beyond_the_buckets_is_no_number(bound: float, shown: str) -> None:
    histogram = Histogram.of({1: 0, bound: 0, float("inf"): 5})
    assert numbers.milliseconds(histogram.quantile(0.5)) == shown


def test_what_is_unknown_is_a_dash() -> None:
    unknown = [
        numbers.percent(None),
        numbers.per_second(None, "rps"),
        numbers.count(None),
        numbers.milliseconds(None),
        numbers.seconds(None),
    ]
    assert unknown == ["-"] * 5


def test_nought_is_not_unknown() -> None:
    assert numbers.percent(0.0) == "0.00%"
    assert numbers.per_second(0.0, "rps") == "0.0rps"
    assert numbers.count(0) == "0"


def test_shares_and_rates_are_as_the_real_tool_writes_them() -> None:
    assert numbers.percent(59 / 60) == "98.33%"
    assert numbers.per_second(2.05, "rps") == "2.0rps"
    assert numbers.per_second(1_234_567.0, "B/s") == "1234567.0B/s"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.0, "100.00%"),
        (0.99996, "99.99%"),
        (1 - 1e-12, "99.99%"),
        (0.99994, "99.99%"),
        (0.00004, "0.01%"),
        (1e-12, "0.01%"),
        (0.0, "0.00%"),
    ],
)
def test_only_all_is_a_hundred_percent_and_only_none_is_nought(share: float, shown: str) -> None:
    assert numbers.percent(share) == shown


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(1 / 60, "<0.1rps"), (1e-300, "<0.1rps"), (0.051, "0.1rps"), (0.0, "0.0rps"), (1e15, "1" + "0" * 15 + ".0rps")],
)
def test_what_is_seldom_is_not_never(rate: float, shown: str) -> None:
    assert numbers.per_second(rate, "rps") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(30.05, "30.1s"), (119.9, "119.9s"), (450, "7m30s"), (7500, "2h5m"), (274_000, "3d4h"), (3600 * 24, "1d0h")],
)
def test_windows_become_coarser_as_they_become_longer(seconds: float, shown: str) -> None:
    assert numbers.seconds(seconds) == shown
