"""Where one event ends and the next begins in a stream of bytes that comes in pieces. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from linkerdctl.errors import TapError

LARGEST = 16 * 1024 * 1024
"""Bytes of one event; headers are limited to much less. More is no event but garbage."""
_TOP_TAGS = frozenset({0x0A, 0x12, 0x1A, 0x22, 0x2A, 0x30, 0x3A})
"""First bytes that an event can have: the seven fields of a TapEvent."""

Prefix = Callable[[bytes, int], tuple[int, int] | None]
"""Where a frame's length is read: its size and where it begins, or None when the bytes end before."""


def fixed_prefix(data: bytes, at: int) -> tuple[int, int] | None:
    """Four bytes, little-endian: what the viz extension's API writes."""
    if at + 4 > len(data):
        return None
    return int.from_bytes(data[at : at + 4], "little"), at + 4


def varint_prefix(data: bytes, at: int) -> tuple[int, int] | None:
    """A varint: protobuf's own way to write messages one after the other. Raises `TapError` for one without an end."""
    size = shift = 0
    for position in range(at, min(at + 5, len(data))):
        size |= (data[position] & 0x7F) << shift
        if data[position] < 0x80:
            return size, position + 1
        shift += 7
    if at + 5 <= len(data):
        raise _garbage()
    return None


class Frames:
    """Cuts what it is fed into frames."""

    def __init__(self, prefix: Prefix) -> None:
        self._prefix = prefix
        self._rest = b""

    @property
    def left_over(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete with `data`. Raises `TapError` at a length that cannot be, with no way on."""
        data, at = self._rest + data, 0
        try:
            while (found := self._prefix(data, at)) is not None:
                size, begin = found
                if size > LARGEST:
                    raise _garbage()
                if begin + size > len(data):
                    break
                at = begin + size
                yield data[begin:at]
        finally:
            self._rest = data[at:]


def prefix_of(head: bytes) -> Prefix | None:
    """Which way the lengths of a stream are written, seen at its first bytes; None when it is neither."""
    return next((each for each in (fixed_prefix, varint_prefix) if _begins_event(head, each)), None)


def _begins_event(head: bytes, prefix: Prefix) -> bool:
    try:
        found = prefix(head, 0)
    except TapError:
        return False
    if found is None:
        return False
    size, begin = found
    return 0 < size <= LARGEST and begin < len(head) and head[begin] in _TOP_TAGS


def _garbage() -> TapError:
    return TapError("the tap stream is broken: where the length of an event belongs there is something else")
