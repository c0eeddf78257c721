"""Proxies on addresses of their own, and what their faults look like from outside."""

from __future__ import annotations

import resource
import socket

import httpx
import pytest

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.topology import DemoPod
from linkerdctl.errors import LinkerdctlError
from tests.conftest import DemoFactory


def pod(mesh: DemoMesh, workload: str) -> DemoPod:
    return mesh.mesh.topology.of_workload("emojivoto", workload)[0]


def metrics_url(mesh: DemoMesh, workload: str) -> str:
    return f"http://{pod(mesh, workload).ip}:4191/metrics"


def through_api(mesh: DemoMesh, workload: str) -> httpx.Response:
    of = pod(mesh, workload)
    return httpx.get(f"{mesh.url}/api/v1/namespaces/{of.namespace}/pods/{of.name}:4191/proxy/metrics")


def test_a_dead_proxy_refuses_connections_both_ways(demo_with: DemoFactory) -> None:
    mesh = demo_with(faults=("dead=web",))

    with pytest.raises(httpx.ConnectError):
        httpx.get(metrics_url(mesh, "web"))
    refused = through_api(mesh, "web")
    assert refused.status_code == 503
    assert refused.json()["message"].endswith(f"dial tcp {pod(mesh, 'web').ip}:4191: connect: connection refused")
    assert httpx.get(metrics_url(mesh, "emoji")).status_code == 200


def test_faults_begin_and_end_while_the_mesh_runs(demo_with: DemoFactory) -> None:
    mesh = demo_with()
    with httpx.Client() as kept_alive:
        assert kept_alive.get(metrics_url(mesh, "web")).status_code == 200
        mesh.set_faults("dead=web", "403=emoji")
        with pytest.raises(httpx.ConnectError):
            kept_alive.get(metrics_url(mesh, "web"))
        assert httpx.get(metrics_url(mesh, "emoji")).status_code == 403

    mesh.set_faults()

    assert httpx.get(metrics_url(mesh, "web")).status_code == 200
    assert httpx.get(metrics_url(mesh, "emoji")).status_code == 200


def test_a_truncated_answer_promises_more_than_it_sends(demo_with: DemoFactory) -> None:
    mesh = demo_with(faults=("truncated=web",))

    for headers in ({}, {"accept-encoding": "identity"}):
        with pytest.raises(httpx.RemoteProtocolError, match=r"complete message body|incomplete"):
            httpx.get(metrics_url(mesh, "web"), headers=headers)
    with pytest.raises(httpx.RemoteProtocolError, match=r"complete message body|incomplete"):
        through_api(mesh, "web")


def test_garbage_is_no_metrics(demo_with: DemoFactory) -> None:
    mesh = demo_with(faults=("garbage=web",))

    answer = httpx.get(metrics_url(mesh, "web"))

    assert answer.status_code == 200
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def test_a_slow_proxy_answers_late_but_its_probes_at_once(demo_with: DemoFactory) -> None:
    mesh = demo_with(faults=("slow:8s=web",))

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(metrics_url(mesh, "web"), timeout=0.3)
    assert httpx.get(metrics_url(mesh, "web").replace("metrics", "ready"), timeout=5.0).text == "ready\n"


def test_many_pods_answer_whatever_the_soft_limit_of_files(demo_with: DemoFactory) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        mesh = demo_with(pods=400, rps=4.0)
        pods = mesh.mesh.topology.pods
        answers = [httpx.get(f"http://{each.ip}:4191/live") for each in (pods[0], pods[199], pods[399])]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert [answer.text for answer in answers] == ["live\n"] * 3
    assert len({each.ip for each in pods}) == len(pods) >= 400


def test_demos_run_side_by_side(demo_with: DemoFactory) -> None:
    first, second = demo_with(), demo_with()

    assert pod(first, "web").ip != pod(second, "web").ip
    assert {httpx.get(metrics_url(mesh, "web")).status_code for mesh in (first, second)} == {200}


def test_a_busy_port_is_told_in_one_line(demo_with: DemoFactory) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LinkerdctlError, match=f"cannot listen on 127.0.0.1:{port}: address already in use"):
            demo_with(port=port)
