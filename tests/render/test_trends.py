"""Differences and sparklines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_for_tests import busy_row, ms, quiet_row

from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render.stat import stat_trends, stat_view
from linkerdctl.render.table import table_text
from linkerdctl.render.trends import BARS, REMEMBERED, delta, sparkline, with_trends

VIEW = stat_view(all_namespaces=False, prefixed=False, wide=False)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([5.0], "▁"),
        ([5.0, 5.0], "▁▁"),
        ([0.0, 1.0], "▁█"),
        ([0.0, 3.5, 7.0], "▁▅█"),
        ([1.0, None, 2.0], "▁ █"),
        ([None, None], "  "),
    ],
)
def test_a_sparkline_goes_from_the_least_to_the_greatest(values: list[float | None], line: str) -> None:
    assert sparkline(values) == line


@given(st.lists(st.none() | st.floats(0, 1e12)))
def test_a_sparkline_has_one_mark_a_value(values: list[float | None]) -> None:
    line = sparkline(values)
    assert len(line) == len(values)
    assert set(line) <= {*BARS, " "}


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""),
        ([1.0], ""),
        ([1.0, 2.25], "▲1.2"),
        ([2.0, 1.7], "▼0.3"),
        ([1.0, 1.04], ""),
        ([None, 2.0], ""),
        ([2.0, None], ""),
        ([9.0, 1.0, 2.0], "▲1.0"),
    ],
)
def test_a_delta_looks_at_the_last_two(values: list[float | None], shown: str) -> None:
    assert delta(values) == shown


def test_looks_become_columns() -> None:
    trends = stat_trends()
    for rps, p95 in ((10.0, 20.0), (15.0, 18.0)):
        rows = [busy_row("web", rps=rps, p95=ms(p95)), quiet_row("idle")]
        text = table_text(rows, with_trends(VIEW, rows, trends))
    header, web, idle = text.splitlines()
    assert header.endswith("ΔRPS   RPS_TREND     ΔP95   P95_TREND")
    assert web.split()[-4:] == ["▲5.0", "▁█", "▼2.0ms", "█▁"]
    assert "▲" not in idle


def test_more_latency_is_red_and_less_is_green() -> None:
    painted = {}
    for direction, values in {"up": (20.0, 40.0), "down": (40.0, 20.0)}.items():
        trends = stat_trends()
        for p95 in values:
            rows = [busy_row(p95=ms(p95), success_rate=None)]
            painted[direction] = table_text(rows, with_trends(VIEW, rows, trends), colour=True)
    assert "\x1b[31m▲20.0ms" in painted["up"]
    assert "\x1b[32m▼20.0ms" in painted["down"]


def test_a_latency_beyond_the_buckets_leaves_a_hole() -> None:
    trends = stat_trends()
    for p95 in (ms(10), Quantile(50_000, 50_000, 60_000, beyond=True), ms(30)):
        rows = [busy_row(p95=p95)]
        text = table_text(rows, with_trends(VIEW, rows, trends))
    assert text.splitlines()[1].endswith("▁ █")


def test_only_the_last_looks_are_kept_and_rows_that_are_gone_are_forgotten() -> None:
    (rps, _) = stat_trends()
    for tick in range(REMEMBERED + 5):
        rps.remember([busy_row(rps=float(tick))])
    _, trend = rps.columns()
    assert len(trend.cell(busy_row())) == REMEMBERED
    rps.remember([])
    assert trend.cell(busy_row()) == ""
