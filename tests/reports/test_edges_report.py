"""Edges out of traffic that no recording holds: outside peers, mixed kinds, plain text, pods that nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import DEPLOYMENT, STATEFULSET
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.edges import INBOUND, OUTBOUND, EdgeRow, EdgesRequest, reason_of, rows

BUSY = Traffic(successes=3.0, failures=1.0, request_rate=0.4, tcp_open=1.0, seconds=10.0)
EVERYTHING = EdgesRequest((), None)


def pod(name: str, owner: str, kind: str, namespace: str = "shop") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"linkerd.io/control-plane-ns": "linkerd"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": kind, "name": owner, "controller": True}],
        },
        "spec": {
            "serviceAccountName": owner,
            "containers": [{"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 4191}]}],
        },
        "status": {"phase": "Running", "podIP": "10.0.0.1"},
    }


INVENTORY = Inventory.from_objects([pod("web-1", "web", "Deployment"), pod("db-0", "db", "StatefulSet")])


def outbound(**labels: str) -> tuple[str, ...]:
    told = {"namespace": "shop", "pod": "web-1", "tls": "true", "authority": "db.shop:5432", **labels}
    return tuple(told.get(label, "") for label in OUTBOUND.group_by)


def inbound(**labels: str) -> tuple[str, ...]:
    told = {"namespace": "shop", "pod": "db-0", "tls": "no_identity", "no_tls_reason": "no_tls_from_remote", **labels}
    return tuple(told.get(label, "") for label in INBOUND.group_by)


def found(sent: dict[tuple[str, ...], Traffic], got: dict[tuple[str, ...], Traffic] | None = None) -> list[EdgeRow]:
    return rows(EVERYTHING, (sent, got or {}), INVENTORY)


def pairs(edges: list[EdgeRow]) -> list[tuple[str, str]]:
    return [(f"{edge.client.kind}/{edge.client.name}", f"{edge.server.kind}/{edge.server.name}") for edge in edges]


def test_an_edge_joins_objects_of_different_kinds() -> None:
    [edge] = found({outbound(dst_namespace="shop", dst_pod="db-0", server_id="db.shop.serviceaccount.x"): BUSY})
    assert pairs([edge]) == [("deployment/web", "statefulset/db")]
    assert (edge.client_ids, edge.server_ids) == (("web.shop",), ("db.shop",))
    assert (edge.golden.rps, edge.golden.success_rate) == (0.4, 0.75)


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFULSET])
def test_asking_for_either_kind_finds_it(kind: Any) -> None:
    sent = {outbound(dst_namespace="shop", dst_pod="db-0"): BUSY}
    assert len(rows(EdgesRequest((Selection(kind, "shop"),), "shop"), (sent, {}), INVENTORY)) == 1
    assert rows(EdgesRequest((Selection(kind, "elsewhere"),), "elsewhere"), (sent, {}), INVENTORY) == []


def test_a_peer_that_is_no_pod_is_external() -> None:
    [edge] = found({outbound(authority="api.example.com:443", tls="no_identity", no_tls_reason="not_http"): BUSY})
    assert pairs([edge]) == [("deployment/web", "external/api.example.com:443")]
    assert (edge.secured, edge.reason) == (False, "Not HTTP")


def test_a_pod_that_is_gone_is_known_by_what_the_proxy_said_of_it() -> None:
    key = outbound(dst_namespace="shop", dst_pod="gone-1", dst_deployment="gone", dst_replicaset="gone-5f")
    assert pairs(found({key: BUSY})) == [("deployment/web", "deployment/gone")]


def test_a_call_without_identity_comes_from_outside_the_mesh() -> None:
    [edge] = found({}, {inbound(): BUSY})
    assert pairs([edge]) == [("unmeshed/(unmeshed)", "statefulset/db")]
    assert edge.reason == "Not Provided By Remote"


def test_a_workload_talking_to_itself_is_nobody_elses_call() -> None:
    assert found({}, {inbound(no_tls_reason="loopback"): BUSY}) == []


def test_secured_and_plain_connections_of_a_pair_are_two_edges() -> None:
    there = {"dst_namespace": "shop", "dst_pod": "db-0"}
    plain = outbound(**there, tls="no_identity", no_tls_reason="port_skipped")
    assert [edge.reason for edge in found({plain: BUSY, outbound(**there): BUSY})] == ["", "Port Skipped"]


def test_what_is_neither_open_nor_used_is_no_edge() -> None:
    idle = Traffic(successes=0.0, tcp_open=0.0)
    assert found({outbound(dst_namespace="shop", dst_pod="db-0"): idle}) == []


@pytest.mark.parametrize(
    "traffic",
    [Traffic(tcp_open=1.0), Traffic(successes=1.0, tcp_open=0.0), Traffic(successes=0.0, failures=1.0)],
    ids=["open", "used and closed", "failed"],
)
def test_what_is_open_or_was_used_is_an_edge(traffic: Traffic) -> None:
    assert len(found({outbound(dst_namespace="shop", dst_pod="db-0"): traffic})) == 1


def test_a_reason_that_is_not_in_the_books_never_passes_for_secured() -> None:
    assert reason_of({"tls": "no_identity", "no_tls_reason": "something_new"}) == "Something New"
    assert reason_of({}) == "Unknown"
    assert reason_of({"tls": "true"}) == ""
