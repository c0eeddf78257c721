"""Profiles applied as a user would, then `routes`: what the mesh's own request log says of requests and of attempts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.simulation.request_log import Truth
from linkerdctl.demo.simulation.traffic import Hop
from tests.e2e.conftest import Command, pod_of
from tests.e2e.test_stat_against_the_request_log import bucket_of

VOTES = ("Doughnut", "Joy", "Fire", "Pizza")
CALLS = "\n".join(f"  rpc Vote{vote} (VoteRequest) returns (VoteResponse);" for vote in VOTES)
PROTO = f"""
syntax = "proto3";
package emojivoto.v1;
service VotingService {{
  rpc Results (ResultsRequest) returns (ResultsResponse);
{CALLS}
}}
"""
Kubectl = Callable[..., subprocess.CompletedProcess[str]]
Row = dict[str, Any]
RETRIES = ("--retryable", "Doughnut", "--timeout", "300ms", "--retry-budget", "0.2/20/1s")
VOTING_ROUTES = "routes deploy/web --to svc/voting-svc -n emojivoto -t 2s"


@pytest.fixture
def apply(mesh: DemoMesh) -> Iterator[Kubectl]:
    """`kubectl apply -f -` against the mesh; what was applied is deleted in the end."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.fail("kubectl is not on PATH; `make test` installs it")

    def kubectl(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *words], input=stdin, env=mesh.environment(), capture_output=True, text=True, timeout=30
        )

    yield lambda manifest: kubectl("apply", "-f", "-", stdin=manifest)
    kubectl("delete", "serviceprofiles,httproutes,grpcroutes", "--all", "-n", "emojivoto")


@pytest.fixture
def voting_profile(linkerdctl: Command, tmp_path: Path) -> Callable[..., str]:
    """`profile voting-svc --proto`, with more options."""
    proto = tmp_path / "Voting.proto"
    proto.write_text(PROTO)

    def profile(*more: str) -> str:
        ran = linkerdctl("profile -n emojivoto voting-svc --cluster-domain cluster.local --proto", str(proto), *more)
        assert ran.code == 0
        return ran.out

    return profile


def routes(linkerdctl: Command, line: str) -> dict[str, Row]:
    ran = linkerdctl(f"{line} -o json")
    assert ran.code == 0, ran.err
    return {row["route"]: row for row in json.loads(ran.out)}


def asked(mesh: DemoMesh, workload: str, chosen: Callable[[Hop], bool]) -> Truth:
    """What a workload's application asked, between the last two looks."""
    pod = pod_of(mesh, workload)
    return mesh.call(lambda: mesh.log.requests(pod, *looks_of(mesh, workload), chosen))


def attempted(mesh: DemoMesh, workload: str, side: str, chosen: Callable[[Hop], bool]) -> Truth:
    """What its proxy saw, every attempt."""
    pod = pod_of(mesh, workload)
    return mesh.call(lambda: mesh.log.truth(pod, side, *looks_of(mesh, workload), chosen))


def looks_of(mesh: DemoMesh, workload: str) -> tuple[float, float]:
    """As `looks`, in the mesh's own loop."""
    first, last = mesh.log.scrapes_of(pod_of(mesh, workload))[-2:]
    return first, last


def on_route(service: str, route: str, side: str = "outbound") -> Callable[[Hop], bool]:
    """Whether a hop takes a profile's route of a service; the empty one is that of no route."""

    def chosen(hop: Hop) -> bool:
        if hop.service.name != service or hop.taken is None:
            return False
        taken = hop.taken.profile if side == "outbound" else hop.taken.server_profile
        return taken is not None and taken.name == route

    return chosen


def assert_rates(row: Row, truth: Truth, prefix: str = "") -> None:
    if not truth.requests:
        assert row[f"{prefix}success"] is row[f"{prefix}rps"] is None
        return
    assert row[f"{prefix}success"] == truth.successes / truth.requests
    assert row[f"{prefix}rps"] == pytest.approx(truth.requests / row["window_seconds"], rel=0.001)


def assert_latencies(row: Row, truth: Truth) -> None:
    for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        if truth.latencies_ms:
            lower, upper = bucket_of(truth.latencies_ms, q)
            assert lower <= row[f"latency_ms_{name}"] <= upper


def assert_client_rows(mesh: DemoMesh, found: dict[str, Row], workload: str, service: str) -> None:
    """All rows of a client, effective and actual."""
    for name, row in found.items():
        chosen = on_route(service, "" if name == "[DEFAULT]" else name)
        effective = asked(mesh, workload, chosen)
        assert (row["requests"] or 0, row["failures"] or 0) == (effective.requests, effective.failures)
        assert_rates(row, effective, "effective_")
        assert_rates(row, attempted(mesh, workload, "outbound", chosen), "actual_")
        assert_latencies(row, effective)


def test_a_profile_out_of_a_proto_counts_within_seconds(
    mesh: DemoMesh, linkerdctl: Command, apply: Kubectl, voting_profile: Callable[..., str]
) -> None:
    before = routes(linkerdctl, VOTING_ROUTES)
    assert list(before) == ["[DEFAULT]"]
    assert before["[DEFAULT]"]["route_kind"] == "default"
    assert "created" in apply(voting_profile()).stdout
    found = routes(linkerdctl, VOTING_ROUTES)
    assert list(found) == ["Results", *sorted(f"Vote{vote}" for vote in VOTES), "[DEFAULT]"]
    assert_client_rows(mesh, found, "web", "voting-svc")
    assert found["[DEFAULT]"]["requests"] > 20
    assert found["VoteDoughnut"]["effective_success"] in (0.0, None)
    assert found["VoteDoughnut"]["effective_rps"] == found["VoteDoughnut"]["actual_rps"]


def test_retries_and_a_timeout_make_actual_differ_from_effective(
    mesh: DemoMesh, linkerdctl: Command, apply: Kubectl, voting_profile: Callable[..., str]
) -> None:
    apply(voting_profile(*RETRIES))
    routes(linkerdctl, VOTING_ROUTES)
    found = routes(linkerdctl, VOTING_ROUTES.replace("2s", "4s"))
    assert_client_rows(mesh, found, "web", "voting-svc")
    doughnut = found["VoteDoughnut"]
    assert doughnut["actual_rps"] > 2 * doughnut["effective_rps"]
    assert doughnut["retries"] > doughnut["requests"]
    over = asked(mesh, "web", lambda hop: on_route("voting-svc", "VoteDoughnut")(hop) and hop.gave_up is not None)
    assert doughnut["timed_out"] == over.requests
    rest = doughnut["requests"] - doughnut["timed_out"] - doughnut["budget_exhausted"]
    assert doughnut["failed_first_try_at_most"] == rest == 0


def test_a_fate_table_needs_clients_and_adds_up(
    mesh: DemoMesh, linkerdctl: Command, apply: Kubectl, voting_profile: Callable[..., str]
) -> None:
    assert linkerdctl("routes deploy/voting -n emojivoto -o fate").code == 2
    apply(voting_profile(*RETRIES))
    ran = linkerdctl(f"{VOTING_ROUTES} -o fate")
    assert ran.code == 0
    titles = ran.out.splitlines()[0].split()
    assert titles[2:4] == ["REQUESTS", "SUCCESS_1ST_TRY"]
    doughnut = next(line.split() for line in ran.out.splitlines() if line.startswith("VoteDoughnut"))
    numbers = dict(zip(titles, doughnut, strict=True))
    assert int(numbers["REQUESTS"]) == int(numbers["BUDGET_EXHAUSTED"]) + int(numbers["TIMED_OUT"])


def test_servers_and_services_tell_what_they_served(
    mesh: DemoMesh, linkerdctl: Command, apply: Kubectl, voting_profile: Callable[..., str]
) -> None:
    apply(voting_profile(*RETRIES))
    for line in ("routes deploy/voting", "routes svc/voting-svc"):
        found = routes(linkerdctl, f"{line} -n emojivoto -t 2s")
        for name, row in found.items():
            served = attempted(
                mesh, "voting", "inbound", on_route("voting-svc", "" if name == "[DEFAULT]" else name, "inbound")
            )
            assert_rates(row, served)
            assert_latencies(row, served)


def test_a_profile_out_of_a_tap_covers_the_traffic(mesh: DemoMesh, linkerdctl: Command, apply: Kubectl) -> None:
    ran = linkerdctl("profile -n emojivoto web-svc --cluster-domain cluster.local --tap deploy/web --tap-duration 3s")
    assert ran.code == 0
    assert "created" in apply(ran.out).stdout
    found = routes(linkerdctl, "routes deploy/vote-bot --to svc/web-svc -n emojivoto -t 2s")
    assert {"GET /api/list", "GET /api/vote"} <= set(found)
    assert_client_rows(mesh, found, "vote-bot", "web-svc")
    assert found["GET /api/vote"]["requests"] > 10


GRPC_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: find, namespace: emojivoto}
spec:
  parentRefs: [{group: "", kind: Service, name: emoji-svc, port: 8080}]
  rules:
  - matches: [{method: {service: emojivoto.v1.EmojiService, method: FindByShortcode}}]
    backendRefs: [{kind: Service, name: emoji-svc, port: 8080}]
"""


@pytest.mark.parametrize("line", ["routes deploy/web --to svc/emoji-svc", "routes svc/emoji-svc"])
def test_grpc_routes_show_with_their_buckets(mesh: DemoMesh, linkerdctl: Command, apply: Kubectl, line: str) -> None:
    assert "created" in apply(GRPC_ROUTE).stdout
    found = routes(linkerdctl, f"{line} -n emojivoto -t 2s")
    row = found["find"]
    assert (row["route_kind"], row["authority"]) == ("GRPCRoute", "emoji-svc")
    wanted = asked(mesh, "web", lambda hop: hop.path.endswith("FindByShortcode") and hop.taken is not None)
    assert row["requests"] == wanted.requests > 10
    assert row["latency_bucket_p50"] == "0-0.05s"
    assert row["latency_ms_p50"] is None


def test_why_is_told_for_every_row_without_numbers(
    mesh: DemoMesh, linkerdctl: Command, apply: Kubectl, voting_profile: Callable[..., str]
) -> None:
    bare = linkerdctl(f"{VOTING_ROUTES} --why")
    assert "voting-svc: [DEFAULT]: it has no ServiceProfile; make one: linkerdctl profile" in bare.err
    misnamed = voting_profile().replace("name: voting-svc.emojivoto.svc.cluster.local", "name: voting-svc")
    assert "created" in apply(misnamed).stdout
    assert "must be called voting-svc.emojivoto.svc.cluster.local" in linkerdctl(f"{VOTING_ROUTES} --why").err
    wrong = voting_profile().replace("/VoteFire", "/VoteFir")
    apply(wrong)
    told = linkerdctl(f"{VOTING_ROUTES} --why --tap deploy/voting").err
    assert "VoteFire: no request matched it" in told
    assert "nearest: POST /emojivoto.v1.VotingService/VoteFire" in told


def test_a_caller_that_calls_elsewhere_had_no_traffic_there(
    linkerdctl: Command, apply: Kubectl, voting_profile: Callable[..., str]
) -> None:
    apply(voting_profile())
    ran = linkerdctl("routes deploy/emoji --to svc/voting-svc -n emojivoto -t 1s")
    assert ran.code == 0
    assert "--why tells why" in ran.err
    why = linkerdctl("routes deploy/emoji --to svc/voting-svc -n emojivoto -t 1s --why")
    assert "no requests from deploy/emoji in the window" in why.err


def test_a_wrong_profile_is_refused_with_the_schemas_reason(apply: Kubectl, voting_profile: Callable[..., str]) -> None:
    ended = apply(voting_profile().replace("- condition:", "- conditions:"))
    assert ended.returncode != 0
    by_itself = (
        "(ServiceProfile.spec.routes[0]): unknown field" in ended.stderr
    )  # kubectl before it left that to servers
    assert by_itself or 'unknown field "spec.routes[0].conditions"' in ended.stderr


def test_a_profile_that_is_deleted_takes_its_routes_along(
    mesh: DemoMesh, linkerdctl: Command, apply: Kubectl, voting_profile: Callable[..., str]
) -> None:
    apply(voting_profile())
    routes(linkerdctl, VOTING_ROUTES)
    subprocess.run(
        ["kubectl", "delete", "sp", "--all", "-n", "emojivoto"], env=mesh.environment(), check=True, capture_output=True
    )  # fmt: skip
    found = routes(linkerdctl, VOTING_ROUTES)
    assert not [row for row in found.values() if row["route_kind"] == "ServiceProfile" and row["route"] != "[DEFAULT]"]
    assert any(row["route_kind"] == "default" and row["requests"] for row in found.values())


def test_watching_gives_one_answer_after_the_other(mesh: DemoMesh) -> None:
    """Two lines of JSON rows, and then the reader hangs up."""
    line = "routes svc/web-svc -n emojivoto -t 1s --watch 0.5s -o json"
    words = [sys.executable, "-m", "linkerdctl", *line.split()]
    with subprocess.Popen(words, env=mesh.environment(), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        rows = [json.loads(child.stdout.readline()) for _ in range(2)]
        child.terminate()
    assert [row["authority"] for row in rows] == ["web-svc"] * 2
