"""What is asked of the tap APIs, byte for byte where the real tool's request is known."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.errors import UsageError
from linkerdctl.kube.selection import Selection, parse_target
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.tap.query import (
    Matches,
    TapQuery,
    check_kinds,
    observe_request,
    requests_per_pod,
    viz_path,
    viz_request,
)
from linkerdctl.tap.wire import http_types_pb2 as http
from linkerdctl.tap.wire import viz_tap_pb2 as viz


def target(text: str, namespace: str | None = "emojivoto") -> Selection:
    return parse_target(text, namespace=namespace)


def asked(**matches: Any) -> TapQuery:
    return TapQuery(target("deploy/web"), Matches(**matches))


ALL = {"to": target("deploy/voting", None), "scheme": "https", "method": "post", "authority": "a:80", "path": "/p"}


def test_a_plain_request_is_the_real_tool_s_byte_for_byte() -> None:
    captured = "0a1e0a1c0a09656d6f6a69766f746f120a6465706c6f796d656e741a0377656212020a001d0000c8422200"
    assert viz_request(asked()).hex() == captured


def test_matches_are_in_one_sequence_in_the_real_tool_s_order() -> None:
    request = viz.TapByResourceRequest.FromString(viz_request(asked(**ALL)))
    to, scheme, method, authority, path = request.match.all.matches
    assert (to.destinations.resource.type, to.destinations.resource.name) == ("deployment", "voting")
    assert to.destinations.resource.namespace == ""
    assert (scheme.http.scheme, method.http.method) == ("https", "post")
    assert (authority.http.authority, path.http.path) == ("a:80", "/p")


def test_headers_are_asked_for_only_if_wanted() -> None:
    request = viz.TapByResourceRequest.FromString(viz_request(TapQuery(target("po/a"), headers=True)))
    assert request.extract.http.HasField("headers")
    assert observe_request(TapQuery(target("po/a"), headers=True), 1).extract.http.HasField("headers")
    assert not observe_request(TapQuery(target("po/a")), 1).HasField("extract")


def test_selectors_and_namespaces_go_where_they_belong() -> None:
    selection = Selection(target("deploy").kind, "emojivoto", labels=parse_selector("app=web,tier!=db"))
    request = viz.TapByResourceRequest.FromString(viz_request(TapQuery(selection)))
    assert request.target.label_selector == "app=web,tier!=db"
    request = viz.TapByResourceRequest.FromString(viz_request(TapQuery(target("ns/emojivoto"))))
    assert (request.target.resource.namespace, request.target.resource.name) == ("", "emojivoto")


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("deploy/web", "namespaces/emojivoto/deployments/web/tap"),
        ("deploy", "namespaces/emojivoto/deployments//tap"),
        ("po/web-1.x", "namespaces/emojivoto/pods/web-1.x/tap"),
        ("ns/books", "namespaces/books/tap"),
        ("cj/nightly", "namespaces/emojivoto/cronjobs/nightly/tap"),
    ],
)
def test_paths_are_the_real_tool_s(resource: str, path: str) -> None:
    assert viz_path(target(resource)) == f"/apis/tap.linkerd.io/v1alpha1/watch/{path}"


def test_a_proxy_is_asked_what_the_tap_server_would_ask_it() -> None:
    request = observe_request(asked(**ALL), 7)
    to, scheme, method, authority, path = request.match.all.matches
    assert request.limit == 7
    assert (to.destination_label.key, to.destination_label.value) == ("deployment", "voting")
    assert scheme.http.scheme.registered == http.Scheme.HTTPS
    assert method.http.method.registered == http.HttpMethod.POST
    assert (authority.http.authority.exact, path.http.path.prefix) == ("a:80", "/p")
    assert observe_request(asked(), 1).match.HasField("all")


@pytest.mark.parametrize(
    ("to", "labels"),
    [
        (target("job/a", "b"), [("k8s_job", "a"), ("namespace", "b")]),
        (target("ns/b", None), [("namespace", "b")]),
        (target("svc", "b"), [("namespace", "b")]),
    ],
)
def test_destinations_are_labels_to_a_proxy(to: Selection, labels: list[tuple[str, str]]) -> None:
    matches = observe_request(asked(to=to), 1).match.all.matches
    assert [(each.destination_label.key, each.destination_label.value) for each in matches] == labels


def test_words_that_are_not_registered_go_as_they_are() -> None:
    [method] = observe_request(asked(method="Purge"), 1).match.all.matches
    assert method.http.method.unregistered == "Purge"


@pytest.mark.parametrize(("rps", "pods", "each"), [(100, 1, 100), (100, 60, 1), (100, 300, 1), (10, 4, 2), (0, 2, 50)])
def test_the_limit_is_shared_out_as_the_tap_server_does(rps: float, pods: int, each: int) -> None:
    assert requests_per_pod(rps, pods) == each


@pytest.mark.parametrize("resource", ["svc/web", "au/web:80", "ns", "rollout/web", "deployy"])
def test_what_has_no_pods_of_its_own_cannot_be_tapped(resource: str) -> None:
    with pytest.raises(UsageError):
        check_kinds(TapQuery(target(resource)))


def test_services_are_destinations_and_authorities_are_not() -> None:
    check_kinds(asked(to=target("svc/web")))
    with pytest.raises(UsageError, match="destination"):
        check_kinds(asked(to=target("au/web:80")))


def test_matches_can_be_said_as_options() -> None:
    assert str(Matches()) == ""
    assert str(Matches(to=target("deploy/voting", "b"), path="/p")) == (
        "--to deployment/voting --to-namespace b --path /p"
    )
