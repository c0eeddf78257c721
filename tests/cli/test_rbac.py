"""`rbac`: with no more than it prints every command runs, and it prints nothing that none of them asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from linkerdctl.cli.commands import COMMANDS
from linkerdctl.cli.run import run
from linkerdctl.demo.api.access import Attempt
from linkerdctl.demo.servers import DemoMesh, DemoOptions
from linkerdctl.kube.permissions import COMMANDS as PERMISSIONS
from tests.conftest import Kubectl

WITHOUT_CLUSTER = {"demo", "rbac"}
NS = "-n emojivoto"
WIDE = "svc,deploy,sts,ds,rc,cj"
TAPPED = ("deploy/web", "ns/emojivoto", "po/{web}")
EXAMPLES = {
    "stat": [f"stat all {NS} -t 1s"],
    "edges": [f"edges {kinds} {NS} -t 1s" for kinds in ("deploy", "sts,ds,rc")],
    "graph": [f"graph {kinds} {NS} -t 1s" for kinds in ("deploy", "sts,ds,rc")],
    "routes": [f"routes {WIDE} {NS} -t 1s"],
    "tap": [f"tap {target} {NS} --limit 1 --duration 60s" for target in TAPPED],
    "top": [
        *(f"top {target} {NS} --batch 1s --duration 1s" for target in TAPPED),
        *(f"top {kind} {NS} --no-tap --batch 1s --duration 1s" for kind in ("deploy", "sts", "ds", "rc", "cj")),
    ],
    "stat-inbound": [f"stat-inbound {WIDE} {NS} -t 1s"],
    "stat-outbound": [f"stat-outbound deploy,sts,ds,rc,cj {NS} -t 1s"],
    "authz": [f"authz {kinds} {NS} -t 1s" for kinds in (WIDE, "meshtlsauthn,netauthn")],
    "check": [f"check {NS}"],
    "list": [f"list {NS}"],
    "metrics": [f"metrics deploy,sts,ds,rc,cj {NS} --family identity_cert"],
    "identity": [f"identity deploy,sts,ds,rc,cj {NS}"],
    "profile": [
        f"profile lint {NS}",
        *(f"profile web-svc {NS} --tap {target} --tap-duration 4s" for target in TAPPED),
    ],
    "record": [f"record {NS} --for 1s --every 1s -o {{tmp}}/recording"],
}
_UNTAPPED = ("daemonsets", "statefulsets", "jobs", "replicationcontrollers", "cronjobs", "replicasets")
NEVER_ASKED = {"egressnetworks", "httplocalratelimitpolicies", *(f"{each}/tap" for each in _UNTAPPED)}
"""Kinds that the demo does not serve, and such of which it has none to tap."""


@pytest.fixture(scope="module")
def mesh() -> Iterator[DemoMesh]:
    with DemoMesh(DemoOptions(rps=40.0)) as running:
        yield running


@pytest.fixture
def asked(mesh: DemoMesh) -> Iterator[set[tuple[str, str, str]]]:
    """Verb, group and resource of every request from here on."""
    seen: set[tuple[str, str, str]] = set()
    judge: Callable[[Attempt], bool] = mesh.access.refuses

    def watched(attempt: Attempt) -> bool:
        seen.add((attempt.verb, attempt.group, attempt.resource))
        return judge(attempt)

    mesh.access.refuses = watched
    yield seen
    mesh.access.refuses = judge


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["rbac", *words]) == 0
    return list(yaml.safe_load_all(capsys.readouterr().out))


def granted(manifests: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    rules = (rule for each in manifests for rule in each.get("rules", ()))
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_every_command_that_asks_a_cluster_is_in_the_table() -> None:
    assert set(COMMANDS) - WITHOUT_CLUSTER <= set(PERMISSIONS)


@pytest.mark.parametrize("command", EXAMPLES)
def test_a_command_runs_with_no_more_than_its_role(
    command: str,
    mesh: DemoMesh,
    asked: set[tuple[str, str, str]],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    user = f"only-{command}"
    manifests = printed(capsys, command, "-n", "emojivoto", "--user", user, "--name", user)
    mesh.call(lambda: [mesh.store.add(each) for each in manifests])
    [web] = mesh.mesh.topology.of_workload("emojivoto", "web")
    for example in EXAMPLES[command]:
        line = example.format(tmp=tmp_path, web=web.name)
        assert run(["--as", user, *line.split()]) == 0, f"{line}\n{capsys.readouterr().err}"
    spared = {grant for grant in granted(manifests) - asked if grant[2] not in NEVER_ASKED}
    assert spared == set()


def test_without_a_role_nothing_runs(
    mesh: DemoMesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    manifests = printed(capsys, "profile", "-n", "emojivoto", "--user", "writer", "--name", "writer")
    for each in manifests:
        each["rules"] = [] if "rules" in each else None
    mesh.call(lambda: [mesh.store.add(each) for each in manifests])
    assert run(["--as", "writer", "stat", "deploy", "-n", "emojivoto", "-t", "1s"]) == 1
    assert "you may not list" in capsys.readouterr().err


def test_kubectl_takes_what_is_printed_and_a_role_reaches_no_further(
    mesh: DemoMesh, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    assert run(["rbac", "stat", "-n", "emojivoto", "--serviceaccount", "emojivoto:viewer", "--name", "viewer"]) == 0
    applied = kubectl("apply", "-f", "-", stdin=capsys.readouterr().out, mesh=mesh)
    assert applied.stdout.splitlines() == [
        "role.rbac.authorization.k8s.io/viewer created",
        "rolebinding.rbac.authorization.k8s.io/viewer created",
    ]
    viewer = ("--as", "system:serviceaccount:emojivoto:viewer")
    for words, answer in {
        ("list", "pods", "-n", "emojivoto"): "yes",
        ("get", "pods", "--subresource=proxy", "-n", "emojivoto"): "yes",
        ("list", "pods", "-n", "linkerd"): "no",
        ("list", "pods", "-A"): "no",
        ("delete", "pods", "-n", "emojivoto"): "no",
        ("get", "secrets", "-n", "emojivoto"): "no",
    }.items():
        assert kubectl("auth", "can-i", *words, *viewer, mesh=mesh).stdout.split()[0] == answer, words


def test_only_the_named_secret_can_be_read(
    mesh: DemoMesh, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("identity", "-n", "emojivoto", "--optional", "--user", "auditor", "--name", "auditor")
    manifests = printed(capsys, *words)
    mesh.call(lambda: [mesh.store.add(each) for each in manifests])
    for secret, answer in (("linkerd-identity-issuer", "yes"), ("another", "no")):
        asked = kubectl("auth", "can-i", "get", f"secrets/{secret}", "-n", "linkerd", "--as", "auditor", mesh=mesh)
        assert asked.stdout.split()[0] == answer


def test_one_that_is_to_look_everywhere_gets_a_cluster_role(capsys: pytest.CaptureFixture[str]) -> None:
    role, binding = printed(capsys, "stat", "-A", "--group", "sre")
    assert (role["kind"], binding["kind"]) == ("ClusterRole", "ClusterRoleBinding")
    assert "namespace" not in role["metadata"]
    assert ("list", "", "namespaces") in granted([role])
    assert binding["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "sre"}]


def test_in_a_namespace_nothing_is_granted_beyond_it(capsys: pytest.CaptureFixture[str]) -> None:
    for role in printed(capsys, "-n", "emojivoto"):
        assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "emojivoto")


def test_the_issuer_s_key_is_never_handed_out_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert not [grant for grant in granted(printed(capsys, "-A")) if grant[2] == "secrets"]
    roles = printed(capsys, "identity", "-n", "emojivoto", "--optional", "-L", "mesh")
    [secrets] = [rule for role in roles for rule in role["rules"] if "secrets" in rule["resources"]]
    assert secrets["resourceNames"] == ["linkerd-identity-issuer"]
    assert [role["metadata"]["namespace"] for role in roles] == ["emojivoto", "mesh"]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ((), ("get", "", "pods/proxy")),
        (("--via", "port-forward"), ("get", "", "pods/portforward")),
        (("--prometheus", "prom.monitoring:80"), ("get", "", "services/proxy")),
    ],
)
def test_the_way_to_the_numbers_decides_what_is_needed(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], rule: tuple[str, str, str]
) -> None:
    ways = {"pods/proxy", "pods/portforward", "services/proxy"}
    assert {grant for grant in granted(printed(capsys, "stat", *words)) if grant[2] in ways} >= {rule}


def test_a_service_is_named_in_its_own_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    roles = printed(capsys, "stat", "-n", "emojivoto", "--prometheus", "prom.monitoring:80")
    [role] = [role for role in roles if role["metadata"]["namespace"] == "monitoring"]
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["services/proxy"], "resourceNames": ["prom:80"], "verbs": ["get"]}
    ]


@pytest.mark.parametrize("words", [("--via", "direct"), ("--prometheus", "https://prometheus.example.com")])
def test_what_is_reached_past_the_api_server_needs_nothing_there(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert not [grant for grant in granted(printed(capsys, "stat", *words)) if "/" in grant[2]]


def test_json_holds_the_same_as_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = printed(capsys, "stat", "tap", "-n", "emojivoto", "--user", "jane")
    assert run(["rbac", "stat", "tap", "-n", "emojivoto", "--user", "jane", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == wanted


def test_a_command_that_goes_by_another_name_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "certs", "identity", "-n", "emojivoto") == printed(capsys, "identity", "-n", "emojivoto")


def test_what_it_looks_like(capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion) -> None:
    assert run(["rbac", "stat", "identity", "-n", "emojivoto", "--optional", "--user", "jane"]) == 0
    assert capsys.readouterr().out == snapshot


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("stats",), "'stats' is no command that asks a cluster\n  did you mean stat?"),
        (("demo",), "'demo' is no command that asks a cluster\n  commands are stat, "),
        (("-A", "-n", "books"), "-A and -n exclude each other"),
        (("--serviceaccount", "viewer"), "--serviceaccount 'viewer' is none\n  write it as NAMESPACE:NAME"),
    ],
)
def test_what_makes_no_sense_is_told(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str) -> None:
    assert run(["rbac", *words]) == 2
    assert says in capsys.readouterr().err
