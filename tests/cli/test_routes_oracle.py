"""Every number `routes` gives from real proxies, derived a second time from `prometheus_client` and the definitions."""

from __future__ import annotations

import gzip
import json
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from linkerdctl.cli.run import run

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
INDEX = json.loads((RECORDING / "recording.json").read_text())["scrapes"]
NAMESPACE = "emojivoto"
PODS = {pod.split("/")[1].rsplit("-", 2)[0]: pod for pod in INDEX[1]["at"] if pod.startswith(NAMESPACE)}
Labels = dict[str, str]
Row = dict[str, Any]


@dataclass
class Expected:
    """What definitions say of one route."""

    successes: float = 0
    failures: float = 0
    rps: float = 0
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))

    def bracket(self, q: float) -> tuple[float, float, float] | None:
        """Prometheus' histogram_quantile, spelt out, with the bucket that the rank falls into."""
        total = self.buckets[math.inf] if self.buckets else 0
        if not total:
            return None
        rank, lower, below = q * total, 0.0, 0.0
        for bound in sorted(self.buckets):
            if self.buckets[bound] >= rank:
                inside = (rank - below) / (self.buckets[bound] - below)
                return lower + (bound - lower) * inside, lower, bound
            lower, below = bound, self.buckets[bound]
        raise AssertionError


def samples(directory: str, pod: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = gzip.decompress((RECORDING / directory / f"{pod}.prom.gz").read_bytes()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def grown(workload: str) -> list[tuple[str, Labels, float, float]]:
    """(name, labels, increase, seconds) of every series of a workload's proxy; none restarted."""
    pod, (first, last) = PODS[workload], INDEX
    before, after = samples(first["dir"], pod), samples(last["dir"], pod)
    seconds = last["at"][pod] - first["at"][pod]
    return [
        (name, dict(labels), value - before.get((name, labels), 0.0), seconds)
        for (name, labels), value in after.items()
    ]


GROWN = {workload: grown(workload) for workload in PODS}


def expected(
    workload: str,
    counter: str,
    histogram: str,
    name: Callable[[Labels], str | None],
    succeeded: Callable[[Labels], bool] = lambda labels: labels["classification"] == "success",
    unit_ms: float = 1.0,
) -> dict[str, Expected]:
    """Routes by the name that `name` gives to a series; None leaves it out."""
    found: defaultdict[str, Expected] = defaultdict(Expected)
    for sample, labels, increase, seconds in GROWN[workload]:
        if sample not in (counter, histogram) or (route := name(labels)) is None:
            continue
        row = found[route]
        if sample == counter:
            row.successes += increase * succeeded(labels)
            row.failures += increase * (not succeeded(labels))
            row.rps += increase / seconds
        else:
            row.buckets[float(labels["le"]) * unit_ms] += increase
    return found


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


def assert_rates(row: Row, wanted: Expected, prefix: str = "") -> None:
    total = wanted.successes + wanted.failures
    if not total:
        assert row[f"{prefix}success"] is row[f"{prefix}rps"] is None
        return
    assert row[f"{prefix}success"] == pytest.approx(wanted.successes / total)
    assert row[f"{prefix}rps"] == pytest.approx(wanted.rps)


def assert_latencies(row: Row, wanted: Expected) -> None:
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
    busy = [route for route, each in effective.items() if each.successes + each.failures]
    assert sum(row["requests"] not in (0, None) for row in found) == len(busy) > 1
    for row in found:
        route = row["route"]
        assert row["authority"] == service
        assert_rates(row, effective.get(route, Expected()), "effective_")
        assert_rates(row, actual.get(route, Expected()), "actual_")
        assert_latencies(row, effective.get(route, Expected()))


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
            assert_rates(row, wanted.get(route, Expected()))
            assert_latencies(row, wanted.get(route, Expected()))


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
        assert_rates(row, wanted.get(route, Expected()))
        assert_latencies(row, wanted.get(route, Expected()))


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
    assert row["requests"] == pytest.approx(wanted.successes + wanted.failures, abs=2)
    assert row["failures"] == pytest.approx(wanted.failures, abs=2)
