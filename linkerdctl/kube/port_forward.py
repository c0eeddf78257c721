"""Proxies through a port-forward: a WebSocket to the API server that carries one TCP stream.

Kubernetes frames it with a channel byte before each message, two channels a port: data, then errors; the first message of
each only repeats the port's number (subprotocol `v4.channel.k8s.io`).
"""

from __future__ import annotations

import time
import zlib
from types import TracebackType
from typing import TYPE_CHECKING, Self

from linkerdctl.errors import ApiError, ProxyError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.proxy_access import MOST_BYTES, Fetched, refusal, within

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

SUBPROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"


class ThroughPortForward:
    """Needs `create` on `pods/portforward`; a policy of the mesh that guards the admin port does not stand in its way."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Every forward ends with its request."""

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        """One forward, one GET."""
        from websockets.exceptions import ConnectionClosed

        pod = target.pod
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/portforward?ports={target.admin_port}"
        try:
            async with within(deadline), self._client.websocket(path, SUBPROTOCOL, pod.namespace, pod.name) as tunnel:
                return await _get(tunnel)
        except ApiError as error:
            raise ProxyError(f"port-forward failed: {error.message}", next_step=error.next_step) from None
        except ConnectionClosed:
            raise ProxyError("its answer ended early") from None


async def _get(tunnel: ClientConnection) -> Fetched:
    await tunnel.send(bytes([_DATA]) + _REQUEST)
    answer, at, greeted = bytearray(), 0.0, set[int]()
    async for message in tunnel:
        channel, content = message[0], message[1:]
        if not isinstance(channel, int) or not isinstance(content, bytes):
            raise ProxyError("port-forward failed: the API server does not speak its protocol")
        if channel not in greeted:
            greeted.add(channel)
            content = content[2:]
        if channel == _ERROR and content:
            raise ProxyError(_reason(content.decode(errors="replace")))
        at = at or (time.time() if content else 0.0)
        answer += content
        if len(answer) > MOST_BYTES:
            raise ProxyError(f"its answer is larger than {MOST_BYTES // 2**20} MiB")
        if _is_complete(answer):
            break
    return Fetched(_body(bytes(answer)), at)


def _reason(text: str) -> str:
    for words in ("connection refused", "no route to host", "i/o timeout"):
        if words in text:
            return words
    return f"port-forward failed: {text.strip().splitlines()[-1] if text.strip() else 'no reason given'}"


def _is_complete(answer: bytes | bytearray) -> bool:
    """Whether a body of known length is all there; others end with the connection."""
    head, found, body = bytes(answer).partition(b"\r\n\r\n")
    length = _headers(head).get("content-length", "")
    return bool(found) and length.isdigit() and len(body) >= int(length)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _body(answer: bytes) -> bytes:
    """The body of one HTTP/1.1 answer, its chunks joined and inflated. Raises `ProxyError`."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found or not head.startswith(b"HTTP/1."):
        raise ProxyError("its answer ended early" if head.startswith(b"HTTP/1.") or not head else "it answered no HTTP")
    status = head.split(b" ", 2)[1].decode("latin-1")
    if status != "200":
        raise ProxyError(refusal(int(status) if status.isdigit() else 0))
    headers = _headers(head)
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    elif headers.get("content-length", "").isdigit() and len(body) < int(headers["content-length"]):
        raise ProxyError("its answer ended early")
    return _inflated(body) if headers.get("content-encoding") == "gzip" else body


def _unchunked(body: bytes) -> bytes:
    joined = bytearray()
    while True:
        size, found, rest = body.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            raise ProxyError("its answer ended early") from None
        if not found or len(rest) < length:
            raise ProxyError("its answer ended early")
        if not length:
            return bytes(joined)
        joined += rest[:length]
        body = rest[length + 2 :]


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(body, MOST_BYTES)
    except zlib.error:
        raise ProxyError("its answer is broken gzip") from None
    if inflater.unconsumed_tail:
        raise ProxyError(f"its answer is larger than {MOST_BYTES // 2**20} MiB")
    if not inflater.eof:
        raise ProxyError("its answer ended early")
    return text
