"""Connections side by side, each with a pool of its own. Loaded only by who connects: it needs httpx.

A pool of httpcore looks at all its connections several times for every request, and at all for each of them: sixty-four
requests at once through one pool cost four times what is asked. A pool of one has nothing to look for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import httpx

KEPT_IDLE = 60.0
"""Seconds that an idle connection is kept: longer than most windows, so that the second look needs no new ones."""


class Lanes(httpx.AsyncBaseTransport):
    """At most `count` requests at once; the connection that was used last is used first.

    `pool_of` makes an httpx transport within these limits, which are those of one connection.
    """

    def __init__(self, count: int, pool_of: Callable[[httpx.Limits], httpx.AsyncHTTPTransport]) -> None:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT_IDLE)
        self._another = partial(pool_of, limits)
        self._places = asyncio.Semaphore(count)
        self._idle = [self._another()]
        self._busy: set[httpx.AsyncHTTPTransport] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its lane is free again when the response is closed."""
        await self._places.acquire()
        lane = self._idle.pop() if self._idle else self._another()
        self._busy.add(lane)
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            self._free(lane)
            raise
        response.stream = _Body(response.stream, lambda: self._free(lane))
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        for lane in (*self._idle, *self._busy):
            await lane.aclose()

    def _free(self, lane: httpx.AsyncHTTPTransport) -> None:
        self._busy.remove(lane)
        self._idle.append(lane)
        self._places.release()


class _Body(httpx.AsyncByteStream):
    """A body that tells when it is done with."""

    def __init__(self, body: httpx.SyncByteStream | httpx.AsyncByteStream, closed: Callable[[], None]) -> None:
        assert isinstance(body, httpx.AsyncByteStream)  # noqa: S101 - an asynchronous transport gives no other
        self._body = body
        self._closed = closed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._body:
            yield data

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        finally:
            self._closed()
