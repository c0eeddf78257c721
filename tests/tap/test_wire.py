"""The generated messages are those of protos/, and they hold everything real proxies send."""

from __future__ import annotations

import filecmp
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import json_format, unknown_fields
from google.protobuf.message import Message

from linkerdctl.tap.wire import proxy_tap_pb2, viz_tap_pb2

ROOT = Path(__file__).parents[2]
STREAM = ROOT / "tests" / "fixtures" / "tap"


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def frames() -> Iterator[bytes]:
    data = gzip.decompress((STREAM / "web.observe.bin.gz").read_bytes())
    at = 0
    while at < len(data):
        size, at = varint(data, at)
        yield data[at : at + size]
        at += size


def nested(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if field.message_type:
            for each in value if field.is_repeated else [value]:
                yield from nested(each)


def encoded_as_proxies_do(event: proxy_tap_pb2.TapEvent) -> bytes:
    """The proxy's encoder writes the oneof last; protobuf leaves the order of fields to the encoder."""
    head, http = proxy_tap_pb2.TapEvent(), proxy_tap_pb2.TapEvent()
    head.CopyFrom(event)
    head.ClearField("http")
    http.http.CopyFrom(event.http)
    return head.SerializeToString() + http.SerializeToString()


def test_a_real_stream_decodes_with_nothing_unknown_left_over() -> None:
    events = [proxy_tap_pb2.TapEvent.FromString(frame) for frame in frames()]
    assert len(events) == 1500
    for event in events:
        assert not any(len(unknown_fields.UnknownFieldSet(each)) for each in nested(event))


def test_a_real_stream_encodes_byte_equal() -> None:
    for frame in frames():
        assert encoded_as_proxies_do(proxy_tap_pb2.TapEvent.FromString(frame)) == frame


def test_a_real_stream_says_what_its_json_twin_says() -> None:
    lines = gzip.decompress((STREAM / "web.observe.jsonl.gz").read_bytes()).splitlines()
    for frame, line in zip(frames(), lines, strict=False):
        wanted = json.loads(line)
        got = json_format.MessageToDict(proxy_tap_pb2.TapEvent.FromString(frame))
        for meta in ("sourceMeta", "destinationMeta", "routeMeta"):
            if meta in got:
                got[meta]["labels"] = {entry["key"]: entry["value"] for entry in got[meta]["labels"]}
        assert got == wanted


def test_a_viz_request_is_encoded_as_the_real_tool_encodes_it() -> None:
    request = viz_tap_pb2.TapByResourceRequest(max_rps=100)
    resource = request.target.resource
    resource.namespace, resource.type, resource.name = "emojivoto", "deployment", "web"
    request.match.all.SetInParent()
    request.extract.SetInParent()
    captured = "0a1e0a1c0a09656d6f6a69766f746f120a6465706c6f796d656e741a0377656212020a001d0000c8422200"
    assert request.SerializeToString().hex() == captured


@pytest.mark.parametrize("module", ["net", "http_types", "proxy_tap", "viz_tap"])
def test_the_committed_code_is_what_protos_generates(module: str, tmp_path: Path) -> None:
    subprocess.run([ROOT / "scripts" / "generate-protos", sys.executable, tmp_path], cwd=ROOT, check=True, timeout=60)
    for suffix in ("_pb2.py", "_pb2.pyi"):
        committed = Path("linkerdctl/tap/wire") / f"{module}{suffix}"
        assert filecmp.cmp(ROOT / committed, tmp_path / committed, shallow=False), f"{committed}: run `make protos`"
