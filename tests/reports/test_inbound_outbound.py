"""Rows of `stat-inbound` and `stat-outbound` out of traffic that no recording holds."""

from __future__ import annotations

import math

import pytest

from linkerdctl.errors import NotFoundError, UsageError
from linkerdctl.kube.selection import parse_selections
from linkerdctl.metrics.histogram import Histogram
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.render.outbound import outbound_view, sorted_tree
from linkerdctl.render.table import table_text
from linkerdctl.reports.inbound import InboundRequest, InboundRow, inbound_queries, inbound_rows
from linkerdctl.reports.outbound import OutboundRequest, OutboundRow, Part, by_profile, outbound_rows, plan
from tests.reports.cluster_for_tests import cluster
from tests.reports.policies_for_tests import answer, counted

WEB = {"namespace": "emojivoto", "deployment": "web"}
HTTP = {"srv_kind": "server", "srv_name": "http", "target_port": "80", "route_kind": "default", "route_name": "default"}
VOTING = {
    **WEB, "parent_kind": "Service", "parent_namespace": "emojivoto", "parent_name": "voting-svc", "parent_port": "8080",
    "route_kind": "HTTPRoute", "route_name": "votes",
}  # fmt: skip
Counted = list[tuple[dict[str, str], Traffic]]


def backend(name: str, namespace: str = "emojivoto") -> dict[str, str]:
    return {
        **VOTING, "backend_kind": "Service", "backend_namespace": namespace, "backend_name": name, "backend_port": "8080"
    }  # fmt: skip


def inbound(words: str, *groups: tuple[dict[str, str], Traffic]) -> list[InboundRow]:
    request, inventory = InboundRequest(parse_selections(words.split(), namespace="emojivoto")), cluster()
    queries = inbound_queries(request, inventory)
    return inbound_rows(request, [answer(each, groups) for each in queries], inventory)


def outbound(words: str = "deploy/web", **told: Counted) -> list[OutboundRow]:
    """What HTTP routes count, by the names of `Part`."""
    inventory = cluster()
    plans = plan(OutboundRequest(parse_selections(words.split(), namespace="emojivoto")), inventory)

    def groups(part: Part, query: TrafficQuery) -> Counted:
        return [] if "_grpc_" in query.families.responses else told.get(part.name.lower(), [])

    return outbound_rows(plans, [answer(each.query, groups(each.part, each.query)) for each in plans], inventory)


def test_written_servers_and_routes_come_before_default_ones() -> None:
    default = {**HTTP, "srv_kind": "default", "srv_name": "all-unauthenticated"}
    routed = {**HTTP, "route_kind": "HTTPRoute", "route_name": "zoo"}
    found = inbound("deploy/web", *(({**WEB, **each}, counted()) for each in (default, HTTP, routed)))
    assert [(row.place.server, row.place.route) for row in found] == [
        ("http", "zoo"), ("http", "default"), ("all-unauthenticated", "default"),
    ]  # fmt: skip


def test_places_without_requests_are_left_out() -> None:
    assert inbound("deploy/web", ({**WEB, **HTTP}, counted(0))) == []


def test_a_service_got_what_the_pods_behind_it_got() -> None:
    pod = {"namespace": "emojivoto", "pod": "web-5d9-x7k"}
    other = {"namespace": "emojivoto", "pod": "emoji-5d9-x7k"}
    [row] = inbound("svc/web-svc", ({**pod, **HTTP}, counted(4)), ({**other, **HTTP}, counted(1)))
    assert (row.owner.name, row.golden.requests) == ("web-svc", 4)


def test_a_namespace_is_one_object() -> None:
    [row] = inbound("ns/emojivoto", ({"namespace": "emojivoto", **HTTP}, counted(4)))
    assert (row.owner.namespace, row.owner.name, row.golden.rps) == ("", "emojivoto", 0.4)


def test_only_objects_that_are_there_have_rows() -> None:
    gone = {"namespace": "emojivoto", "deployment": "gone"}
    assert inbound("deploy", ({**gone, **HTTP}, counted())) == []


def test_nobody_waits_for_a_name_that_does_not_exist() -> None:
    with pytest.raises(NotFoundError):
        inbound_queries(InboundRequest(parse_selections(["deploy/wbe"], namespace="emojivoto")), cluster())


def test_timeouts_and_retries_are_shares_of_what_they_are_part_of() -> None:
    late = {**VOTING, "error": "REQUEST_TIMEOUT"}
    reset = {**VOTING, "error": "RESET"}
    [row] = outbound(
        requests=[(VOTING, counted(6)), (late, counted(3, 3)), (reset, counted(1, 1))], retries=[(VOTING, counted(5))]
    )
    assert (row.golden.requests, row.golden.success_rate) == (10, 0.6)
    assert row.timeouts == 0.3
    assert row.retries == pytest.approx(5 / 15)


def test_backends_stand_below_their_route_by_namespace_and_name() -> None:
    elsewhere = backend("voting-svc", "backup")
    idle = backend("zombie")
    route, *below = outbound(
        requests=[(VOTING, counted(10))],
        attempts=[(backend("voting-2"), counted(3)), (backend("voting-1"), counted(9, 4)), (elsewhere, counted(1)),
                  (idle, counted(0))],
    )  # fmt: skip
    assert route.backend is None
    assert [each.backend and each.backend.name for each in below] == ["voting-svc", "voting-1", "voting-2"]
    assert [each.is_last for each in below] == [False, False, True]
    assert [each.retries for each in (route, *below)] == [0.0, None, None, None]


def test_services_of_one_name_in_two_namespaces_are_two() -> None:
    other = {**VOTING, "parent_namespace": "backup"}
    found = outbound(requests=[(VOTING, counted(1)), (other, counted(2))])
    assert [(row.route.parent_namespace, row.golden.requests) for row in found] == [("backup", 2), ("emojivoto", 1)]


def test_routes_without_requests_are_left_out_with_their_backends() -> None:
    assert outbound(requests=[(VOTING, counted(0))], attempts=[(backend("voting-svc"), counted(0))]) == []


def test_profiles_that_took_requests_are_named() -> None:
    inventory = cluster()
    plans = plan(OutboundRequest(parse_selections(["deploy"], namespace="emojivoto")), inventory)
    groups = [({**WEB, "dst": "b.emojivoto.svc.cluster.local:80"}, counted(1)), ({**WEB, "dst": "idle"}, counted(0))]
    answers = [answer(each.query, groups if each.part is Part.PROFILE else []) for each in plans]
    [(owner, profiles)] = by_profile(plans, answers, inventory).items()
    assert (owner.name, profiles) == ("web", ["b.emojivoto.svc.cluster.local:80"])


def tree() -> list[OutboundRow]:
    quick, slow = (
        Histogram((50.0, 500.0, 1000.0, math.inf), (9, 9, 9, 9)),
        Histogram((50.0, 500.0, math.inf), (1, 9, 9)),
    )
    other = {**VOTING, "parent_name": "emoji-svc", "route_kind": "default", "route_name": "http"}
    leads = {**backend("emoji-svc"), **other}
    return outbound(
        requests=[(VOTING, counted(2, latency=quick)), (other, counted(9, latency=slow))],
        attempts=[(backend("voting-1"), counted(1)), (backend("voting-2", "backup"), counted(1)), (leads, counted(9))],
    )


def test_the_table_is_a_tree() -> None:
    rows = tree()
    view = outbound_view(rows, all_namespaces=False, wide=False)
    lines = [line.split() for line in table_text(rows, view).splitlines()]
    assert [line[:4] for line in lines[1:]] == [
        ["web", "emoji-svc:8080", "[default]", "-"],
        ["└─►", "emoji-svc:8080", "100.00%", "0.9rps"],
        ["web", "voting-svc:8080", "votes", "HTTPRoute"],
        ["├─►", "voting-2.backup:8080", "100.00%", "0.1rps"],
        ["└─►", "voting-1:8080", "100.00%", "0.1rps"],
    ]


def test_a_wide_bucket_is_shown_instead_of_a_number_from_inside_it() -> None:
    rows = tree()
    view = outbound_view(rows, all_namespaces=False, wide=False)
    quick = next(row for row in rows if row.route.name == "votes" and row.backend is None)
    assert [column.cell(quick) for column in view.columns if column.title == "LATENCY_P99"] == ["0-0.05s"]
    record = view.record(quick)
    assert (record["latencyMsP99"], record["latencyBucketP99"]) == (None, "0-0.05s")


def test_sorting_moves_routes_and_leaves_backends_with_theirs() -> None:
    rows = tree()
    view = outbound_view(rows, all_namespaces=False, wide=False)
    by_name = sorted_tree(rows, view, "rps")
    assert [(row.route.parent, row.backend and row.backend.name) for row in by_name] == [
        ("emoji-svc", None), ("emoji-svc", "emoji-svc"),
        ("voting-svc", None), ("voting-svc", "voting-2"), ("voting-svc", "voting-1"),
    ]  # fmt: skip
    assert [row.route.parent for row in sorted_tree(rows, view, "type") if not row.backend] == [
        "emoji-svc",
        "voting-svc",
    ]


def test_records_name_the_route_of_a_backend_and_no_backend_of_a_route() -> None:
    rows = tree()
    records = [outbound_view(rows, all_namespaces=False, wide=False).record(row) for row in rows]
    assert [record["backend"] for record in records] == [None, "emoji-svc", None, "voting-2", "voting-1"]
    assert {record["name"] for record in records} == {"web"}
    assert records[3]["route"] == "votes"


@pytest.mark.parametrize("words", ["svc", "au", "server", "httproute/x"])
def test_only_workloads_send(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        OutboundRequest(parse_selections([words], namespace="emojivoto"))
    assert caught.value.next_step


@pytest.mark.parametrize("words", ["au", "server", "netauthn"])
def test_only_what_has_pods_gets_requests(words: str) -> None:
    with pytest.raises(UsageError):
        InboundRequest(parse_selections([words], namespace="emojivoto"))
