"""Proxies through a port-forward: a WebSocket to the API server that carries one TCP stream.

Kubernetes frames it with a channel byte before each message, two channels a port: data, then errors; the first message of
each only repeats the port's number (subprotocol `v4.channel.k8s.io`).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

from linkerdctl.errors import ApiError, ProxyError
from linkerdctl.kube.bodies import Room, growing
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.http_answer import body_of, is_complete, says_its_end
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.proxy_access import MOST_BYTES, Fetched, as_proxy_error, pod_path, within
from linkerdctl.kube.rbac import About

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

SUBPROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"


class ThroughPortForward:
    """Needs `create` on `pods/portforward`; a policy of the mesh that guards the admin port does not stand in its way."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._room = Room()

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        """One forward, one GET."""
        pod = target.pod
        path = f"{pod_path(pod)}/portforward?ports={target.admin_port}"
        about = About("create", "pods/portforward", namespace=pod.namespace, name=pod.name)
        try:
            async with within(deadline), self._client.websocket(path, SUBPROTOCOL, about) as tunnel:
                return await _get(tunnel, self._room)
        except ApiError as error:
            raise as_proxy_error(error) from None


async def _get(tunnel: ClientConnection, room: Room) -> Fetched:
    from websockets.exceptions import ConnectionClosed

    at = 0.0
    async with room.reading() as there_are, growing() as answer:
        try:
            with suppress(ConnectionClosed):
                # A pod that refuses may have ended the tunnel by now; why is told by what came through it
                await tunnel.send(bytes([_DATA]) + _REQUEST)
            async for content in _content(tunnel):
                at = at or time.time()
                answer += content
                await there_are(len(answer))
                if len(answer) > MOST_BYTES:
                    raise ProxyError(f"its answer is larger than {MOST_BYTES // 2**20} MiB")
                if is_complete(answer):
                    break
        except ConnectionClosed:
            # API servers often leave without a goodbye; whether something is missing shows in what there is.
            if not says_its_end(answer):
                raise ProxyError("its answer ended early") from None
        return Fetched(body_of(bytes(answer)), at)


async def _content(tunnel: ClientConnection) -> AsyncIterator[bytes]:
    """What comes through the data channel; raises `ProxyError` for what comes through the other."""
    greeted = set[int]()
    async for message in tunnel:
        if not isinstance(message, bytes) or not message or message[0] not in (_DATA, _ERROR):
            raise ProxyError("port-forward failed: the API server does not speak its protocol")
        channel, content = message[0], message[1:]
        if channel not in greeted:
            greeted.add(channel)
            content = content[2:]
        if channel == _ERROR and content:
            raise ProxyError(_reason(content.decode(errors="replace")))
        if content:
            yield content


def _reason(text: str) -> str:
    for words in ("connection refused", "no route to host", "i/o timeout"):
        if words in text:
            return words
    said = text.strip().splitlines()
    return f"port-forward failed: {said[-1][:200] if said else 'no reason given'}"
