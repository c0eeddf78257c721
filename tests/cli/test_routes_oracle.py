"""Every number `routes` gives from real proxies, derived a second time from `prometheus_client` and the definitions."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from linkerdctl.cli.run import run
from tests.cli.recorded_series import RECORDING, Grown, Labels, Row, Sum, succeeded, summed

NAMESPACE = "emojivoto"


def expected(
    workload: str,
    counter: str,
    histogram: str,
    name: Callable[[Labels], str | None],
    succeeded: Callable[[Labels], bool] = succeeded,
    unit_ms: float = 1.0,
) -> dict[str, Sum]:
    """Routes by the name that `name` gives to a series of a workload's proxy; None leaves it out."""

    def route(each: Grown) -> str | None:
        return name(each.labels) if each.workload == workload else None

    return summed(counter, histogram, route, succeeded, unit_ms)


def profile_routes(service: str, direction: str) -> Callable[[Labels], str | None]:
    host = f"{service}.{NAMESPACE}.svc.cluster.local"

    def name(labels: Labels) -> str | None:
        if labels["direction"] != direction or labels["dst"].partition(":")[0] != host:
            return None
        return labels.get("rt_route", "[DEFAULT]")

    return name


def rows(line: str, capsys: pytest.CaptureFixture[str]) -> list[Row]:
    code = run(["--recording", str(RECORDING), *line.split(), "-n", NAMESPACE, "-o", "json"])
    assert code == 0
    found: list[Row] = json.loads(capsys.readouterr().out)
    return found


def assert_rates(row: Row, wanted: Sum, prefix: str = "") -> None:
    total = wanted.requests
    if not total:
        assert row[f"{prefix}success"] is row[f"{prefix}rps"] is None
        return
    assert row[f"{prefix}success"] == pytest.approx(wanted.successes / total)
    assert row[f"{prefix}rps"] == pytest.approx(wanted.rps)


def assert_latencies(row: Row, wanted: Sum) -> None:
    for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        found = wanted.bracket(q)
        if found is None:
            assert row[f"latency_ms_{name}"] is row[f"latency_bucket_{name}"] is None
            continue
        value, lower, upper = found
        if upper - lower > 1 and upper > 2.5 * lower:
            assert row[f"latency_ms_{name}"] is None
            assert row[f"latency_bucket_{name}"] == f"{lower / 1000:g}-{upper / 1000:g}s"
        else:
            assert row[f"latency_ms_{name}"] == pytest.approx(value, abs=0.001)


COUNTER, HISTOGRAM = "route_response_total", "route_response_latency_ms_bucket"


@pytest.mark.parametrize(
    ("workload", "service"), [("vote-bot", "web-svc"), ("vote-bot", "voting-svc"), ("web", "voting-svc")]
)
def test_effective_and_actual_of_a_client(workload: str, service: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(f"routes deploy/{workload} --to svc/{service}", capsys)
    name = profile_routes(service, "outbound")
    effective = expected(workload, COUNTER, HISTOGRAM, name)
    actual = expected(workload, "route_actual_response_total", "", name)
    known = expected(workload, "route_request_total", "", name, succeeded=lambda labels: True)
    assert {row["route"] for row in found} == {*known, "[DEFAULT]"}
    busy = [route for route, each in effective.items() if each.requests]
    assert sum(row["requests"] not in (0, None) for row in found) == len(busy) > 1
    for row in found:
        route = row["route"]
        assert row["authority"] == service
        assert_rates(row, effective.get(route, Sum()), "effective_")
        assert_rates(row, actual.get(route, Sum()), "actual_")
        assert_latencies(row, effective.get(route, Sum()))


def test_retries_hide_most_failures_of_api_vote(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["route"]: row for row in rows("routes deploy/vote-bot --to svc/web-svc", capsys)}
    vote = found["GET /api/vote"]
    assert (vote["requests"], vote["failures"]) == (61, 12)
    assert vote["effective_success"] > 0.8 > 0.2 > vote["actual_success"]
    assert (vote["retries"], vote["budget_exhausted"], vote["timed_out"]) == (417, 12, 0)
    assert vote["success_after_retry"] is None
    assert (vote["success_after_retry_at_least"], vote["success_after_retry_at_most"]) == (0, 49)


def test_services_with_profiles_are_what_their_servers_counted(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows("routes svc", capsys)
    for service, workload in (("web-svc", "web"), ("voting-svc", "voting")):
        name = profile_routes(service, "inbound")
        wanted = expected(workload, COUNTER, HISTOGRAM, name)
        known = expected(workload, "route_request_total", "", name, succeeded=lambda labels: True)
        own = {row["route"]: row for row in found if row["name"] == service}
        assert own.keys() == {*known, "[DEFAULT]"}
        for route, row in own.items():
            assert row["route_kind"] == "ServiceProfile"
            assert_rates(row, wanted.get(route, Sum()))
            assert_latencies(row, wanted.get(route, Sum()))


def grpc_route(labels: Labels) -> str | None:
    return labels["route_name"] if labels["parent_name"] == "emoji-svc" else None


def grpc_ok(labels: Labels) -> bool:
    return labels["grpc_status"] == "OK" and not labels["error"]


def test_services_with_grpc_routes_are_what_their_clients_counted(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["route"]: row for row in rows("routes svc/emoji-svc", capsys)}
    wanted = expected(
        "web",
        "outbound_grpc_route_request_statuses_total",
        "outbound_grpc_route_request_duration_seconds_bucket",
        grpc_route,
        grpc_ok,
        unit_ms=1000,
    )
    assert found.keys() - {"[DEFAULT]"} == wanted.keys() == {"emoji-find", "emoji-list-all"}
    for route, expect in wanted.items():
        assert found[route]["route_kind"] == "GRPCRoute"
        assert_rates(found[route], expect)
        assert_latencies(found[route], expect)
        assert found[route]["latency_bucket_p50"] == "0-0.05s"


def test_attempts_of_grpc_routes(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["route"]: row for row in rows("routes deploy/web --to svc/emoji-svc", capsys)}
    wanted = expected("web", "outbound_grpc_route_backend_response_statuses_total", "", grpc_route, grpc_ok)
    for route, expect in wanted.items():
        assert_rates(found[route], expect, "actual_")


def test_inbound_http_routes_are_counted_finely(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["route"]: row for row in rows("routes deploy/web --kind gateway", capsys)}

    def name(labels: Labels) -> str | None:
        served = labels["direction"] == "inbound" and labels.get("target_port") == "8080"
        return {"HTTPRoute": labels.get("route_name"), "default": "[DEFAULT]"}[labels["route_kind"]] if served else None

    wanted = expected("web", "response_total", "response_latency_ms_bucket", name)
    assert set(found) == {"web-api", "[DEFAULT]"}
    assert found["web-api"]["authority"] == "web-http"
    for route, row in found.items():
        assert_rates(row, wanted.get(route, Sum()))
        assert_latencies(row, wanted.get(route, Sum()))


def test_inbound_routes_agree_with_the_routes_own_counters(capsys: pytest.CaptureFixture[str]) -> None:
    """`inbound_http_statuses_total` counts what `response_total` counts by route; the latter has finer latencies."""
    [row] = [row for row in rows("routes deploy/web --kind gateway", capsys) if row["route"] == "web-api"]
    wanted = expected(
        "web",
        "inbound_http_statuses_total",
        "",
        lambda labels: labels["route_name"],
        lambda labels: not labels["status"].startswith("5"),
    )["web-api"]
    assert row["requests"] == pytest.approx(wanted.requests, abs=2)
    assert row["failures"] == pytest.approx(wanted.failures, abs=2)
