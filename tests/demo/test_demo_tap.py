"""What the demo's proxies tell of requests is what its request log says they saw: each one, each moment, in order."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from linkerdctl.demo.faults import parse_faults
from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.tap.events import Sight
from linkerdctl.demo.tap.matches import InvalidMatchError
from linkerdctl.demo.tap.observe import BUFFERED, Observation, ProxyLostError, ProxyTaps
from linkerdctl.demo.topology import DemoPod, Topology
from linkerdctl.tap.wire import http_types_pb2 as http_types
from linkerdctl.tap.wire import net_pb2 as net
from linkerdctl.tap.wire import proxy_tap_pb2 as wire

NOON = 1_795_000_000.0
Match = wire.ObserveRequest.Match


@pytest.fixture
def mesh() -> Mesh:
    return Mesh(Topology.emojivoto(started=NOON), rps=20, clock=lambda: NOON)


def the(mesh: Mesh, workload: str) -> DemoPod:
    return mesh.topology.of_workload("emojivoto", workload)[0]


def everything(limit: int = 1_000_000, **more: Any) -> wire.ObserveRequest:
    return wire.ObserveRequest(limit=limit, match=Match(all=Match.Seq()), **more)


async def told(mesh: Mesh, observation: Observation, until: float) -> list[wire.TapEvent]:
    """What is told while the mesh lives on, to a client that reads as fast as it can."""
    events: list[wire.TapEvent] = []
    now = NOON
    while now < until:
        now += 0.05
        mesh.advance(now)
        if observation._events:
            events += await observation.batch()
    return events


def nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def as_told(event: wire.TapEvent) -> tuple[Any, ...]:
    """Kind, direction and facts of an event."""
    side = wire.TapEvent.ProxyDirection.Name(event.proxy_direction).lower()
    kind = event.http.WhichOneof("event")
    if kind == "request_init":
        request = event.http.request_init
        addresses = tuple(str(ipaddress.ip_address(each.ip.ipv4)) for each in (event.source, event.destination))
        method = http_types.HttpMethod.Registered.Name(request.method.registered)
        return (kind, side, method, request.authority, request.path, *addresses)
    if kind == "response_init":
        response = event.http.response_init
        return kind, side, response.http_status, response.since_request_init.ToNanoseconds()
    end = event.http.response_end
    outcome = end.eos.grpc_status_code if end.eos.WhichOneof("end") == "grpc_status_code" else None
    times = end.since_request_init.ToNanoseconds(), end.since_response_init.ToNanoseconds()
    return kind, side, *times, end.response_bytes, outcome


def as_logged(pod: DemoPod, hops: Iterator[Hop], until: float) -> list[tuple[Any, ...]]:
    """The same of what the log holds, in the order of its instants."""
    facts: list[tuple[float, tuple[Any, ...]]] = []
    for hop in hops:
        for side, whose in (("inbound", hop.server), ("outbound", hop.client)):
            if whose.key != pod.key:
                continue
            began, first, ended = Sight(hop, side).moments
            address = hop.service.host, hop.path, hop.client.ip, hop.server.ip
            facts += (
                (began, ("request_init", side, hop.method, *address)),
                (first, ("response_init", side, hop.status, nanoseconds(first - began))),
                (ended, ("response_end", side, nanoseconds(ended - began), nanoseconds(ended - first),
                         hop.response_bytes, hop.grpc_status)),
            )  # fmt: skip
    return [fact for at, fact in sorted(facts, key=lambda each: each[0]) if at <= until]


@pytest.mark.parametrize("workload", ["web", "voting", "vote-bot"])
async def test_every_moment_that_the_log_knows_is_told_once_and_in_order(mesh: Mesh, workload: str) -> None:
    pod = the(mesh, workload)
    events = await told(mesh, ProxyTaps(mesh).observe(pod, everything()), NOON + 20)
    now = mesh.advance(NOON + 20)

    assert len(events) > 300
    assert [as_told(event) for event in events] == as_logged(pod, iter(mesh.log.hops), now)


async def test_ids_count_the_calls_and_in_each_call_the_requests(mesh: Mesh) -> None:
    taps, web = ProxyTaps(mesh), the(mesh, "web")
    first, second = taps.observe(web, everything()), taps.observe(web, everything())
    other = taps.observe(the(mesh, "emoji"), everything())
    mesh.advance(NOON + 2)

    def begun(events: list[wire.TapEvent]) -> list[tuple[int, int]]:
        ids = (each.http.request_init.id for each in events if each.http.WhichOneof("event") == "request_init")
        return [(each.base, each.stream) for each in ids]

    ids = begun(await first.batch())
    assert ids == [(0, number) for number in range(len(ids))]
    assert begun(await second.batch())[:2] == [(1, 0), (1, 1)]
    assert begun(await other.batch())[0] == (0, 0)


async def test_it_ends_when_as_many_requests_as_asked_for_have_ended(mesh: Mesh) -> None:
    observation = ProxyTaps(mesh).observe(the(mesh, "web"), everything(limit=7))
    mesh.advance(NOON + 10)
    kinds = [each.http.WhichOneof("event") for batch in [await observation.batch()] for each in batch]

    assert kinds.count("request_init") == kinds.count("response_init") == kinds.count("response_end") == 7
    assert await observation.batch() == []


async def test_of_a_request_whose_beginning_did_not_fit_nothing_is_told(mesh: Mesh) -> None:
    observation = ProxyTaps(mesh).observe(the(mesh, "web"), everything())
    mesh.advance(NOON + 60)
    unread = await observation.batch()
    begun = {each.http.request_init.id.stream for each in unread if each.http.HasField("request_init")}
    answered = {each.http.response_init.id.stream for each in unread if each.http.HasField("response_init")}

    assert len(unread) == BUFFERED
    assert answered <= begun


async def test_a_restart_ends_the_call_and_the_next_process_counts_from_nought(mesh: Mesh) -> None:
    taps, web = ProxyTaps(mesh), the(mesh, "web")
    observation = taps.observe(web, everything())
    mesh.advance(NOON + 1)
    mesh.restart(web)
    assert await observation.batch()
    with pytest.raises(ProxyLostError):
        await observation.batch()

    again = taps.observe(web, everything())
    mesh.advance(NOON + 2)
    assert (await again.batch())[0].http.request_init.id.base == 0


async def test_a_dead_proxy_takes_no_calls(mesh: Mesh) -> None:
    mesh.faults.update(parse_faults(["dead=web"], mesh.topology))
    with pytest.raises(ProxyLostError):
        ProxyTaps(mesh).observe(the(mesh, "web"), everything())


async def test_headers_come_only_when_they_are_extracted(mesh: Mesh) -> None:
    extract = wire.ObserveRequest.Extract(http=wire.ObserveRequest.Extract.Http(headers={}))
    taps, emoji = ProxyTaps(mesh), the(mesh, "emoji")
    bare, full = taps.observe(emoji, everything()), taps.observe(emoji, everything(extract=extract))
    mesh.advance(NOON + 2)

    request, response, end = (each.http for each in (await full.batch())[:3])
    sent = {each.name: each.value for each in request.request_init.headers.headers}
    assert sent[":path"].startswith(b"/emojivoto.v1.EmojiService/")
    assert sent["l5d-client-id"] == the(mesh, "web").identity.encode()
    assert (":status", b"200") in [(each.name, each.value) for each in response.response_init.headers.headers]
    assert ("grpc-status", b"0") in [(each.name, each.value) for each in end.response_end.trailers.headers]

    request, response, end = (each.http for each in (await bare.batch())[:3])
    assert not request.request_init.HasField("headers")
    assert not response.response_init.HasField("headers")
    assert not end.response_end.HasField("trailers")


async def test_who_talks_to_whom_is_in_the_labels(mesh: Mesh) -> None:
    taps = ProxyTaps(mesh)
    web, voting = taps.observe(the(mesh, "web"), everything()), taps.observe(the(mesh, "voting"), everything())
    mesh.advance(NOON + 5)
    outbound = next(each for each in await web.batch() if each.proxy_direction == wire.TapEvent.OUTBOUND)
    inbound = (await voting.batch())[0]

    def labels(meta: wire.TapEvent.EndpointMeta) -> dict[str, str]:
        return {each.key: each.value for each in meta.labels}

    assert labels(outbound.source_meta) == {"tls": "loopback"}
    assert labels(outbound.destination_meta).items() >= {"tls": "true", "namespace": "emojivoto", "zone": ""}.items()
    assert labels(inbound.source_meta) == {"tls": "true", "client_id": the(mesh, "web").identity}
    assert labels(inbound.destination_meta).items() >= {"tls": "loopback", "srv_kind": "default"}.items()
    assert not inbound.HasField("route_meta")


def exact(text: str) -> Match.Http.StringMatch:
    return Match.Http.StringMatch(exact=text)


def prefix(text: str) -> Match.Http.StringMatch:
    return Match.Http.StringMatch(prefix=text)


def http(**match: Any) -> Match:
    return Match(http=Match.Http(**match))


def post() -> Match:
    return http(method=http_types.HttpMethod(registered="POST"))


def inverse(match: Match) -> Match:
    return Match(**{"not": match})


PORTS = Match.Tcp(ports=Match.Tcp.PortRange(min=8080))
CASES: dict[str, tuple[Match, Callable[[Hop], bool]]] = {
    "nothing but all": (Match(all=Match.Seq()), lambda hop: True),
    "any of nothing": (Match(any=Match.Seq()), lambda hop: False),
    "a path's beginning": (http(path=prefix("/api/em")), lambda hop: hop.path.startswith("/api/em")),
    "a whole path": (http(path=exact("/api/vote")), lambda hop: hop.path == "/api/vote"),
    "a query, which is never seen": (http(path=prefix("/api/vote?choice")), lambda hop: False),
    "an authority": (http(authority=exact("web-svc.emojivoto:80")), lambda hop: hop.service.name == "web-svc"),
    "part of an authority": (http(authority=exact("web-svc.emojivoto")), lambda hop: False),
    "a method": (post(), lambda hop: hop.method == "POST"),
    "a method of one's own": (http(method=http_types.HttpMethod(unregistered="BREW")), lambda hop: False),
    "http": (http(scheme=http_types.Scheme(registered="HTTP")), lambda hop: True),
    "https": (http(scheme=http_types.Scheme(registered="HTTPS")), lambda hop: False),
    "not": (inverse(post()), lambda hop: hop.method != "POST"),
    "one of two": (
        Match(any=Match.Seq(matches=[http(path=exact("/api/vote")), http(path=exact("/api/list"))])),
        lambda hop: hop.path in ("/api/vote", "/api/list"),
    ),
    "a destination's label": (
        Match(destination_label=Match.Label(key="deployment", value="voting")),
        lambda hop: hop.server.workload == "voting",
    ),
    "a route, where there is none": (Match(route_label=Match.Label(key="route", value="/api")), lambda hop: False),
    "a destination's port": (Match(destination=PORTS), lambda hop: True),
    "a source's port": (Match(source=PORTS), lambda hop: False),
    "a source's network": (
        Match(source=Match.Tcp(netmask=Match.Tcp.Netmask(ip=net.IPAddress(ipv4=127 << 24), mask=8))),
        lambda hop: True,
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_matches_are_applied_as_proxies_apply_them(mesh: Mesh, case: str) -> None:
    match, wanted = CASES[case]
    pod = the(mesh, "web")
    observation = ProxyTaps(mesh).observe(pod, wire.ObserveRequest(limit=1_000_000, match=match))
    events = await told(mesh, observation, NOON + 20)

    chosen = [hop for hop in mesh.log.hops if wanted(hop)]
    assert [as_told(event) for event in events] == as_logged(pod, iter(chosen), mesh.advance(NOON + 20))


@pytest.mark.parametrize(
    "request_",
    [
        wire.ObserveRequest(limit=1),
        wire.ObserveRequest(limit=0, match=Match(all=Match.Seq())),
        wire.ObserveRequest(limit=1, match=Match(all=Match.Seq(matches=[Match()]))),
        wire.ObserveRequest(limit=1, match=Match(http=Match.Http())),
        wire.ObserveRequest(limit=1, match=http(path=Match.Http.StringMatch())),
        wire.ObserveRequest(limit=1, match=http(method=http_types.HttpMethod())),
        wire.ObserveRequest(limit=1, match=Match(destination_label=Match.Label(key="pod"))),
        wire.ObserveRequest(limit=1, match=Match(source=Match.Tcp())),
    ],
)
def test_what_lacks_something_is_refused(mesh: Mesh, request_: wire.ObserveRequest) -> None:
    with pytest.raises(InvalidMatchError):
        ProxyTaps(mesh).observe(the(mesh, "web"), request_)
