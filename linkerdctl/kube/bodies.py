"""Bodies of answers, read no further than they may be long, whatever the other side sends or packs into a few bytes."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

from linkerdctl.kube.http import FAILURES, Answer

MOST_OF_A_DOCUMENT = 256 * 1024 * 1024
"""Bytes of inflated JSON. API servers give lists from memory in one piece: ten thousand pods are a hundred million bytes."""
MOST_OF_A_REFUSAL = 64 * 1024
"""Bytes of an answer that is no success; a Status has some hundred."""
LARGE = 4 * 1024 * 1024
"""Bytes from which on an answer is a large one; busy proxies have one or two million."""
LARGE_AT_ONCE = 4
_STEP = 1024 * 1024
"""Bytes that are inflated at once."""
_GZIP_WINDOW = 31


class TooLongError(Exception):
    """There is more than `most` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"its answer is larger than {most // 2**20} MiB")


class BrokenEncodingError(Exception):
    """A body that is packed in a way nobody asked for, is no gzip, or is cut short."""


class Room:
    """For answers that are read side by side: only so many of them may be large ones at a time, the others wait."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LARGE_AT_ONCE)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Gives what is to be told how many bytes of an answer there are, and comes back when there is room for more."""
        taken = False

        async def there_are(size: int) -> None:
            nonlocal taken
            if size > LARGE and not taken:
                taken = await self._places.acquire()

        try:
            yield there_are
        finally:
            if taken:
                self._places.release()


async def whole_body(answer: Answer, most: int, room: Room | None = None) -> bytes:
    """All of a body, inflated. Raises `TooLongError`, `BrokenEncodingError`, and `http.FAILURES` for a lost connection."""
    async with (room or Room()).reading() as there_are, growing() as body:
        async for piece in _plain(answer):
            body += piece
            if len(body) > most:
                raise TooLongError(most)
            await there_are(len(body))
        return bytes(body)


@asynccontextmanager
async def growing() -> AsyncIterator[bytearray]:
    """Bytes that are given up when something goes wrong: an error that is kept would keep them, by way of its traceback."""
    body = bytearray()
    try:
        yield body
    except BaseException:
        body.clear()
        raise


async def beginning_of_body(answer: Answer, most: int) -> bytes:
    """As much of a body as can be read: `most` bytes, or up to where it breaks. For what servers say about a failure."""
    body = bytearray()
    try:
        async for piece in _plain(answer):
            body += piece
            if len(body) > most:
                break
    except (*FAILURES, BrokenEncodingError):
        pass
    return bytes(body[:most])


async def _plain(answer: Answer) -> AsyncIterator[bytes]:
    """The body in pieces of no more than `_STEP`, unpacked once at most."""
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise BrokenEncodingError(f"its answer is packed as {encoding[:20]!r}, which nobody asked for")
    inflater = _Inflater() if encoding == "gzip" else None
    async for data in answer.pieces():
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
