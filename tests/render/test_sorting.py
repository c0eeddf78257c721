"""`--sort-by`."""

from __future__ import annotations

import math

import pytest
from rows_for_tests import busy_row, ms, quiet_row

from linkerdctl.errors import UsageError
from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render.sorting import sorted_rows
from linkerdctl.render.stat import stat_view

VIEW = stat_view(all_namespaces=False, prefixed=False, wide=False)
ROWS = [
    quiet_row("idle"),
    busy_row("slow", rps=1.0, p99=ms(900)),
    busy_row("busy", rps=50.0, p99=ms(10)),
]


def names(by: str | None) -> list[str]:
    return [row.name for row in sorted_rows(ROWS, VIEW, by)]


def test_numbers_go_down_and_the_unknown_comes_last() -> None:
    assert names("rps") == ["busy", "slow", "idle"]


@pytest.mark.parametrize("by", ["p99", "P99", "latency_p99", "latency_ms_p99", "LATENCY-P99"])
def test_a_column_answers_to_its_title_its_json_name_and_the_end_of_it(by: str) -> None:
    assert names(by) == ["slow", "busy", "idle"]


def test_who_is_slower_than_the_histogram_can_tell_comes_first_and_not_last() -> None:
    off_the_scale = busy_row("off-the-scale", p99=Quantile(50_000, 50_000, math.inf, beyond=True))
    rows = [*ROWS, off_the_scale, busy_row("slower", p99=ms(45_000))]
    assert [row.name for row in sorted_rows(rows, VIEW, "p99")] == ["off-the-scale", "slower", "slow", "busy", "idle"]


def test_what_is_no_number_is_unknown() -> None:
    rows = [busy_row("nan", rps=math.nan), *ROWS, busy_row("inf", rps=math.inf)]
    assert [row.name for row in sorted_rows(rows, VIEW, "rps")] == ["busy", "slow", "nan", "idle", "inf"]


def test_equals_stay_in_their_order() -> None:
    rows = [busy_row(name) for name in "cabd"]
    assert [row.name for row in sorted_rows(rows, VIEW, "rps")] == list("cabd")


def test_words_go_up() -> None:
    assert names("name") == ["busy", "idle", "slow"]


def test_without_a_column_rows_stay_as_they_are() -> None:
    assert names(None) == ["idle", "slow", "busy"]


def test_an_unknown_column_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        names("size")
    assert "rps" in (caught.value.next_step or "")
