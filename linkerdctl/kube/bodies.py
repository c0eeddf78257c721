"""Bodies of answers, read no further than they may be long, whatever the other side sends or packs into a few bytes."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

MOST_OF_A_DOCUMENT = 256 * 1024 * 1024
"""Bytes of inflated JSON. API servers give lists from memory in one piece: ten thousand pods are a hundred million bytes."""
MOST_OF_A_REFUSAL = 64 * 1024
"""Bytes of an answer that is no success; a Status has some hundred."""
_STEP = 1024 * 1024
"""Bytes that are inflated at once."""
_GZIP_WINDOW = 31


class TooLongError(Exception):
    """There is more than `most` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"its answer is larger than {most // 2**20} MiB")


class BrokenEncodingError(Exception):
    """A body that is packed in a way nobody asked for, is no gzip, or is cut short."""


async def whole_body(response: httpx.Response, most: int) -> bytes:
    """All of a body, inflated. Raises `TooLongError`, `BrokenEncodingError`, and what httpx raises for a lost connection."""
    body = bytearray()
    async for piece in _plain(response):
        body += piece
        if len(body) > most:
            raise TooLongError(most)
    return bytes(body)


async def beginning_of_body(response: httpx.Response, most: int) -> bytes:
    """As much of a body as can be read: `most` bytes, or up to where it breaks. For what servers say about a failure."""
    import httpx

    body = bytearray()
    try:
        async for piece in _plain(response):
            body += piece
            if len(body) > most:
                break
    except (httpx.HTTPError, BrokenEncodingError):
        pass
    return bytes(body[:most])


async def _plain(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in pieces of no more than `_STEP`. httpx itself inflates what it has received at one go, and several times over."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise BrokenEncodingError(f"its answer is packed as {encoding[:20]!r}, which nobody asked for")
    inflater = _Inflater() if encoding == "gzip" else None
    async for data in response.aiter_raw():
        if inflater is None:
            yield data
            continue
        for piece in inflater.feed(data):
            yield piece
    if inflater is not None:
        inflater.check_end()


class _Inflater:
    """Gunzips in steps."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP_WINDOW)
        self._began = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What is in these bytes; what follows the end of the gzip is none of it."""
        self._began = self._began or bool(data)
        try:
            while data and not self._zlib.eof:
                yield self._zlib.decompress(data, _STEP)
                data = self._zlib.unconsumed_tail
        except zlib.error:
            raise BrokenEncodingError("its answer is broken gzip") from None

    def check_end(self) -> None:
        """Raise where the end is missing. An empty body needs none."""
        if self._began and not self._zlib.eof:
            raise BrokenEncodingError("its answer ended early")
