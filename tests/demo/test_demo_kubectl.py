"""The real kubectl, old or new, finds an API server where the demo runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from tests.conftest import DemoFactory, Kubectl

PROFILE = """
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: web-svc.emojivoto.svc.cluster.local, namespace: NAMESPACE}
spec:
  routes:
  - name: GET /api/list
    condition: {method: GET, pathRegex: /api/list}
  - name: GET /api/vote
    condition: {method: GET, pathRegex: /api/vote}
    responseClasses: [{condition: {status: {min: 500, max: 599}}, isFailure: true}]
  retryBudget: {retryRatio: 0.2, minRetriesPerSecond: 10, ttl: 10s}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: two, namespace: NAMESPACE, labels: {first: "yes"}}
spec:
  replicas: 2
  selector: {matchLabels: {app: two}}
  template:
    metadata: {labels: {app: two}}
    spec:
      containers:
      - {name: one, image: "one:1", env: [{name: A, value: "1"}, {name: B, value: "2"}]}
      - {name: other, image: "other:1"}
"""


@pytest.fixture
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of this test's own."""
    name = request.node.name.replace("_", "-").partition("[")[0][:60].strip("-")
    assert kubectl("create", "namespace", name).returncode == 0
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pods_are_shown_in_the_columns_of_kubectl(kubectl: Kubectl) -> None:
    header, *rows = lines(kubectl("get", "pods", "-n", "emojivoto"))

    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert len(rows) == 4
    assert all(row.split()[1:4] == ["2/2", "Running", "0"] for row in rows)


def test_wide_pods_tell_their_address_and_node(kubectl: Kubectl, demo: DemoMesh) -> None:
    header, row = lines(kubectl("get", "pods", "-n", "emojivoto", "-l", "app=web-svc", "-o", "wide"))

    [web] = demo.mesh.topology.of_workload("emojivoto", "web")
    assert "NOMINATED NODE" in header
    assert {web.name, web.ip, "demo-node"} <= set(row.split())


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("deployments", ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]),
        ("services", ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]),
        ("replicasets", ["NAME", "DESIRED", "CURRENT", "READY", "AGE"]),
        ("serviceaccounts", ["NAME", "SECRETS", "AGE"]),
    ],
)
def test_each_kind_has_its_columns(kubectl: Kubectl, kind: str, columns: list[str]) -> None:
    assert lines(kubectl("get", kind, "-n", "emojivoto"))[0].split() == columns


def test_all_means_workloads_pods_and_services(kubectl: Kubectl) -> None:
    names = lines(kubectl("get", "all", "-n", "emojivoto", "-o", "name"))

    kinds = {name.partition("/")[0] for name in names}
    assert kinds == {"pod", "service", "deployment.apps", "replicaset.apps"}


def test_objects_come_as_yaml_json_and_names(kubectl: Kubectl) -> None:
    shown = yaml.safe_load(kubectl("get", "deploy", "web", "-n", "emojivoto", "-o", "yaml").stdout)
    listed = json.loads(kubectl("get", "deploy", "-A", "-o", "json").stdout)["items"]

    assert (shown["kind"], shown["metadata"]["name"]) == ("Deployment", "web")
    assert {each["kind"] for each in listed} == {"Deployment"}
    assert lines(kubectl("get", "deploy", "web", "-n", "emojivoto", "-o", "name")) == ["deployment.apps/web"]


def test_short_names_and_resources_are_discovered(kubectl: Kubectl) -> None:
    resources = lines(kubectl("api-resources", "--api-group=linkerd.io", "--no-headers"))

    assert [line.split()[:2] for line in resources] == [["serviceprofiles", "sp"]]
    assert kubectl("get", "sp,saz,netauthn,httproutes.policy.linkerd.io,grpcroutes", "-n", "emojivoto").returncode == 0


def test_describe_finds_what_belongs_to_a_deployment(kubectl: Kubectl) -> None:
    described = kubectl("describe", "deploy", "web", "-n", "emojivoto").stdout

    assert "1 desired | 1 updated | 1 total | 1 available" in described
    assert "NewReplicaSet:" in described


def test_a_profile_is_applied_changed_and_deleted(kubectl: Kubectl, namespace: str) -> None:
    profile = PROFILE.replace("NAMESPACE", namespace)

    assert kubectl("apply", "-f", "-", stdin=profile).stdout.endswith(" created\n")
    assert kubectl("apply", "-f", "-", stdin=profile).stdout.endswith(" unchanged\n")
    assert kubectl("apply", "-f", "-", stdin=profile.replace("ttl: 10s", "ttl: 20s")).stdout.endswith(" configured\n")
    ttl = kubectl("get", "sp", "-n", namespace, "-o", "jsonpath={.items[0].spec.retryBudget.ttl}").stdout
    assert ttl == "20s"
    assert kubectl("delete", "-f", "-", stdin=profile).returncode == 0
    assert kubectl("get", "sp", "-n", namespace).stdout == ""


def test_a_dry_run_changes_nothing(kubectl: Kubectl, namespace: str) -> None:
    done = kubectl("apply", "--dry-run=server", "-f", "-", stdin=PROFILE.replace("NAMESPACE", namespace))

    assert done.stdout.endswith("created (server dry run)\n")
    assert kubectl("get", "sp", "-n", namespace).stdout == ""


@pytest.mark.parametrize(
    ("right", "wrong", "field", "reason"),
    [
        ("condition: {method: GET, pathRegex: /api/vote}", "isRetryable: true", "routes[1]", "condition"),
        ("retryRatio: 0.2", "retryRatio: much", "retryRatio", "number"),
        ("isFailure: true", "isFailing: true", "responseClasses[0]", "isFailing"),
        ("name: GET /api/list", "name: [a]", "routes[0].name", "string"),
    ],
)
def test_a_wrong_profile_is_rejected_with_the_reason(
    kubectl: Kubectl, namespace: str, right: str, wrong: str, field: str, reason: str
) -> None:
    assert right in PROFILE
    refused = kubectl("apply", "-f", "-", stdin=PROFILE.replace("NAMESPACE", namespace).replace(right, wrong))

    assert refused.returncode == 1
    assert field in refused.stderr
    assert reason in refused.stderr
    assert kubectl("get", "sp", "-n", namespace).stdout == ""


def test_the_server_enforces_the_schema_where_kubectl_does_not_validate(kubectl: Kubectl, namespace: str) -> None:
    wrong = PROFILE.replace("NAMESPACE", namespace).replace("name: GET /api/list\n    ", "")
    assert "name: GET /api/list" not in wrong

    refused = kubectl("apply", "--validate=false", "-f", "-", stdin=wrong)

    assert 'ServiceProfile "web-svc.emojivoto.svc.cluster.local" is invalid' in refused.stderr
    assert "spec.routes[0].name: Required value" in refused.stderr


def test_an_apply_merges_lists_by_their_keys(kubectl: Kubectl, namespace: str) -> None:
    first = DEPLOYMENT.replace("NAMESPACE", namespace)
    kubectl("apply", "-f", "-", stdin=first)
    kubectl("set", "image", "deploy/two", "other=other:9", "-n", namespace)

    second = first.replace(', {name: B, value: "2"}', "").replace("one:1", "one:2").replace('{first: "yes"}', "{}")
    kubectl("apply", "-f", "-", stdin=second.replace("- {name: other, image: other:1}", ""))

    two = json.loads(kubectl("get", "deploy", "two", "-n", namespace, "-o", "json").stdout)
    one, other = two["spec"]["template"]["spec"]["containers"]
    assert one == {"name": "one", "image": "one:2", "env": [{"name": "A", "value": "1"}]}
    assert other["image"] == "other:1"
    assert "labels" not in two["metadata"]


def test_a_server_side_apply_keeps_what_others_manage(kubectl: Kubectl, namespace: str) -> None:
    profile = PROFILE.replace("NAMESPACE", namespace)
    assert kubectl("apply", "--server-side", "-f", "-", stdin=profile).stdout.endswith(" serverside-applied\n")

    changed = profile.replace("ttl: 10s", "ttl: 99s")
    refused = kubectl("apply", "--server-side", "--field-manager=other", "-f", "-", stdin=changed)
    assert 'conflict with "kubectl"' in refused.stderr
    assert ".spec.retryBudget.ttl" in refused.stderr

    forced = ["--server-side", "--force-conflicts", "--field-manager=other"]
    assert kubectl("apply", *forced, "-f", "-", stdin=changed).returncode == 0
    ttl = kubectl("get", "sp", "-n", namespace, "-o", "jsonpath={.items[0].spec.retryBudget.ttl}").stdout
    assert ttl == "99s"


def test_patches_of_every_type(kubectl: Kubectl, namespace: str) -> None:
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT.replace("NAMESPACE", namespace))
    containers = '{"spec":{"template":{"spec":{"containers":[{"name":"other","image":"other:7"}]}}}}'

    kubectl("patch", "deploy", "two", "-n", namespace, "-p", containers)
    kubectl("patch", "deploy", "two", "-n", namespace, "--type=merge", "-p", '{"metadata":{"labels":{"first":null}}}')
    replicas = '[{"op":"replace","path":"/spec/replicas","value":5}]'
    kubectl("patch", "deploy", "two", "-n", namespace, "--type=json", "-p", replicas)

    two = json.loads(kubectl("get", "deploy", "two", "-n", namespace, "-o", "json").stdout)
    images = [each["image"] for each in two["spec"]["template"]["spec"]["containers"]]
    assert (images, two["spec"]["replicas"]) == (["one:1", "other:7"], 5)
    assert "labels" not in two["metadata"]


def test_a_watch_tells_of_what_comes_and_goes(kubectl: Kubectl, demo: DemoMesh, namespace: str) -> None:
    command = ["kubectl", "get", "cm", "-n", namespace, "--watch", "-o", "name"]
    with subprocess.Popen(command, env=demo.environment(), stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        kubectl("create", "configmap", "first", "-n", namespace)
        assert watch.stdout.readline() == "configmap/first\n"
        kubectl("create", "configmap", "second", "-n", namespace)
        assert watch.stdout.readline() == "configmap/second\n"
        watch.terminate()


def test_deleting_a_namespace_deletes_what_is_in_it(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "short-lived")
    kubectl("create", "configmap", "inside", "-n", "short-lived")

    assert kubectl("delete", "namespace", "short-lived").returncode == 0

    assert kubectl("get", "configmap", "inside", "-n", "short-lived").stderr.startswith("Error from server (NotFound)")


def test_deleting_a_deployment_deletes_what_it_owns(kubectl: Kubectl, demo_with: DemoFactory) -> None:
    mesh = demo_with()

    assert kubectl("delete", "deploy", "web", "-n", "emojivoto", mesh=mesh).returncode == 0

    left = lines(kubectl("get", "deploy,rs,pods", "-n", "emojivoto", "-o", "name", mesh=mesh))
    assert len(left) == 9
    assert not [name for name in left if "/web" in name]


def test_what_does_not_exist_is_told(kubectl: Kubectl) -> None:
    assert kubectl("get", "deploy", "nope", "-n", "emojivoto").stderr == (
        'Error from server (NotFound): deployments.apps "nope" not found\n'
    )
    assert "the server doesn't have a resource type" in kubectl("get", "nonsense").stderr
    assert 'namespaces "nope" not found' in kubectl("create", "configmap", "a", "-n", "nope").stderr


def test_creating_what_is_there_is_a_conflict(kubectl: Kubectl) -> None:
    assert "(AlreadyExists)" in kubectl("create", "namespace", "emojivoto").stderr


def test_can_i_knows_what_is_denied(kubectl: Kubectl, demo_with: DemoFactory) -> None:
    mesh = demo_with(denials=(Denial("list", "pods", "emojivoto"), Denial("get", "pods/proxy", user="eve")))

    assert kubectl("auth", "can-i", "list", "pods", "-n", "default", mesh=mesh).stdout == "yes\n"
    assert kubectl("auth", "can-i", "list", "pods", "-n", "emojivoto", mesh=mesh).stdout.startswith("no")
    assert kubectl("auth", "can-i", "get", "pods", "--subresource=proxy", mesh=mesh).stdout == "yes\n"
    assert kubectl("auth", "can-i", "get", "pods", "--subresource=proxy", "--as=eve", mesh=mesh).stdout.startswith("no")
    assert kubectl("get", "pods", "-n", "emojivoto", mesh=mesh).stderr == (
        'Error from server (Forbidden): pods is forbidden: User "demo" cannot list resource "pods" in API group "" '
        'in the namespace "emojivoto"\n'
    )


def test_explain_reads_the_schema(kubectl: Kubectl) -> None:
    explained = kubectl("explain", "serviceprofile.spec.routes").stdout

    assert "condition" in explained
    assert "-required-" in explained


def test_roll_outs_are_complete(kubectl: Kubectl) -> None:
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", "-n", "emojivoto").stdout
