"""`top` without tap: what is asked of the proxies, and the edges that their answers add up to."""

from __future__ import annotations

from typing import Any

import pytest
from cluster_for_tests import cluster

from linkerdctl.kube.kinds import DEPLOYMENT, NAMESPACE, SERVICE
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.histogram import Histogram
from linkerdctl.metrics.query import Direction, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.top import EdgeRow, Edges, End, edge_queries

WEB = Selection(DEPLOYMENT, "emojivoto", "web")
WEB_POD = End("web-5d9-x7k", "emojivoto")
IDENTITY = "default.emojivoto.serviceaccount.identity.linkerd.cluster.local"


def queries(target: Selection = WEB, to: Selection | None = None, *, routes: bool = False) -> list[TrafficQuery]:
    return edge_queries(target, to, cluster(), routes=routes)


def group(query: TrafficQuery, **labels: str) -> tuple[str, ...]:
    told = {"namespace": "emojivoto", "pod": "web-5d9-x7k", **labels}
    return tuple(told.get(label, "") for label in query.group_by)


def traffic(successes: float = 3.0, failures: float = 1.0) -> Traffic:
    count = successes + failures
    latency = Histogram((1.0, 10.0, 100.0, float("inf")), (0.0, count, count, count))
    return Traffic(successes, failures, request_rate=(successes + failures) / 2, latency=latency, seconds=2.0)


def the_row(edges: Edges, **options: bool) -> EdgeRow:
    [row] = edges.rows(**options)
    return row


def test_both_sides_of_the_targets_proxies_are_asked() -> None:
    inbound, outbound = queries()
    assert (inbound.direction, outbound.direction) == (Direction.INBOUND, Direction.OUTBOUND)
    for query in (inbound, outbound):
        assert query.concerns({"namespace": "emojivoto", "deployment": "web"})
        assert not query.concerns({"namespace": "emojivoto", "deployment": "voting"})
        assert not query.concerns({"namespace": "books", "deployment": "web"})


@pytest.mark.parametrize(
    ("to", "destination"),
    [
        (Selection(DEPLOYMENT, "emojivoto", "voting"), {"dst_namespace": "emojivoto", "dst_deployment": "voting"}),
        (Selection(NAMESPACE, None, "emojivoto"), {"dst_namespace": "emojivoto"}),
        (Selection(SERVICE, "emojivoto", "voting-svc"), {"dst_namespace": "emojivoto", "dst_pod": "voting-5d9-x7k"}),
    ],
)
def test_with_to_only_what_is_sent_there_is_asked(to: Selection, destination: dict[str, str]) -> None:
    [query] = queries(to=to)
    other = {**destination, "dst_namespace": "books"}

    assert query.direction is Direction.OUTBOUND
    assert all(matcher.accepts(destination) for matcher in query.matchers)
    assert not all(matcher.accepts(other) for matcher in query.matchers)


def test_routes_are_asked_for_by_every_protocol() -> None:
    inbound, *outbound = queries(routes=True)
    assert inbound.families.responses == "response_total"
    assert [query.families.responses for query in outbound] == [
        "outbound_http_route_request_statuses_total",
        "outbound_grpc_route_request_statuses_total",
    ]


def test_clients_are_service_accounts_and_inbound_routes_have_names() -> None:
    asked = queries()
    edges = Edges(asked)
    edges.add([{group(asked[0], client_id=IDENTITY, route_kind="HTTPRoute", route_name="web-api"): traffic()}, {}])
    row = the_row(edges)

    assert row.key == ("inbound", End("sa/default", "emojivoto"), WEB_POD, "web-api")
    assert (row.golden.requests, row.golden.failures, row.golden.success_rate, row.rps) == (4, 1, 0.75, 2.0)


@pytest.mark.parametrize(
    ("client", "source"), [("", End("unmeshed")), ("spiffe.example", End("spiffe.example")), ("a.b", End("a.b"))]
)
def test_clients_that_are_no_service_account_are_named_as_they_are(client: str, source: End) -> None:
    asked = queries()
    edges = Edges(asked)
    edges.add([{group(asked[0], client_id=client, route_kind="default", route_name="default"): traffic()}, {}])
    assert the_row(edges).key[1] == source
    assert the_row(edges).key[3] == "[DEFAULT]"


@pytest.mark.parametrize(
    ("labels", "destination"),
    [
        ({"dst_namespace": "emojivoto", "dst_pod": "voting-1", "authority": "voting"}, End("voting-1", "emojivoto")),
        ({"authority": "example.org:443"}, End("example.org:443")),
        ({}, End("unmeshed")),
    ],
)
def test_servers_are_pods_or_what_the_client_called_them(labels: dict[str, Any], destination: End) -> None:
    asked = queries()
    edges = Edges(asked)
    edges.add([{}, {group(asked[1], **labels): traffic()}])
    assert the_row(edges).key == ("outbound", WEB_POD, destination, "")


def test_outbound_routes_lead_to_services() -> None:
    asked = queries(routes=True)
    edges = Edges(asked)
    told = {
        "parent_namespace": "emojivoto",
        "parent_name": "voting-svc",
        "route_kind": "GRPCRoute",
        "route_name": "votes",
    }
    edges.add([{}, {group(asked[1], **told): traffic()}, {group(asked[2], **told): traffic(1.0, 0.0)}])
    row = the_row(edges)
    assert row.key == ("outbound", WEB_POD, End("svc/voting-svc", "emojivoto"), "votes")
    assert row.golden.requests == 5, "HTTP and gRPC together"


def test_looks_add_up_and_rates_are_of_the_last_one() -> None:
    asked = queries()
    edges = Edges(asked)
    key = group(asked[0], client_id=IDENTITY)
    edges.add([{key: traffic(3.0, 1.0)}, {}])
    edges.add([{key: traffic(2.0, 0.0)}, {}])
    assert (the_row(edges).golden.requests, the_row(edges).rps) == (6, 1.0)
    edges.add([{}, {}])
    assert (the_row(edges).golden.requests, the_row(edges).rps) == (6, 0.0)
    assert the_row(edges).golden.p50 is not None


def test_without_sources_those_to_one_place_are_together() -> None:
    asked = queries()
    edges = Edges(asked)
    edges.add([{group(asked[0], client_id=each): traffic() for each in (IDENTITY, "")}, {}])
    row = the_row(edges, sources=False)
    assert (row.key.source, row.golden.requests, row.rps) == (End(""), 8, 4.0)
    assert len(edges.rows()) == 2


def test_the_busiest_come_first_and_the_idle_not_at_all() -> None:
    asked = queries()
    edges = Edges(asked)
    counts = {"quiet": 1.0, "busy": 9.0, "idle": 0.0}
    edges.add([{group(asked[0], client_id=name): traffic(count, 0.0) for name, count in counts.items()}, {}])
    assert [row.key.source.name for row in edges.rows()] == ["busy", "quiet"]
