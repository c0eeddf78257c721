"""The API face over HTTP: the pod proxy, port-forward, tokens, pages, watches, documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.topology import DemoPod
from tests.conftest import DemoFactory

CHANNELS = ["v4.channel.k8s.io"]


@pytest.fixture
def api(demo: DemoMesh) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo.url) as client:
        yield client


def pod(mesh: DemoMesh, workload: str = "web") -> DemoPod:
    return mesh.mesh.topology.of_workload("emojivoto", workload)[0]


def proxy_path(of: DemoPod, path: str = "metrics", port: int = 4191) -> str:
    return f"/api/v1/namespaces/{of.namespace}/pods/{of.name}:{port}/proxy/{path}"


def requests_in(text: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("request_total{"))


def test_the_pod_proxy_returns_what_the_proxy_returns(api: httpx.Client, demo: DemoMesh) -> None:
    through_api = api.get(proxy_path(pod(demo)))
    direct = httpx.get(f"http://{pod(demo).ip}:4191/metrics")

    assert through_api.headers["content-type"] == direct.headers["content-type"] == "text/plain; version=0.0.4"
    assert 0 < requests_in(through_api.text) <= requests_in(direct.text)
    assert api.get(proxy_path(pod(demo), "ready")).text == "ready\n"


def test_metrics_are_compressed_when_asked_for(demo: DemoMesh) -> None:
    url = f"http://{pod(demo).ip}:4191/metrics"

    assert httpx.get(url).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in httpx.get(url, headers={"accept-encoding": "identity"}).headers


def test_a_pod_refuses_ports_it_does_not_have(api: httpx.Client, demo: DemoMesh) -> None:
    refused = api.get(proxy_path(pod(demo), port=4999))

    assert refused.status_code == 503
    assert refused.json()["message"] == (
        f"error trying to reach service: dial tcp {pod(demo).ip}:4999: connect: connection refused"
    )


def test_a_pod_that_is_not_there_is_not_found(api: httpx.Client) -> None:
    missing = api.get("/api/v1/namespaces/emojivoto/pods/nope:4191/proxy/metrics")

    assert missing.status_code == 404
    assert missing.json()["message"] == 'pods "nope" not found'


def test_a_required_token_is_asked_for(demo_with: DemoFactory) -> None:
    mesh = demo_with(token="a-secret")
    pods = f"{mesh.url}/api/v1/pods"

    assert httpx.get(pods).status_code == 401
    assert httpx.get(pods, headers={"authorization": "Bearer wrong"}).json()["reason"] == "Unauthorized"
    assert httpx.get(pods, headers={"authorization": "Bearer a-secret"}).status_code == 200
    assert json.loads(mesh.kubeconfig.read_text())["users"][0]["user"] == {"token": "a-secret"}


def test_denials_hold_for_subresources_of_their_namespace(demo_with: DemoFactory) -> None:
    mesh = demo_with(denials=(Denial("get", "pods/proxy", "emojivoto"),))

    refused = httpx.get(mesh.url + proxy_path(pod(mesh)))

    assert refused.status_code == 403
    assert refused.json()["message"] == (
        f'pods "{pod(mesh).name}:4191" is forbidden: User "demo" cannot get resource "pods/proxy" in API group "" '
        'in the namespace "emojivoto"'
    )
    [elsewhere] = mesh.mesh.topology.of_workload("linkerd", "linkerd-identity")
    assert httpx.get(mesh.url + proxy_path(elsewhere)).status_code == 200


def test_lists_come_in_pages(api: httpx.Client) -> None:
    whole = [each["metadata"]["name"] for each in api.get("/api/v1/pods").json()["items"]]

    paged: list[str] = []
    token, rounds = "", 0
    while token or not paged:
        part = api.get("/api/v1/pods", params={"limit": 3, "continue": token}).json()
        assert part["metadata"].get("remainingItemCount", 0) == len(whole) - len(paged) - len(part["items"])
        paged += [each["metadata"]["name"] for each in part["items"]]
        token, rounds = part["metadata"].get("continue", ""), rounds + 1

    assert paged == whole
    assert rounds == -(-len(whole) // 3)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"labelSelector": "app=web-svc"}, 1),
        ({"labelSelector": "app in (web-svc,emoji-svc)"}, 2),
        ({"labelSelector": "!app"}, 0),
        ({"fieldSelector": "status.phase=Running,spec.nodeName=demo-node"}, 4),
        ({"fieldSelector": "status.phase!=Running"}, 0),
    ],
)
def test_selectors_choose(api: httpx.Client, query: dict[str, str], count: int) -> None:
    assert len(api.get("/api/v1/namespaces/emojivoto/pods", params=query).json()["items"]) == count


@pytest.mark.parametrize("query", [{"labelSelector": "a in b"}, {"fieldSelector": "spec.bogus=1"}, {"continue": "?"}])
def test_selectors_that_cannot_be_read_are_refused(api: httpx.Client, query: dict[str, str]) -> None:
    assert api.get("/api/v1/pods", params=query).status_code == 400


def events(api: httpx.Client, path: str, query: dict[str, str]) -> list[tuple[str, str]]:
    lines = api.get(path, params={"watch": "true", "timeoutSeconds": "0.2", **query}).text.splitlines()
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in map(json.loads, lines)]


def test_a_watch_resumes_after_a_version_and_sees_objects_enter_and_leave(api: httpx.Client) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    since = api.get(path).json()["metadata"]["resourceVersion"]
    api.post(path, json={"metadata": {"name": "seen", "labels": {"in": "view"}}})
    api.patch(f"{path}/seen", json={"metadata": {"labels": None}}, headers={"content-type": MERGE})
    api.delete(f"{path}/seen")

    everything = [("ADDED", "seen"), ("MODIFIED", "seen"), ("DELETED", "seen")]
    assert events(api, path, {"resourceVersion": since}) == everything
    entered_and_left = [("ADDED", "seen"), ("DELETED", "seen")]
    assert events(api, path, {"resourceVersion": since, "labelSelector": "in"}) == entered_and_left


MERGE = "application/merge-patch+json"


def test_an_old_version_cannot_be_written(api: httpx.Client) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    made = api.post(path, json={"metadata": {"name": "written-twice"}}).json()

    first = api.put(f"{path}/written-twice", json={**made, "data": {"a": "1"}})
    second = api.put(f"{path}/written-twice", json={**made, "data": {"a": "2"}})

    assert (first.status_code, second.status_code) == (200, 409)
    assert "the object has been modified" in second.json()["message"]
    api.delete(f"{path}/written-twice")


def unknown_field(api: httpx.Client, validation: str) -> httpx.Response:
    profile = {"metadata": {"name": f"unknown-{validation.lower()}"}, "spec": {"bogus": 1}}
    path = "/apis/linkerd.io/v1alpha2/namespaces/default/serviceprofiles"
    return api.post(path, json=profile, params={"fieldValidation": validation, "dryRun": "All"})


def test_unknown_fields_are_refused_warned_of_or_dropped(api: httpx.Client) -> None:
    strict, warn, ignore = (unknown_field(api, each) for each in ("Strict", "Warn", "Ignore"))

    assert strict.status_code == 400
    assert strict.json()["message"].endswith('strict decoding error: unknown field "spec.bogus"')
    assert warn.headers["warning"] == '299 - "unknown field \\"spec.bogus\\""'
    assert "warning" not in ignore.headers
    assert ignore.json()["spec"] == {}


def test_the_older_version_of_a_profile_requires_routes(api: httpx.Client) -> None:
    profile = {"metadata": {"name": "old"}, "spec": {}}
    path = "/apis/linkerd.io/{}/namespaces/default/serviceprofiles"

    assert api.post(path.format("v1alpha2"), json=profile, params={"dryRun": "All"}).status_code == 201
    refused = api.post(path.format("v1alpha1"), json=profile, params={"dryRun": "All"})
    assert refused.json()["details"]["causes"] == [
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.routes"}
    ]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "APIGroupList"),
        ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "APIGroupDiscoveryList"),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", "APIGroupDiscoveryList"),
    ],
)
def test_both_forms_of_discovery_name_the_same_groups(api: httpx.Client, accept: str, kind: str) -> None:
    document = api.get("/apis", headers={"accept": accept}).json()

    assert document["kind"] == kind
    names = [each.get("name") or each["metadata"]["name"] for each in document.get("groups") or document["items"]]
    assert {"apps", "linkerd.io", "policy.linkerd.io", "gateway.networking.k8s.io"} <= set(names)


def test_every_document_of_version_3_can_be_read(api: httpx.Client) -> None:
    index: dict[str, Any] = api.get("/openapi/v3").json()["paths"]

    documents = [api.get(each["serverRelativeURL"]).json() for each in index.values()]

    models = {model for document in documents for model in document["components"]["schemas"]}
    assert {"io.linkerd.v1alpha2.ServiceProfile", "io.linkerd.policy.v1beta3.Server"} <= models


@pytest.mark.parametrize("path", ["/apis/nope", "/api/v2", "/api/v1/nope", "/nope", "/api/v1/pods/x/nope/y"])
def test_other_paths_are_not_found(api: httpx.Client, path: str) -> None:
    missing = api.get(path)

    assert (missing.status_code, missing.json()["kind"]) == (404, "Status")


def forward_url(mesh: DemoMesh, of: DemoPod, port: int = 4191) -> str:
    address = mesh.url.replace("http", "ws")
    return f"{address}/api/v1/namespaces/{of.namespace}/pods/{of.name}/portforward?ports={port}"


def test_a_port_is_forwarded_over_a_web_socket(demo: DemoMesh) -> None:
    with connect(forward_url(demo, pod(demo)), subprotocols=CHANNELS) as socket:  # type: ignore[list-item]
        assert [socket.recv(), socket.recv()] == [b"\x00\x5f\x10", b"\x01\x5f\x10"]
        socket.send(b"\x00GET /ready HTTP/1.1\r\nhost: pod\r\nconnection: close\r\n\r\n")
        answer = b"".join(message[1:] for message in socket if isinstance(message, bytes))

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"ready\n")


def test_a_forwarded_port_without_a_listener_says_so_on_its_error_channel(demo: DemoMesh) -> None:
    with connect(forward_url(demo, pod(demo), 4999), subprotocols=CHANNELS) as socket:  # type: ignore[list-item]
        messages = [message for message in socket if isinstance(message, bytes)]

    assert messages[2][0] == 1
    assert b"connection refused" in messages[2]


def test_a_forward_to_a_missing_pod_is_not_found(demo: DemoMesh) -> None:
    url = forward_url(demo, pod(demo)).replace(pod(demo).name, "nope")

    with pytest.raises(InvalidStatus) as refused:
        connect(url, subprotocols=CHANNELS)  # type: ignore[arg-type]

    assert refused.value.response.status_code == 404
