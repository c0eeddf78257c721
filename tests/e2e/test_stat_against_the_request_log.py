"""`stat` against a running mesh gives what the mesh's own request log says happened between the two scrapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from linkerdctl.demo.proxies.metrics import LATENCY_MS
from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.simulation.request_log import Truth
from linkerdctl.demo.simulation.traffic import Hop
from tests.e2e.conftest import Command, pod_of

Chosen = Callable[[Hop], bool]


def truth(mesh: DemoMesh, workload: str, side: str, chosen: Chosen = lambda hop: True) -> tuple[Truth, float]:
    """What one proxy counted between the last two looks at it, and the seconds between them."""
    pod = pod_of(mesh, workload)
    first, last = mesh.call(lambda: mesh.log.scrapes_of(pod))[-2:]
    return mesh.call(lambda: mesh.log.truth(pod, side, first, last, chosen)), last - first


def bucket_of(latencies: tuple[float, ...], q: float) -> tuple[float, float]:
    """Between which bounds the true quantile lies, of latencies cut to whole milliseconds as proxies cut them."""
    whole = sorted(map(math.floor, latencies))
    value = whole[max(math.ceil(q * len(whole)) - 1, 0)]
    upper = next(bound for bound in LATENCY_MS if value <= bound)
    lower = max((bound for bound in LATENCY_MS if bound < upper), default=0)
    return lower, upper


def assert_true(row: dict[str, Any], wanted: Truth, seconds: float) -> None:
    """Counts exactly; rates as far as clocks tell the same time; percentiles into the right bucket."""
    assert (row["requests"] or 0, row["failures"] or 0) == (wanted.requests, wanted.failures)
    if not wanted.requests:
        assert row["success"] is row["rps"] is row["latency_ms_p50"] is None
        return
    assert row["success"] == wanted.successes / wanted.requests
    assert row["window_seconds"] == pytest.approx(seconds, abs=0.15)
    assert row["rps"] == pytest.approx(wanted.requests / row["window_seconds"], rel=0.001)
    for q, key in ((0.5, "latency_ms_p50"), (0.95, "latency_ms_p95"), (0.99, "latency_ms_p99")):
        lower, upper = bucket_of(wanted.latencies_ms, q)
        assert lower <= row[key] <= upper


@pytest.mark.parametrize("via", ["api", "direct", "port-forward"])
def test_deployments_are_what_their_proxies_counted(mesh: DemoMesh, linkerdctl: Command, via: str) -> None:
    ran = linkerdctl(f"stat deploy -n emojivoto -t 2s -o json --via {via}")
    assert ran.code == 0
    for workload in ("web", "emoji", "voting", "vote-bot"):
        assert_true(ran.rows[f"deployment/{workload}"], *truth(mesh, workload, "inbound"))
    assert ran.rows["deployment/vote-bot"]["requests"] is None
    assert ran.rows["deployment/web"]["requests"] > 20


def test_to_counts_what_the_client_sent_there(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl("stat deploy/web --to deploy/emoji -n emojivoto -t 2s -o json")
    wanted = truth(mesh, "web", "outbound", lambda hop: hop.server.workload == "emoji")
    assert list(ran.rows) == ["deployment/web"]
    assert_true(ran.rows["deployment/web"], *wanted)


def test_from_counts_what_the_client_sent_to_each(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl("stat deploy --from deploy/web -n emojivoto -t 2s -o json")
    assert set(ran.rows) == {"deployment/emoji", "deployment/voting"}
    for workload in ("emoji", "voting"):
        assert_true(
            ran.rows[f"deployment/{workload}"],
            *truth(mesh, "web", "outbound", lambda hop, workload=workload: hop.server.workload == workload),  # type: ignore[misc]
        )


def test_from_one_to_one(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl("stat deploy/emoji --from deploy/web -n emojivoto -t 2s -o json")
    wanted = truth(mesh, "web", "outbound", lambda hop: hop.server.workload == "emoji")
    assert_true(ran.rows["deployment/emoji"], *wanted)


def test_services_are_what_their_clients_saw(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl("stat svc -n emojivoto -t 2s -o json")
    assert set(ran.rows) == {"service/web-svc", "service/emoji-svc", "service/voting-svc"}
    assert_true(ran.rows["service/web-svc"], *truth(mesh, "vote-bot", "outbound"))
    for workload in ("emoji", "voting"):
        wanted = truth(mesh, "web", "outbound", lambda hop, workload=workload: hop.server.workload == workload)  # type: ignore[misc]
        assert_true(ran.rows[f"service/{workload}-svc"], *wanted)


def test_a_namespace_is_the_sum_of_its_pods(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl("stat ns -t 2s -o json")
    truths = [truth(mesh, workload, "inbound")[0] for workload in ("web", "emoji", "voting", "vote-bot")]
    row = ran.rows["namespace/emojivoto"]
    assert row["requests"] == sum(each.requests for each in truths)
    assert row["failures"] == sum(each.failures for each in truths)


def test_pods_everywhere(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl("stat po -A -t 2s -o json")
    for workload in ("web", "emoji", "voting", "vote-bot"):
        row = ran.rows[f"pod/{pod_of(mesh, workload).name}"]
        assert row["status"] == "Running"
        assert_true(row, *truth(mesh, workload, "inbound"))


def test_all_traffic_counts_our_own_scrape_too(mesh: DemoMesh, linkerdctl: Command) -> None:
    plain = linkerdctl("stat deploy/vote-bot -n emojivoto -t 1s -o json").rows["deployment/vote-bot"]
    everything = linkerdctl("stat deploy/vote-bot -n emojivoto -t 1s -o json --all-traffic").rows["deployment/vote-bot"]
    assert plain["requests"] is None
    assert everything["requests"] >= 1


def test_since_start_is_one_look_at_a_lifetime(mesh: DemoMesh, linkerdctl: Command) -> None:
    pod = pod_of(mesh, "web")
    looked_before = len(mesh.call(lambda: mesh.log.scrapes_of(pod)))
    ran = linkerdctl("stat deploy/web -n emojivoto --since-start -o json")
    looks = mesh.call(lambda: mesh.log.scrapes_of(pod))
    assert len(looks) == looked_before + 1
    wanted = mesh.call(lambda: mesh.log.truth(pod, "inbound", 0.0, looks[-1]))
    assert_true(ran.rows["deployment/web"], wanted, looks[-1] - mesh.mesh.topology.started)
    assert "since each proxy started" in ran.err
