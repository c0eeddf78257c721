"""The proxies' own tap API over gRPC, for where it can be reached: inside the mesh with the tap identity, or the demo.

Does what the viz extension's tap server does: one Observe call a second and pod, the limit shared out among the pods.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from linkerdctl.errors import TapError
from linkerdctl.kube.inventory import PodRef
from linkerdctl.tap.decoding import proxy_decoder
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.query import TapQuery, observe_request, requests_per_pod
from linkerdctl.tap.transports.mesh_tls import TlsFiles, Tunnel
from linkerdctl.tap.transports.protocol import Once, Tell, pauses

OBSERVE = "/io.linkerd.proxy.tap.Tap/Observe"
WINDOW = 1.0
"""Seconds from one Observe call of a pod to the next."""
WAITING = 4096
"""Events that wait to be shown before the proxies' streams are held up."""
REQUIRE_ID = "l5d-require-id"
"""Metadata by which one's own sidecar, where there is one, speaks mesh TLS with the proxy's identity."""
FIRST_PAUSES = (0.5, 1.0)
"""Seconds before further attempts at a proxy that has not answered yet."""
_OPTIONS = (("grpc.enable_http_proxy", 0),)
_PASSING = frozenset({"UNAVAILABLE", "INTERNAL", "UNKNOWN", "ABORTED", "DEADLINE_EXCEEDED", "CANCELLED"})
"""Codes after which another attempt may do better."""
_ADVICE = (
    "a proxy's tap port serves only the viz extension's tap server, by its mesh identity: give --tls-ca, --tls-cert and "
    "--tls-key of that identity,\nor leave --via direct out, to tap through the viz extension"
)


@dataclass(frozen=True, slots=True)
class TapTarget:
    """A pod's tap port, and the identity its proxy has there."""

    pod: PodRef
    ip: str
    port: int
    identity: str = ""

    @property
    def address(self) -> str:
        """For gRPC."""
        return f"ipv6:[{self.ip}]:{self.port}" if ":" in self.ip else f"ipv4:{self.ip}:{self.port}"


class ProxyTap:
    """Taps several pods at once. A pod that cannot be tapped is named and left out; without any, it is an error."""

    def __init__(
        self,
        targets: Sequence[TapTarget],
        query: TapQuery,
        tell: Tell,
        *,
        tls: TlsFiles | None = None,
        hydrate: Callable[[TapEvent], TapEvent] = lambda event: event,
    ) -> None:
        self._targets = targets
        self._request = observe_request(query, requests_per_pod(query.max_rps, len(targets)))
        self._tell = Once(tell)
        self._tls = tls
        self._hydrate = hydrate
        self._events: asyncio.Queue[TapEvent | None] = asyncio.Queue(WAITING)
        self._reasons: list[str] = []

    async def batches(self) -> AsyncGenerator[Sequence[TapEvent], None]:
        """Events of all pods as they come, until nobody wants them. Raises `TapError` when no pod can be tapped any more."""
        context = self._tls.context() if self._tls else None
        pods = [asyncio.create_task(self._tap(target, context)) for target in self._targets]
        try:
            left = len(pods)
            while left:
                batch = [await self._events.get()]
                while not self._events.empty():
                    batch.append(self._events.get_nowait())
                left -= batch.count(None)
                yield [event for event in batch if event is not None]
            await asyncio.gather(*pods)
            raise TapError(f"no proxy could be tapped: {self._reasons[0]}", next_step=_advice(self._reasons[0]))
        finally:
            for pod in pods:
                pod.cancel()
            await asyncio.gather(*pods, return_exceptions=True)

    async def _tap(self, target: TapTarget, context: ssl.SSLContext | None) -> None:
        """All windows of one pod; a None in the queue says that there will be no more."""
        try:
            if context is None:
                reason = await self._windows(target, target.address, None)
            else:
                tunnel = Tunnel(target.ip, target.port, target.identity, context)
                async with tunnel.opened() as address:
                    reason = await self._windows(target, address, tunnel)
        except Exception:
            await self._events.put(None)
            raise
        self._reasons.append(reason)
        self._tell(f"{target.pod} is not tapped any more: {reason}")
        await self._events.put(None)

    async def _windows(self, target: TapTarget, address: str, tunnel: Tunnel | None) -> str:
        """Observe calls one after the other, until one fails for good; returns why."""
        grpc = _grpc()
        decode, loop = proxy_decoder().decode, asyncio.get_running_loop()
        waits = iter(FIRST_PAUSES)
        async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
            observe = channel.unary_stream(OBSERVE, request_serializer=type(self._request).SerializeToString)
            while True:
                ends = loop.time() + WINDOW
                try:
                    async for frame in observe(self._request, metadata=((REQUIRE_ID, target.identity),)):
                        waits = pauses()
                        await self._put(decode, frame)
                    waits = pauses()
                except grpc.aio.AioRpcError as error:
                    reason = (tunnel.failure if tunnel else "") or _reason(error)
                    wait = next(waits, None) if error.code().name in _PASSING else None
                    if wait is None:
                        return reason
                    self._tell(f"{target.pod}: {reason}; trying again")
                    await asyncio.sleep(wait)
                await asyncio.sleep(max(ends - loop.time(), 0))

    async def _put(self, decode: Callable[[bytes], TapEvent], frame: bytes) -> None:
        try:
            event = decode(frame)
        except TapError:
            self._tell("part of the tap stream could not be read and is left out")
        else:
            await self._events.put(self._hydrate(event))


def _grpc() -> Any:
    """gRPC writes what goes wrong to stderr by itself, unless told not to before it is loaded."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import grpc

    return grpc


def _reason(error: Any) -> str:
    details = str(error.details() or "")
    for words in ("Connection refused", "Connection reset", "Socket closed", "No route to host", "Handshake"):
        if words.lower() in details.lower():
            return words.lower()
    name = str(error.code().name).lower().replace("_", " ")
    return f"{name}: {details[:120]}" if details else name


def _advice(reason: str) -> str:
    if reason.startswith(("unauthenticated", "permission", "handshake", "socket closed")):
        return _ADVICE
    return "are its pods alive, and can they be reached from here? kubectl get pods -o wide"
