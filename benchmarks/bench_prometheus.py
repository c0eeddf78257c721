"""`stat` on a real Prometheus that scrapes a demo mesh: whole processes, and how many HTTP requests each makes."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time

from linkerdctl.demo.prometheus import PrometheusServer, scraping
from linkerdctl.demo.servers import DemoMesh, DemoOptions

PODS = 60
ROUNDS = 7
MOST_REQUESTS = 6
CLI = (sys.executable, "-m", "linkerdctl")
SELECTIONS = (
    "stat deploy -n emojivoto",
    "stat deploy -A",
    "stat po -A",
    "stat svc -A",
    "stat all -A",
    "stat deploy --from rs -A",
)


def seconds(command: tuple[str, ...], environment: dict[str, str]) -> float:
    """Wall time of one run; a command that fails is no measurement."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def queries(command: tuple[str, ...], environment: dict[str, str]) -> tuple[int, float]:
    """How many requests one run sends to Prometheus, and the milliseconds of the longest."""
    told = subprocess.run((*command, "-v"), env=environment, capture_output=True, text=True, check=True).stderr
    took = [float(found) for found in re.findall(r"ms query .*, ([0-9]+) ms", told)]
    return len(took), max(took)


def main() -> None:
    """Print the table; more requests than promised end it with an error."""
    with DemoMesh(DemoOptions(pods=PODS)) as mesh, PrometheusServer(scraping(mesh.url, interval="2s")) as prometheus:
        prometheus.wait_for_scrapes(5, PODS)
        environment = {**mesh.environment(), "LINKERDCTL_PROMETHEUS": prometheus.url}
        print(f"{PODS} proxies in one Prometheus")
        print(f"{'selection':28} {'requests':>8} {'slowest query':>14}   times a bare interpreter")
        for line in SELECTIONS:
            command = (*CLI, *line.split(), "-t", "6s", "-o", "json")
            count, slowest = queries(command, environment)
            if not 0 < count <= MOST_REQUESTS:
                raise SystemExit(f"{line} makes {count} requests")
            bare = (CLI[0], "-c", "pass")
            ratios = [seconds(command, environment) / seconds(bare, dict(os.environ)) for _ in range(ROUNDS)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            print(f"{line:28} {count:8} {slowest:11.0f} ms   {middle:.1f} ({low:.1f} to {high:.1f})")


if __name__ == "__main__":
    main()
