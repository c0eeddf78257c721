"""What a command against a cluster loads: the HTTP client, and not what that would like to bring along."""

from __future__ import annotations

import re
import subprocess
import sys

from linkerdctl.demo.servers import DemoMesh

STAT = (
    sys.executable,
    "-X",
    "importtime",
    "-m",
    "linkerdctl",
    "stat",
    "deploy",
    "-n",
    "emojivoto",
    "-t",
    "1s",
    "-o",
    "json",
)


def test_a_cluster_is_asked_without_loading_anything_for_terminals(demo: DemoMesh) -> None:
    ran = subprocess.run(STAT, env=demo.environment(), capture_output=True, text=True, check=True, timeout=60)
    loaded = set(re.findall(r"^import time:.*\|\s+(\S+)$", ran.stderr, re.MULTILINE))
    assert "httpcore" in loaded
    assert not loaded & {"httpx", "rich", "click", "pygments", "kubernetes", "websockets", "grpc"}
