"""Routes as objects of the Gateway API: what they match, what they promise, and what of a route they cannot say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.profiles.gateway import GRPC_ROUTE, HTTP_ROUTE, gateway_objects
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.proto import routes_of_proto
from linkerdctl.profiles.routes import ResponseClass, RetryBudget, Route

WEB = ServiceName("web-svc", "emojivoto")


def route(regex: str = "/a", method: str = "GET", name: str = "", **more: Any) -> Route:
    return Route(name or f"{method} {regex}", method, regex, **more)


def made(kind: str, *routes: Route, budget: RetryBudget | None = None) -> tuple[list[Any], str]:
    """The manifests without the one for all other requests, and what is lost as one text."""
    found = gateway_objects(kind, WEB, 80, routes, budget)
    return list(found.manifests[:-1]), "\n".join(found.lost)


def the_match(manifest: Any) -> Any:
    [rule] = manifest["spec"]["rules"]
    [match] = rule["matches"]
    return match


def test_a_route_is_attached_to_its_service_and_leads_back_to_it() -> None:
    [manifest], _ = made(HTTP_ROUTE, route())
    assert manifest == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web-svc-get-a", "namespace": "emojivoto"},
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": "web-svc", "port": 80}],
            "rules": [
                {
                    "matches": [{"path": {"type": "Exact", "value": "/a"}, "method": "GET"}],
                    "backendRefs": [{"kind": "Service", "name": "web-svc", "port": 80}],
                }
            ],
        },
    }


@pytest.mark.parametrize(
    ("regex", "path"),
    [
        ("/a/b", {"type": "Exact", "value": "/a/b"}),
        (r"/a\.b", {"type": "Exact", "value": "/a.b"}),
        ("^/a$", {"type": "Exact", "value": "/a"}),
        ("/a%20b", {"type": "Exact", "value": "/a%20b"}),
        ("/a/[^/]*", {"type": "RegularExpression", "value": "^/a/[^/]*$"}),
        ("/a//b", {"type": "RegularExpression", "value": "^/a//b$"}),
        ("/a/../b", {"type": "RegularExpression", "value": "^/a/../b$"}),
        (r"/a/\.\.", {"type": "RegularExpression", "value": r"^/a/\.\.$"}),
        ("/a%2Fb", {"type": "RegularExpression", "value": "^/a%2Fb$"}),
        ("/a b", {"type": "RegularExpression", "value": "^/a b$"}),
    ],
)
def test_paths_are_exact_where_they_can_be(regex: str, path: dict[str, str]) -> None:
    [manifest], _ = made(HTTP_ROUTE, route(regex))
    assert the_match(manifest)["path"] == path


def test_any_path_and_any_method_need_no_words() -> None:
    [any_path, any_method], _ = made(HTTP_ROUTE, route("", "GET", "a"), route("/b", "", "b"))
    assert the_match(any_path) == {"method": "GET"}
    assert the_match(any_method) == {"path": {"type": "Exact", "value": "/b"}}


def test_what_matches_no_object_is_taken_by_one_for_the_rest() -> None:
    found = gateway_objects(HTTP_ROUTE, WEB, 80, [route()])
    rest = found.manifests[-1]
    assert rest["metadata"]["name"] == "web-svc-default"
    assert the_match(rest) == {"path": {"type": "PathPrefix", "value": "/"}}
    assert "requests that match no route are refused as soon as there is one: web-svc-default takes them" in found.lost
    [rule] = gateway_objects(GRPC_ROUTE, WEB, 80, [route(r"/a\.B/C", "POST")]).manifests[-1]["spec"]["rules"]
    assert "matches" not in rule


def test_without_routes_there_is_nothing_for_the_rest_either() -> None:
    assert gateway_objects(HTTP_ROUTE, WEB, 80, []).manifests == ()


def test_protos_become_grpc_routes() -> None:
    routes = routes_of_proto(
        "package v.v1; service S { rpc A (B) returns (C) { option idempotency_level = IDEMPOTENT; } rpc D (E) returns (F); }"
    ).routes
    manifests, _ = made(GRPC_ROUTE, *routes)
    assert [the_match(each)["method"] for each in manifests] == [
        {"type": "Exact", "service": "v.v1.S", "method": "A"},
        {"type": "Exact", "service": "v.v1.S", "method": "D"},
    ]
    assert [each["metadata"].get("annotations") for each in manifests] == [
        {"retry.linkerd.io/grpc": "cancelled,deadline-exceeded,internal,resource-exhausted,unavailable"},
        None,
    ]


def test_retries_and_timeouts_become_annotations() -> None:
    [manifest], lost = made(HTTP_ROUTE, route(is_retryable=True, timeout="1m30s"))
    assert manifest["metadata"]["annotations"] == {"retry.linkerd.io/http": "5xx", "timeout.linkerd.io/request": "90s"}
    assert "retries: at most one per request" in lost


@pytest.mark.parametrize(
    ("timeout", "annotation"),
    [("300ms", "300ms"), ("1.5s", "1500ms"), ("60s", "1m"), ("2h", "2h"), ("1h30m", "90m"), ("0.1s", "100ms")],
)
def test_timeouts_have_one_unit(timeout: str, annotation: str) -> None:
    [manifest], _ = made(HTTP_ROUTE, route(timeout=timeout))
    assert manifest["metadata"]["annotations"] == {"timeout.linkerd.io/request": annotation}


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (HTTP_ROUTE, route(timeout="1us"), "its timeout 1us, which is no whole number of milliseconds"),
        (HTTP_ROUTE, route(timeout="soon"), "its timeout, 'soon' is no duration"),
        (HTTP_ROUTE, route(responses=(ResponseClass(500, 599, True),)), "response classes (failures: 500-599)"),
        (HTTP_ROUTE, route(responses=(ResponseClass(404, 404),)), "response classes (failures: none)"),
        (HTTP_ROUTE, route(method="PURGE"), "left out, an HTTPRoute cannot match the method PURGE"),
        (HTTP_ROUTE, route("/" + "a" * 1024), "left out, its path is longer than 1024 characters"),
        (GRPC_ROUTE, route("/a"), "left out, it is no gRPC method; --kind httproute takes it"),
        (GRPC_ROUTE, route(r"/a\.B/C", "GET"), "left out, it is no gRPC method"),
        (GRPC_ROUTE, route("/a.B/[^/]*", "POST"), "left out, it is no gRPC method"),
        (GRPC_ROUTE, route("/a-b/C", "POST"), "left out, it is no gRPC method"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_listed(kind: str, given: Route, words: str) -> None:
    assert f"{given.name}: {words}" in "\n".join(gateway_objects(kind, WEB, 80, [given]).lost)


def test_retries_of_grpc_calls_by_status_are_no_use() -> None:
    [call] = routes_of_proto("service S { rpc A (B) returns (C) { option idempotency_level = IDEMPOTENT; } }").routes
    _, lost = made(HTTP_ROUTE, call)
    assert "A: retries of gRPC failures, which have status 200; --kind grpcroute retries them" in lost


def test_a_retry_budget_is_listed() -> None:
    assert "the retry budget has no counterpart" in made(HTTP_ROUTE, route(), budget=RetryBudget(0.2, 10, "10s"))[1]


routes = st.lists(
    st.builds(
        Route,
        st.text(max_size=90),
        st.sampled_from(["GET", "POST", "", "PURGE"]),
        st.sampled_from(["/a", "/a/[^/]*", "/x.Y/Z", r"/x\.Y/Z", "/a b", "", "/" + "long" * 300]),
    ),
    max_size=8,
)


@given(routes, st.sampled_from([HTTP_ROUTE, GRPC_ROUTE]))
def test_every_route_is_an_object_or_is_listed_and_all_names_are_names_of_their_own(
    given: list[Route], kind: str
) -> None:
    found = gateway_objects(kind, ServiceName("s" * 63, "n"), 80, given)
    dropped = sum(": left out, " in line for line in found.lost)
    assert len(found.manifests[:-1]) + dropped == len(given)
    names = [each["metadata"]["name"] for each in found.manifests]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 and re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name) for name in names)
