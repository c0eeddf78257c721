"""`stat` on a real Prometheus that scrapes a demo mesh: whole processes, and how many HTTP requests each makes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from benchmarks.processes import measured
from benchmarks.table import Row
from linkerdctl.demo.prometheus import PrometheusServer, scraping
from linkerdctl.demo.servers import DemoMesh, DemoOptions

PODS = 60
ROUNDS = 7
TARGET = 18.0
"""For the simple selection; the others are of fifteen namespaces."""
MOST_REQUESTS = 6
CLI = (sys.executable, "-m", "linkerdctl")
SIMPLE = "stat deploy -n emojivoto"
SELECTIONS = (
    SIMPLE,
    "stat deploy -A",
    "stat po -A",
    "stat svc -A",
    "stat all -A",
    "stat deploy --from rs -A",
)


def queries(command: tuple[str, ...], environment: dict[str, str]) -> tuple[int, float]:
    """How many requests one run sends to Prometheus, and the milliseconds of the longest."""
    told = subprocess.run((*command, "-v"), env=environment, capture_output=True, text=True, check=True).stderr
    took = [float(found) for found in re.findall(r"ms query .*, ([0-9]+) ms", told)]
    return len(took), max(took)


def rows() -> Iterator[Row]:
    """Times a bare interpreter; more requests than promised are an error."""
    bare = (CLI[0], "-c", "pass")
    with DemoMesh(DemoOptions(pods=PODS)) as mesh, PrometheusServer(scraping(mesh.url, interval="2s")) as prometheus:
        prometheus.wait_for_scrapes(5, PODS)
        environment = {**mesh.environment(), "LINKERDCTL_PROMETHEUS": prometheus.url}
        for line in SELECTIONS:
            command = (*CLI, *line.split(), "-t", "6s", "-o", "json")
            count, slowest = queries(command, environment)
            if not 0 < count <= MOST_REQUESTS:
                raise RuntimeError(f"{line} makes {count} requests")
            rounds = [(measured(command, environment), measured(bare, os.environ)) for _ in range(ROUNDS)]
            ratios = [ours.seconds / own.seconds for ours, own in rounds]
            processor = median(ours.processor / own.processor for ours, own in rounds)
            remark = f"on the processor {processor:.1f}; {PODS} proxies, {count} requests, the slowest {slowest:.0f} ms"
            what = f"--prometheus {line}, times a bare interpreter"
            yield Row(what, ratios, TARGET if line == SIMPLE else None, at_most=True, remark=remark)
