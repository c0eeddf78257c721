"""Policies applied as a user would, then `authz`, `stat-inbound`, `stat-outbound` and `stat` of them: what the log says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.demo.prometheus import PrometheusServer, scraping
from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.simulation.request_log import Truth
from linkerdctl.demo.simulation.traffic import Hop
from tests.e2e.conftest import Command, pod_of
from tests.e2e.test_stat_against_the_request_log import bucket_of

POLICIES = Path(__file__).parents[1] / "fixtures" / "policies" / "emojivoto.yaml"
Chosen = Callable[[Hop], bool]
Row = dict[str, Any]


@pytest.fixture(autouse=True, scope="module")
def guarded(mesh: DemoMesh) -> None:
    """The policies hold from now on."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.fail("kubectl is not on PATH; `make test` installs it")
    words = [program, "apply", "-f", str(POLICIES)]
    applied = subprocess.run(words, env=mesh.environment(), capture_output=True, text=True, timeout=30)
    assert applied.returncode == 0, applied.stderr


@pytest.fixture
def ask(linkerdctl: Command) -> Callable[[str], list[Row]]:
    """Rows of a command; the first look after the policies were applied is not among the two it compares."""

    def rows(line: str) -> list[Row]:
        linkerdctl(f"{line} -n emojivoto --since-start -o json")
        ran = linkerdctl(f"{line} -n emojivoto -t 2s -o json")
        assert ran.code == 0, ran.err
        found: list[Row] = json.loads(ran.out)
        return found

    return rows


def looks(mesh: DemoMesh, workload: str) -> tuple[float, float]:
    first, last = mesh.log.scrapes_of(pod_of(mesh, workload))[-2:]
    return first, last


def served(mesh: DemoMesh, workload: str, chosen: Chosen = lambda hop: True) -> Truth:
    pod = pod_of(mesh, workload)
    return mesh.call(lambda: mesh.log.truth(pod, "inbound", *looks(mesh, workload), chosen))


def judged(mesh: DemoMesh, workload: str, chosen: Chosen = lambda hop: True) -> tuple[int, int]:
    """Let in, turned away."""
    pod = pod_of(mesh, workload)
    return mesh.call(lambda: mesh.log.authorized(pod, *looks(mesh, workload), chosen))


def voting(hop: Hop) -> bool:
    return hop.path.startswith("/api/vote")


def assert_answers(row: Row, wanted: Truth, success: str = "success", latency: str = "latency_ms_p{}") -> None:
    assert (row["requests"], row["failures"]) == (wanted.requests, wanted.failures)
    assert row[success] == wanted.successes / wanted.requests
    assert row["rps"] == pytest.approx(wanted.requests / row["window_seconds"], rel=0.001)
    for q in (50, 95, 99):
        lower, upper = bucket_of(wanted.latencies_ms, q / 100)
        assert lower <= row[latency.format(q)] <= upper


def number(row: Row, rate: str) -> float:
    return round(row[rate] * row["window_seconds"], 1)


def test_each_authorization_let_in_what_the_log_says(mesh: DemoMesh, ask: Callable[[str], list[Row]]) -> None:
    rows = {(row["name"], row["route"], row["authorization"]): row for row in ask("authz deploy")}
    assert set(rows) == {
        ("emoji", "default", "serverauthorization/emoji-clients"),
        ("voting", "default", "default/audit"),
        ("web", "", "authorizationpolicy/web-office"),
        ("web", "web-api", "authorizationpolicy/web-api"),
        ("web", "web-rest", ""),
    }
    for workload, route, authorization, chosen in (
        ("emoji", "default", "serverauthorization/emoji-clients", lambda hop: True),
        ("voting", "default", "default/audit", lambda hop: True),
        ("web", "web-api", "authorizationpolicy/web-api", voting),
    ):
        row = rows[workload, route, authorization]
        assert_answers(row, served(mesh, workload, chosen))
        assert number(row, "allowed") == judged(mesh, workload, chosen)[0]
        assert row["unauthorized"] == 0
    assert rows["voting", "default", "default/audit"]["verdict"] == "audited"
    assert number(rows["voting", "default", "default/audit"], "audited") == judged(mesh, "voting")[0]
    denied = rows["web", "web-rest", ""]
    assert number(denied, "unauthorized") == judged(mesh, "web")[1] > 5
    assert (denied["verdict"], denied["clients"], denied["success"]) == ("denied", "default.emojivoto", None)
    assert rows["web", "", "authorizationpolicy/web-office"]["verdict"] is None


def test_a_server_lets_in_and_turns_away(mesh: DemoMesh, ask: Callable[[str], list[Row]]) -> None:
    rows = {row["name"]: row for row in ask("stat server")}
    assert set(rows) == {"emoji-grpc", "voting-grpc", "web-http"}
    allowed, denied = judged(mesh, "web")
    assert rows["web-http"]["unauthorized"] == pytest.approx(denied / (allowed + denied))
    assert number(rows["web-http"], "unauthorized_rps") == denied
    for name, workload in (("emoji-grpc", "emoji"), ("voting-grpc", "voting"), ("web-http", "web")):
        assert_answers(rows[name], served(mesh, workload))
        assert rows[name]["tcp_open_connections"] == 1


@pytest.mark.parametrize(
    ("kind", "idle", "busy", "workload"),
    [
        ("authorizationpolicy", {"web-office"}, "web-api", "web"),
        ("serverauthorization", set(), "emoji-clients", "emoji"),
        ("httproute", {"web-rest", "pages"}, "web-api", "web"),
    ],
)
def test_every_policy_has_a_row_and_those_in_use_have_numbers(
    mesh: DemoMesh, ask: Callable[[str], list[Row]], kind: str, idle: set[str], busy: str, workload: str
) -> None:
    rows = {row["name"]: row for row in ask(f"stat {kind}")}
    assert set(rows) == {*idle, busy}
    assert_answers(rows[busy], served(mesh, workload))
    assert all(rows[name]["rps"] is None for name in idle)


def test_policies_of_every_kind_can_be_asked_about(ask: Callable[[str], list[Row]]) -> None:
    asked = "server saz ap httproute grpcroute meshtlsauthn netauthn".split()
    found = {
        kind: {(row["name"], row["authorization"].partition("/")[2]) for row in ask(f"authz {kind}")} for kind in asked
    }
    assert found["saz"] == {("emoji-clients", "emoji-clients")}
    assert found["ap"] == {("web-api", "web-api"), ("web-office", "web-office")}
    assert found["httproute"] == {("web-api", "web-api"), ("web-rest", "")}
    assert found["grpcroute"] == set()
    assert found["meshtlsauthn"] == {("web-clients", "web-api")}
    assert found["netauthn"] == {("office", "web-office")}
    assert {("web-http", ""), ("web-http", "web-api"), ("voting-grpc", "audit")} <= found["server"]


def test_what_was_denied_never_came_in(mesh: DemoMesh, ask: Callable[[str], list[Row]]) -> None:
    rows = {(row["name"], row["server"], row["route"]): row for row in ask("stat-inbound deploy")}
    assert set(rows) == {
        ("emoji", "emoji-grpc", "[default]"),
        ("voting", "voting-grpc", "[default]"),
        ("web", "web-http", "web-api"),
    }
    for (workload, _, _), row in rows.items():
        assert_answers(row, served(mesh, workload), "successesRate", "latencyMsP{}")
        assert row["port"] == "8080"


def test_routes_count_requests_and_backends_attempts(mesh: DemoMesh, ask: Callable[[str], list[Row]]) -> None:
    timed_out = retried = 0
    for _ in range(10):  # few requests time out or are tried again: in some windows none
        rows = {(row["name"], row["route"], row["backend"]): row for row in ask("stat-outbound deploy")}
        late, again = assert_pages_are_counted(mesh, rows)
        timed_out, retried = timed_out + late, retried + again
        if timed_out and retried:
            return
    pytest.fail(f"{timed_out} requests timed out, {retried} were tried again")


def assert_pages_are_counted(mesh: DemoMesh, rows: dict[tuple[str, ...], Row]) -> tuple[int, int]:
    """What vote-bot asked of web is what the log says; how many requests timed out and were tried again."""
    assert set(rows) == {
        (name, route, backend)
        for name, route, service in (
            ("vote-bot", "pages", "web-svc"), ("web", "[default]", "emoji-svc"), ("web", "votes", "voting-svc"),
        )
        for backend in (None, service)
    }  # fmt: skip
    client = pod_of(mesh, "vote-bot")
    asked = mesh.call(lambda: mesh.log.requests(client, *looks(mesh, "vote-bot")))
    first, last = looks(mesh, "vote-bot")
    seen = mesh.call(lambda: [hop for hop in mesh.log.hops if hop.client == client])
    late = sum(hop.gave_up is not None and first < hop.gave_up <= last for hop in seen)
    again = sum(hop.attempt > 1 and first < hop.started <= last for hop in seen)
    pages, attempts = rows["vote-bot", "pages", None], rows["vote-bot", "pages", "web-svc"]
    assert (pages["requests"], pages["failures"]) == (asked.requests, asked.failures)
    assert pages["timeoutRate"] == pytest.approx(late / asked.requests)
    assert pages["retryRate"] == pytest.approx(again / (asked.requests + again))
    assert attempts["requests"] == sum(first < hop.ended <= last for hop in seen)
    assert attempts["retryRate"] is None
    return late, again


def test_calls_that_fail_with_status_200_are_failures_of_a_grpc_route(
    mesh: DemoMesh, ask: Callable[[str], list[Row]]
) -> None:
    rows = {(row["route"], row["backend"]): row for row in ask("stat-outbound deploy/web")}
    web = pod_of(mesh, "web")
    wanted = mesh.call(
        lambda: mesh.log.requests(web, *looks(mesh, "web"), lambda hop: hop.service.name == "voting-svc")
    )
    for backend in (None, "voting-svc"):
        row = rows["votes", backend]
        assert (row["requests"], row["failures"]) == (wanted.requests, wanted.failures)


VIEWS = (
    "authz deploy",
    "authz server,ap,saz,httproute",
    "authz svc/web-svc",
    "authz meshtlsauthn,netauthn",
    "stat server,ap,saz,httproute",
    "stat-inbound deploy",
    "stat-inbound svc",
    "stat-outbound deploy",
    "stat-outbound ns/emojivoto",
)


@pytest.fixture(scope="module")
def prometheus(mesh: DemoMesh) -> Iterator[PrometheusServer]:
    with PrometheusServer(scraping(mesh.url)) as server:
        server.wait_for_scrapes(6, 6)
        yield server


@pytest.mark.parametrize("view", VIEWS)
def test_a_prometheus_has_the_same_rows_in_at_most_six_requests(
    linkerdctl: Command, prometheus: PrometheusServer, caplog: pytest.LogCaptureFixture, view: str
) -> None:
    ours = linkerdctl(f"{view} -n emojivoto -t 2s -o json")
    caplog.set_level("DEBUG", "linkerdctl")
    theirs = linkerdctl(f"{view} -n emojivoto -t 4s -o json --prometheus {prometheus.url}")
    assert theirs.code == 0, theirs.err
    assert 0 < sum(record.getMessage().startswith("query ") for record in caplog.records) <= 6
    assert shape(theirs.out) == shape(ours.out)
    for mine, its in zip(json.loads(ours.out), json.loads(theirs.out), strict=True):
        assert unknown(its) == unknown(mine)
        assert its["rps"] == pytest.approx(mine["rps"], rel=0.8, abs=2) if its["rps"] else True


@pytest.mark.parametrize("view", VIEWS)
def test_a_recording_has_the_same_rows(linkerdctl: Command, tmp_path: Path, view: str) -> None:
    ours = linkerdctl(f"{view} -n emojivoto -t 2s -o json")
    assert linkerdctl(f"record -n emojivoto --for 2s --every 2s -o {tmp_path}/recording -q").code == 0
    recorded = linkerdctl(f"--recording {tmp_path}/recording {view} -n emojivoto -o json")
    assert recorded.code == 0, recorded.err
    assert shape(recorded.out) == shape(ours.out)


def shape(out: str) -> list[tuple[Any, ...]]:
    """What stands in which place, but for the numbers."""
    told = [{key: value for key, value in row.items() if "Bucket" not in key} for row in json.loads(out)]
    return [tuple(value for value in row.values() if isinstance(value, str)) for row in told]


def test_nothing_is_said_twice_and_policies_that_may_not_be_read_are_told(mesh: DemoMesh, linkerdctl: Command) -> None:
    from linkerdctl.demo.api.access import Denial

    mesh.call(lambda: mesh.access.denials.append(Denial("list", "authorizationpolicies")))
    try:
        ran = linkerdctl("authz deploy -n emojivoto -t 2s -o json")
    finally:
        mesh.call(mesh.access.denials.clear)
    assert ran.code == 0
    assert ran.err.count("authorizationpolicies cannot be listed") == 1
    assert "web-api" in ran.out


def unknown(row: Row) -> set[str]:
    """Fields that hold nothing; which percentiles have a number depends on the bucket they fall into."""
    return {key for key, value in row.items() if value is None and not key.startswith("latency")}
