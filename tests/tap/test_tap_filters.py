"""Filters over whole requests: what each shows, hides, and for what it waits."""

from __future__ import annotations

import pytest

from linkerdctl.errors import UsageError
from linkerdctl.kube.selection import parse_target
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.filters import (
    Filter,
    Verdict,
    failed_filter,
    grpc_status_filter,
    judge,
    latency_filter,
    match_filter,
    path_filter,
    source_filter,
    status_filter,
)
from linkerdctl.tap.query import Matches
from linkerdctl.tap.requests import Request, Requests
from tests.tap.tap_builders import answered, begun, ended, endpoint, whole

SHOW, HIDE, WAIT = Verdict.SHOW, Verdict.HIDE, Verdict.WAIT


def of(*events: TapEvent) -> Request:
    requests = Requests()
    return [requests.add(event) for event in events][-1]


def verdicts(chosen: Filter, events: list[TapEvent]) -> list[Verdict]:
    """After each of the events."""
    requests = Requests()
    return [chosen(requests.add(event)) for event in events]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("503", {503}),
        ("5xx", {500, 503, 599}),
        ("5XX,429", {429, 500, 503, 599}),
        ("400-429", {404, 429}),
        ("!2xx", {301, 404, 429, 500, 503, 599}),
        ("!2xx,!3xx", {404, 429, 500, 503, 599}),
        ("!2xx,4xx", {301, 500, 503, 599}),
    ],
)
def test_statuses_are_codes_classes_ranges_and_their_opposites(text: str, shown: set[int]) -> None:
    chosen = status_filter(text)
    found = {code for code in (200, 301, 404, 429, 500, 503, 599) if chosen(of(*whole(status=code))) is SHOW}
    assert found == shown


@pytest.mark.parametrize("text", ["", "xx", "5x", "60", "6000", "500-400", "5xx,!503", "abc", "1xx-2xx"])
def test_statuses_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        status_filter(text)


def test_a_status_is_waited_for_until_the_answer_begins() -> None:
    assert verdicts(status_filter("200"), whole()) == [WAIT, SHOW, SHOW]


def test_a_request_without_answer_has_no_status_and_so_is_not_2xx() -> None:
    reset = [begun(), ended(reset=8)]
    assert verdicts(status_filter("!2xx"), reset) == [WAIT, SHOW]
    assert verdicts(status_filter("5xx"), reset) == [WAIT, HIDE]


@pytest.mark.parametrize("text", ["UNKNOWN", "Unknown", "2", "unavailable,unknown", "!OK", "!ok,unavailable"])
def test_grpc_statuses_have_names_and_numbers(text: str) -> None:
    chosen = grpc_status_filter(text)
    assert chosen(of(*whole(grpc=2))) is SHOW
    assert chosen(of(*whole(grpc=0))) is HIDE


def test_plain_http_has_no_grpc_status() -> None:
    assert grpc_status_filter("!OK")(of(*whole())) is HIDE
    assert grpc_status_filter("!OK")(of(*whole(reset=8))) is SHOW


def test_unknown_grpc_statuses_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as error:
        grpc_status_filter("WRONG")
    assert "DeadlineExceeded" in (error.value.next_step or "")


def test_latency_counts_to_the_last_byte_and_shows_as_soon_as_it_is_certain() -> None:
    chosen = latency_filter("100ms")
    assert verdicts(chosen, [begun(), answered(ms=150), ended(ms=160)]) == [WAIT, SHOW, SHOW]
    assert verdicts(chosen, [begun(), answered(ms=20), ended(ms=100)]) == [WAIT, WAIT, SHOW]
    assert verdicts(chosen, [begun(), answered(ms=20), ended(ms=99.9)]) == [WAIT, WAIT, HIDE]


def test_failures_are_known_at_the_answer_or_at_the_end() -> None:
    assert verdicts(failed_filter, whole(status=500)) == [WAIT, SHOW, SHOW]
    assert verdicts(failed_filter, whole(grpc=13)) == [WAIT, WAIT, SHOW]
    assert verdicts(failed_filter, whole()) == [WAIT, WAIT, HIDE]


def test_paths_are_searched_and_what_began_unseen_does_not_show() -> None:
    assert path_filter("^/api/", wanted=True)(of(begun("/api/vote"))) is SHOW
    assert path_filter("^/api/", wanted=True)(of(begun("/x/api/"))) is HIDE
    assert path_filter("health", wanted=False)(of(begun("/healthz"))) is HIDE
    assert path_filter("health", wanted=False)(of(begun("/api"))) is SHOW
    assert path_filter("health", wanted=False)(of(ended())) is HIDE


def test_a_broken_regular_expression_is_told() -> None:
    with pytest.raises(UsageError, match="no regular expression"):
        path_filter("(", wanted=True)


@pytest.mark.parametrize(
    ("resource", "namespace", "verdict"),
    [
        ("deploy/web", None, SHOW),
        ("deploy/web", "emojivoto", SHOW),
        ("deploy/web", "other", HIDE),
        ("deploy", None, SHOW),
        ("deploy/voting", None, HIDE),
        ("sts/web", None, HIDE),
        ("ns/emojivoto", None, SHOW),
        ("ns/other", None, HIDE),
        ("po/web-1", None, SHOW),
    ],
)
def test_sources_are_known_by_their_labels(resource: str, namespace: str | None, verdict: Verdict) -> None:
    source = endpoint(deployment="web", namespace="emojivoto", pod="web-1")
    chosen = source_filter(parse_target(resource, namespace=namespace))
    assert chosen(of(begun(source=source))) is verdict


@pytest.mark.parametrize(
    ("matches", "verdict"),
    [
        (Matches(path="/api"), SHOW),
        (Matches(path="/vote"), HIDE),
        (Matches(authority="web:80"), SHOW),
        (Matches(authority="web"), HIDE),
        (Matches(method="get"), SHOW),
        (Matches(method="POST"), HIDE),
        (Matches(scheme="http"), SHOW),
        (Matches(scheme="https"), HIDE),
        (Matches(to=parse_target("deploy/voting", namespace=None)), SHOW),
        (Matches(to=parse_target("deploy/voting", namespace="emojivoto")), SHOW),
        (Matches(to=parse_target("deploy/voting", namespace="other")), HIDE),
        (Matches(to=parse_target("svc/voting-svc", namespace=None)), HIDE),
    ],
)
def test_recorded_requests_are_matched_as_proxies_match(matches: Matches, verdict: Verdict) -> None:
    destination = endpoint(deployment="voting", namespace="emojivoto")
    assert match_filter(matches)(of(begun("/api/vote", destination=destination))) is verdict


def test_one_that_hides_outweighs_one_that_waits() -> None:
    request = of(begun("/a"))
    hides = path_filter("/b", wanted=True)
    assert judge([failed_filter, hides], request) is HIDE
    assert judge([failed_filter], request) is WAIT
    assert judge([], request) is SHOW
