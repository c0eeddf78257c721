"""The proxies' tap ports. Each listens from the start; the gRPC server behind one begins with its first connection.

Plaintext, where a real proxy wants mesh TLS with the tap server's identity.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from linkerdctl.demo.admin.ports import bound
from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.topology import TAP_PORT, DemoPod

if TYPE_CHECKING:
    from linkerdctl.demo.tap.grpc_server import TapServer
    from linkerdctl.demo.tap.observe import ProxyTaps

_CHUNK = 1 << 16
_CUT_AFTER = 20_000
"""Bytes of an answer before the fault `tap-cut` strikes."""


class TapPorts:
    """Listens for every proxy that is alive, and carries bytes to its server. `taps` is called with the first connection."""

    def __init__(self, mesh: Mesh, taps: Callable[[], ProxyTaps], directory: Path) -> None:
        self._mesh, self._taps, self._directory = mesh, taps, directory
        self._listening: dict[tuple[str, str], asyncio.Server] = {}
        self._servers: dict[tuple[str, str], TapServer] = {}
        self._starting = asyncio.Lock()
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    async def sync(self) -> None:
        """Listen for the proxies that are alive, and for no others. Raises `LinkerdctlError` for a port that is taken."""
        for pod in self._mesh.topology.pods:
            dead = self._is(pod, "dead")
            if dead and pod.key in self._listening:
                self._listening.pop(pod.key).close()
            elif not dead and pod.key not in self._listening:
                self._listening[pod.key] = await asyncio.start_server(self._accept(pod), sock=bound(pod.ip, TAP_PORT))

    async def stop(self) -> None:
        """Close everything."""
        for server in self._listening.values():
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._connections)
        for behind in self._servers.values():
            behind.stop()

    def _is(self, pod: DemoPod, kind: str) -> bool:
        fault = self._mesh.fault_of(pod)
        return fault is not None and fault.kind == kind

    def _accept(self, pod: DemoPod) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            serving = asyncio.ensure_future(self._serve(pod, (reader, writer)))
            self._connections.add(serving)
            serving.add_done_callback(self._connections.discard)
            await serving

        return accept

    async def _serve(self, pod: DemoPod, client: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        with contextlib.suppress(OSError):
            server = await asyncio.open_unix_connection(await self._server_of(pod))
            await self._carry(client, server, _CUT_AFTER if self._is(pod, "tap-cut") else None)

    async def _server_of(self, pod: DemoPod) -> str:
        """The socket file of a pod's server, which is started for it."""
        path = self._directory / f"tap-{pod.ip}.sock"
        async with self._starting:
            if pod.key not in self._servers:
                loop = asyncio.get_running_loop()
                self._servers[pod.key] = await loop.run_in_executor(
                    None, _server, pod, self._mesh, self._taps(), loop, path
                )
        return str(path)

    async def _carry(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        most: int | None,
    ) -> None:
        """Bytes both ways until one side has enough, or so many have come back."""
        writers = {client[1], server[1]}
        self._writers |= writers
        ways = {
            asyncio.create_task(_copy(client[0], server[1], None)),
            asyncio.create_task(_copy(server[0], client[1], most)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for writer in writers:
                writer.transport.abort()
            self._writers -= writers


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk[:most])
            await writer.drain()
            if most is not None and (most := most - len(chunk)) <= 0:
                return


def _server(pod: DemoPod, mesh: Mesh, taps: ProxyTaps, loop: asyncio.AbstractEventLoop, path: Path) -> TapServer:
    from linkerdctl.demo.tap.grpc_server import TapServer

    return TapServer(pod, mesh, taps, loop, path)
