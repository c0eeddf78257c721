"""Connections side by side: reused, limited, given back whatever becomes of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpcore
import pytest

from linkerdctl.kube.http import Answer, Patience, new_request
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


class Client:
    """Asks a server through lanes."""

    def __init__(self, lanes: Lanes, url: str) -> None:
        self.lanes = lanes
        self.url = url

    async def send(self, patience: float = 60.0) -> Answer:
        return await self.lanes.send(new_request("GET", self.url, (), Patience(patience, patience, patience)))

    async def get(self, patience: float = 60.0) -> bytes:
        async with aclosing(await self.send(patience)) as answer:
            return b"".join([piece async for piece in answer.pieces()])


@asynccontextmanager
async def serving(count: int) -> AsyncIterator[tuple[Server, Client]]:
    face = Server()
    server = await asyncio.start_server(face.serve, "127.0.0.1", 0)
    face.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, aclosing(Lanes(count)) as lanes:
        yield face, Client(lanes, face.url)


async def test_one_request_after_the_other_needs_one_connection() -> None:
    async with serving(8) as (face, client):
        for _ in range(5):
            assert await client.get() == b"body"
        assert face.connections == 1


async def test_requests_at_once_have_a_connection_each_up_to_the_limit() -> None:
    async with serving(3) as (face, client):
        face.open.clear()
        asking = [asyncio.create_task(client.get()) for _ in range(10)]
        await face.asked(3)
        await asyncio.sleep(0.02)
        assert face.requests == 3
        face.open.set()
        assert {await each for each in asking} == {b"body"}
        assert face.connections == 3


async def test_a_request_that_is_given_up_gives_its_place_back() -> None:
    async with serving(1) as (face, client):
        face.open.clear()
        with pytest.raises(httpcore.ReadTimeout):
            await client.get(patience=0.02)
        cancelled = asyncio.create_task(client.get())
        await face.asked(2)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        face.open.set()
        assert await client.get() == b"body"


async def test_a_body_that_is_left_unread_gives_its_place_back_once() -> None:
    async with serving(1) as (face, client):
        for _ in range(2):
            async with aclosing(await client.send()) as answer:
                await answer.aclose()
        face.open.clear()
        asking = [asyncio.create_task(client.get()) for _ in range(2)]
        await face.asked(3)
        await asyncio.sleep(0.02)
        assert face.requests == 3
        face.open.set()
        await asyncio.gather(*asking)


@pytest.mark.parametrize("proxy", ["ftp://x", "x:3128", "http://", "http://x:planted"])
def test_what_is_no_proxy_is_refused_without_being_quoted(proxy: str) -> None:
    with pytest.raises(ValueError, match=r"^a proxy is given as .*HOST:PORT$"):
        Lanes(1, proxy=proxy)
