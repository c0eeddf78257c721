"""Faults as `--fault` takes them."""

from __future__ import annotations

import pytest

from linkerdctl.demo.faults import KINDS, Fault, parse_fault, parse_faults
from linkerdctl.demo.topology import Topology
from linkerdctl.errors import UsageError

TOPOLOGY = Topology.emojivoto(pods=9, started=0.0)


def hit(text: str) -> set[tuple[str, str]]:
    """Namespace and workload of the pods meant."""
    pods = {pod.key: pod for pod in TOPOLOGY.pods}
    return {(pods[key].namespace, pods[key].workload) for key in parse_faults([text], TOPOLOGY)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("slow=web", Fault("slow", 30.0)),
        ("slow:8s=web", Fault("slow", 8.0)),
        ("restarting=web", Fault("restarting", 5.0)),
        ("restarting:300ms=web", Fault("restarting", 0.3)),
        ("dead=web", Fault("dead")),
        ("garbage=web", Fault("garbage")),
        ("truncated=web", Fault("truncated")),
        ("403=web", Fault("403")),
        ("forbidden=web", Fault("403")),
    ],
)
def test_a_fault_is_a_kind_perhaps_a_duration_and_a_pod(text: str, fault: Fault) -> None:
    assert parse_fault(text) == (fault, "web")


@pytest.mark.parametrize(
    "text",
    ["", "slow", "slow=", "=web", "sleepy=web", "slow:=web", "slow:8=web", "slow:-1s=web", "restarting:0s=web",
     "restarting:1ms=web", "dead:3s=web"],
)  # fmt: skip
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_fault(text)
    assert told.value.next_step


def test_who_writes_an_unknown_kind_is_told_all_kinds() -> None:
    with pytest.raises(UsageError) as told:
        parse_fault("sleepy=web")
    assert all(kind in str(told.value.next_step) for kind in KINDS)


def test_a_workload_means_all_its_pods() -> None:
    assert len(parse_faults(["dead=web"], TOPOLOGY)) == 2


def test_a_pods_full_name_or_its_beginning_means_that_pod() -> None:
    pod = TOPOLOGY.of_workload("emojivoto", "web")[1]
    assert set(parse_faults([f"dead={pod.name}"], TOPOLOGY)) == {pod.key}
    assert set(parse_faults([f"dead={pod.name[:-2]}"], TOPOLOGY)) == {pod.key}


def test_a_workload_is_not_mistaken_for_the_beginning_of_another_ones_name() -> None:
    assert hit("dead=voting") == {("emojivoto", "voting")}
    assert hit("dead=vot") == {("emojivoto", "voting"), ("emojivoto", "vote-bot")}


def test_other_copies_and_the_control_plane_are_reached_by_namespace() -> None:
    assert hit("dead=emojivoto-2/web") == {("emojivoto-2", "web")}
    assert hit("dead=linkerd/linkerd-identity") == {("linkerd", "linkerd-identity")}


@pytest.mark.parametrize("wanted", ["wep", "nowhere/web", "emojivoto/", "linkerd-identity"])
def test_a_pod_that_is_not_there_is_told_with_those_that_are(wanted: str) -> None:
    with pytest.raises(UsageError, match="no pod is called") as told:
        parse_faults([f"dead={wanted}"], TOPOLOGY)
    assert "vote-bot" in str(told.value.next_step)


def test_of_two_faults_of_a_pod_the_last_holds() -> None:
    [pod] = TOPOLOGY.of_workload("emojivoto", "emoji")
    assert parse_faults(["dead=emoji", "garbage=emoji"], TOPOLOGY) == {pod.key: Fault("garbage")}
