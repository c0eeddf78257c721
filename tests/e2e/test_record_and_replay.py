"""`record` against a running mesh, and what `--recording` makes of it: the same numbers as the mesh's own request log."""

from __future__ import annotations

import contextlib
import gzip
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from linkerdctl.sources.recording import Recording
from tests.e2e.conftest import Command, pod_of
from tests.e2e.test_stat_against_the_request_log import assert_true

WORKLOADS = ("web", "emoji", "voting", "vote-bot")
CLI = (sys.executable, "-m", "linkerdctl")


@pytest.fixture(autouse=True)
def healed(mesh: DemoMesh) -> Iterator[None]:
    yield
    mesh.set_faults()
    mesh.call(mesh.access.denials.clear)


@pytest.mark.parametrize("name", ["recording", "recording.tar.gz"])
def test_a_recording_tells_what_the_mesh_did(mesh: DemoMesh, linkerdctl: Command, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    recorded = linkerdctl(f"record -n emojivoto --for 3s --every 1s -o {path}")
    assert (recorded.code, recorded.out) == (0, "")
    assert f"wrote 4 passes over 4 proxies to {path}" in recorded.err
    for window, passes in ((3, 4), (2, 3), (1, 2), (60, 4)):
        stat = linkerdctl(f"stat deploy -n emojivoto -o json -t {window}s --recording {path}")
        for workload in WORKLOADS:
            pod = pod_of(mesh, workload)
            looks = mesh.call(lambda pod=pod: mesh.log.scrapes_of(pod))[-passes:]  # type: ignore[misc]
            wanted = mesh.call(lambda pod=pod, looks=looks: mesh.log.truth(pod, "inbound", looks[0], looks[-1]))  # type: ignore[misc]
            assert_true(stat.rows[f"deployment/{workload}"], wanted, looks[-1] - looks[0])


def test_it_records_everything_else_too(linkerdctl: Command, tmp_path: Path) -> None:
    assert linkerdctl(f"record -A --for 1s --every 1s -o {tmp_path / 'r'}").code == 0
    for line in ("svc -n emojivoto", "deploy --from deploy/web -n emojivoto", "ns", "all -n emojivoto", "po -A"):
        ran = linkerdctl(f"stat {line} --recording {tmp_path / 'r'} -t 1s -o json")
        assert ran.code == 0
        assert any(row["requests"] for row in ran.rows.values()), line
    kinds = {each["kind"] for each in Recording.open(tmp_path / "r").manifests()}
    assert kinds >= {"Namespace", "Pod", "Service", "Deployment", "ReplicaSet", "StatefulSet", "Job"}


def test_a_selector_records_some_proxies(linkerdctl: Command, tmp_path: Path) -> None:
    assert linkerdctl(f"record -n emojivoto -l app=web-svc --for 1s --every 1s -o {tmp_path / 'r'}").code == 0
    assert {pod.name.split("-")[0] for pod in Recording.open(tmp_path / "r").passes[0].at} == {"web"}


def contents(path: Path) -> Iterator[tuple[str, str]]:
    for each in path.rglob("*"):
        if each.is_file():
            content = each.read_bytes()
            yield str(each.relative_to(path)), (gzip.decompress(content) if each.suffix == ".gz" else content).decode()


def test_redacted_nothing_of_the_mesh_is_left(mesh: DemoMesh, linkerdctl: Command, tmp_path: Path) -> None:
    mesh.set_faults("garbage=emoji")
    assert linkerdctl(f"record -A --redact --for 1s --every 1s -o {tmp_path / 'r.tar.gz'}").code == 0
    shutil.unpack_archive(tmp_path / "r.tar.gz", tmp_path / "unpacked")
    planted = {"emojivoto", "books", "mysql", "VoteDoughnut", "-svc", "demo-node", "10.96.0.", "10.244.9."}
    for pod in mesh.mesh.topology.pods:
        if pod.namespace != "linkerd":
            planted |= {pod.name, pod.workload, pod.ip, pod.identity}
    for name, content in contents(tmp_path / "unpacked"):
        assert [each for each in planted if each in content or each in name] == [], name
    requests = [
        sorted(
            row["requests"] or 0 for row in linkerdctl(f"stat deploy -A -t 1s -o json --recording {path}").rows.values()
        )
        for path in (tmp_path / "r.tar.gz", tmp_path / "unpacked" / "r")
    ]
    assert requests[0] == requests[1]
    assert sum(requests[0]) > 10


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("dead=voting", "did not answer when this was recorded"),
        ("slow=voting", "did not answer when this was recorded"),
        ("garbage=voting", "malformed metrics at line 1, column 1"),
        ("truncated=voting", "did not answer when this was recorded"),
        ("403=voting", "did not answer when this was recorded"),
    ],
)
def test_a_bad_proxy_costs_itself_alone(
    mesh: DemoMesh, linkerdctl: Command, tmp_path: Path, fault: str, reason: str
) -> None:
    mesh.set_faults(fault)
    recorded = linkerdctl(f"record -n emojivoto --for 1s --every 1s --timeout 0.5s -o {tmp_path / 'r'}")
    assert recorded.code == 0
    stat = linkerdctl(f"stat deploy -n emojivoto -t 1s -o json --strict --recording {tmp_path / 'r'}")
    assert stat.code == 3
    assert stat.rows["deployment/web"]["requests"] > 0
    assert stat.rows["deployment/voting"]["success"] is None
    [told] = [line for line in stat.err.splitlines() if pod_of(mesh, "voting").name in line]
    assert reason in told
    if not fault.startswith("garbage"):
        [told] = [line for line in recorded.err.splitlines() if pod_of(mesh, "voting").name in line]
        assert "did not answer: " in told


def test_when_nobody_answers_there_is_no_recording(mesh: DemoMesh, linkerdctl: Command, tmp_path: Path) -> None:
    mesh.call(lambda: mesh.access.denials.append(Denial("get", "pods/proxy")))
    ran = linkerdctl(f"record -n emojivoto --for 1s --every 1s -o {tmp_path / 'r'}")
    assert ran.code == 1
    assert "error: no proxy answered: you may not read it" in ran.err
    assert "kind: Role" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_what_may_not_be_listed_is_told_and_left_out(mesh: DemoMesh, linkerdctl: Command, tmp_path: Path) -> None:
    mesh.call(lambda: mesh.access.denials.append(Denial("list", "services")))
    ran = linkerdctl(f"record -n emojivoto --for 1s --every 1s -o {tmp_path / 'r'}")
    assert ran.code == 0
    assert "services may not be listed and are not recorded" in ran.err


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("-o {path} --every 0.5s", 2, "gives no two scrapes"),
        ("-o {path} --for 5s", 2, "gives no two scrapes"),
        ("-o {path} -A -n emojivoto", 2, "exclude each other"),
        ("-o {path} -l a=b=c", 2, "bad label selector"),
        ("-o {path} --for soon", 2, "is no duration"),
        ("-o {path}.zip", 2, "is no name for a recording"),
        ("-o {path} -n nowhere", 1, "there is no meshed pod in namespace nowhere to record"),
        ("-o {path} -n emojivoto -l app=nothing", 1, "there is no meshed pod in namespace emojivoto to record"),
        ("-o /proc/recording", 1, "cannot write to /proc/recording"),
    ],
)
def test_wrong_words_get_one_clear_line(
    linkerdctl: Command, tmp_path: Path, line: str, code: int, message: str
) -> None:
    ran = linkerdctl("record " + line.format(path=tmp_path / "r"))
    first, *rest = [each for each in ran.err.splitlines() if not each.startswith("recording ")]
    assert (ran.code, ran.out) == (code, "")
    assert first.startswith("error: ")
    assert message in first
    assert len(rest) == (0 if "/proc" in line else 1)
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_is_there_is_replaced_with_force_only(linkerdctl: Command, tmp_path: Path) -> None:
    line = f"record -n emojivoto --for 1s --every 1s -o {tmp_path / 'r'}"
    assert linkerdctl(line.replace("--for 1s", "--for 3s")).code == 0
    refused = linkerdctl(line)
    assert refused.code == 1
    assert "is there already" in refused.err
    assert linkerdctl(f"{line} --force").code == 0
    assert len(Recording.open(tmp_path / "r").passes) == 2
    assert sorted(each.name for each in (tmp_path / "r").iterdir()) == [
        "0000",
        "0001",
        "cluster.json",
        "recording.json",
    ]


def started(mesh: DemoMesh, *words: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (*CLI, "record", "-n", "emojivoto", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "KUBECONFIG": str(mesh.kubeconfig)}, **more,  # type: ignore[call-overload]
    )  # fmt: skip


def until_there_are(passes: int, directory: Path) -> None:
    """Wait for so many passes; an archive grows in a hidden directory beside it."""
    for _ in range(400):
        places = [directory / "r", *directory.glob(".r.tar.gz.*")]
        with contextlib.suppress(Exception):
            if any(len(Recording.open(place).passes) >= passes for place in places if place.exists()):
                return
        time.sleep(0.05)
    pytest.fail(f"there are no {passes} passes in {directory}")


@pytest.mark.parametrize("name", ["r", "r.tar.gz"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_recording(
    mesh: DemoMesh, linkerdctl: Command, tmp_path: Path, name: str, number: int, code: int
) -> None:
    with started(mesh, "--for", "60s", "--every", "1s", "-o", str(tmp_path / name)) as process:
        until_there_are(2, tmp_path)
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert f"passes over 4 proxies to {tmp_path / name}" in err
    assert [each.name for each in tmp_path.iterdir()] == [name]
    stat = linkerdctl(f"stat deploy -n emojivoto -o json --recording {tmp_path / name}")
    assert stat.code == 0
    assert stat.rows["deployment/web"]["requests"] > 0


def test_a_signal_before_the_first_pass_is_over_leaves_nothing(mesh: DemoMesh, tmp_path: Path) -> None:
    mesh.set_faults("slow=web")
    with started(mesh, "--for", "60s", "--timeout", "30s", "-o", str(tmp_path / "r")) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("recording 4 proxies in namespace emojivoto: 7 passes in 60s")
        for _ in range(400):
            if not (tmp_path / "r" / "0000").exists():
                time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err == "ended before the first pass was over: nothing was written\n"
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_told_in_one_line(mesh: DemoMesh, tmp_path: Path) -> None:
    def with_small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    words = ("--for", "2s", "--every", "1s", "-o", str(tmp_path / "r"))
    with started(mesh, *words, preexec_fn=with_small_files) as process:
        _, err = process.communicate()
    assert process.returncode == 1
    assert err.splitlines()[-1] == f"error: cannot write {tmp_path / 'r'}: File too large"
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_there_is_a_bar(mesh: DemoMesh, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    words = ("record", "-n", "emojivoto", "--for", "3s", "--every", "1s", "-o", str(tmp_path / "r"))
    environ = {**os.environ, "KUBECONFIG": str(mesh.kubeconfig), "TERM": "xterm"}
    with subprocess.Popen((*CLI, *words), stdout=subprocess.PIPE, stderr=theirs, env=environ):
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    assert b"recording, pass 3 of 4" in shown
    assert b"wrote 4 passes" in shown


def test_quiet_is_quiet(linkerdctl: Command, tmp_path: Path) -> None:
    ran = linkerdctl(f"-q record -n emojivoto --for 1s --every 1s -o {tmp_path / 'r'}")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
