"""Queries that name other families than the golden ones: which series they read, and what counts as success."""

from __future__ import annotations

import pytest

from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.families import (
    OUTBOUND_GRPC,
    OUTBOUND_HTTP,
    PROFILE,
    PROFILE_ATTEMPTS,
    PROFILE_RETRYABLE,
)
from linkerdctl.metrics.query import Direction, Families, Matcher, Need, TrafficQuery
from linkerdctl.metrics.reduce import reduce, sample_names
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.metrics.verdict import CLASSIFICATION, GRPC_STATUS, HTTP_STATUS

ROUTE_NEEDS = Need.REQUESTS | Need.LATENCY


def asking(families: Families, *group_by: str, direction: Direction = Direction.OUTBOUND) -> TrafficQuery:
    return TrafficQuery(direction, group_by=group_by, needs=ROUTE_NEEDS, families=families)


def answer(text: str, query: TrafficQuery) -> dict[tuple[str, ...], Traffic]:
    """What a proxy that started with nothing ten seconds ago adds."""
    names = sample_names([query])
    start = b"process_start_time_seconds 1\n"
    before, after = Scrape.read(start, 100.0, names), Scrape.read(text.encode() + start, 110.0, names)
    [groups] = reduce(Window(before, after), [query], pod_labels={"pod": "web-1"}, admin_port=4191)
    return groups


def test_only_the_samples_of_a_querys_own_families_are_read() -> None:
    assert sample_names([asking(PROFILE, "dst")]) == {"route_response_total", "route_response_latency_ms_bucket"}
    assert sample_names([asking(PROFILE_ATTEMPTS, "dst")]) == {"route_actual_response_total"}


def test_effective_and_actual_are_told_apart_in_one_look() -> None:
    labels = 'direction="outbound",dst="a:80",rt_route="x",classification="{}"'
    text = f"route_response_total{{{labels.format('success')}}} 3\n"
    text += f"route_actual_response_total{{{labels.format('success')}}} 3\n"
    text += f"route_actual_response_total{{{labels.format('failure')}}} 7\n"
    effective = answer(text, asking(PROFILE, "rt_route"))["x",]
    actual = answer(text, asking(PROFILE_ATTEMPTS, "rt_route"))["x",]
    assert (effective.successes, effective.failures) == (3, 0)
    assert (actual.successes, actual.failures, actual.request_rate) == (3, 7, 1.0)


def test_families_without_a_direction_are_found_whatever_the_query_says() -> None:
    name = OUTBOUND_GRPC.requests.responses
    text = f'{name}{{route_name="a",grpc_status="OK",error=""}} 5\n'
    text += f'{name}{{route_name="a",grpc_status="NOT_FOUND",error=""}} 1\n'
    text += f'{name}{{route_name="a",grpc_status="UNKNOWN",error=""}} 2\n'
    [seen] = answer(text, asking(OUTBOUND_GRPC.requests, "route_name", direction=Direction.INBOUND)).values()
    assert (seen.successes, seen.failures) == (6, 2)


def test_seconds_become_milliseconds() -> None:
    name = "outbound_http_route_request_duration_seconds_bucket"
    counts = {"0.05": 0, "0.5": 4, "1.0": 4, "10.0": 4, "+Inf": 4}
    text = "".join(f'{name}{{le="{le}",route_name="a"}} {count}\n' for le, count in counts.items())
    [seen] = answer(text, asking(OUTBOUND_HTTP.requests, "route_name")).values()
    quantile = seen.latency.quantile(0.5)
    assert quantile is not None
    assert (quantile.lower, quantile.upper) == (50, 500)


def test_a_plain_counter_is_added_up_whatever_its_labels() -> None:
    text = 'route_retryable_total{direction="outbound",rt_route="x"} 9\n'
    text += 'route_retryable_total{direction="outbound",rt_route="x",skipped="no_budget"} 2\n'
    groups = answer(text, asking(PROFILE_RETRYABLE, "skipped"))
    assert {key: seen.successes for key, seen in groups.items()} == {("",): 9, ("no_budget",): 2}


def test_one_query_can_be_narrowed_where_another_of_the_same_family_is_not() -> None:
    text = 'route_response_total{direction="outbound",dst="a:80",classification="success"} 1\n'
    text += 'route_response_total{direction="outbound",dst="b:80",classification="success"} 2\n'
    narrow = TrafficQuery(
        Direction.OUTBOUND, ("dst",), matchers=(Matcher("dst", ("b:80",)),), needs=ROUTE_NEEDS, families=PROFILE
    )
    assert set(answer(text, narrow)) == {("b:80",)}
    assert set(answer(text, asking(PROFILE, "dst"))) == {("a:80",), ("b:80",)}


@pytest.mark.parametrize(
    ("verdict", "labels", "wanted"),
    [
        (CLASSIFICATION, {"classification": "success"}, True),
        (CLASSIFICATION, {"classification": "failure"}, False),
        (CLASSIFICATION, {"classification": "unheard-of"}, None),
        (HTTP_STATUS, {"http_status": "404", "error": ""}, True),
        (HTTP_STATUS, {"http_status": "503", "error": ""}, False),
        (HTTP_STATUS, {"http_status": "200", "error": "RESET"}, False),
        (HTTP_STATUS, {"error": "REQUEST_TIMEOUT"}, False),
        (GRPC_STATUS, {"grpc_status": "OK", "error": ""}, True),
        (GRPC_STATUS, {"grpc_status": "NOT_FOUND", "error": ""}, True),
        (GRPC_STATUS, {"grpc_status": "UNAVAILABLE", "error": ""}, False),
        (GRPC_STATUS, {"grpc_status": "OK", "error": "RESET"}, False),
    ],
)
def test_what_counts_as_success(verdict: object, labels: dict[str, str], wanted: bool | None) -> None:
    assert callable(verdict)
    assert verdict(labels) is wanted


def test_gateway_families_are_named_as_proxies_name_them() -> None:
    assert OUTBOUND_GRPC.requests.responses == "outbound_grpc_route_request_statuses_total"
    assert OUTBOUND_GRPC.attempts.latency == "outbound_grpc_route_backend_response_duration_seconds_bucket"
    assert OUTBOUND_HTTP.retry_limits.responses == "outbound_http_route_retry_limit_exceeded_total"
