"""The demo's requests: what comes how often, what causes what, and that effects lie inside their causes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from statistics import median

import pytest

from linkerdctl.demo.simulation.generator import TrafficGenerator
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.topology import Topology


@pytest.fixture(scope="module")
def entries() -> list[Hop]:
    """Four thousand requests of vote-bots."""
    generator = TrafficGenerator(Topology.emojivoto(pods=10, started=0.0), rps=20, seed=7)
    return [hop for second in range(4000) for hop in generator.request(at=float(second))]


@pytest.fixture(scope="module")
def hops(entries: list[Hop]) -> list[Hop]:
    return [hop for entry in entries for hop in entry.all()]


def success(hops: list[Hop], workload: str) -> float:
    failed = [hop.failed for hop in hops if hop.server.workload == workload]
    return 1 - sum(failed) / len(failed)


def test_success_is_as_in_the_real_emojivoto(hops: list[Hop]) -> None:
    assert 0.92 < success(hops, "web") < 0.95
    assert 0.88 < success(hops, "voting") < success(hops, "web")
    assert success(hops, "emoji") == 1


def test_only_doughnut_votes_fail_and_take_the_page_with_them(entries: list[Hop]) -> None:
    for entry in entries:
        failed_calls = [call.path for call in entry.calls if call.failed]
        assert entry.failed == bool(failed_calls)
        assert set(failed_calls) <= {"/emojivoto.v1.VotingService/VoteDoughnut"}
        assert all(call.failed for call in entry.calls if call.path.endswith("VoteDoughnut"))


def test_pages_cause_the_calls_they_need(entries: list[Hop]) -> None:
    causes = {
        "/api/vote": ["FindByShortcode", "Vote"],
        "/api/list": ["ListAll"],
        "/api/leaderboard": ["Results", "ListAll"],
        "/no/such/page": [],
    }
    assert {entry.path for entry in entries if not entry.path.startswith("/api/emoji/")} == set(causes)
    for entry in entries:
        wanted = causes.get(entry.path, ["FindByShortcode"])
        methods = [call.path.rpartition("/")[2] for call in entry.calls]
        assert [method.startswith(each) for method, each in zip(methods, wanted, strict=True)] == [True] * len(wanted)


def test_votes_say_in_the_query_what_the_call_says_in_its_name(entries: list[Hop]) -> None:
    for entry in entries:
        if entry.path == "/api/vote":
            choice = entry.query.removeprefix("choice=").strip(":")
            assert entry.calls[1].path.lower().endswith(f"/vote{choice}")
            assert entry.target == f"/api/vote?{entry.query}"


def test_causes_come_before_effects_and_enclose_them(hops: list[Hop]) -> None:
    for hop in hops:
        moments = [hop.started, hop.server_started, hop.server_first_byte, hop.server_ended, hop.ended]
        assert all(before < after for before, after in pairwise(moments))
        assert hop.server_first_byte < hop.first_byte <= hop.ended
        cursor = hop.server_started
        for call in hop.calls:
            assert cursor < call.started
            cursor = call.ended
        assert cursor < hop.server_first_byte


def test_latencies_are_milliseconds_behind_and_tens_in_front(hops: list[Hop]) -> None:
    latencies = {
        name: [hop.server_latency_ms for hop in hops if hop.server.workload == name] for name in ("web", "emoji")
    }
    assert 1 < median(latencies["emoji"]) < 5
    assert 10 < median(latencies["web"]) < 40
    assert max(latencies["emoji"]) > 10 * median(latencies["emoji"])


def test_calls_stay_inside_their_copy_of_emojivoto(hops: list[Hop]) -> None:
    assert {hop.client.namespace for hop in hops} == {"emojivoto", "emojivoto-2"}
    assert all(hop.client.namespace == hop.server.namespace == hop.service.namespace for hop in hops)


def test_all_replicas_take_part(hops: list[Hop]) -> None:
    webs = Counter(
        hop.server.name for hop in hops if hop.server.workload == "web" and hop.server.namespace == "emojivoto"
    )
    assert len(webs) == 3
    assert min(webs.values()) > 0.25 * sum(webs.values())


def test_a_failed_grpc_call_says_so_in_headers_a_good_one_in_trailers(hops: list[Hop]) -> None:
    doomed = next(hop for hop in hops if hop.is_grpc and hop.failed)
    good = next(hop for hop in hops if hop.is_grpc and not hop.failed)
    assert (doomed.status, dict(doomed.response_headers)["grpc-status"], doomed.trailers) == (200, "2", ())
    assert "grpc-status" not in dict(good.response_headers)
    assert dict(good.trailers)["grpc-status"] == "0"


def test_some_requests_carry_what_must_be_kept_secret(entries: list[Hop]) -> None:
    names = Counter(name for entry in entries for name, _ in entry.request_headers)
    assert names["user-agent"] == len(entries)
    assert 0 < names["authorization"] < names["cookie"] < len(entries) / 2


def test_numbers_are_unique_and_one_trace_binds_an_entry_together(entries: list[Hop], hops: list[Hop]) -> None:
    assert len({hop.number for hop in hops}) == len(hops)
    assert len({entry.trace for entry in entries}) == len(entries)
    assert all(call.trace == entry.trace for entry in entries for call in entry.calls)


@pytest.mark.parametrize("rps", [2.0, 50.0])
def test_requests_come_as_often_as_asked(rps: float) -> None:
    generator = TrafficGenerator(Topology.emojivoto(started=0.0), rps=rps, seed=3)
    gaps = [generator.next_gap() for _ in range(5000)]
    assert sum(gaps) / len(gaps) == pytest.approx(1 / rps, rel=0.05)
