"""A faulty proxy costs its own row alone, is told in one line, and makes --strict exit with 3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linkerdctl.demo.servers import DemoMesh
from tests.e2e.conftest import Command, pod_of
from tests.e2e.test_stat_against_the_request_log import assert_true, truth


@pytest.fixture(autouse=True)
def healed(mesh: DemoMesh) -> Iterator[None]:
    yield
    mesh.set_faults()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("dead=voting", "connection refused"),
        ("slow=voting", "timed out after 1s"),
        ("garbage=voting", "malformed metrics at line 1, column 1: no metric of a proxy stands in this text"),
        ("truncated=voting", "its answer ended early"),
        ("403=voting", "it answered 403: its policy lets nobody read metrics"),
    ],
)
@pytest.mark.parametrize("via", ["api", "direct", "port-forward"])
def test_one_bad_proxy_costs_its_row_alone(
    mesh: DemoMesh, linkerdctl: Command, fault: str, reason: str, via: str
) -> None:
    mesh.set_faults(fault)
    ran = linkerdctl(f"stat deploy -n emojivoto -t 1s --timeout 1s --strict -o json --via {via}")
    assert ran.code == 3
    for workload in ("web", "emoji"):
        assert_true(ran.rows[f"deployment/{workload}"], *truth(mesh, workload, "inbound"))
    row = ran.rows["deployment/voting"]
    assert row["success"] is row["rps"] is row["latency_ms_p99"] is None
    assert (row["proxies_asked"], row["proxies_answered"]) == (1, 0)
    told = [line for line in ran.err.splitlines() if str(pod_of(mesh, "voting").name) in line]
    assert len(told) == 1
    assert reason in told[0]
    assert "3 of 4 proxies answered" in ran.err


def test_without_strict_a_bad_proxy_is_told_and_that_is_all(mesh: DemoMesh, linkerdctl: Command) -> None:
    mesh.set_faults("dead=voting")
    ran = linkerdctl("stat deploy -n emojivoto -t 1s --timeout 1s")
    assert ran.code == 0
    assert "connection refused" in ran.err


def test_a_restart_between_the_scrapes_counts_from_zero(mesh: DemoMesh, linkerdctl: Command) -> None:
    mesh.set_faults()
    pod = pod_of(mesh, "emoji")
    mesh.call(lambda: mesh.mesh.restart(pod))
    ran = linkerdctl("stat deploy -n emojivoto -t 1s -o json")
    assert_true(ran.rows["deployment/emoji"], *truth(mesh, "emoji", "inbound"))


def test_several_at_once(mesh: DemoMesh, linkerdctl: Command) -> None:
    mesh.set_faults("dead=voting", "garbage=web", "slow=emoji")
    ran = linkerdctl("stat deploy -n emojivoto -t 1s --timeout 1s --strict")
    assert ran.code == 3
    assert "1 of 4 proxies answered" in ran.err
    assert "error: 3 of 4 proxies did not answer" in ran.err
