"""Events joined to requests, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.tap.events import Direction
from linkerdctl.tap.requests import MOST_EVENTS, Request, Requests
from tests.tap.tap_builders import answered, begun, ended, endpoint, event, whole


def joined(*events: object) -> Request:
    requests = Requests()
    found = [requests.add(each) for each in events]  # type: ignore[arg-type]
    return found[-1]


def test_three_events_of_one_stream_are_one_request() -> None:
    request = joined(*whole("/a", status=503, ms=7, grpc=14, method="POST"))
    assert (request.method, request.path, request.status, request.grpc_status) == ("POST", "/a", 503, 14)
    assert (request.latency, request.total, request.finished, request.failed) == (7_000_000, 7_000_000, True, True)


def test_equal_ids_of_other_proxies_are_other_requests() -> None:
    requests = Requests()
    here = requests.add(begun("/here", source=endpoint("10.0.0.1", 1)))
    there = requests.add(begun("/there", source=endpoint("10.0.0.9", 1)))
    assert requests.add(ended(source=endpoint("10.0.0.1", 1))) is here
    assert requests.add(ended(source=endpoint("10.0.0.9", 1))) is there


def test_the_two_sides_of_one_proxy_are_two_requests() -> None:
    requests = Requests()
    requests.add(begun(direction=Direction.INBOUND))
    requests.add(begun(direction=Direction.OUTBOUND))
    assert len(requests) == 2


def test_finished_requests_are_forgotten() -> None:
    requests = Requests()
    for each in [each for stream in range(1000) for each in whole(stream=stream)]:
        requests.add(each)
    assert len(requests) == 0
    assert requests.expired == 0


def test_an_end_without_a_beginning_is_a_request_of_which_little_is_known() -> None:
    request = joined(ended(ms=3, reset=8))
    assert (request.method, request.path, request.status, request.total) == ("", "", None, 3_000_000)
    assert request.failed


def test_unfinished_requests_expire_when_nothing_was_heard_of_them() -> None:
    requests = Requests(longest=60)
    requests.add(begun(stream=1), 0.0)
    requests.add(begun(stream=2), 10.0)
    requests.add(answered(stream=1), 50.0)
    requests.add(begun(stream=3), 100.0)
    assert (len(requests), requests.expired) == (2, 1)
    assert requests.add(ended(stream=1), 100.0).path == "/"
    assert requests.add(ended(stream=2), 100.0).path == ""


@given(st.lists(st.integers(0, 40), max_size=200))
def test_no_more_are_open_than_allowed(streams: list[int]) -> None:
    requests = Requests(most=10)
    for stream in streams:
        requests.add(begun(stream=stream))
        assert len(requests) <= 10


def test_of_a_request_that_never_ends_only_so_many_events_are_kept() -> None:
    requests, told = Requests(), [begun(), *(answered(status) for status in range(100, 600))]
    for each in told:
        request = requests.add(each)
    assert request.events == [told[0], *told[-MOST_EVENTS + 1 :]]


def test_a_stream_id_that_comes_again_is_another_request() -> None:
    requests = Requests()
    requests.add(begun("/old"))
    requests.add(answered(500))
    request = requests.add(begun("/new"))
    assert (request.path, request.status, len(requests), requests.expired) == ("/new", None, 1, 1)


def test_failures_are_what_the_metrics_count() -> None:
    assert joined(*whole(status=500)).failed
    assert not joined(*whole(status=499)).failed
    assert joined(*whole(reset=0)).failed
    assert [code for code in range(17) if joined(*whole(grpc=code)).failed] == [2, 4, 7, 13, 14, 15]


def test_a_route_that_any_event_names_is_the_request_s() -> None:
    requests = Requests()
    requests.add(begun(route={"route": "GET /a"}))
    assert requests.add(ended()).route == {"route": "GET /a"}


def test_an_event_of_an_unknown_kind_does_no_harm() -> None:
    request = joined(event(None))
    assert (request.init, request.response, request.end, request.finished) == (None, None, None, False)
