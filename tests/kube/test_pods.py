"""Pods: which count, which are meshed, where their proxy listens, and the status that kubectl shows."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.kube import pods
from tests.kube.manifests import PROXY, leaving, pod


@pytest.mark.parametrize(
    ("phase", "alive"), [("Running", True), ("Pending", True), ("Succeeded", False), ("Failed", False), ("", False)]
)
def test_completed_and_leaving_pods_do_not_count(phase: str, alive: bool) -> None:
    assert pods.is_alive(pod("a", phase=phase)) is alive
    assert not pods.is_alive(leaving(pod("a", phase=phase)))
    assert pods.is_running(pod("a", phase=phase)) is (phase == "Running")


def test_a_sidecar_makes_a_pod_meshed_be_it_native_or_not() -> None:
    assert pods.is_meshed(pod("a"))
    native = {"initContainers": [{"name": "linkerd-init"}, {**PROXY, "restartPolicy": "Always"}], "containers": []}
    assert pods.is_meshed(pod("a", spec=native))
    assert pods.admin_port(pod("a", spec=native)) == 4191


@pytest.mark.parametrize(
    "manifest",
    [
        pod("a", meshed=False),
        pod("a", labels={"linkerd.io/control-plane-ns": ""}),
        pod("a", spec={"containers": [{"name": "app", "ports": PROXY["ports"]}]}),
        pod("a", spec={"containers": [{"name": "linkerd-proxy", "ports": [{"containerPort": 4191}]}]}),
        pod("a", spec={"containers": [{"name": "linkerd-proxy"}], "initContainers": None}),
        pod("a", spec={"containers": [{"name": "linkerd-init"}]}),
        pod("a", meshed=False, spec={"containers": [PROXY]}),
    ],
)
def test_label_proxy_and_port_are_needed_all_three(manifest: dict[str, Any]) -> None:
    assert not pods.is_meshed(manifest)


def test_the_admin_port_goes_by_its_name() -> None:
    moved = {"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 9999}]}
    assert pods.admin_port(pod("a", spec={"containers": [moved]})) == 9999


def test_addresses_come_once_the_primary_first() -> None:
    status = {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}
    assert list(pods.addresses(pod("a", status=status))) == ["10.0.0.1", "fd00::1"]
    assert list(pods.addresses(pod("a", status={"podIP": ""}))) == []


def waiting(reason: str, **more: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason}}, **more}


def ended(code: int = 0, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"state": {"terminated": {"exitCode": code, "reason": reason, **more}}}


RUNNING = {"state": {"running": {}}, "ready": True}
READY = [{"type": "Ready", "status": "True"}]
SIDECAR = {**RUNNING, "name": "linkerd-proxy", "started": True}
NATIVE = {"initContainers": [{"name": "linkerd-proxy", "restartPolicy": "Always"}, {"name": "later"}]}


@pytest.mark.parametrize(
    ("spec", "status", "shown"),
    [
        ({}, {"containerStatuses": [RUNNING]}, "Running"),
        ({}, {"phase": "Pending"}, "Pending"),
        ({}, {"reason": "Evicted", "phase": "Failed"}, "Evicted"),
        ({}, {"containerStatuses": [waiting("CrashLoopBackOff"), RUNNING]}, "CrashLoopBackOff"),
        ({}, {"containerStatuses": [ended(1, "Error")]}, "Error"),
        ({}, {"containerStatuses": [ended(2)]}, "ExitCode:2"),
        ({}, {"containerStatuses": [ended(137, signal=9)]}, "Signal:9"),
        ({}, {"containerStatuses": [ended(0, "Completed"), RUNNING]}, "NotReady"),
        ({}, {"containerStatuses": [ended(0, "Completed"), RUNNING], "conditions": READY}, "Running"),
        (
            {},
            {"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]},
            "SchedulingGated",
        ),
        (
            {"initContainers": [{"name": "a"}, {"name": "b"}]},
            {"phase": "Pending", "initContainerStatuses": [ended(0), waiting("PodInitializing", name="b")]},
            "Init:1/2",
        ),
        (
            {"initContainers": [{"name": "a"}]},
            {"phase": "Pending", "initContainerStatuses": [waiting("ImagePullBackOff", name="a")]},
            "Init:ImagePullBackOff",
        ),
        (
            {"initContainers": [{"name": "a"}]},
            {"phase": "Pending", "initContainerStatuses": [ended(3, name="a")]},
            "Init:ExitCode:3",
        ),
        (
            NATIVE,
            {
                "phase": "Pending",
                "initContainerStatuses": [SIDECAR, RUNNING],
            },
            "Init:1/2",
        ),
        (
            NATIVE,
            {
                "initContainerStatuses": [SIDECAR],
                "containerStatuses": [RUNNING],
            },
            "Running",
        ),
    ],
)
def test_the_status_is_kubectls(spec: dict[str, Any], status: dict[str, Any], shown: str) -> None:
    assert pods.status_of(pod("a", spec=spec, status=status)) == shown


def test_a_pod_on_its_way_out_is_terminating_unless_it_has_ended_or_its_node_is_lost() -> None:
    assert pods.status_of(leaving(pod("a"))) == "Terminating"
    assert pods.status_of(leaving(pod("a", phase="Succeeded"))) == "Succeeded"
    assert pods.status_of(leaving(pod("a", status={"reason": "NodeLost"}))) == "Unknown"
