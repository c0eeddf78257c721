"""What a process takes at its peak, measured from outside, while it is sent without end: never more than a few hundred MB."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from tests.fire.cluster import NAMESPACE, Behaviour, Cluster, Exchange, exposition
from tests.fire.faults import SERIES, endless, endless_without_a_line, zip_bomb_in_a_zip_bomb
from tests.fire.test_tap_under_fire import endless_refusal, endless_words, sent
from tests.kube.manifests import owned_by, pod
from tests.tap.tap_builders import whole

MEBIBYTE = 2**20
MEASURED = """
import sys
from linkerdctl.cli.run import run
code = run(sys.argv[1:])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")), end="", file=sys.stderr)
sys.exit(code)
"""
"""Not `getrusage`: what it tells begins with what the parent had."""
VALUES = 100_000


@lru_cache
def bomb() -> bytes:
    """A gibibyte in four mebibytes."""
    packer, lines = gzip.zlib.compressobj(1, wbits=31), b"response_total 1\n" * (MEBIBYTE // 17)
    packed = [packer.compress(lines) for _ in range(1024)]
    return b"".join([*packed, packer.flush()])


async def zip_bomb(exchange: Exchange) -> None:
    await exchange.answer(200, bomb(), content_encoding="gzip")


@lru_cache
def many_values(time: int) -> bytes:
    lines = (
        f'{SERIES}classification="success",authority="host-{number}.example.com"}} 5\n' for number in range(VALUES)
    )
    return gzip.compress(exposition(time, more="".join(lines)).encode(), 1)


async def a_hundred_thousand_values(exchange: Exchange) -> None:
    await exchange.answer(200, many_values(exchange.time), content_encoding="gzip")


def peak(*line: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], int]:
    """What a command left, and the mebibytes it took."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, *line],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env={**os.environ},
    )
    *_, last = ran.stderr.splitlines()
    assert "bug in linkerdctl" not in ran.stderr
    return ran, int(last.split()[1]) // 1024


BODIES: dict[str, Behaviour] = {
    "endless body": endless,
    "endless line": endless_without_a_line,
    "zip bomb": zip_bomb,
    "zip bomb in a zip bomb": zip_bomb_in_a_zip_bomb,
}
STAT, EDGES = "stat deploy -n fire -t 1s -o json", "edges -n fire -t 1s -o json"
RECORD = "record -n fire --for 1s --every 1s -o recording"
CARDINALITY, AS_JSON = "metrics cardinality -n fire --by label -o json", "metrics deploy -n fire -o json"


@pytest.mark.parametrize("line", [STAT, EDGES, RECORD])
@pytest.mark.parametrize("fault", BODIES)
def test_one_proxy_without_end(fault: str, line: str, cluster: Cluster, tmp_path: Path) -> None:
    cluster.proxies["bad-1"] = BODIES[fault]
    ran, mebibytes = peak(*line.split(), folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert mebibytes < 160


@pytest.mark.parametrize("fault", ["endless body", "zip bomb"])
def test_forty_of_them_at_once(fault: str, cluster: Cluster, tmp_path: Path) -> None:
    """In the time they are given not all of them come to where they are too long; the healthy one beside them answers."""
    owner = owned_by("ReplicaSet", "bad-r")
    names = [f"bad-{number}" for number in range(2, 42)]
    cluster.objects += [pod(name, owner, namespace=NAMESPACE, labels={"app": "bad"}) for name in names]
    cluster.proxies = dict.fromkeys(names, BODIES[fault])
    ran, mebibytes = peak(*STAT.split(), "--timeout", "20s", folder=tmp_path)
    rows = {row["name"]: row for row in json.loads(ran.stdout)}
    assert (rows["web"]["proxies_answered"], rows["bad"]["proxies_answered"]) == (1, 1)
    assert mebibytes < 700


@pytest.mark.parametrize("line", [STAT, EDGES, CARDINALITY, AS_JSON])
def test_a_hundred_thousand_label_values(line: str, cluster: Cluster, tmp_path: Path) -> None:
    cluster.proxies["bad-1"] = a_hundred_thousand_values
    ran, mebibytes = peak(*line.split(), "--timeout", "30s", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("\n") == 1
    assert mebibytes < 400


@pytest.mark.parametrize("fault", [endless, zip_bomb], ids=["endless", "zip bomb"])
def test_an_api_server_without_end(fault: Behaviour, cluster: Cluster, tmp_path: Path) -> None:
    cluster.paths["/pods"] = fault
    ran, mebibytes = peak(*STAT.split(), folder=tmp_path)
    assert ran.returncode == 1
    assert mebibytes < 400


async def endless_event(exchange: Exchange) -> None:
    await exchange.head(200, content_length=str(2**30))
    await exchange.send((16 * MEBIBYTE).to_bytes(4, "little"))
    for _ in range(1024):
        await exchange.send(b"\x0a" * MEBIBYTE)


async def endless_events(exchange: Exchange) -> None:
    await exchange.head(200, content_length=str(2**30))
    events = sent(*(each for number in range(200) for each in whole(f"/{number}", stream=number)))
    for _ in range(200):
        await exchange.send(events)
    exchange.reset()


@pytest.mark.parametrize("command", ["tap", "top --batch 100ms"])
@pytest.mark.parametrize("fault", [endless_event, endless_events, endless_refusal, endless_words])
def test_a_tap_without_end(fault: Behaviour, command: str, cluster: Cluster, tmp_path: Path) -> None:
    cluster.paths["/tap"] = fault
    _, mebibytes = peak(*command.split(), "deploy/web", "-n", "fire", "--duration", "3s", folder=tmp_path)
    assert mebibytes < 200


@pytest.mark.parametrize("command", ["tap", "top --batch 100ms"])
def test_a_zip_bomb_of_events(command: str, tmp_path: Path) -> None:
    events = sent(*whole("/one", stream=1)) * 40_000
    (tmp_path / "bomb").write_bytes(gzip.compress(events, 9))
    assert (tmp_path / "bomb").stat().st_size * 100 < len(events)
    _, mebibytes = peak(*command.split(), "--input", "bomb", "--duration", "2s", folder=tmp_path)
    assert mebibytes < 200


def test_a_recording_of_bombs(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(20)]
    for number in (1, 2):
        (tmp_path / f"r/000{number}/ns").mkdir(parents=True)
        for name in names:
            (tmp_path / f"r/000{number}/ns/{name}.prom.gz").write_bytes(bomb())
    at = {f"ns/{name}": 1.0 for name in names}
    index = {"version": 1, "scrapes": [{"dir": "0001", "at": at}, {"dir": "0002", "at": dict.fromkeys(at, 11.0)}]}
    (tmp_path / "r/recording.json").write_text(json.dumps(index))
    objects = [{"apiVersion": "v1", **pod(name)} for name in names]
    (tmp_path / "r/cluster.json").write_text(json.dumps({"items": objects}))
    ran, mebibytes = peak("--recording", "r", "stat", "po", "-n", "ns", folder=tmp_path)
    assert ran.returncode == 1, ran.stderr
    assert "is larger than 64 MiB" in ran.stderr
    assert mebibytes < 260
