"""`list`: over the recording of real pods, each cell derived a second time; and over a cluster with odd ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.cli.run import run
from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from tests.cli.test_startup import loaded_by
from tests.conftest import DemoFactory

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"


def recorded(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["--recording", str(RECORDING), "list", *words, "-o", "json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def pods() -> dict[tuple[str, str], dict[str, Any]]:
    items = json.loads((RECORDING / "cluster.json").read_text())["items"]
    found = (each for each in items if each["kind"] == "Pod")
    return {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in found}


def test_every_recorded_pod_of_the_mesh_is_there_with_what_its_manifest_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = recorded(capsys, "-A")
    meshed = {key: pod for key, pod in pods().items() if "linkerd.io/control-plane-ns" in pod["metadata"]["labels"]}
    assert [(row["namespace"], row["name"]) for row in rows] == sorted(meshed)
    assert len(rows) == 7
    for row in rows:
        pod = meshed[row["namespace"], row["name"]]
        annotations = pod["metadata"]["annotations"]
        tap = "enabled" if annotations["viz.linkerd.io/tap-enabled"] == "true" else "other"
        assert row == {
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "tap": tap,
            "proxy_version": annotations["linkerd.io/proxy-version"],
            "status": pod["status"]["phase"],
            "control_plane": "linkerd",
            "identity": f"{pod['spec']['serviceAccountName']}.{row['namespace']}",
            "remark": "",
        }


def test_namespaces_and_labels_select(capsys: pytest.CaptureFixture[str]) -> None:
    assert {row["namespace"] for row in recorded(capsys, "-n", "emojivoto")} == {"emojivoto"}
    assert [row["name"] for row in recorded(capsys, "-A", "-l", "app=voting-svc")] == ["voting-ff4c54b8d-tv5wg"]


def test_no_meshed_pod_is_told_and_json_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--recording", str(RECORDING), "list", "-n", "quiet"]) == 0
    assert capsys.readouterr() == ("", "nothing to show: there is no pod in namespace quiet\n")
    assert recorded(capsys, "-n", "quiet") == []


def test_a_control_plane_that_is_named_has_its_own_pods_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(recorded(capsys, "-A", "-L", "linkerd")) == 7
    assert recorded(capsys, "-A", "-L", "linkerd-next") == []
    monkeypatch.setenv("LINKERD_NAMESPACE", "linkerd-next")
    assert run(["--recording", str(RECORDING), "list", "-n", "emojivoto"]) == 0
    told = "of 4 pods in namespace emojivoto none is meshed by the control plane in namespace linkerd-next"
    assert capsys.readouterr() == ("", f"nothing to show: {told}\n")


def test_a_recording_loads_neither_network_nor_event_loop() -> None:
    assert not loaded_by("--recording", str(RECORDING), "list", "-A") & {"httpx", "asyncio", "rich", "yaml"}


def test_a_cluster_lists_its_pods_without_asking_a_proxy(
    demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh: DemoMesh = demo_with(denials=(Denial("get", "pods"),), faults=("dead=web",))
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    assert run(["list", "-n", "emojivoto"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split()[1].split("-")[0] for line in out.splitlines()[1:]] == ["emoji", "vote", "voting", "web"]


def test_who_may_not_list_pods_gets_the_rule(
    demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(demo_with(denials=(Denial("list", "pods"),)).kubeconfig))
    assert run(["list", "-n", "emojivoto"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert 'resources: ["pods"]' in err
