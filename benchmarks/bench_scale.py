"""`stat` over many proxies, silent ones among them, and in a cluster of many pods. The demo serves from this process.

It shares the machine with what is measured, as no cluster does; medians of a few runs count.
"""

from __future__ import annotations

import copy
import json
import os
import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.processes import CLI, Measured, measured
from benchmarks.table import Row
from linkerdctl.demo.cluster.resources import REGISTRY
from linkerdctl.demo.servers import DemoMesh, DemoOptions
from linkerdctl.demo.simulation.request_log import Truth
from linkerdctl.demo.topology import DemoPod

ROUNDS = 3
WINDOW = 5.0
DEADLINE = 5.0
IDLE_ROUTES = 38
"""With these a proxy has about 1,750 series, 300 kB, 15 kB of them on the wire."""
SILENT = 10
LISTED = 10_000
MANAGED_FIELDS = 100
"""With these the manifest of a pod has 6 kB, as in real clusters."""
STAT = (*CLI, "stat", "deploy", "-A", "-t", f"{WINDOW:g}s", "--timeout", f"{DEADLINE:g}s", "-o", "json")


def options(pods: int, **more: Any) -> DemoOptions:
    """A mesh of so many pods, control plane not counted."""
    return DemoOptions(pods=pods, idle_routes=IDLE_ROUTES, **more)


def stat(mesh: DemoMesh) -> Measured:
    """One run over all proxies."""
    return measured(STAT, mesh.environment())


def load() -> str:
    """What else the machine had to do."""
    return f"load {os.getloadavg()[0]:.1f}"


def scale() -> Iterator[Row]:
    """A hundred proxies, then a thousand."""
    with DemoMesh(options(100)) as mesh:
        few = [stat(mesh) for _ in range(ROUNDS)]
    with DemoMesh(options(1_000)) as mesh:
        series = series_of(mesh.call(lambda: mesh.mesh.scrape(mesh.mesh.topology.pods[1])))
        many = [stat(mesh) for _ in range(ROUNDS)]
    beyond, before = [each.seconds - WINDOW for each in many], [each.seconds - WINDOW for each in few]
    used = f"{statistics.median(each.processor for each in many):.1f} s of the processor, {load()}"
    yield Row("1,000 proxies, seconds beyond the window", beyond, 5, at_most=True, remark=used)
    told = f"{series} series each"
    yield Row("the same, peak megabytes", [each.peak_mb for each in many], 300, at_most=True, remark=told)
    answered = [float(sum(row["proxies_answered"] for row in json.loads(each.out))) for each in many]
    yield Row("the same, proxies that answered", answered, 1_002, remark="two are the control plane's")
    ratios = [one / other for one, other in zip(beyond, before, strict=True)]
    yield Row("the same, times 100 proxies, window left out", ratios, 11, at_most=True)
    ratios = [one.processor / other.processor for one, other in zip(many, few, strict=True)]
    yield Row("the same, times 100 proxies, on the processor", ratios, 11, at_most=True)


def series_of(text: bytes) -> int:
    """How many samples stand in it."""
    return sum(not line.startswith(b"#") for line in text.splitlines())


def silent() -> Iterator[Row]:
    """A hundred proxies of which some never answer."""
    copies = [f"emojivoto-{number}" for number in range(2, 2 + SILENT)]
    with DemoMesh(options(100, faults=tuple(f"slow:60s={copy}/web" for copy in copies))) as mesh:
        runs, right = [], []
        for _ in range(ROUNDS):
            runs.append(stat(mesh))
            right.append(float(right_rows(mesh, json.loads(runs[-1].out))))
    beyond = [each.seconds - WINDOW - DEADLINE for each in runs]
    yield Row("100 proxies, 10 silent: seconds beyond window and deadline", beyond, 1, at_most=True, remark=load())
    yield Row("the same, rows right by the demo's request log", right, 90)


def right_rows(mesh: DemoMesh, rows: list[dict[str, Any]]) -> int:
    """How many deployments whose proxy answered have just the counts that the log has for the last two looks."""
    counts = {(row["namespace"], row["name"]): (row["requests"] or 0, row["failures"] or 0) for row in rows}

    def is_right(pod: DemoPod) -> bool:
        looks = mesh.log.scrapes_of(pod)
        truth = mesh.log.truth(pod, "inbound", *looks[-2:]) if len(looks) > 1 else Truth()
        return len(looks) > 1 and counts[pod.namespace, pod.workload] == (truth.requests, truth.failures)

    pods = [pod for pod in mesh.mesh.topology.pods if pod.namespace != "linkerd"]
    return mesh.call(lambda: sum(map(is_right, pods)))


def listing() -> Iterator[Row]:
    """Ten times as many pods in the cluster as in the mesh."""
    with DemoMesh(options(1_000)) as mesh:
        add_unmeshed(mesh, LISTED - 1_000)
        runs = [measured((*STAT, "-v"), mesh.environment()) for _ in range(ROUNDS)]
    pages = runs[-1].err.count("GET /api/v1/pods")
    remark = f"{pages} pages, {load()}"
    peaks = [each.peak_mb for each in runs]
    yield Row("10,000 pods listed, 1,000 meshed: peak megabytes", peaks, 150, at_most=True, remark=remark)
    beyond = [each.seconds - WINDOW for each in runs]
    yield Row("the same, seconds beyond the window", beyond)


def add_unmeshed(mesh: DemoMesh, number: int) -> None:
    """Pods without a proxy, with all that API servers write into manifests."""
    pod = REGISTRY.of_kind("v1", "Pod")
    assert pod is not None
    pattern = next(each for each in mesh.call(lambda: mesh.store.members(pod)) if "bot" in each["metadata"]["name"])
    for first in range(0, number, 500):
        mesh.call(lambda first=first: [mesh.store.add(unmeshed(pattern, index)) for index in range(first, first + 500)])


def unmeshed(pattern: dict[str, Any], index: int) -> dict[str, Any]:
    """One of them."""
    manifest = copy.deepcopy(pattern)
    fields = {f"f:field{number}": {"f:one": {}, "f:other": {}} for number in range(MANAGED_FIELDS)}
    manifest["metadata"] |= {
        "name": f"batch-{index}",
        "uid": f"batch-{index}",
        "labels": {"app": "batch", "index": str(index)},
        "ownerReferences": [],
        "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": fields}],
    }
    containers = manifest["spec"]["containers"]
    manifest["spec"]["containers"] = [each for each in containers if each["name"] != "linkerd-proxy"]
    return manifest


def rows() -> Iterator[Row]:
    """All of it; some minutes."""
    yield from scale()
    yield from silent()
    yield from listing()
