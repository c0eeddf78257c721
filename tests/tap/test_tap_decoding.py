"""Protobuf of both tap APIs to events and back, and both as the real stream's JSON twin tells."""

from __future__ import annotations

import base64
import gzip
import ipaddress
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import TapError
from linkerdctl.tap.decoding import Decoder, proxy_decoder, viz_decoder
from linkerdctl.tap.encoding import encode
from linkerdctl.tap.events import Direction, Header, RequestInit, ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.wire import proxy_tap_pb2 as proxy
from linkerdctl.tap.wire import viz_tap_pb2 as viz
from tests.tap.tap_builders import TWIN, recorded_frames
from tests.tap.tap_strategies import events


def decoded() -> list[TapEvent]:
    decode = proxy_decoder().decode
    return [decode(frame) for frame in recorded_frames()]


def twin() -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(TWIN.read_bytes()).splitlines()]


def headers_told(told: dict[str, Any] | None) -> tuple[Header, ...] | None:
    if told is None:
        return None
    return tuple(
        Header(each["name"], base64.b64decode(each.get("value", "")).decode()) for each in told.get("headers", ())
    )


def nanoseconds(text: str) -> int:
    return round(float(text.removesuffix("s")) * 1e9)


def test_the_real_stream_has_as_many_requests_answers_and_ends_as_were_counted() -> None:
    kinds = Counter(type(event.http) for event in decoded())
    assert kinds == {RequestInit: 501, ResponseInit: 500, ResponseEnd: 499}


def test_every_field_of_the_real_stream_is_what_its_twin_says() -> None:
    for event, told in zip(decoded(), twin(), strict=False):
        assert event.source.ip == str(ipaddress.IPv4Address(told["source"]["ip"]["ipv4"]))
        assert event.destination.port == told["destination"]["port"]
        assert event.source.labels == told["sourceMeta"]["labels"]
        assert event.destination.labels == told["destinationMeta"]["labels"]
        assert event.route == told.get("routeMeta", {}).get("labels", {})
        assert event.direction.name == told["proxyDirection"]
        [(kind, http)] = told["http"].items()
        assert event.id.stream == int(http["id"].get("stream", 0))
        assert_same(event, kind, http)


def assert_same(event: TapEvent, kind: str, told: dict[str, Any]) -> None:
    http = event.http
    if kind == "requestInit":
        assert isinstance(http, RequestInit)
        words = told["method"]["registered"], told["scheme"]["registered"], told["authority"], told["path"]
        assert (http.method, http.scheme, http.authority, http.path) == words
        assert http.headers == headers_told(told["headers"])
    elif kind == "responseInit":
        assert isinstance(http, ResponseInit)
        assert (http.status, http.since_request) == (told["httpStatus"], nanoseconds(told["sinceRequestInit"]))
        assert http.headers == headers_told(told["headers"])
    else:
        assert isinstance(http, ResponseEnd)
        assert http.since_request == nanoseconds(told["sinceRequestInit"])
        assert http.since_response == nanoseconds(told["sinceResponseInit"])
        assert http.response_bytes == int(told.get("responseBytes", 0))
        assert http.grpc_status == told.get("eos", {}).get("grpcStatusCode")
        assert http.trailers == headers_told(told.get("trailers"))


@given(events)
def test_what_is_encoded_decodes_to_the_same(event: TapEvent) -> None:
    assert viz_decoder().decode(encode(event)) == event


def test_equal_labels_are_decoded_once() -> None:
    first, second, *_ = [event for event in decoded() if event.direction is Direction.OUTBOUND]
    assert first.source.labels is second.source.labels


def labelled(*labels: tuple[str, str]) -> bytes:
    entries = [proxy.TapEvent.LabelsEntry(key=key, value=value) for key, value in labels]
    return proxy.TapEvent(source_meta=proxy.TapEvent.EndpointMeta(labels=entries)).SerializeToString()


@given(
    st.dictionaries(
        st.text("abc", max_size=3), st.sampled_from(["", "x", "y" * 120, "z" * 200, "w" * 20_000]), max_size=5
    )
)
def test_labels_in_another_order_are_the_same_labels(labels: dict[str, str]) -> None:
    decode, pairs = proxy_decoder().decode, list(labels.items())
    there, back = decode(labelled(*pairs)).source, decode(labelled(*reversed(pairs))).source
    assert there.labels == back.labels == labels
    if all(len(value) < 10_000 for value in labels.values()):
        assert there.labels is back.labels


def test_what_is_unknown_in_labels_does_no_harm() -> None:
    extra = b"\x2a\x09" + b"\x1a\x01x" + b"\x0a\x04" + b"\x0a\x02ab"
    assert proxy_decoder().decode(extra).source.labels == {"ab": ""}


@pytest.mark.parametrize("decoder", [viz_decoder(), proxy_decoder()])
def test_bytes_that_are_no_event_are_refused(decoder: Decoder) -> None:
    with pytest.raises(TapError, match="cannot be decoded"):
        decoder.decode(b"\xff" * 20)


def test_an_empty_message_is_an_event_of_which_nothing_is_known() -> None:
    event = viz_decoder().decode(b"")
    assert (event.source.address, event.direction, event.http, event.tls) == (":0", Direction.UNKNOWN, None, "")


@pytest.mark.parametrize(
    ("ip", "text"),
    [
        (viz.IPAddress(ipv4=0), "0.0.0.0:80"),
        (viz.IPAddress(ipv6=viz.IPv6(first=0, last=1)), "[::1]:80"),
        (viz.IPAddress(ipv6=viz.IPv6(first=0x20010DB8 << 32, last=0x1F)), "[2001:db8::1f]:80"),
        (viz.IPAddress(ipv6=viz.IPv6(first=0, last=0xFFFF_0A00_0001)), "10.0.0.1:80"),
        (viz.IPAddress(), ":80"),
    ],
)
def test_addresses_are_written_as_go_writes_them(ip: viz.IPAddress, text: str) -> None:
    message = viz.TapEvent(source=viz.TcpAddress(ip=ip, port=80))
    assert viz_decoder().decode(message.SerializeToString()).source.address == text


@pytest.mark.parametrize("number", [-(1 << 31), -4, -1, 3, (1 << 31) - 1])
def test_directions_that_nobody_knows_are_unknown(number: int) -> None:
    event = viz.TapEvent()
    event.proxy_direction = number  # type: ignore[assignment]
    assert viz_decoder().decode(event.SerializeToString()).direction is Direction.UNKNOWN


@pytest.mark.parametrize("number", [-100, -1, 9, 1000])
def test_words_that_nobody_knows_are_their_numbers(number: int) -> None:
    event = viz.TapEvent()
    event.http.request_init.method.registered = number  # type: ignore[assignment]
    event.http.request_init.scheme.registered = number  # type: ignore[assignment]
    http = viz_decoder().decode(event.SerializeToString()).http
    assert isinstance(http, RequestInit)
    assert (http.method, http.scheme) == (str(number), str(number))


def test_words_that_are_not_registered_come_as_they_are_and_missing_ones_empty() -> None:
    message = viz.TapEvent()
    message.http.request_init.method.unregistered = "PURGE"
    http = viz_decoder().decode(message.SerializeToString()).http
    assert isinstance(http, RequestInit)
    assert (http.method, http.scheme) == ("PURGE", "")


def test_header_values_that_are_no_text_stay_bytes_and_those_without_value_are_left_out() -> None:
    message = viz.TapEvent()
    message.http.request_init.headers.headers.add(name="a", value_bin=b"\xff")
    message.http.request_init.headers.headers.add(name="b")
    message.http.request_init.headers.headers.add(name="c", value_str="")
    http = viz_decoder().decode(message.SerializeToString()).http
    assert isinstance(http, RequestInit)
    assert http.headers == (("a", b"\xff"), ("c", ""))


def test_a_proxy_s_own_header_values_are_text_where_they_can_be() -> None:
    message = proxy.TapEvent()
    message.http.response_end.trailers.headers.add(name="a", value="ü".encode())
    message.http.response_end.trailers.headers.add(name="b", value=b"\xfe")
    http = proxy_decoder().decode(message.SerializeToString()).http
    assert isinstance(http, ResponseEnd)
    assert http.trailers == (("a", "ü"), ("b", b"\xfe"))
