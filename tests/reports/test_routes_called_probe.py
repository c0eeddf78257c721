"""A route may be called as proxies call their default route for probes, and is counted by clients all the same."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from linkerdctl.kube.kinds import DEPLOYMENT
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.query import Direction, TrafficQuery
from linkerdctl.metrics.reduce import reduce, sample_names
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.reports import outbound, routes_plan
from linkerdctl.reports.outbound import OutboundRequest
from linkerdctl.reports.routes import RoutesRequest
from linkerdctl.reports.top import edge_queries
from tests.reports.cluster_for_tests import cluster

WEB = Selection(DEPLOYMENT, "emojivoto", "web")
VOTING = Selection(DEPLOYMENT, "emojivoto", "voting")
POD = {"namespace": "emojivoto", "pod": "web-1", "deployment": "web"}
SERIES = 'parent_kind="Service",parent_name="voting-svc",route_kind="HTTPRoute",route_name="probe"'
TEXT = f"""\
outbound_http_route_request_statuses_total{{{SERIES},http_status="200",error=""}} 7
outbound_http_route_backend_response_statuses_total{{{SERIES},http_status="200",error=""}} 7
outbound_http_route_retry_requests_total{{{SERIES}}} 7
process_start_time_seconds 1000.0
"""


def of_stat_outbound() -> list[TrafficQuery]:
    return [each.query for each in outbound.plan(OutboundRequest((WEB,)), cluster())]


def of_routes() -> list[TrafficQuery]:
    return [each.query for each in routes_plan.plan(RoutesRequest((WEB,), to=VOTING), cluster())]


def of_top() -> list[TrafficQuery]:
    queries = edge_queries(WEB, None, cluster(), routes=True)
    return [each for each in queries if each.direction is Direction.OUTBOUND]


def counted(queries: Sequence[TrafficQuery]) -> dict[str, float | None]:
    """Successes by the family they are counted in."""
    window = Window(None, Scrape.read(TEXT.encode(), 1_010.0, sample_names(queries)))
    answers = reduce(window, queries, pod_labels=POD, admin_port=4191)
    return {
        query.families.responses: traffic.successes
        for query, groups in zip(queries, answers, strict=True)
        for traffic in groups.values()
    }


@pytest.mark.parametrize(
    ("queries", "families"),
    [
        (of_stat_outbound(), ["request_statuses", "backend_response_statuses", "retry_requests"]),
        (of_routes(), ["request_statuses", "backend_response_statuses", "retry_requests"]),
        (of_top(), ["request_statuses"]),
    ],
    ids=["stat-outbound", "routes", "top"],
)
def test_clients_count_a_route_called_probe(queries: Sequence[TrafficQuery], families: list[str]) -> None:
    assert counted(queries) == {f"outbound_http_route_{family}_total": 7 for family in families}
