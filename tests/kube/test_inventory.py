"""Objects with their pods: membership by owner, MESHED n/m, targets with their labels, and names that are not there."""

from __future__ import annotations

import pytest

from linkerdctl.errors import NotFoundError, UsageError
from linkerdctl.kube.inventory import Inventory, ObjectStatus, PodRef
from linkerdctl.kube.selection import parse_selections
from linkerdctl.kube.selectors import parse_selector
from tests.kube.manifests import Manifest, leaving, made, owned_by, pod


def inventory(*manifests: Manifest) -> Inventory:
    return Inventory.from_objects(manifests)


def rows(found: Inventory, *args: str, namespace: str | None = "ns", labels: str = "") -> tuple[ObjectStatus, ...]:
    [selection] = parse_selections(args, namespace=namespace, labels=parse_selector(labels))
    return found.rows(found.resolve(selection))


def counts(found: Inventory, *args: str, namespace: str | None = "ns", labels: str = "") -> dict[str, str]:
    """MESHED by name."""
    return {each.name: f"{each.meshed}/{each.total}" for each in rows(found, *args, namespace=namespace, labels=labels)}


WEB = (
    made("Deployment", "web", labels={"team": "a"}),
    made("ReplicaSet", "web-1", owned_by("Deployment", "web")),
    made("ReplicaSet", "web-2", owned_by("Deployment", "web")),
    pod("web-1-a", owned_by("ReplicaSet", "web-1"), labels={"app": "web"}),
    pod("web-2-a", owned_by("ReplicaSet", "web-2"), labels={"app": "web"}),
    pod("web-2-b", owned_by("ReplicaSet", "web-2"), labels={"app": "web"}, meshed=False),
)


def test_pods_count_for_their_owner_and_its_owner() -> None:
    found = inventory(*WEB)
    assert counts(found, "deploy") == {"web": "2/3"}
    assert counts(found, "rs") == {"web-1": "1/1", "web-2": "1/2"}
    assert counts(found, "po") == {"web-1-a": "1/1", "web-2-a": "1/1", "web-2-b": "0/1"}


def test_labels_alone_make_nobody_an_owner() -> None:
    stray = pod("stray", labels={"app": "web"})
    assert counts(inventory(*WEB, stray), "deploy") == {"web": "2/3"}


def test_completed_and_leaving_pods_are_left_out() -> None:
    owner = owned_by("ReplicaSet", "web-2")
    others = (pod("x", owner, phase="Failed"), pod("y", owner, phase="Succeeded"), leaving(pod("z", owner)))
    found = inventory(*WEB, *others, pod("p", owner, phase="Pending"))
    assert counts(found, "deploy") == {"web": "3/4"}
    assert [target.pod.name for target in found.targets()] == ["web-1-a", "web-2-a"]


def test_an_object_without_pods_is_still_one() -> None:
    assert counts(inventory(made("Deployment", "idle")), "deploy") == {"idle": "0/0"}


def test_a_cron_jobs_pods_are_its_jobs() -> None:
    found = inventory(
        made("CronJob", "nightly"),
        made("Job", "nightly-1", owned_by("CronJob", "nightly")),
        made("Job", "once"),
        pod("nightly-1-a", owned_by("Job", "nightly-1")),
        pod("once-a", owned_by("Job", "once"), meshed=False),
    )
    assert counts(found, "cj") == {"nightly": "1/1"}
    assert counts(found, "job") == {"nightly-1": "1/1", "once": "0/1"}
    [target] = found.targets()
    assert target.labels == {"namespace": "ns", "pod": "nightly-1-a", "k8s_job": "nightly-1", "cronjob": "nightly"}


def test_an_argo_rollout_is_a_row_as_a_deployment_is() -> None:
    found = inventory(
        made("ReplicaSet", "web-1", owned_by("Rollout", "web")), pod("web-1-a", owned_by("ReplicaSet", "web-1"))
    )
    for word in ("rollout", "rollouts", "ro", "rollouts.argoproj.io", "rollout.v1alpha1.argoproj.io"):
        assert counts(found, word) == {"web": "1/1"}
    assert found.targets()[0].labels["rollout"] == "web"
    with pytest.raises(UsageError, match=r"unknown kind 'rollouts\.example\.com'"):
        rows(found, "rollouts.example.com")


def test_an_owner_that_is_gone_is_still_its_pods_owner() -> None:
    found = inventory(pod("orphan", owned_by("ReplicaSet", "gone")))
    assert counts(found, "rs") == {"gone": "1/1"}
    assert counts(found, "deploy") == {}
    assert {each.name for each in found.unread_owners()} == {"gone"}


def test_where_owners_may_not_be_read_the_injectors_labels_tell() -> None:
    labels = {"linkerd.io/proxy-deployment": "web"}
    found = inventory(made("Deployment", "web"), pod("p", owned_by("ReplicaSet", "unread"), labels=labels))
    assert counts(found, "deploy") == {"web": "1/1"}


KNATIVE = "serving.knative.dev/v1"
SERVICES = (
    made("Service", "web", spec={"selector": {"app": "web"}}),
    made("Service", "web", version=KNATIVE),
    made("Revision", "web-1", owned_by("Service", "web", KNATIVE), version=KNATIVE),
    made("Deployment", "web-1-deployment", owned_by("Revision", "web-1", KNATIVE)),
    made("ReplicaSet", "r", owned_by("Deployment", "web-1-deployment")),
    pod("knative", owned_by("ReplicaSet", "r")),
    pod("plain", labels={"app": "web"}, meshed=False),
)


def test_a_knative_service_is_not_the_core_one_though_they_share_kind_and_name() -> None:
    found = inventory(*SERVICES)
    assert counts(found, "svc") == {"web": "0/1"}
    assert counts(found, "services.serving.knative.dev") == {"web": "1/1"}
    assert counts(found, "services.v1.serving.knative.dev", "web") == {"web": "1/1"}
    [target] = found.targets()
    assert "service" not in target.labels
    assert target.labels["service.serving.knative.dev"] == "web"
    assert target.labels["revision"] == "web-1"


def test_a_services_pods_are_those_its_selector_selects_in_its_namespace() -> None:
    found = inventory(
        made("Service", "web", spec={"selector": {"app": "web"}}),
        made("Service", "headless", spec={"selector": None}),
        made("Service", "outside", spec={"type": "ExternalName", "externalName": "example.com"}),
        *WEB,
        pod("elsewhere", labels={"app": "web"}, namespace="other"),
    )
    assert counts(found, "svc") == {"headless": "0/0", "outside": "0/0", "web": "2/3"}


def test_namespaces_count_every_pod_in_them() -> None:
    found = inventory(made("Namespace", "other"), *WEB, pod("x", namespace="other"))
    assert counts(found, "ns", namespace=None) == {"ns": "2/3", "other": "1/1"}
    assert counts(found, "ns/other") == {"other": "1/1"}


def test_cluster_scoped_owners_are_one_row_across_namespaces() -> None:
    static = (pod("a", owned_by("Node", "n1")), pod("b", owned_by("Node", "n1"), namespace="kube-system"))
    [selection] = parse_selections(["nodes"], namespace="ns")
    found = inventory(*static)
    node = found.resolve(selection).kind
    found.learn(type(node)(node.name, node.short, "nodes", "v1", node.label, namespaced=False))
    assert counts(found, "nodes") == {"n1": "2/2"}


def test_rows_are_ordered_and_confined_to_their_namespace() -> None:
    found = inventory(*(made("Deployment", name, namespace=ns) for ns in ("b", "a") for name in ("y", "x")))
    assert [(each.namespace, each.name) for each in rows(found, "deploy", namespace=None)] == [
        ("a", "x"),
        ("a", "y"),
        ("b", "x"),
        ("b", "y"),
    ]
    assert [each.namespace for each in rows(found, "deploy", namespace="b")] == ["b", "b"]
    assert len(rows(found, "deploy/x", namespace="a")) == 1


@pytest.mark.parametrize(
    ("words", "labels", "names"),
    [
        ("deploy", "team=a", {"web"}),
        ("deploy", "team notin (a)", set()),
        ("po", "app in (web,emoji)", {"web-1-a", "web-2-a", "web-2-b"}),
        ("po", "linkerd.io/control-plane-ns", {"web-1-a", "web-2-a"}),
        ("rs", "!team", {"web-1", "web-2"}),
    ],
)
def test_a_selector_is_about_the_objects_own_labels(words: str, labels: str, names: set[str]) -> None:
    assert set(counts(inventory(*WEB), words, labels=labels)) == names


def test_targets_carry_what_prometheus_would_attach() -> None:
    target = inventory(*WEB).targets()[0]
    assert target.pod == PodRef("ns", "web-1-a")
    assert str(target.pod) == "ns/web-1-a"
    assert target.labels == {"namespace": "ns", "pod": "web-1-a", "replicaset": "web-1", "deployment": "web"}
    assert (target.ip, target.admin_port) == ("10.0.0.1", 4191)


def test_peers_are_known_meshed_or_not() -> None:
    found = inventory(*WEB)
    assert (found.peer_labels("ns", "web-2-b") or {})["deployment"] == "web"
    assert found.peer_labels("ns", "nobody") is None


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        ("deploy wbe", "deployment 'wbe' not found in namespace ns", "did you mean web?"),
        ("deploy sts", "deployment 'sts' not found in namespace ns", "to look at several kinds write deploy,sts"),
        ("deploy zzz", "deployment 'zzz' not found in namespace ns", "there are: web"),
        ("ds zzz", "daemonset 'zzz' not found in namespace ns", "there is no daemonset in namespace ns"),
        ("ns/zzz", "namespace 'zzz' not found", "there are: ns"),
        ("po/done", "pod 'done' in namespace ns does not count: it is Completed", "only pending and running pods"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_a_way_on(args: str, message: str, hint: str) -> None:
    done = pod(
        "done", phase="Succeeded", status={"containerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}]}
    )
    with pytest.raises(NotFoundError) as caught:
        rows(inventory(*WEB, done), *args.split())
    assert caught.value.message == message
    assert hint in str(caught.value.next_step)


def test_custom_kinds_of_different_groups_are_kept_apart() -> None:
    [one] = parse_selections(["services.serving.knative.dev"], namespace="ns")
    [two] = parse_selections(["services.traefik.io"], namespace="ns")
    found = inventory()
    found.learn(one.kind)
    found.learn(two.kind)
    assert found.resolve(two).kind.group == "traefik.io"
