"""A recorded stream: what `--save` wrote, a captured stream of either tap API, or lines of `tap -o json`; gzipped or not."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from linkerdctl.errors import TapError
from linkerdctl.tap.decoding import proxy_decoder, viz_decoder
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.framing import fixed_prefix, prefix_of
from linkerdctl.tap.transports.protocol import Tell
from linkerdctl.tap.transports.reading import EventReader, FrameReader, JsonReader

CHUNK = 64 * 1024
HEAD = 16
"""Bytes by which a format is known."""
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31


class RecordedTap:
    """The events of a file, or of standard input for `-`."""

    def __init__(self, path: str, tell: Tell) -> None:
        self._path = path
        self._name = "standard input" if path == "-" else path
        self._tell = tell

    async def batches(self) -> AsyncGenerator[Sequence[TapEvent], None]:
        """All events there are; what comes before a broken place is handed out before the error."""
        with _opened(self._path, self._name) as descriptor:
            reader: EventReader | None = None
            head = b""
            async for data in self._inflated(_chunks(descriptor)):
                head += data
                if reader is None and len(head) < HEAD:
                    continue
                reader, data, head = reader or self._reader(head), head, b""
                if events := reader.feed(data):
                    yield events
                if reader.broken:
                    raise self._error(reader.broken.message)
            if head:
                reader = self._reader(head)
                yield reader.feed(head)
        self._check_end(reader)

    def _reader(self, head: bytes) -> EventReader:
        if head.lstrip()[:1] == b"{" and head.lstrip()[1:].lstrip()[:1] in (b'"', b"}", b""):
            return JsonReader()
        prefix = prefix_of(head)
        if prefix is None:
            raise self._error("it is no tap stream: neither events behind their lengths nor lines of `tap -o json`")
        return FrameReader(prefix, viz_decoder() if prefix is fixed_prefix else proxy_decoder())

    def _check_end(self, reader: EventReader | None) -> None:
        if reader is None:
            self._tell(f"{self._name} is empty")
            return
        if reader.unread:
            events = "1 event" if reader.unread == 1 else f"{reader.unread} events"
            self._tell(f"{self._name}: {events} could not be read, left out")
        if reader.broken:
            raise self._error(reader.broken.message)
        if reader.left_over:
            raise self._error(f"it ends in the middle of an event ({reader.left_over} bytes of it are there)")

    async def _inflated(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The bytes as they are, or gunzipped; a gzip that is cut or broken raises after what could be read."""
        inflate, first = None, True
        async for data in chunks:
            if first and data[:2] == _GZIP:
                inflate = zlib.decompressobj(_GZIP_WINDOW)
            first = False
            if inflate is None:
                yield data
                continue
            while data:
                if inflate.eof:
                    inflate = zlib.decompressobj(_GZIP_WINDOW)
                try:
                    plain = inflate.decompress(data, CHUNK)
                except zlib.error:
                    raise self._error("its gzip is broken") from None
                data = inflate.unconsumed_tail or inflate.unused_data
                yield plain
        if inflate is not None and not inflate.eof:
            raise self._error("its gzip ends early")

    def _error(self, why: str) -> TapError:
        return TapError(f"cannot read on in {self._name}: {why}")


@contextmanager
def _opened(path: str, name: str) -> Iterator[int]:
    """A file descriptor; standard input stays open."""
    if path == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise TapError("standard input is a terminal", next_step="pipe a recorded stream in: --input - < FILE")
        yield sys.stdin.fileno()
        return
    try:
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed below; opening fails for other reasons than use
    except OSError as error:
        raise TapError(f"cannot open {name}: {(error.strerror or str(error)).lower()}") from None
    with file:
        yield file.fileno()


async def _chunks(descriptor: int) -> AsyncIterator[bytes]:
    """Bytes as they come; waiting for a pipe leaves everything else running."""
    waits = not stat.S_ISREG(os.fstat(descriptor).st_mode)
    while True:
        if waits:
            await _readable(descriptor)
        try:
            data = os.read(descriptor, CHUNK)
        except OSError as error:
            raise TapError(f"cannot read on: {(error.strerror or str(error)).lower()}") from None
        if not data:
            return
        yield data
        await asyncio.sleep(0)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except OSError:
        return  # What cannot be waited for (/dev/null) is always ready
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
