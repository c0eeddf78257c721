"""A faulty proxy costs its own row alone, is told in one line, and makes --strict exit with 3; without any it is 1."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.render.terminal import Terminal
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
        ("slow=voting", "timed out after 3s"),
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
    patience = "3s" if fault.startswith("slow") else "20s"
    ran = linkerdctl(f"stat deploy -n emojivoto -t 1s --timeout {patience} --strict -o json --via {via}")
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
    ran = linkerdctl("stat deploy -n emojivoto -t 1s --timeout 20s")
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
    ran = linkerdctl("stat deploy -n emojivoto -t 1s --timeout 3s --strict")
    assert ran.code == 3
    assert "1 of 4 proxies answered" in ran.err
    assert "error: 3 of 4 proxies did not answer" in ran.err


WORKLOADS = ("web", "emoji", "voting", "vote-bot")
NOBODY = "error: none of the 4 proxies answered: connection refused"


@pytest.mark.parametrize(
    "line",
    [
        "stat deploy -t 1s",
        "stat deploy -t 1s -o json",
        "stat deploy --since-start",
        "stat-inbound deploy -t 1s",
        "stat-outbound deploy -t 1s",
        "authz deploy -t 1s",
        "routes deploy -t 1s",
        "identity",
        "metrics deploy",
        "metrics cardinality",
    ],
)
def test_without_any_answer_no_command_ends_well(mesh: DemoMesh, linkerdctl: Command, line: str) -> None:
    mesh.set_faults(*(f"dead={each}" for each in WORKLOADS))
    ran = linkerdctl(f"{line} -n emojivoto --timeout 5s")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == NOBODY
    assert "0 of 4 proxies answered" in ran.err
    assert linkerdctl(f"{line} -n emojivoto --timeout 5s --strict").code == 3


def test_what_is_known_without_proxies_is_shown_all_the_same(mesh: DemoMesh, linkerdctl: Command) -> None:
    mesh.set_faults(*(f"dead={each}" for each in WORKLOADS))
    rows = linkerdctl("stat deploy -n emojivoto -t 1s -o json").rows
    assert {name: row["rps"] for name, row in rows.items()} == {f"deployment/{each}": None for each in WORKLOADS}


@pytest.mark.parametrize("line", ["edges deploy -t 1s", "graph -t 1s", "stat svc -t 1s"])
def test_without_any_answer_from_all_of_the_cluster_it_is_an_error_too(
    mesh: DemoMesh, linkerdctl: Command, line: str
) -> None:
    """These ask proxies of all namespaces, as the other end may be anywhere."""
    mesh.set_faults(*(f"dead={each}" for each in WORKLOADS), *(f"dead=linkerd/{each}" for each in control_plane(mesh)))
    ran = linkerdctl(f"{line} -n emojivoto")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("error: none of the ")


def control_plane(mesh: DemoMesh) -> list[str]:
    return [pod.name for pod in mesh.mesh.topology.pods if pod.namespace == "linkerd"]


def test_one_proxy_that_is_all_there_is_has_words_of_its_own(mesh: DemoMesh, linkerdctl: Command) -> None:
    mesh.set_faults("dead=voting")
    ran = linkerdctl("stat deploy/voting -n emojivoto -t 1s")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "error: the proxy that was asked did not answer: connection refused"


def test_the_line_is_there_when_notes_are_not_wanted(mesh: DemoMesh, linkerdctl: Command) -> None:
    mesh.set_faults(*(f"dead={each}" for each in WORKLOADS))
    assert linkerdctl("stat deploy -n emojivoto -t 1s -q").err == f"{NOBODY}\n"


def test_a_top_of_metrics_that_ends_by_itself_tells_that_nobody_ever_answered(
    mesh: DemoMesh, linkerdctl: Command
) -> None:
    mesh.set_faults("dead=voting")
    ran = linkerdctl("top deploy/voting -n emojivoto --no-tap -o json --batch 1s --duration 2s")
    assert ran.code == 1
    assert "did not answer: connection refused" in ran.err.splitlines()[-1]


def test_a_watch_goes_on_without_any_answer(
    mesh: DemoMesh, linkerdctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the user has enough: here the reader of its lines leaves after the third."""
    mesh.set_faults(*(f"dead={each}" for each in WORKLOADS))
    looks = 0

    def tired(self: Terminal, text: str) -> None:
        nonlocal looks
        looks += bool(text)
        if looks == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Terminal, "out", tired)
    assert linkerdctl("stat deploy -n emojivoto --watch 500ms").code == 130
