"""Profiles go from the command line through the real kubectl into the demo; wrong ones are refused with a reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from linkerdctl.demo.servers import DemoMesh
from tests.conftest import Kubectl
from tests.e2e.conftest import Command, Ran

VOTING = """
syntax = "proto3";
package emojivoto.v1;
service VotingService {
  rpc VoteDoughnut (VoteRequest) returns (VoteResponse);
  rpc VotePizza (VoteRequest) returns (VoteResponse) { option idempotency_level = IDEMPOTENT; }
  rpc Results (Empty) returns (stream ResultsResponse);
}
"""
WEB = """
openapi: 3.0.3
info: {title: web, version: "1"}
paths:
  /api/list:
    get: {x-linkerd-retryable: true, x-linkerd-timeout: 1s, responses: {"200": {description: all}, 5XX: {description: no}}}
  /api/vote: {get: {}}
  "/api/emoji/{code}": {get: {}}
"""
Apply = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def apply(mesh: DemoMesh, kubectl: Kubectl) -> Apply:
    """`kubectl apply -f -`."""
    return lambda text: kubectl("apply", "-f", "-", stdin=text, mesh=mesh)


@pytest.fixture
def stored(mesh: DemoMesh, kubectl: Kubectl) -> Callable[..., Any]:
    """What `kubectl get` has, as data."""

    def get(*words: str) -> Any:
        done = kubectl("get", *words, "-n", "emojivoto", "-o", "json", mesh=mesh)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return get


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a proto and an OpenAPI document, which is the working directory."""
    (tmp_path / "Voting.proto").write_text(VOTING)
    (tmp_path / "web.yaml").write_text(WEB)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return ran.out


@pytest.mark.parametrize("output", ["yaml", "json"])
@pytest.mark.parametrize(
    ("service", "options"),
    [
        ("voting-svc", "--proto Voting.proto"),
        ("voting-svc", "--proto Voting.proto --retryable . --timeout 300ms --retry-budget 0.2/10/10s"),
        ("web-svc", "--open-api web.yaml"),
        ("web-svc", "--open-api web.yaml --typed"),
        ("web-svc", "--template"),
    ],
)
def test_what_is_generated_is_applied_and_stored_as_it_is(
    linkerdctl: Command, apply: Apply, stored: Callable[..., Any], specs: Path, service: str, options: str, output: str
) -> None:
    manifest = written(linkerdctl(f"profile -n emojivoto {service} {options} -o {output}"))
    done = apply(manifest)
    assert done.returncode == 0, done.stderr
    assert stored("sp", f"{service}.emojivoto.svc.cluster.local")["spec"] == yaml.safe_load(manifest)["spec"]


def test_a_tap_of_the_live_mesh_becomes_a_profile(
    linkerdctl: Command, apply: Apply, stored: Callable[..., Any]
) -> None:
    ran = linkerdctl("profile -n emojivoto web-svc --tap deploy/web --tap-duration 4s")
    assert apply(written(ran)).returncode == 0
    routes = {
        route["name"]: route["condition"]
        for route in stored("sp", "web-svc.emojivoto.svc.cluster.local")["spec"]["routes"]
    }
    assert routes["GET /api/vote"] == {"method": "GET", "pathRegex": "/api/vote"}
    assert not any("emojivoto.v1" in name for name in routes)
    assert "cover" in ran.err


def test_calls_of_the_live_mesh_are_told_from_pages(linkerdctl: Command) -> None:
    for workload in ("web", "voting"):
        ran = linkerdctl(f"profile -n emojivoto voting-svc --tap deploy/{workload} --tap-duration 4s --kind grpcroute")
        objects = list(yaml.safe_load_all(written(ran)))
        services = {
            match["method"]["service"] for each in objects for match in each["spec"]["rules"][0].get("matches", ())
        }
        assert services == {"emojivoto.v1.VotingService"}
        assert "left out, it is no gRPC method" not in ran.err


def test_the_pipe_of_two_processes_works(mesh: DemoMesh, specs: Path) -> None:
    line = f"{sys.executable} -m linkerdctl profile -n emojivoto voting-svc --proto Voting.proto | kubectl apply -f -"
    done = subprocess.run(line, shell=True, env=mesh.environment(), capture_output=True, text=True, timeout=60)
    assert "serviceprofile.linkerd.io/voting-svc.emojivoto.svc.cluster.local" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("spec: {routes: [{condition: {method: GET}}]}", "spec.routes[0].name: Required value"),
        ("spec: {routes: [{name: a}]}", "spec.routes[0].condition: Required value"),
        ("spec: {routes: [{name: a, condition: {method: 5}}]}", "spec.routes[0].condition.method: Invalid value"),
        (
            "spec: {routes: [{name: a, condition: {method: GET}, Timeout: 1s}]}",
            'unknown field "spec.routes[0].Timeout"',
        ),
        ("spec: {retryBudget: {ttl: 10s}}", "spec.retryBudget.retryRatio: Required value"),
        ("spec: {routes: [{name: a, condition: {not: {method: GET}}}]}", "spec.routes[0].condition.not: Invalid value"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_reason_and_the_linter_knows_before(
    linkerdctl: Command, apply: Apply, tmp_path: Path, wrong: str, reason: str
) -> None:
    text = (
        "apiVersion: linkerd.io/v1alpha2\nkind: ServiceProfile\n"
        f"metadata: {{name: web-svc.emojivoto.svc.cluster.local, namespace: emojivoto}}\n{wrong}\n"
    )
    refused = apply(text)
    assert refused.returncode != 0
    # Old kubectls validate themselves, by the schema that the cluster publishes, and say it in words of their own
    place = reason.split('"')[-2] if '"' in reason else reason.split(":")[0]
    by_itself = (
        f"(ServiceProfile.{place.rpartition('.')[0]}" in refused.stderr and place.rpartition(".")[2] in refused.stderr
    )
    assert reason in refused.stderr or by_itself
    (tmp_path / "wrong.yaml").write_text(text)
    assert "wrong.yaml:4:" in linkerdctl("profile lint", str(tmp_path / "wrong.yaml")).out


@pytest.mark.parametrize(
    ("service", "options", "plural"),
    [("web-svc", "--open-api web.yaml --kind httproute", "httproutes.gateway.networking.k8s.io"),
     ("voting-svc", "--proto Voting.proto --kind grpcroute", "grpcroutes")],
)  # fmt: skip
@pytest.mark.parametrize("output", ["yaml", "json"])
def test_routes_of_the_gateway_api_are_applied_with_the_port_that_the_service_has(
    linkerdctl: Command, apply: Apply, stored: Callable[..., Any], specs: Path,
    service: str, options: str, plural: str, output: str
) -> None:  # fmt: skip
    ran = linkerdctl(f"profile -n emojivoto {service} {options} -o {output}")
    done = apply(written(ran))
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(ran.out)) if output == "yaml" else json.loads(ran.out)["items"]
    port = stored("svc", service)["spec"]["ports"][0]["port"]
    for manifest in made:
        kept = stored(plural, manifest["metadata"]["name"])
        assert kept["spec"]["parentRefs"] == [{"group": "", "kind": "Service", "name": service, "port": port}]
        assert kept["spec"] == manifest["spec"]
    assert f"{service}-default takes them" in ran.err


def test_a_profile_of_the_cluster_is_merged_into_and_keeps_what_a_person_wrote(
    linkerdctl: Command, apply: Apply, stored: Callable[..., Any], specs: Path
) -> None:
    name = "emoji-svc.emojivoto.svc.cluster.local"
    mine = {"name": "mine", "condition": {"any": [{"method": "GET"}, {"method": "PUT"}]}, "timeout": "7s"}
    manifest = {
        "apiVersion": "linkerd.io/v1alpha2",
        "kind": "ServiceProfile",
        "metadata": {"name": name, "namespace": "emojivoto", "labels": {"team": "front"}},
        "spec": {"routes": [mine], "retryBudget": {"retryRatio": 0.1, "minRetriesPerSecond": 1, "ttl": "5s"}},
    }
    assert apply(json.dumps(manifest)).returncode == 0
    ran = linkerdctl("profile -n emojivoto emoji-svc --proto Voting.proto --merge cluster")
    assert "last-applied" not in ran.out
    assert apply(written(ran)).returncode == 0
    kept = stored("sp", name)
    assert [route["name"] for route in kept["spec"]["routes"]] == ["mine", "VoteDoughnut", "VotePizza", "Results"]
    assert kept["spec"]["routes"][0] == mine
    assert kept["spec"]["retryBudget"] == manifest["spec"]["retryBudget"]  # type: ignore[index]
    assert kept["metadata"]["labels"] == {"team": "front"}


def test_a_namespace_is_linted_with_the_routes_that_profiles_override(
    linkerdctl: Command, apply: Apply, specs: Path
) -> None:
    profile = written(linkerdctl("profile -n emojivoto web-svc --open-api web.yaml"))
    assert apply(profile).returncode == 0
    assert (
        apply(written(linkerdctl("profile -n emojivoto web-svc --open-api web.yaml --kind httproute"))).returncode == 0
    )
    ran = linkerdctl("profile lint -n emojivoto")
    assert "warning: it overrides HTTPRoute web-svc-" in ran.out


def test_coverage_of_the_profile_in_the_cluster(linkerdctl: Command, apply: Apply, specs: Path) -> None:
    assert apply(written(linkerdctl("profile -n emojivoto web-svc --open-api web.yaml"))).returncode == 0
    ran = linkerdctl("profile coverage -n emojivoto web-svc --tap deploy/web --tap-duration 4s -o json")
    assert ran.code == 0, ran.err
    states = {row["route"]: row["state"] for row in json.loads(ran.out)}
    assert states["GET /api/vote"] == "seen"
    assert set(states) >= {"GET /api/list", "GET /api/vote", "GET /api/emoji/{code}"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("profile -n emojivoto none-svc --proto Voting.proto --kind grpcroute", "none-svc"),
        ("profile -n emojivoto none-svc --proto Voting.proto --merge cluster", "there is no ServiceProfile none-svc"),
        ("profile -n emojivoto web-svc --tap deploy/none --tap-duration 2s", "none"),
        ("profile -n nowhere web-svc --tap deploy/web --tap-duration 2s", "not found"),
        (
            "profile coverage -n emojivoto none-svc --tap deploy/web --tap-duration 2s",
            "there is no ServiceProfile none-svc",
        ),
        ("profile -n emojivoto web-svc --from-service emojivoto/none-svc/openapi.json", "none-svc"),
    ],
)
def test_what_the_cluster_has_not_is_one_line_and_nothing_on_stdout(
    linkerdctl: Command, specs: Path, line: str, words: str
) -> None:
    ran = linkerdctl(line)
    assert (ran.code, ran.out) == (1, "")
    error = next(each for each in ran.err.splitlines() if each.startswith("error: "))
    assert words in error
