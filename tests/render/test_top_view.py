"""The table of `top`: columns, what machines get, and narrow terminals."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render.formats import json_line
from linkerdctl.render.layout import laid_out
from linkerdctl.render.table import table_text
from linkerdctl.render.top import TopShape, fitting_grid, top_view
from linkerdctl.tap.top import Peer, TopKey, TopRow


def row(
    path: str = "/api/vote", *, source: str = "vote-bot-xxwz79h6f-pm2bx", count: int = 8, failures: int = 2
) -> TopRow:
    quantiles = tuple(Quantile(value, value, value) for value in (5.0, 24.41, 126.0))
    return TopRow(
        TopKey(Peer(source, "emojivoto"), Peer("web-nlcnhnjpn-9jzwj", "emojivoto"), "GET", path, "[DEFAULT]"),
        count,
        failures,
        2.345,
        126.0,
        9.96,
        quantiles,  # type: ignore[arg-type]
        direction="inbound",
    )


OTHERS = TopRow(TopKey(), 40, 0, others=12)


def titles(shape: TopShape) -> list[str]:
    return table_text([row()], top_view(shape)).splitlines()[0].split()


def test_the_columns_are_those_of_the_real_tool_and_percentiles() -> None:
    assert titles(TopShape()) == [
        "SOURCE", "DESTINATION", "METHOD", "PATH", "COUNT", "BEST", "WORST", "LAST", "P50", "P95", "P99", "SUCCESS",
    ]  # fmt: skip


def test_routes_take_the_place_of_methods_and_paths_and_sources_can_go() -> None:
    assert titles(TopShape(sources=False, routes=True))[:3] == ["DESTINATION", "ROUTE", "COUNT"]


def test_without_tap_there_are_rates_and_no_extremes() -> None:
    shown = titles(TopShape(tapped=False))
    assert {"ROUTE", "RPS", "P99"} <= set(shown)
    assert not {"METHOD", "PATH", "BEST", "WORST", "LAST"} & set(shown)


def test_a_row_looks_like_this() -> None:
    line = table_text([row(), OTHERS], top_view(TopShape())).splitlines()
    assert line[1].split()[2:] == [
        "GET",
        "/api/vote",
        "8",
        "2.3ms",
        "126ms",
        "10ms",
        "5.0ms",
        "24ms",
        "126ms",
        "75.00%",
    ]
    assert "(others)" in line[2]


def test_a_percentile_out_of_a_coarse_bucket_is_the_bucket() -> None:
    """Routes of the Gateway API have but five buckets: all that is faster than 50 ms is one, and 25 ms would be invented."""
    coarse = Quantile(25.0, 0.0, 50.0)
    by_route = replace(row(), quantiles=(coarse, coarse, Quantile(10_000, 10_000, math.inf, beyond=True)))
    view = top_view(TopShape(routes=True, tapped=False))
    assert table_text([by_route], view).split()[-4:-1] == ["0-0.05s", "0-0.05s", ">10s"]
    assert json.loads(json_line(by_route, view))["latency_ms_p50"] is None


def test_machines_get_every_field_whatever_is_shown() -> None:
    for shape in (TopShape(), TopShape(sources=False, routes=True), TopShape(tapped=False)):
        record = json.loads(json_line(row(), top_view(shape)))
        assert record["source"] == "vote-bot-xxwz79h6f-pm2bx"
        assert (record["count"], record["failures"], record["success"]) == (8, 2, 0.75)
        assert (record["best_ms"], record["latency_ms_p95"]) == (2.345, 24.41)
        assert (record["direction"], record["others"]) == ("inbound", 0)
    assert json.loads(json_line(OTHERS, top_view(TopShape())))["destination"] is None


@pytest.mark.parametrize("width", [200, 120, 100, 80, 60, 50])
def test_a_narrow_terminal_gets_fewer_columns_and_no_longer_lines(width: int) -> None:
    rows = [row(), row("/emojivoto.v1.VotingService/VoteDoughnut")]
    grid = fitting_grid(rows, top_view(TopShape()), width)
    shown = [lane.title for lane in grid.lanes]

    assert grid.width <= width
    assert {"DESTINATION", "PATH", "COUNT", "SUCCESS"} <= set(shown)
    assert len(shown) == len({*shown})


def test_names_stay_readable_while_columns_can_go_instead() -> None:
    rows = [row("/emojivoto.v1.VotingService/VoteDoughnut")]
    grid = fitting_grid(rows, top_view(TopShape()), 110)
    assert all(len(lane.cells[0].text) >= 19 for lane in grid.lanes if lane.left and lane.title != "METHOD")
    assert "LAST" not in [lane.title for lane in grid.lanes]


@pytest.mark.parametrize(("width", "stays"), [(100, "WORST"), (80, "P95"), (60, "SOURCE")])
def test_names_are_shortened_before_the_last_columns_go(width: int, stays: str) -> None:
    grid = fitting_grid([row("/emojivoto.v1.VotingService/VoteDoughnut")], top_view(TopShape()), width)
    assert stays in [lane.title for lane in grid.lanes]


def test_a_wide_terminal_gets_everything() -> None:
    rows = [row()]
    assert fitting_grid(rows, top_view(TopShape()), 300) == laid_out(rows, top_view(TopShape()))[0]
