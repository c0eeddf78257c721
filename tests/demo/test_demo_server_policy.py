"""Servers and authorizations decide in the demo what its proxies let in, and what they count of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from linkerdctl.demo.cluster.resources import REGISTRY
from linkerdctl.demo.cluster.store import Event, ObjectStore
from linkerdctl.demo.simulation.server_policy import ServerPolicies
from linkerdctl.demo.simulation.taken import InboundPolicy
from linkerdctl.demo.topology import DemoPod, Topology, identity_of
from tests.demo.test_demo_routes import Scene, more

TOPOLOGY = Topology.emojivoto(pods=8, started=0.0)
[WEB] = TOPOLOGY.of_workload("emojivoto", "web")
[BOT] = TOPOLOGY.of_workload("emojivoto", "vote-bot")
[STRANGER] = TOPOLOGY.of_workload("emojivoto-2", "vote-bot")
SERVER: dict[str, Any] = {"podSelector": {"matchLabels": {"app": "web-svc"}}, "port": 8080}


def made(kind: str, name: str, spec: dict[str, Any], **labels: str) -> dict[str, Any]:
    versions = {"Server": "v1beta3", "ServerAuthorization": "v1beta1", "HTTPRoute": "v1beta3"}
    metadata = {"name": name, "namespace": "emojivoto", "labels": labels}
    version = f"policy.linkerd.io/{versions.get(kind, 'v1alpha1')}"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def server(**more: Any) -> dict[str, Any]:
    return made("Server", "web-http", {**SERVER, **more}, tier="front")


def policy(name: str, target: str, *refs: dict[str, Any]) -> dict[str, Any]:
    kind, _, called = target.partition("/")
    spec = {"targetRef": {"kind": kind, "name": called}, "requiredAuthenticationRefs": list(refs)}
    return made("AuthorizationPolicy", name, spec)


def admitted(
    *manifests: dict[str, Any], client: DemoPod = BOT, port: int = 8080, path: str = "/api/vote"
) -> InboundPolicy | None:
    store, policies = ObjectStore(), ServerPolicies()
    store.listen(policies.changed)
    for each in manifests:
        store.add(each)
    return policies.admitted(client, WEB, port, "GET", path)


def lets_in(*manifests: dict[str, Any], client: DemoPod = BOT) -> bool:
    found = admitted(*manifests, client=client)
    assert found is not None
    return not found.denies


def account(name: str = "default") -> dict[str, Any]:
    return {"kind": "ServiceAccount", "name": name}


def test_without_a_server_for_the_port_nothing_is_decided() -> None:
    assert admitted() is None
    assert admitted(server(), port=9090) is None
    assert admitted(server(podSelector={"matchLabels": {"app": "other"}})) is None


def test_a_server_may_name_the_port() -> None:
    assert admitted(server(port="http")) is not None
    assert admitted(server(port="grpc")) is None


@pytest.mark.parametrize(
    ("access", "authorization"),
    [("deny", ""), ("audit", 'authz_kind="default",authz_name="audit"'),
     ("all-authenticated", 'authz_kind="default",authz_name="all-authenticated"')],
)  # fmt: skip
def test_what_nothing_authorizes_is_as_the_access_policy_says(access: str, authorization: str) -> None:
    found = admitted(server(accessPolicy=access))
    assert found is not None
    assert found.denies is (access == "deny")
    assert authorization in found.labels
    assert ("authz_" in found.labels) is (access != "deny")


MESH = made("MeshTLSAuthentication", "who", {"identityRefs": [account()]})
NAMED = made("MeshTLSAuthentication", "who", {"identities": [identity_of("default", "emojivoto")]})
SUFFIX = made(
    "MeshTLSAuthentication", "who", {"identities": ["*.emojivoto.serviceaccount.identity.linkerd.cluster.local"]}
)
SPACE = made("MeshTLSAuthentication", "who", {"identityRefs": [{"kind": "Namespace", "name": "emojivoto"}]})
WHO = {"kind": "MeshTLSAuthentication", "name": "who"}


@pytest.mark.parametrize("authentication", [MESH, NAMED, SUFFIX, SPACE], ids=["account", "name", "suffix", "namespace"])
def test_who_is_meant_is_let_in_and_nobody_else(authentication: dict[str, Any]) -> None:
    objects = server(), authentication, policy("some", "Server/web-http", WHO)
    assert lets_in(*objects)
    assert not lets_in(*objects, client=STRANGER)


def test_every_requirement_must_be_met() -> None:
    def network(cidr: str, *excepted: str) -> dict[str, Any]:
        return made("NetworkAuthentication", "where", {"networks": [{"cidr": cidr, "except": list(excepted)}]})

    both = policy("some", "Server/web-http", WHO, {"kind": "NetworkAuthentication", "name": "where"})
    assert lets_in(server(), MESH, network("0.0.0.0/0"), both)
    assert not lets_in(server(), MESH, network("192.0.2.0/24"), both)
    assert not lets_in(server(), MESH, network("0.0.0.0/0", f"{BOT.ip}/32"), both)
    assert not lets_in(server(), MESH, both)


@pytest.mark.parametrize("target", ["Server/web-http", "Namespace/emojivoto"])
def test_policies_are_for_a_server_or_all_of_a_namespace(target: str) -> None:
    assert lets_in(server(), policy("some", target, account()))
    assert not lets_in(server(), policy("some", "Server/other", account()))


def test_a_route_has_authorizations_of_its_own() -> None:
    spec = {
        "parentRefs": [{"group": "policy.linkerd.io", "kind": "Server", "name": "web-http"}],
        "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}]}],
    }
    objects = server(), made("HTTPRoute", "api", spec), policy("for-api", "HTTPRoute/api", account())
    inside, outside = admitted(*objects), admitted(*objects, path="/other")
    assert inside is not None
    assert outside is not None
    assert 'route_kind="HTTPRoute",route_name="api"' in inside.labels
    assert 'authz_kind="authorizationpolicy",authz_name="for-api"' in inside.labels
    assert 'route_kind="default",route_name="default"' in outside.labels
    assert outside.denies


@pytest.mark.parametrize("chosen", [{"name": "web-http"}, {"selector": {"matchLabels": {"tier": "front"}}}])
@pytest.mark.parametrize(
    ("client", "everybody"),
    [({"meshTLS": {"serviceAccounts": [account()]}}, False), ({"unauthenticated": True}, True),
     ({"meshTLS": {"unauthenticatedTLS": True}, "networks": [{"cidr": "0.0.0.0/0"}]}, True)],
)  # fmt: skip
def test_server_authorizations_say_both_sides(chosen: dict[str, Any], client: dict[str, Any], everybody: bool) -> None:
    objects = server(), made("ServerAuthorization", "some", {"server": chosen, "client": client})
    assert lets_in(*objects)
    assert lets_in(*objects, client=STRANGER) is everybody


def test_what_was_deleted_holds_no_more() -> None:
    store, policies = ObjectStore(), ServerPolicies()
    store.listen(policies.changed)
    store.add(server())
    assert policies.admitted(BOT, WEB, 8080, "GET", "/") is not None
    policies.changed(Event("DELETED", ("policy.linkerd.io", "servers"), 2, server()))
    assert policies.admitted(BOT, WEB, 8080, "GET", "/") is None


def test_denied_requests_are_counted_as_such_and_as_nothing_else() -> None:
    scene = Scene()
    scene.counted("web", 1)
    scene.apply(yaml.safe_dump(server()))
    scene.now += 2
    grown = scene.counted("web", 10)
    first, last = scene.looks("web")
    allowed, denied = scene.mesh.log.authorized(scene.pod("web"), first, last)
    assert (allowed, denied > 100) == (0, True)
    assert more(grown, "inbound_http_authz_deny_total", srv_name="web-http", route_name="default") == denied
    for family in ("response_total", "request_total", "inbound_http_authz_allow_total"):
        assert more(grown, family, target_port="8080", direction="inbound") == 0
    assert scene.mesh.log.truth(scene.pod("web"), "inbound", first, last).requests == 0


def test_clients_see_403_and_a_denied_page_calls_nobody() -> None:
    scene = Scene()
    scene.apply(yaml.safe_dump(server()))
    scene.now += 2
    sent, called = scene.counted("vote-bot", 5), scene.counted("emoji", 5)
    assert more(sent, "response_total", direction="outbound", status_code="403", classification="success") > 50
    assert more(sent, "response_total", direction="outbound", status_code="200") == 0
    assert more(called, "response_total", direction="inbound", target_port="8080") == 0


def test_a_denied_call_is_permission_denied_and_fails_the_page() -> None:
    scene = Scene()
    guard = {"podSelector": {"matchLabels": {"app": "emoji-svc"}}, "port": "grpc"}
    scene.apply(yaml.safe_dump(made("Server", "emoji-grpc", guard)))
    scene.now += 2
    grown = scene.counted("web", 5)
    assert more(grown, "response_total", direction="outbound", grpc_status="7", classification="failure") > 50
    assert more(grown, "response_total", direction="inbound", status_code="500", target_port="8080") > 50


def test_the_demo_serves_what_these_manifests_say() -> None:
    assert all(REGISTRY.of_kind(each["apiVersion"], each["kind"]) for each in (server(), MESH, policy("a", "Server/b")))
