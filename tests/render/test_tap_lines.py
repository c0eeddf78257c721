"""The lines of tap, by the grammar of the real tool; nothing in them that a terminal obeys."""

from __future__ import annotations

import pytest
from hypothesis import given

from linkerdctl.render.tap_lines import event_line, headers_text, wide_line
from linkerdctl.render.tap_requests import request_line, request_record, wide_request_line
from linkerdctl.tap.events import Direction, Header, RequestInit, ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.requests import Request, Requests
from tests.tap.tap_builders import begun, ended, endpoint, event, whole
from tests.tap.tap_strategies import events

IN, OUT, UNKNOWN = Direction.INBOUND, Direction.OUTBOUND, Direction.UNKNOWN
WHERE = "src=10.0.0.1:4000 dst=10.0.0.2:8080 tls=true"


def of(*seen: TapEvent) -> Request:
    requests = Requests()
    return [requests.add(each) for each in seen][-1]


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (begun("/a b", stream=7, base=2), f"req id=2:7 proxy=out {WHERE} :method=GET :authority=web:80 :path=/a b"),
        (event(RequestInit("", "", "", "")), f"req id=0:0 proxy=out {WHERE} :method=GET :authority= :path="),
        (event(RequestInit("PURGE", "", "a", "/")), f"req id=0:0 proxy=out {WHERE} :method=PURGE :authority=a :path=/"),
        (event(ResponseInit(1_234_999, 200)), f"rsp id=0:0 proxy=out {WHERE} :status=200 latency=1234µs"),
        (event(ResponseInit(None, 200)), f"rsp id=0:0 proxy=out {WHERE} :status=200 latency=0µs"),
        (
            event(ResponseEnd(9, 2_500_000_000, 5, grpc_status=0)),
            f"end id=0:0 proxy=out {WHERE} grpc-status=OK duration=2500000µs response-length=5B",
        ),
        (
            event(ResponseEnd(9, 1_000, 5, reset=8)),
            f"end id=0:0 proxy=out {WHERE} reset-error=8 duration=1µs response-length=5B",
        ),
        (event(ResponseEnd(9, None, 0)), f"end id=0:0 proxy=out {WHERE} duration=0µs response-length=0B"),
        (
            event(ResponseEnd(9, None, 0, grpc_status=99)),
            f"end id=0:0 proxy=out {WHERE} grpc-status=Code(99) duration=0µs response-length=0B",
        ),
        (event(None), f"unknown proxy=out {WHERE}"),
    ],
)
def test_lines_are_the_real_tool_s(told: TapEvent, line: str) -> None:
    assert event_line(told) == line


@pytest.mark.parametrize(
    ("direction", "proxy", "tls"), [(IN, "in ", "loopback"), (OUT, "out", "true"), (UNKNOWN, "???", "")]
)
def test_tls_is_that_of_the_other_side(direction: Direction, proxy: str, tls: str) -> None:
    line = event_line(begun(direction=direction))
    assert f" proxy={proxy} src=" in line
    assert f" tls={tls} :method" in line


def test_addresses_of_any_sort() -> None:
    line = event_line(begun(source=endpoint("2001:db8::1", 1), destination=endpoint("", 0)))
    assert "src=[2001:db8::1]:1 dst=:0 " in line


def test_wide_lines_end_with_all_labels_sorted() -> None:
    told = begun(
        source=endpoint(tls="true", client_id="a"),
        destination=endpoint(pod="web-1", app="x y"),
        route={"route": "GET /"},
    )
    labels = "src_client_id=a src_tls=true dst_app=x y dst_pod=web-1 rt_route=GET /"
    assert wide_line(told) == f"{event_line(told)} {labels}"
    bare = begun(source=endpoint(), destination=endpoint())
    assert wide_line(bare) == event_line(bare)


@given(events)
def test_no_line_has_anything_a_terminal_obeys(told: TapEvent) -> None:
    for line in (event_line(told), wide_line(told), request_line(of(told)), wide_request_line(of(told))):
        assert line.isprintable()


def test_escape_sequences_show_as_such() -> None:
    assert event_line(begun("/\x1b[2J\u202e\x9b31m")).endswith(":path=/\\x1b[2J\\u202e\\x9b31m")


def test_headers_are_those_that_are_wanted_in_the_order_they_came() -> None:
    headers = (Header("User-Agent", "curl/8 x"), Header("a", ""), Header("b", b"\xff\x00"), Header("c", '"'))
    assert list(headers_text(headers, None)) == ['User-Agent="curl/8 x"', 'a=""', "b=0xff00", 'c="']
    assert list(headers_text(headers, ["B", "user-agent"])) == ['User-Agent="curl/8 x"', "b=0xff00"]


def test_a_request_is_one_line() -> None:
    source, destination = endpoint("10.0.0.1", 4000, pod="web-1"), endpoint("10.0.0.2", 8080, tls="true")
    request = of(*whole("/vote", status=200, ms=2.5, grpc=2, method="POST", source=source, destination=destination))
    assert request_line(request) == (
        "fail proxy=out src=web-1:4000 dst=10.0.0.2:8080 tls=true :method=POST :authority=web:80 :path=/vote :status=200"
        " grpc-status=Unknown latency=2.500ms total=2.500ms response-length=10B"
    )


def test_a_request_of_which_only_the_end_was_seen_says_so_little() -> None:
    line = request_line(of(ended(ms=1, reset=8, direction=IN)))
    assert line.startswith("fail proxy=in  src=")
    assert ":method= :authority= :path= :status=- reset-error=8 latency=- total=1.000ms" in line


def test_a_request_s_object_has_null_for_what_was_not_seen() -> None:
    record = request_record(of(*whole("/a", ms=1.5, direction=IN)))
    assert (record["success"], record["path"], record["httpStatus"], record["totalMs"]) == (True, "/a", 200, 1.5)
    assert (record["grpcStatus"], record["grpcStatusCode"], record["resetErrorCode"]) == (None, None, None)
    assert request_record(of(ended(grpc=0)))["grpcStatus"] == "OK"
    assert request_record(of(ended()))["method"] is None
