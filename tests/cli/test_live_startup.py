"""What a command against a cluster loads: the HTTP client, and not what that would like to bring along."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from linkerdctl.demo.servers import DemoMesh
from tests.e2e.prometheus_stubs import Asked, Reply, stub

STAT = (sys.executable, "-X", "importtime", "-m", "linkerdctl", "stat", "deploy", "-n", "emojivoto", "-t", "1s")
UNWANTED = {"httpx", "rich", "click", "pygments", "kubernetes", "websockets", "grpc"}
SETUP = {"linkerdctl": "labels", "job": "linkerd-proxy", "has_namespace": "y", "has_pod": "y"}


def loaded_by(*words: str, environment: dict[str, str]) -> tuple[set[str], str]:
    """The modules a process loads, its own start included, and what it prints to stderr beside."""
    ran = subprocess.run((*STAT, *words), env=environment, capture_output=True, text=True, timeout=60)
    loaded = re.findall(r"^import time:.*\|\s+(\S+)$", ran.stderr, re.MULTILINE)
    return set(loaded), ran.stdout


def test_a_cluster_is_asked_without_loading_what_is_not_needed(demo: DemoMesh) -> None:
    loaded, out = loaded_by("-o", "json", environment=demo.environment())
    assert json.loads(out)
    assert "httpcore" in loaded
    assert not loaded & UNWANTED
    assert len(loaded) <= 420


def test_nor_does_it_take_more_to_ask_a_prometheus(demo: DemoMesh) -> None:
    def answer(asked: Asked) -> Reply:
        rows = [{"metric": SETUP, "value": [1.0, "1"]}] if b"has_pod" in asked.body else []
        return Reply(body=json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}}).encode())

    with stub(answer) as prometheus:
        loaded, _ = loaded_by(environment={**demo.environment(), "LINKERDCTL_PROMETHEUS": prometheus.url})
    assert len(prometheus.asked) == 5
    assert not loaded & UNWANTED
    assert len(loaded) <= 435
