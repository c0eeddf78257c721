"""Ways to a pod through the API face: the pod proxy and port-forward. Pods of the mesh have an admin port, no other."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Mapping
from itertools import count
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from linkerdctl.demo.admin.answers import ProxyAnswers
from linkerdctl.demo.api.paths import Subject
from linkerdctl.demo.cluster.status import StatusError, bad_request
from linkerdctl.demo.cluster.store import Manifest, ObjectStore
from linkerdctl.demo.topology import ADMIN_PORT, DemoPod

CHANNEL_PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 1 << 16


class PodAccess:
    """Reaches the proxies of the mesh for clients of the API face."""

    def __init__(self, store: ObjectStore, pods: Mapping[tuple[str, str], DemoPod], answers: ProxyAnswers) -> None:
        self._store = store
        self._pods = pods
        self._answers = answers

    def proxied(self, subject: Subject, path: str) -> Response:
        """What the pod answers to a request for `path`; raises a `StatusError` as the API server does."""
        name, port = _name_and_port(subject.name)
        manifest = self._store.get(subject.resource, subject.namespace, name)
        pod = self._pods.get((subject.namespace, name))
        if port != ADMIN_PORT or pod is None or self._answers.is_dead(pod):
            raise _unreachable(manifest, port)
        return _ProxiedResponse(self._answers, pod, path)

    async def forward(self, socket: WebSocket, subject: Subject) -> None:
        """Carry bytes between a WebSocket and ports of a pod: two channels for each port, data and errors."""
        manifest = self._store.get(subject.resource, subject.namespace, subject.name)
        ports = [int(port) for port in socket.query_params.getlist("ports") if port.isdigit()]
        if not ports:
            raise bad_request("query parameter 'ports' is required")
        await socket.accept(subprotocol=CHANNEL_PROTOCOL)
        for channel in range(2 * len(ports)):
            await socket.send_bytes(struct.pack("<BH", channel, ports[channel // 2]))
        await _Forwarding(socket, manifest).run(ports)


class _ProxiedResponse(Response):
    """Lets the proxy answer in its own words, faults included."""

    def __init__(self, answers: ProxyAnswers, pod: DemoPod, path: str) -> None:
        super().__init__()
        self._answers, self._pod, self._target = answers, pod, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answers.send(self._pod, self._target, scope, send)


class _Forwarding:
    """The connections of one port-forward, by the channel of their data."""

    def __init__(self, socket: WebSocket, manifest: Manifest) -> None:
        self._socket = socket
        self._manifest = manifest
        self._writers: dict[int, asyncio.StreamWriter] = {}

    async def run(self, ports: list[int]) -> None:
        """Until the client is gone or every pod connection has ended."""
        readers = {channel: await self._connect(channel, port) for channel, port in zip(count(0, 2), ports)}
        pods = [self._from_pod(channel, reader) for channel, reader in readers.items() if reader is not None]
        answering = asyncio.ensure_future(asyncio.gather(*pods))
        receiving = asyncio.ensure_future(self._to_pod())
        both: set[asyncio.Future[Any]] = {answering, receiving}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for writer in self._writers.values():
            writer.close()
        receiving.cancel()
        with contextlib.suppress(RuntimeError):
            await self._socket.close()

    async def _connect(self, channel: int, port: int) -> asyncio.StreamReader | None:
        address = self._manifest.get("status", {}).get("podIP", "")
        try:
            reader, self._writers[channel] = await asyncio.open_connection(address, port)
        except OSError:
            name = self._manifest["metadata"]["name"]
            why = f"error forwarding port {port} to pod {name}: dial tcp {address}:{port}: connect: connection refused"
            await self._socket.send_bytes(bytes([channel + 1]) + why.encode())
            return None
        return reader

    async def _from_pod(self, channel: int, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):
            while chunk := await reader.read(_CHUNK):
                await self._socket.send_bytes(bytes([channel]) + chunk)

    async def _to_pod(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, KeyError):
            while message := await self._socket.receive_bytes():
                if writer := self._writers.get(message[0]):
                    writer.write(message[1:])


def wants_channels(socket: WebSocket) -> bool:
    """Whether the client speaks the protocol of channels (and not the newer tunnel of SPDY)."""
    return CHANNEL_PROTOCOL in socket.scope.get("subprotocols", ())


def _name_and_port(text: str) -> tuple[str, int]:
    """`NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`."""
    parts = text.split(":")
    name, port = (parts[1], parts[2]) if len(parts) == 3 else (*parts, "80")[:2]
    if not port.isdigit() and port != "linkerd-admin":
        raise StatusError(503, "ServiceUnavailable", f'no endpoints available for pod "{text}"')
    return name, ADMIN_PORT if port == "linkerd-admin" else int(port)


def _unreachable(manifest: Manifest, port: int) -> StatusError:
    address = manifest.get("status", {}).get("podIP", "")
    message = f"error trying to reach service: dial tcp {address}:{port}: connect: connection refused"
    return StatusError(503, "ServiceUnavailable", message)
