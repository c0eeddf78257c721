"""`tap` of a running mesh tells what the mesh's own request log says happened, by both ways, filtered and whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.simulation.traffic import Hop
from tests.e2e.conftest import Command, Ran, pod_of

Key = tuple[str, str, str, int, float, int, frozenset[tuple[str, str]]]
"""Side, method, path, status, milliseconds in all, bytes, headers (a trace's id is there): a request is known by that."""
Chosen = Callable[[str, Hop], bool]
ALL = "--group -o jsonl --max-rps 100000 --show-secrets --duration 1500ms"
MARGIN = 0.05
"""Seconds by which events may be told in another order than they happened."""
WAYS = ["api", "direct"]


def everything(side: str, hop: Hop) -> bool:
    return True


def requests(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def tapped(ran: Ran) -> Counter[Key]:
    """The requests that `ALL` shows."""
    return Counter(
        (
            each["proxyDirection"].lower(),
            each["method"],
            each["path"],
            each["httpStatus"] or 0,
            each["totalMs"],
            each["responseBytes"],
            frozenset((header["name"], header["valueStr"]) for header in each["requestHeaders"]) - added(each),
        )
        for each in requests(ran)
    )


def added(request: dict[str, Any]) -> set[tuple[str, str]]:
    """The header that a server's proxy adds."""
    identity = request["source"]["metadata"].get("client_id", "")
    return {("l5d-client-id", identity)}


def sights(mesh: DemoMesh, pods: set[tuple[str, str]], chosen: Chosen) -> Iterator[tuple[Key, float, float]]:
    """What the proxies of these pods saw, with its beginning and its end."""
    for hop in mesh.call(lambda: list(mesh.log.hops)):
        for side, pod, began, ended in (
            ("inbound", hop.server, hop.server_started, hop.server_ended),
            ("outbound", hop.client, hop.started, hop.ended),
        ):
            if pod.key in pods and chosen(side, hop):
                total = round((ended - began) * 1e9) / 1e6
                yield (
                    (side, hop.method, hop.path, hop.status, total, hop.response_bytes, frozenset(hop.request_headers)),
                    began,
                    ended,
                )


def assert_all_and_only(mesh: DemoMesh, workloads: list[str], chosen: Chosen, found: Counter[Key]) -> None:
    """Each is in the log; and of each pod none is missing that began after the first and ended before the last of its own."""
    known: Counter[Key] = Counter()
    for workload in workloads:
        logged = list(sights(mesh, {pod_of(mesh, workload).key}, chosen))
        known.update(key for key, _, _ in logged)
        seen = [(began, ended) for key, began, ended in logged if key in found]
        first, last = min(began for began, _ in seen), max(ended for _, ended in seen)
        wanted = Counter(key for key, began, ended in logged if first < began and ended < last - MARGIN)
        assert not wanted - found
    assert not found - known


@pytest.mark.parametrize("via", WAYS)
def test_every_request_of_a_workload_is_told_once(mesh: DemoMesh, linkerdctl: Command, via: str) -> None:
    ran = linkerdctl(f"tap deploy/web -n emojivoto {ALL} --via {via}")
    found = tapped(ran)
    assert ran.code == 0
    assert found.total() > 50
    assert_all_and_only(mesh, ["web"], everything, found)
    assert f"showed {found.total()} of" in ran.err or f"showed {found.total()} requests" in ran.err


@pytest.mark.parametrize("via", WAYS)
def test_several_pods_are_told_of_together(mesh: DemoMesh, linkerdctl: Command, via: str) -> None:
    ran = linkerdctl(f"tap ns/emojivoto {ALL} --via {via}")
    assert_all_and_only(mesh, ["web", "emoji", "voting", "vote-bot"], everything, tapped(ran))


@pytest.mark.parametrize("via", WAYS)
def test_to_is_what_was_sent_there(mesh: DemoMesh, linkerdctl: Command, via: str) -> None:
    ran = linkerdctl(f"tap deploy/web --to deploy/voting -n emojivoto {ALL} --via {via}")
    found = tapped(ran)
    assert {side for side, *_ in found} == {"outbound"}
    assert_all_and_only(mesh, ["web"], lambda side, hop: side == "outbound" and hop.server.workload == "voting", found)


@pytest.mark.parametrize("via", WAYS)
@pytest.mark.parametrize(
    ("option", "chosen"),
    [
        (
            "--path /emojivoto.v1.VotingService/Vote",
            lambda side, hop: hop.path.startswith("/emojivoto.v1.VotingService/Vote"),
        ),
        ("--method GET", lambda side, hop: hop.method == "GET"),
        ("--authority web-svc.emojivoto:80", lambda side, hop: hop.service.host == "web-svc.emojivoto:80"),
        ("--failed", lambda side, hop: hop.failed),
        ("--not-path emojivoto", lambda side, hop: "emojivoto" not in hop.path),
        ("--grpc-status OK", lambda side, hop: hop.grpc_status == 0),
        ("--min-latency 20ms --method GET", lambda side, hop: hop.method == "GET" and slow(side, hop)),
    ],
)
def test_what_is_asked_for_is_all_that_is_told(
    mesh: DemoMesh, linkerdctl: Command, via: str, option: str, chosen: Chosen
) -> None:
    found = tapped(linkerdctl(f"tap deploy/web -n emojivoto {option} {ALL} --via {via}"))
    assert found
    assert_all_and_only(mesh, ["web"], chosen, found)


def slow(side: str, hop: Hop) -> bool:
    taken = hop.server_ended - hop.server_started if side == "inbound" else hop.ended - hop.started
    return taken >= 0.02


@pytest.mark.parametrize("via", WAYS)
def test_from_is_what_a_workload_sent(mesh: DemoMesh, linkerdctl: Command, via: str) -> None:
    line = f"tap deploy/web -n emojivoto --from deploy/vote-bot {ALL} --via {via}"
    ran = linkerdctl(line)
    assert {each["source"]["metadata"]["deployment"] for each in requests(ran)} == {"vote-bot"}
    assert_all_and_only(mesh, ["web"], lambda side, hop: side == "inbound", tapped(ran))


@pytest.mark.parametrize("via", WAYS)
def test_both_ways_label_the_two_sides_alike(linkerdctl: Command, via: str) -> None:
    ran = linkerdctl(f"tap deploy/web -n emojivoto --group -o jsonl --limit 40 --via {via}")
    inbound = next(each for each in requests(ran) if each["proxyDirection"] == "INBOUND")
    labels = inbound["source"]["metadata"]
    assert labels.keys() >= {
        "client_id",
        "deployment",
        "namespace",
        "pod",
        "pod_template_hash",
        "serviceaccount",
        "tls",
    }
    assert "replicaset" not in labels
    assert inbound["destination"]["metadata"]["deployment"] == "web"


def test_a_limit_shows_so_many_requests_to_their_ends(linkerdctl: Command) -> None:
    ran = linkerdctl("tap deploy/web -n emojivoto --limit 30")
    kinds = Counter(line[:3] for line in ran.out.splitlines())
    assert kinds == {"req": 30, "rsp": 30, "end": 30}
    assert re.search(r"^showed 30 (of (at least )?\d+ )?requests", ran.err, re.MULTILINE)


def test_json_has_headers_and_the_real_tool_s_keys(linkerdctl: Command) -> None:
    ran = linkerdctl("tap deploy/web -n emojivoto -o jsonl --limit 5")
    began = next(each for each in requests(ran) if "requestInitEvent" in each)
    assert list(began) == ["source", "destination", "routeMeta", "proxyDirection", "requestInitEvent"]
    assert {header["name"] for header in began["requestInitEvent"]["headers"]} & {"user-agent", ":path"}


def test_there_were_at_least_as_many_as_is_said(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl("tap deploy/web -n emojivoto --duration 5s --max-rps 10")
    found = re.search(r"^showed (\d+) of at least (\d+) requests \(max-rps 10\)$", ran.err, re.MULTILINE)
    assert found
    showed, at_least = map(int, found.groups())
    assert showed <= 60
    logged = list(sights(mesh, {pod_of(mesh, "web").key}, everything))
    last = max(began for _, began, _ in logged)
    truth = sum(began > last - 5 for _, began, _ in logged)
    # The bound does not hold in one case of forty, and then by little
    assert showed < at_least < truth * 1.5


def test_a_saved_tap_replays_as_it_was(linkerdctl: Command, tmp_path: Any) -> None:
    live = linkerdctl("tap ns/emojivoto --duration 2s -o wide --save", str(tmp_path / "saved.gz"))
    again = linkerdctl("tap -o wide --input", str(tmp_path / "saved.gz"))
    assert again.out == live.out
    assert live.out
