"""The demo's aggregated API of tap over HTTP: paths, matches, labels of peers, sampling, refusals, faults."""

from __future__ import annotations

import json
import time
from collections import Counter

import httpx
import pytest

from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.tap.service import HEALTHY_FRAMES
from linkerdctl.tap.wire import viz_tap_pb2 as viz
from tests.conftest import DemoFactory, Kubectl
from tests.demo.tap_client import (
    WATCH,
    api_error,
    destinations,
    frames,
    http,
    make_unavailable,
    matching,
    refused,
    request_for,
    tapped,
)

Key = tuple[str, int]
FAST = 120.0


def named(meta: viz.TapEvent.EndpointMeta) -> str:
    return meta.labels["pod"].rsplit("-", 2)[0]


def finished(events: list[viz.TapEvent]) -> list[tuple[str, str, int, int, int]]:
    """Direction, path, HTTP status, nanoseconds in all and bytes of each request that has ended."""
    by_id: dict[tuple[int, int], dict[str, viz.TapEvent]] = {}
    for event in events:
        kind = event.http.WhichOneof("event") or ""
        stream = getattr(event.http, kind).id
        by_id.setdefault((stream.base, stream.stream), {})[kind] = event
    return [
        (
            viz.TapEvent.ProxyDirection.Name(parts["request_init"].proxy_direction).lower(),
            parts["request_init"].http.request_init.path,
            parts["response_init"].http.response_init.http_status,
            parts["response_end"].http.response_end.since_request_init.ToNanoseconds(),
            parts["response_end"].http.response_end.response_bytes,
        )
        for parts in by_id.values()
        if len(parts) == 3
    ]


def logged(hop: Hop, side: str) -> tuple[str, str, int, int, int]:
    began, ended = (hop.server_started, hop.server_ended) if side == "inbound" else (hop.started, hop.ended)
    return side, hop.path, hop.status, round((ended - began) * 1e9), hop.response_bytes


def test_what_is_tapped_is_in_the_request_log(demo: DemoMesh) -> None:
    ended = finished(tapped(demo, request_for(), 200))
    hops = demo.call(lambda: list(demo.log.hops))
    known = Counter(logged(hop, side) for hop in hops for side in ("inbound", "outbound"))

    assert len(ended) > 50
    assert {side for side, *_ in ended} == {"inbound", "outbound"}
    assert not Counter(ended) - known


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        ("pod", "{web}", "namespaces/emojivoto/pods/{web}/tap"),
        ("replicaset", "{web_set}", "namespaces/emojivoto/replicasets/{web_set}/tap"),
        ("deployment", "", "namespaces/emojivoto/deployments//tap"),
        ("namespace", "emojivoto", "namespaces/emojivoto/tap"),
    ],
)
def test_all_that_has_pods_can_be_tapped(demo: DemoMesh, kind: str, name: str, path: str) -> None:
    web = demo.mesh.topology.of_workload("emojivoto", "web")[0]
    words = {"web": web.name, "web_set": web.name.rsplit("-", 1)[0]}

    assert len(tapped(demo, request_for(kind, name.format(**words)), 5, path.format(**words))) == 5


def test_a_label_selector_chooses_among_objects(demo: DemoMesh) -> None:
    request = request_for(name="")
    request.target.label_selector = "app=voting-svc"

    events = tapped(demo, request, 30, "namespaces/emojivoto/deployments//tap")
    assert {named(event.destination_meta) for event in events} == {"voting"}


def test_peers_are_named_where_their_addresses_are_known(demo: DemoMesh) -> None:
    events = tapped(demo, request_for(), 100)
    talks = {(event.proxy_direction, named(event.source_meta), named(event.destination_meta)) for event in events}

    assert talks == {
        (viz.TapEvent.INBOUND, "vote-bot", "web"),
        (viz.TapEvent.OUTBOUND, "web", "emoji"),
        (viz.TapEvent.OUTBOUND, "web", "voting"),
    }
    labels = next(event for event in events if event.proxy_direction == viz.TapEvent.INBOUND).source_meta.labels
    assert labels["serviceaccount"] == "default"
    assert labels["tls"] == "true"


def paths(events: list[viz.TapEvent]) -> set[str]:
    return {event.http.request_init.path for event in events if event.http.HasField("request_init")}


def test_matches_all_hold_together(demo: DemoMesh) -> None:
    to_emoji = matching(destinations("deployment", "emoji", "emojivoto"), http(method="post"), http(scheme="http"))
    by_path = matching(http(path="/emojivoto.v1.VotingService/"), http(authority="voting-svc.emojivoto:8080"))

    assert all(path.startswith("/emojivoto.v1.EmojiService/") for path in paths(tapped(demo, to_emoji, 30)))
    assert all(path.startswith("/emojivoto.v1.VotingService/") for path in paths(tapped(demo, by_path, 30)))


def test_a_service_is_a_destination_too(demo: DemoMesh) -> None:
    events = tapped(demo, matching(destinations("service", "voting-svc")), 20)
    assert {named(event.destination_meta) for event in events} == {"voting"}


def test_no_more_requests_a_second_than_asked_for(demo_with: DemoFactory) -> None:
    request = request_for()
    request.max_rps = 4
    demo = demo_with(rps=FAST)
    began = time.monotonic()
    events = tapped(demo, request, 36)
    seconds = time.monotonic() - began

    assert len(finished(events)) == 12
    assert seconds > 2
    assert {event.http.request_init.id.base for event in events if event.http.HasField("request_init")} == {0, 1, 2}


def test_headers_are_text_where_they_are_text(demo: DemoMesh) -> None:
    request = request_for()
    request.extract.http.headers.SetInParent()
    events = tapped(demo, request, 30)
    headers = [each for event in events for each in event.http.request_init.headers.headers]

    assert {each.name for each in headers} >= {":authority", ":path", "user-agent", "x-b3-traceid"}
    assert all(each.WhichOneof("value") == "value_str" for each in headers)


def test_the_stream_is_what_the_api_promises(demo: DemoMesh) -> None:
    with httpx.stream("POST", demo.url + WATCH + "namespaces/emojivoto/tap",
                      content=request_for("namespace", "emojivoto").SerializeToString()) as response:  # fmt: skip
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["transfer-encoding"] == "chunked"


def test_who_may_not_watch_is_told_by_the_api_server(demo_with: DemoFactory) -> None:
    demo = demo_with(denials=(Denial("watch", "deployments/tap", "emojivoto"),))
    answer = refused(demo, request_for())

    assert answer.status_code == 403
    assert answer.json()["kind"] == "Status"
    assert 'cannot watch resource "deployments/tap" in API group "tap.linkerd.io"' in answer.json()["message"]
    assert len(tapped(demo, request_for("namespace", "emojivoto"), 3, "namespaces/emojivoto/tap")) == 3


def test_what_the_tap_server_finds_out_itself_it_says_in_its_own_way(demo_with: DemoFactory) -> None:
    answer = refused(demo_with(faults=("tap-403=web",)), request_for())

    assert answer.status_code == 403
    assert "tap-rbac" in answer.json()["error"]


@pytest.mark.parametrize("path", ["namespaces", "namespaces/emojivoto/services/web-svc/tap", "deployments/web/tap"])
def test_other_paths_are_bad_requests(demo: DemoMesh, path: str) -> None:
    answer = refused(demo, request_for(), path)

    assert answer.status_code == 400
    assert "error" in answer.json()


def with_match(match: viz.TapByResourceRequest.Match) -> viz.TapByResourceRequest:
    request = request_for()
    request.match.CopyFrom(match)
    return request


ANY = viz.TapByResourceRequest.Match(any=viz.TapByResourceRequest.Match.Seq())
NESTED = viz.TapByResourceRequest.Match(all=viz.TapByResourceRequest.Match.Seq(matches=[ANY]))


@pytest.mark.parametrize(
    ("request_", "path", "told"),
    [
        (b"\xff\xff", "namespaces/emojivoto/deployments/web/tap", "TapByResourceRequest"),
        (request_for(name="emoji"), "namespaces/emojivoto/deployments/web/tap", "deployments/emoji/tap"),
        (request_for(name="nobody"), "namespaces/emojivoto/deployments/nobody/tap", '"nobody" not found'),
        (with_match(ANY), "namespaces/emojivoto/deployments/web/tap", "not implemented"),
        (with_match(NESTED), "namespaces/emojivoto/deployments/web/tap", "not implemented"),
    ],
)
def test_what_cannot_be_tapped_is_told_in_a_framed_error(
    demo: DemoMesh, request_: viz.TapByResourceRequest | bytes, path: str, told: str
) -> None:
    assert told in api_error(refused(demo, request_, path))


def test_pods_outside_the_mesh_are_no_targets(demo: DemoMesh) -> None:
    request = request_for(name="webapp")
    request.target.resource.namespace = "books"

    assert api_error(refused(demo, request, "namespaces/books/deployments/webapp/tap")).startswith("no pods to tap")


def test_pods_with_tap_disabled_are_counted_and_named(demo_with: DemoFactory, kubectl: Kubectl) -> None:
    demo = demo_with()
    web = demo.mesh.topology.of_workload("emojivoto", "web")[0]
    disabled = "viz.linkerd.io/disable-tap=true"
    kubectl("annotate", "pod", "-n", "emojivoto", web.name, disabled, mesh=demo).check_returncode()
    told = api_error(refused(demo, request_for()))
    assert "1 pods found with tap disabled" in told
    assert f"\t* {web.name}" in told

    taken = ("viz.linkerd.io/disable-tap-", "viz.linkerd.io/tap-enabled-")
    kubectl("annotate", "pod", "-n", "emojivoto", web.name, *taken, mesh=demo).check_returncode()
    assert "restart these pods" in api_error(refused(demo, request_for()))


def test_the_api_is_discovered_as_long_as_its_api_service_is_there(demo_with: DemoFactory, kubectl: Kubectl) -> None:
    demo = demo_with()
    listed = kubectl("api-resources", "--api-group", "tap.linkerd.io", "-o", "name", mesh=demo).stdout
    assert "deployments.tap.linkerd.io" in listed
    document = json.loads(kubectl("get", "--raw", "/apis/tap.linkerd.io/v1alpha1", mesh=demo).stdout)
    assert {"pods", "pods/tap", "namespaces/tap"} <= {each["name"] for each in document["resources"]}

    kubectl("delete", "apiservice", "v1alpha1.tap.linkerd.io", mesh=demo).check_returncode()
    assert refused(demo, request_for()).status_code == 404
    assert "tap.linkerd.io" not in httpx.get(demo.url + "/apis").text


def test_an_api_service_that_is_not_available_takes_no_taps(demo_with: DemoFactory, kubectl: Kubectl) -> None:
    demo = demo_with()
    make_unavailable(demo, {"type": "Available", "status": "False", "reason": "MissingEndpoints"})
    service = ("apiservice", "v1alpha1.tap.linkerd.io")

    assert refused(demo, request_for()).status_code == 503
    assert "False (MissingEndpoints)" in kubectl("get", *service, mesh=demo).stdout


def read(demo: DemoMesh) -> list[bytes]:
    with httpx.stream("POST", demo.url + WATCH + "namespaces/emojivoto/deployments/web/tap",
                      content=request_for().SerializeToString(), timeout=10) as response:  # fmt: skip
        found = []
        for frame in frames(response):
            found.append(frame)
        return found


def test_a_stream_can_be_cut_in_the_middle_of_a_message(demo_with: DemoFactory) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        read(demo_with(faults=("tap-cut=web",), rps=FAST))


def test_a_stream_can_be_ended_by_the_server(demo_with: DemoFactory) -> None:
    assert len(read(demo_with(faults=("tap-ends:300ms=web",), rps=FAST))) > 3


def test_a_message_can_be_none(demo_with: DemoFactory) -> None:
    demo = demo_with(faults=("tap-garbage=web",), rps=FAST)
    with httpx.stream("POST", demo.url + WATCH + "namespaces/emojivoto/deployments/web/tap",
                      content=request_for().SerializeToString()) as response:  # fmt: skip
        stream = frames(response)
        parsed = [parses(next(stream)) for _ in range(HEALTHY_FRAMES + 3)]
    assert parsed == [True] * HEALTHY_FRAMES + [False, True, True]


def parses(frame: bytes) -> bool:
    try:
        viz.TapEvent.FromString(frame)
    except Exception:
        return False
    return True


SILENCE = 5.0
"""Seconds; a busy machine takes more than one to begin an answer."""


def test_a_proxy_that_restarts_drops_out_of_the_stream_silently(demo_with: DemoFactory) -> None:
    demo = demo_with(faults=("restarting:300ms=web",), rps=FAST)
    with httpx.stream("POST", demo.url + WATCH + "namespaces/emojivoto/deployments/web/tap",
                      content=request_for().SerializeToString(), timeout=SILENCE) as response:  # fmt: skip
        came = 0
        with pytest.raises(httpx.ReadTimeout):
            for _ in frames(response):
                came += 1
    assert came


PROFILE = """
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: voting-svc.emojivoto.svc.cluster.local, namespace: emojivoto}
spec:
  routes:
    - {name: votes, condition: {method: POST, pathRegex: "/emojivoto.v1.VotingService/Vote.*"}}
"""


def test_routes_of_a_service_profile_are_told(demo_with: DemoFactory, kubectl: Kubectl) -> None:
    demo = demo_with(rps=FAST)
    kubectl("apply", "-f", "-", stdin=PROFILE, mesh=demo).check_returncode()
    events = tapped(demo, matching(destinations("deployment", "voting")), 200)
    routes = {
        event.route_meta.labels["route"]
        for event in events
        if event.http.request_init.path.startswith("/emojivoto.v1.VotingService/Vote")
    }
    assert "votes" in routes


def test_a_client_that_leaves_leaves_nothing_behind(demo_with: DemoFactory) -> None:
    demo = demo_with()
    assert tapped(demo, request_for(), 3)
    for _ in range(200):
        if demo.call(lambda: sum(map(len, demo.mesh._taps.values()))) == 0:
            return
        time.sleep(0.01)
    pytest.fail("the tap is still open")
