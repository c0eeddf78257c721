"""What policies say: which authorization is for which Server and route, and whom they concern."""

from __future__ import annotations

import pytest

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.selection import parse_selections
from linkerdctl.reports.authz_objects import PolicyObjects, grants_of
from tests.reports.cluster_for_tests import cluster
from tests.reports.policies_for_tests import policy, route, server, server_authorization

OBJECTS = [
    server("web-http"),
    server("emoji-grpc", "emoji", labels={"tier": "backend"}),
    route("api", "web-http"),
    route("find", "emoji-grpc", "GRPCRoute", "gateway.networking.k8s.io/v1"),
    policy("for-api", "HTTPRoute", "api", "MeshTLSAuthentication/clients"),
    policy("for-find", "GRPCRoute", "find", "NetworkAuthentication/cluster", "MeshTLSAuthentication/clients"),
    policy("for-web", "Server", "web-http", "ServiceAccount/operator"),
    policy("for-all", "Namespace", "emojivoto", "NetworkAuthentication/cluster"),
    server_authorization("by-name", name="web-http"),
    server_authorization("by-labels", selector={"matchLabels": {"tier": "backend"}}),
]
FOUND = PolicyObjects.of(OBJECTS)


def grants(words: str, inventory: Inventory | None = None) -> set[tuple[str, str, str]]:
    """Object, authorization and what it is for."""
    [selection] = parse_selections([words], namespace="emojivoto")
    return {
        (owner.name, each.name, each.route or each.server)
        for owner, each in grants_of(selection, inventory or cluster(), FOUND)
    }


def test_every_sort_of_target_is_understood() -> None:
    assert {(each.name, each.server, each.route) for each in FOUND.grants} == {
        ("for-api", "web-http", "api"),
        ("for-find", "emoji-grpc", "find"),
        ("for-web", "web-http", ""),
        ("for-all", "web-http", ""),
        ("for-all", "emoji-grpc", ""),
        ("by-name", "web-http", ""),
        ("by-labels", "emoji-grpc", ""),
    }
    assert FOUND.notes == ()


def test_a_workload_is_concerned_by_what_guards_its_pods() -> None:
    web = {("web", "for-api", "api"), *(("web", name, "web-http") for name in ("for-web", "for-all", "by-name"))}
    assert grants("deploy/web") == web
    assert grants("deploy/legacy") == set()
    everyone = {name for name, _, _ in grants("deploy")}
    assert everyone == {"web", "emoji"}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("server/emoji-grpc", {"for-find", "for-all", "by-labels"}),
        ("ap/for-web", {"for-web"}),
        ("saz", {"by-name", "by-labels"}),
        ("httproute/api", {"for-api"}),
        ("grpcroute", {"for-find"}),
        ("meshtlsauthn/clients", {"for-api", "for-find"}),
        ("netauthn", {"for-find", "for-all"}),
        ("svc/web-svc", {"for-api", "for-web", "for-all", "by-name"}),
    ],
)
def test_a_policy_is_concerned_by_what_mentions_it(words: str, names: set[str]) -> None:
    assert {name for _, name, _ in grants(words)} == names


def test_elsewhere_nothing_is_concerned() -> None:
    [selection] = parse_selections(["server"], namespace="books")
    assert list(grants_of(selection, cluster(), FOUND)) == []


def test_an_authorization_for_nothing_is_told() -> None:
    lost = [
        policy("lost", "Server", "nowhere"),
        policy("astray", "HTTPRoute", "gone"),
        server_authorization("old", name="x"),
    ]
    notes = PolicyObjects.of(lost).notes
    assert sorted(notes) == [
        "authorizationpolicy emojivoto/astray applies to nothing: its httproute gone is not there",
        "authorizationpolicy emojivoto/lost applies to nothing: its server nowhere is not there",
        "serverauthorization emojivoto/old applies to nothing: its server x is not there",
    ]
    assert PolicyObjects.of([policy("later", "Namespace", "emojivoto")]).notes == ()


def test_kinds_of_other_groups_are_not_ours() -> None:
    foreign = {**server("web-http"), "apiVersion": "example.com/v1"}
    assert PolicyObjects.of([foreign, policy("for-web", "Server", "web-http")]).grants == ()


def test_a_server_without_a_selector_guards_no_pod() -> None:
    [found] = PolicyObjects.of([{**server("out"), "spec": {"port": 80, "externalWorkloadSelector": {}}}]).servers
    assert not found.selects("emojivoto", {"app": "web"})


def test_targets_are_in_the_namespace_of_the_policy() -> None:
    objects = [server("web-http"), route("api", "other", namespace="books"), policy("for-api", "HTTPRoute", "api")]
    found = PolicyObjects.of(objects)
    assert (found.grants, len(found.notes)) == ((), 1)
