"""Streams cut into frames, wherever their pieces end."""

from __future__ import annotations

import pytest
from google.protobuf.internal.encoder import _VarintBytes  # type: ignore[attr-defined]
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import TapError
from linkerdctl.tap.encoding import framed
from linkerdctl.tap.framing import LARGEST, Frames, Prefix, fixed_prefix, prefix_of, varint_prefix

bodies = st.lists(st.binary(max_size=300), max_size=8)
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=200)


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in pieces of these sizes, over and over."""
    found, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return found


def joined(prefix: Prefix, frames: list[bytes]) -> bytes:
    return b"".join(framed(each) if prefix is fixed_prefix else _VarintBytes(len(each)) + each for each in frames)


@pytest.mark.parametrize("prefix", [fixed_prefix, varint_prefix])
@given(frames=bodies, sizes=cuts)
def test_frames_come_out_as_they_went_in(prefix: Prefix, frames: list[bytes], sizes: list[int]) -> None:
    cutter = Frames(prefix)
    found = [frame for piece in pieces(joined(prefix, frames), sizes) for frame in cutter.feed(piece)]
    assert found == frames
    assert cutter.left_over == 0


@pytest.mark.parametrize("prefix", [fixed_prefix, varint_prefix])
@given(frames=bodies.filter(bool), missing=st.integers(1, 5))
def test_what_is_cut_off_is_told(prefix: Prefix, frames: list[bytes], missing: int) -> None:
    data = joined(prefix, frames)[:-missing]
    cutter = Frames(prefix)
    found = list(cutter.feed(data))
    assert found == frames[: len(found)]
    assert cutter.left_over == len(data) - len(joined(prefix, found))


@pytest.mark.parametrize(
    ("prefix", "length"), [(fixed_prefix, (LARGEST + 1).to_bytes(4, "little")), (varint_prefix, b"\xff" * 5)]
)
def test_a_length_that_cannot_be_is_garbage_and_frames_before_it_are_not(prefix: Prefix, length: bytes) -> None:
    frames = Frames(prefix).feed(joined(prefix, [b"one"]) + length + b"rest")
    assert next(frames) == b"one"
    with pytest.raises(TapError, match="broken"):
        next(frames)


@given(st.binary(min_size=1, max_size=400))
def test_both_ways_of_writing_lengths_are_told_apart(rest: bytes) -> None:
    body = b"\x0a" + rest
    assert prefix_of(framed(body)[:64]) is fixed_prefix
    assert prefix_of((_VarintBytes(len(body)) + body)[:64]) is varint_prefix


@pytest.mark.parametrize("head", [b"", b"hello, world, this is text", b"\x00" * 16, b"PK\x03\x04" + b"\x00" * 12])
def test_what_is_no_stream_is_not_taken_for_one(head: bytes) -> None:
    assert prefix_of(head) is None
