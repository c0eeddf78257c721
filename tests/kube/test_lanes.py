"""Connections side by side: reused, limited, given back whatever becomes of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from linkerdctl.kube.lanes import Lanes


class Server:
    """Counts connections; answers when `open` is set."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0
        self.open = asyncio.Event()
        self.open.set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                await self.open.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
        except asyncio.IncompleteReadError:
            writer.close()

    async def asked(self, times: int) -> None:
        while self.requests < times:  # noqa: ASYNC110 - it counts up from another task
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(count: int) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
    face = Server()
    server = await asyncio.start_server(face.serve, "127.0.0.1", 0)
    face.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    lanes = Lanes(count, lambda limits: httpx.AsyncHTTPTransport(limits=limits, trust_env=False))
    async with server, httpx.AsyncClient(transport=lanes, trust_env=False) as client:
        yield face, client


async def test_one_request_after_the_other_needs_one_connection() -> None:
    async with serving(8) as (face, client):
        for _ in range(5):
            assert (await client.get(face.url)).text == "body"
        assert face.connections == 1


async def test_requests_at_once_have_a_connection_each_up_to_the_limit() -> None:
    async with serving(3) as (face, client):
        face.open.clear()
        asking = [asyncio.create_task(client.get(face.url)) for _ in range(10)]
        await face.asked(3)
        await asyncio.sleep(0.02)
        assert face.requests == 3
        face.open.set()
        assert {(await each).text for each in asking} == {"body"}
        assert face.connections == 3


async def test_a_request_that_is_given_up_gives_its_place_back() -> None:
    async with serving(1) as (face, client):
        face.open.clear()
        with pytest.raises(httpx.ReadTimeout):
            await client.get(face.url, timeout=0.02)
        cancelled = asyncio.create_task(client.get(face.url))
        await face.asked(2)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        face.open.set()
        assert (await client.get(face.url)).text == "body"


async def test_a_body_that_is_left_unread_gives_its_place_back_once() -> None:
    async with serving(1) as (face, client):
        for _ in range(2):
            async with client.stream("GET", face.url) as response:
                await response.aclose()
        face.open.clear()
        asking = [asyncio.create_task(client.get(face.url)) for _ in range(2)]
        await face.asked(3)
        await asyncio.sleep(0.02)
        assert face.requests == 3
        face.open.set()
        await asyncio.gather(*asking)
