"""Events as the JSON of the real tool, there and back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from linkerdctl.errors import TapError
from linkerdctl.tap.events import Direction, Header, RequestInit, ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.json_form import from_json_form, to_json_form
from tests.tap.tap_builders import begun, ended, endpoint, event
from tests.tap.tap_strategies import events


@given(events)
def test_what_the_form_can_say_survives(each: TapEvent) -> None:
    """It cannot tell gRPC's OK from no gRPC, nor a reset with code 0 from none."""
    again = from_json_form(json.loads(json.dumps(to_json_form(each))))
    assert replace(again, http=None) == replace(each, http=None)
    if isinstance(each.http, ResponseEnd):
        assert isinstance(again.http, ResponseEnd)
        assert replace(again.http, grpc_status=None, reset=None) == replace(each.http, grpc_status=None, reset=None)
        assert ((again.http.grpc_status or 0), again.http.reset) == ((each.http.grpc_status or 0), each.http.reset)
    else:
        assert again.http == each.http


@pytest.mark.parametrize(("trailers", "code"), [((Header("grpc-status", "0"),), 0), ((), None), (None, None)])
def test_trailers_tell_whether_it_was_grpc(trailers: tuple[Header, ...] | None, code: int | None) -> None:
    end = event(ResponseEnd(1, 1, 0, grpc_status=0, trailers=trailers))
    again = from_json_form(to_json_form(end)).http
    assert isinstance(again, ResponseEnd)
    assert again.grpc_status == code


def test_a_request_has_the_real_tool_s_keys_in_its_order() -> None:
    record = to_json_form(
        begun("/a", destination=endpoint(b="2", a="1"), direction=Direction.INBOUND, headers={"n": "v"})
    )
    assert list(record) == ["source", "destination", "routeMeta", "proxyDirection", "requestInitEvent"]
    assert record["destination"] == {"ip": "10.0.0.1", "port": 80, "metadata": {"a": "1", "b": "2"}}
    assert list(record["destination"]["metadata"]) == ["a", "b"]
    assert record["routeMeta"] is None
    assert record["requestInitEvent"] == {
        "id": {"base": 0, "stream": 0},
        "method": "GET",
        "scheme": "HTTP",
        "authority": "web:80",
        "path": "/a",
        "headers": [{"name": "n", "valueStr": "v"}],
    }


def test_an_end_always_has_a_grpc_status_code_and_a_reset_only_if_there_was_one() -> None:
    end = to_json_form(event(ResponseEnd(1_500_000_000, 0, 3)))["responseEndEvent"]
    assert end == {
        "id": {"base": 0, "stream": 0},
        "sinceRequestInit": {"seconds": 1, "nanos": 500_000_000},
        "sinceResponseInit": {},
        "responseBytes": 3,
        "trailers": None,
        "grpcStatusCode": 0,
    }
    assert to_json_form(event(ResponseEnd(None, None, 0, reset=8)))["responseEndEvent"]["resetErrorCode"] == 8


def test_values_that_are_no_text_are_in_base64() -> None:
    answer = to_json_form(event(ResponseInit(None, 200, (Header("a", b"\xff"),))))["responseInitEvent"]
    assert answer["headers"] == [{"name": "a", "valueBin": "/w=="}]
    assert answer["sinceRequestInit"] is None


def broken(**changes: Any) -> dict[str, Any]:
    return {**to_json_form(begun()), **changes}


def broken_end(**changes: Any) -> dict[str, Any]:
    record = to_json_form(ended())
    return {**record, "responseEndEvent": {**record["responseEndEvent"], **changes}}


@pytest.mark.parametrize(
    "record",
    [
        [],
        {},
        "text",
        None,
        broken(source=None),
        broken(source={"ip": 1, "port": 1}),
        broken(proxyDirection="SIDEWAYS"),
        broken(requestInitEvent={"id": {}}),
        broken(requestInitEvent={"id": {"base": "x", "stream": 0}}),
        broken(routeMeta=["a"]),
        broken(responseEndEvent={"id": 1}, requestInitEvent=None),
        broken(source={"ip": "10.0.0.1", "port": math.inf}),
        broken(source={"ip": "10.0.0.1", "port": -1}),
        broken(source={"ip": "localhost", "port": 1}),
        broken(source={"ip": "10.0.0.1", "port": 1, "metadata": {"pod": "\ud800"}}),
        broken(source={"ip": "10.0.0.1", "port": 1, "metadata": {"\ud800": "web"}}),
        broken_end(grpcStatusCode=-1),
        broken_end(responseBytes=1 << 64),
        broken_end(sinceRequestInit={"seconds": 10**30}),
    ],
)
def test_what_is_no_event_is_refused_in_one_line(record: object) -> None:
    with pytest.raises(TapError, match=r"^a JSON object is no event") as error:
        from_json_form(record)
    assert "\n" not in error.value.message


def test_an_event_of_no_kind_is_one() -> None:
    assert from_json_form(to_json_form(event(None))) == event(None)


def test_a_request_init_without_words_is_read() -> None:
    empty = event(RequestInit("", "", "", ""))
    assert from_json_form(to_json_form(empty)) == empty
