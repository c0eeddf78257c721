"""What the demo's proxies tell is what its request log says they counted, at every instant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from linkerdctl.demo.faults import parse_faults
from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.proxies.families import LATENCY_MS
from linkerdctl.demo.simulation.request_log import RequestLog, Truth
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.topology import DemoPod, Topology

NOON = 1_795_000_000.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def a_mesh(clock: Clock, *, pods: int = 4, **options: Any) -> Mesh:
    topology = Topology.emojivoto(pods=pods, started=clock.now)
    return Mesh(topology, clock=clock, **options)


def the(mesh: Mesh, workload: str) -> DemoPod:
    return mesh.topology.of_workload("emojivoto", workload)[0]


Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


def numbers(text: bytes) -> Numbers:
    families = text_string_to_metric_families(text.decode())
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def total(found: Numbers, name: str, **wanted: str) -> float:
    return sum(value for (sample, labels), value in found.items() if sample == name and set(wanted.items()) <= labels)


def app(found: Numbers, side: str, name: str, **wanted: str) -> float:
    """Traffic of applications: no probes, no scrapes."""
    everything, admin = total(found, name, direction=side, **wanted), 0.0
    if side == "inbound":
        admin = total(found, name, direction=side, target_port="4191", **wanted)
    return everything - admin


def assert_counted(first: Numbers, last: Numbers, side: str, truth: Truth) -> None:
    """Counts, the latencies' sum and every bucket, exactly."""

    def more(name: str, **wanted: str) -> float:
        return app(last, side, name, **wanted) - app(first, side, name, **wanted)

    assert more("response_total", classification="success") == truth.successes
    assert more("response_total", classification="failure") == truth.failures
    whole = [int(each) for each in truth.latencies_ms]
    assert more("response_latency_ms_count") == len(whole)
    assert more("response_latency_ms_sum") == sum(whole)
    for bound in LATENCY_MS:
        assert more("response_latency_ms_bucket", le=str(bound)) == sum(each <= bound for each in whole)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("pods", [4, 11])
def test_every_proxy_counts_what_the_log_says(clock: Clock, seed: int, pods: int) -> None:
    mesh = a_mesh(clock, seed=seed, pods=pods, rps=60)
    clock.now += 7.0
    first = {pod.key: numbers(mesh.scrape(pod)) for pod in mesh.topology.pods}
    clock.now += 13.0
    last = {pod.key: numbers(mesh.scrape(pod)) for pod in mesh.topology.pods}
    for pod in mesh.topology.pods:
        for side in ("inbound", "outbound"):
            assert_counted(first[pod.key], last[pod.key], side, mesh.log.between_scrapes([pod], side))
    assert mesh.log.between_scrapes([the(mesh, "web")], "inbound").requests > 20


def test_outbound_routes_count_the_same_requests(clock: Clock) -> None:
    mesh, web = a_mesh(clock), NOON + 20.0
    clock.now = web
    found = numbers(mesh.scrape(the(mesh, "web")))
    truth = mesh.log.truth(the(mesh, "web"), "outbound", 0.0, web)
    assert truth.failures > 0
    assert total(found, "outbound_http_route_request_statuses_total") == truth.requests
    assert total(found, "outbound_http_route_request_statuses_total", http_status="200") == truth.requests
    assert total(found, "outbound_http_route_request_duration_seconds_count") == truth.requests


def test_bytes_on_both_sides_of_a_hop_are_the_same_bytes(clock: Clock) -> None:
    mesh = a_mesh(clock, rps=5)
    clock.now += 30.0
    client, server = numbers(mesh.scrape(the(mesh, "vote-bot"))), numbers(mesh.scrape(the(mesh, "web")))
    quiet = all(not hop.server_ended <= clock.now < hop.ended for hop in mesh.log.hops)
    assert quiet, "choose another instant: a response is on the wire"
    sent = total(client, "tcp_write_bytes_total", direction="outbound", peer="dst")
    received = app(server, "inbound", "tcp_read_bytes_total", peer="src")
    assert sent == received > 0


def test_a_request_under_way_is_begun_but_not_answered(clock: Clock) -> None:
    mesh = a_mesh(clock)
    clock.now += 5.0
    mesh.advance()
    hop = next(each for each in mesh.log.hops if each.server.workload == "web")
    again = a_mesh(Clock())
    found = numbers(_scraped_at(again, hop.server, (hop.server_started + hop.server_first_byte) / 2))
    assert app(found, "inbound", "request_total") == 1
    assert app(found, "inbound", "response_latency_ms_count") == 0
    assert app(found, "inbound", "response_total") == 0


def test_latency_is_counted_with_the_first_byte_and_the_response_at_its_end(clock: Clock) -> None:
    mesh = a_mesh(clock)
    clock.now += 5.0
    mesh.advance()
    hop = next(each for each in mesh.log.hops if each.server.workload == "web")
    again = a_mesh(Clock())
    found = numbers(_scraped_at(again, hop.server, (hop.server_first_byte + hop.server_ended) / 2))
    assert app(found, "inbound", "response_latency_ms_count") == 1
    assert app(found, "inbound", "response_total") == 0


def _scraped_at(mesh: Mesh, pod: DemoPod, at: float) -> bytes:
    mesh.advance(at)
    return mesh.scrape(pod)


def test_vote_bot_is_never_called_but_by_probes_and_scrapes(clock: Clock) -> None:
    mesh = a_mesh(clock)
    clock.now += 35.0
    found = numbers(mesh.scrape(the(mesh, "vote-bot")))
    assert app(found, "inbound", "request_total") == 0
    assert total(found, "request_total", route_name="probe", target_port="4191") == 6
    assert total(found, "request_total", direction="outbound") > 0


def test_a_scrape_finds_itself_begun_and_the_one_before_answered(clock: Clock) -> None:
    mesh, found = a_mesh(clock), []
    for _ in range(3):
        clock.now += 1.0
        found.append(numbers(mesh.scrape(the(mesh, "emoji"))))
    assert [total(each, "request_total", route_name="default", target_port="4191") for each in found] == [1, 2, 3]
    assert [total(each, "response_total", target_port="4191") for each in found] == [0, 1, 2]
    assert [total(each, "tcp_open_connections", target_port="4191") for each in found] == [1, 1, 1]


def test_the_same_seed_gives_the_same_bytes() -> None:
    def text(seed: int) -> bytes:
        clock = Clock()
        mesh = a_mesh(clock, seed=seed)
        clock.now += 20.0
        return mesh.scrape(the(mesh, "web"))

    assert text(5) == text(5)
    assert text(5) != text(6)


def test_it_does_not_matter_in_which_steps_time_passes() -> None:
    def text(steps: int) -> bytes:
        clock = Clock()
        mesh = a_mesh(clock)
        for _ in range(steps):
            clock.now += 20.0 / steps
            mesh.advance()
        return mesh.scrape(the(mesh, "web"))

    assert text(1) == text(16)


def test_a_clock_that_is_set_back_changes_nothing(clock: Clock) -> None:
    mesh = a_mesh(clock)
    clock.now += 20.0
    mesh.advance()
    before = len(mesh.log.hops)
    clock.now -= 10.0
    mesh.scrape(the(mesh, "web"))
    assert len(mesh.log.hops) == before
    assert mesh.log.scrapes_of(the(mesh, "web")) == [NOON + 20.0]


def test_after_a_restart_everything_is_counted_from_zero(clock: Clock) -> None:
    mesh, web = a_mesh(clock, rps=80), None
    web = the(mesh, "web")
    clock.now += 10.0
    first = numbers(mesh.scrape(web))
    clock.now += 3.0
    mesh.restart(web)
    clock.now += 4.0
    last = numbers(mesh.scrape(web))
    assert total(last, "process_start_time_seconds") == NOON + 13.0
    assert 0 < app(last, "inbound", "response_total") < app(first, "inbound", "response_total")
    for side in ("inbound", "outbound"):
        assert_counted({}, last, side, mesh.log.between_scrapes([web], side))


def test_a_restarted_proxy_knows_nothing_of_requests_that_were_under_way(clock: Clock) -> None:
    mesh = a_mesh(clock)
    clock.now += 5.0
    mesh.advance()
    hop = next(each for each in mesh.log.hops if each.server.workload == "web")
    again = a_mesh(Clock())
    again.restart(hop.server, (hop.server_started + hop.server_first_byte) / 2)
    found = numbers(_scraped_at(again, hop.server, hop.ended))
    assert app(found, "inbound", "response_total") == 0
    assert again.log.truth(hop.server, "inbound", 0.0, hop.ended).requests == 0


def test_a_restarting_fault_works_from_when_it_is_set_until_it_is_taken_away(clock: Clock) -> None:
    mesh = a_mesh(clock)
    clock.now += 20.0
    mesh.advance()
    mesh.faults.update(parse_faults(["restarting:3s=web"], mesh.topology))
    clock.now += 8.0
    started = total(numbers(mesh.scrape(the(mesh, "web"))), "process_start_time_seconds")
    assert clock.now - 3.0 < started <= clock.now
    mesh.faults.clear()
    clock.now += 10.0
    assert total(numbers(mesh.scrape(the(mesh, "web"))), "process_start_time_seconds") == started


def test_the_log_file_holds_what_memory_holds(clock: Clock, tmp_path: Path) -> None:
    mesh = a_mesh(clock, log=RequestLog(tmp_path / "log.jsonl"))
    clock.now += 5.0
    mesh.scrape(the(mesh, "web"))
    mesh.restart(the(mesh, "emoji"))
    mesh.log.close()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    hops = [line for line in lines if "number" in line]
    assert {line["number"] for line in hops} == {hop.number for hop in mesh.log.hops if hop.ended <= clock.now}
    assert {"restart", "scrape"} <= {key for line in lines for key in line}
    by_number = {hop.number: hop for hop in mesh.log.hops}
    assert all(_same(line, by_number[line["number"]]) for line in hops)


def _same(line: Mapping[str, Any], hop: Hop) -> bool:
    outbound, inbound = line["outbound"], line["inbound"]
    times = (outbound["ended"], inbound["first_byte"]) == (hop.ended, hop.server_first_byte)
    return times and (line["path"], line["classification"]) == (hop.target, hop.classification)
