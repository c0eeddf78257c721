"""The demo's pods as a Prometheus discovers them: the addresses and meta labels that its Kubernetes discovery would give."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from linkerdctl.demo.api.http_sd import PATH, target_groups
from linkerdctl.demo.servers import DemoMesh


def discovered(demo: DemoMesh) -> list[dict[str, Any]]:
    with urllib.request.urlopen(demo.url + PATH, timeout=10) as answer:
        assert answer.headers.get_content_type() == "application/json"
        groups: list[dict[str, Any]] = json.load(answer)
    return groups


def test_every_proxy_is_there_once_by_its_admin_port(demo: DemoMesh) -> None:
    port = "__meta_kubernetes_pod_container_port_name"
    admin = [group for group in discovered(demo) if group["labels"][port] == "linkerd-admin"]
    assert sorted(group["targets"] for group in admin) == sorted([f"{pod.ip}:4191"] for pod in demo.mesh.topology.pods)
    assert {group["labels"]["__meta_kubernetes_pod_container_name"] for group in admin} == {"linkerd-proxy"}
    assert {group["labels"]["__meta_kubernetes_pod_container_init"] for group in admin} == {"true"}


def test_names_that_are_no_label_names_are_mangled_as_prometheus_does() -> None:
    pod = {
        "metadata": {
            "namespace": "shop",
            "name": "web-1",
            "labels": {"linkerd.io/proxy-deployment": "web"},
            "annotations": {"a/b-c": "d"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-9", "controller": True}],
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "ports": [{"containerPort": 80}]}]},
        "status": {"podIP": "10.0.0.1", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    [group] = target_groups([pod])
    prefix = "__meta_kubernetes_pod_"
    assert group["targets"] == ["10.0.0.1:80"]
    assert group["labels"]["__meta_kubernetes_namespace"] == "shop"
    assert {name.removeprefix(prefix): value for name, value in group["labels"].items() if "label" in name} == {
        "label_linkerd_io_proxy_deployment": "web",
        "labelpresent_linkerd_io_proxy_deployment": "true",
    }
    assert (
        group["labels"]
        | {
            f"{prefix}annotation_a_b_c": "d",
            f"{prefix}controller_name": "web-9",
            f"{prefix}ready": "true",
            f"{prefix}phase": "Running",
            f"{prefix}container_port_number": "80",
            f"{prefix}container_port_protocol": "TCP",
        }
        == group["labels"]
    )


def test_pods_without_an_address_are_no_targets() -> None:
    pending = {"metadata": {"namespace": "shop", "name": "web-1"}, "spec": {"containers": []}, "status": {}}
    assert target_groups([pending]) == []
