"""Tables of `routes`: the columns of each way to ask, buckets that are too wide for a number, counts with bounds."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from linkerdctl.kube.kinds import DEPLOYMENT
from linkerdctl.metrics.golden import Golden
from linkerdctl.metrics.histogram import Histogram, Quantile
from linkerdctl.render.formats import render
from linkerdctl.render.latencies import bucket, is_coarse
from linkerdctl.render.routes import fate_view, routes_view
from linkerdctl.render.terminal import Terminal
from linkerdctl.render.view import View
from linkerdctl.reports.routes import RouteKey, RouteRow
from linkerdctl.reports.routes_fate import profile_fate

COARSE = Histogram((50.0, 500.0, 1000.0, 10000.0, float("inf")), (2.0, 90.0, 98.0, 100.0, 100.0))
FINE = Histogram((5.0, 10.0, 20.0, 30.0, 40.0, float("inf")), (0.0, 50.0, 95.0, 99.0, 99.0, 99.0))
UNTRIED = profile_fate(80, 20, timed_out=0, retryable=0, over_budget=0)
NO_FATE = profile_fate(0, 0, timed_out=0, retryable=0, over_budget=0)


def golden(histogram: Histogram, *, requests: float = 100, failures: float = 20, rps: float = 10.0) -> Golden:
    return Golden(
        requests, failures, 1 - failures / requests, rps,
        histogram.quantile(0.5), histogram.quantile(0.95), histogram.quantile(0.99), seconds=10.0,
    )  # fmt: skip


def row(route: str, kind: str = "ServiceProfile", name: str = "web", **more: Any) -> RouteRow:
    key = RouteKey("emojivoto", name, "emojivoto", "voting-svc", kind, route)
    return RouteRow(DEPLOYMENT, key, **{"effective": Golden(), "proxies_asked": 1, "proxies_answered": 1, **more})


BUSY = row(
    "VoteDoughnut",
    effective=golden(FINE),
    actual=golden(FINE, requests=300, failures=220, rps=30.0),
    fate=profile_fate(80, 20, timed_out=4, retryable=220, over_budget=16),
)
COARSE_ROW = row("emoji-find", "GRPCRoute", effective=golden(COARSE), actual=golden(COARSE), fate=UNTRIED)
IDLE = row("", actual=Golden(), fate=NO_FATE)
ROWS = [COARSE_ROW, BUSY, IDLE]


def view(**more: Any) -> View[RouteRow]:
    return routes_view(**{"to": True, "wide": False, "all_namespaces": False, "several": False, **more})


def shown(rows: list[RouteRow], of: View[RouteRow], output: str = "table") -> str:
    terminal = Terminal(stdout=io.StringIO(), stderr=io.StringIO())
    render(rows, of, output, terminal)
    text: str = terminal.stdout.getvalue()  # type: ignore[attr-defined]
    return text


def test_plain_tables_have_the_real_tools_columns(snapshot: SnapshotAssertion) -> None:
    text = shown(ROWS, view())
    assert text.split()[:7] == ["ROUTE", "SERVICE", "SUCCESS", "RPS", "LATENCY_P50", "LATENCY_P95", "LATENCY_P99"]
    assert text == snapshot


def test_wide_tables_tell_effective_from_actual(snapshot: SnapshotAssertion) -> None:
    assert shown(ROWS, view(wide=True), "wide") == snapshot


def test_wide_tables_without_to_have_one_side(snapshot: SnapshotAssertion) -> None:
    assert shown([row("a", effective=golden(FINE)), row("")], view(to=False, wide=True), "wide") == snapshot


def test_several_objects_have_a_table_and_a_name_each(snapshot: SnapshotAssertion) -> None:
    rows = [row("a", effective=golden(FINE)), row("b", name="voting", effective=golden(FINE))]
    assert shown(rows, view(to=False, several=True, all_namespaces=True)) == snapshot


def test_fates(snapshot: SnapshotAssertion) -> None:
    assert shown(ROWS, fate_view(all_namespaces=False, several=False)) == snapshot


def test_json_has_the_real_tools_names_and_ours(snapshot: SnapshotAssertion) -> None:
    [coarse, busy, idle] = json.loads(shown(ROWS, view(why=True), "json"))
    assert busy == snapshot
    assert coarse["latency_ms_p50"] is None
    assert coarse["latency_bucket_p50"] == "0.05-0.5s"
    assert idle["route"] == "[DEFAULT]"
    assert idle["effective_success"] is idle["requests"] is idle["retries"] is None


@pytest.mark.parametrize(
    ("lower", "upper", "coarse"),
    [
        (0, 1, False),
        (1, 2, False),
        (5, 10, False),
        (100, 250, False),
        (0, 50, True),
        (50, 500, True),
        (1000, 10000, True),
    ],
)
def test_buckets_too_wide_for_a_number(lower: float, upper: float, coarse: bool) -> None:
    assert is_coarse(Quantile(lower, lower, upper)) is coarse


def test_buckets_are_shown_in_seconds() -> None:
    assert bucket(Quantile(50, 50, 500)) == "0.05-0.5s"
    assert bucket(Quantile(0, 0, 25)) == "0-0.025s"
    assert bucket(Quantile(10000, 10000, float("inf"), beyond=True)) == ">10s"
