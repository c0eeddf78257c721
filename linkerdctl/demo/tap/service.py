"""The viz extension's tap server: one loop of `Observe` calls for each pod, their events merged, framed for HTTP."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import AsyncIterator, Sequence

from google.protobuf.message import DecodeError, Message

from linkerdctl.demo.cluster.store import ObjectStore
from linkerdctl.demo.faults import Fault
from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.tap.observe import ProxyLostError, ProxyTaps
from linkerdctl.demo.tap.targets import TapRefusedError, TapTargets
from linkerdctl.demo.tap.translation import UnsupportedMatchError, observe_request, translated
from linkerdctl.demo.topology import DemoPod
from linkerdctl.kube.kinds import find_kind
from linkerdctl.tap.wire import proxy_tap_pb2 as proxy
from linkerdctl.tap.wire import viz_tap_pb2 as viz

_WINDOW = 1.0
_NEVER = 1e9
_WAITING_BATCHES = 32
HEALTHY_FRAMES = 20
"""What comes through before a fault of the stream strikes: enough for some requests to be told of to their ends."""
_HALF_A_FRAME = 60


class StreamCutError(ConnectionError):
    """Raised by a stream that breaks off, after half a message."""


def framed(message: Message | bytes) -> bytes:
    """A message behind its length, four bytes, the least significant one first."""
    body = message if isinstance(message, bytes) else message.SerializeToString()
    return struct.pack("<I", len(body)) + body


class TapService:
    """Turns a request's bytes into a stream of frames."""

    def __init__(self, mesh: Mesh, store: ObjectStore, taps: ProxyTaps) -> None:
        self._mesh = mesh
        self._taps = taps
        self._pods = {pod.ip: pod for pod in mesh.topology.pods}
        self._targets = TapTargets(store, {pod.key: pod for pod in mesh.topology.pods})

    def open(self, body: bytes, path: str) -> TapStream:
        """The stream that a request for `path` asks for; raises `TapRefusedError`."""
        try:
            request = viz.TapByResourceRequest.FromString(body)
        except DecodeError as error:
            raise TapRefusedError("the request body is no TapByResourceRequest") from error
        resource = request.target.resource
        if _path_of(resource) != path:
            raise TapRefusedError(f"the request body asks for {_path_of(resource)}, the URL for {path}")
        pods = self._targets.pods_of(resource.type, resource.namespace, resource.name, request.target.label_selector)
        try:
            observe = observe_request(request, len(pods))
        except UnsupportedMatchError as error:
            raise TapRefusedError(str(error)) from error
        return TapStream(self, pods, observe, self._fault_among(pods))

    async def tap(self, pod: DemoPod, request: proxy.ObserveRequest, batches: asyncio.Queue[list[bytes]]) -> None:
        """Frames of one pod's events, window after window, until its proxy is lost: then there are no more, silently."""
        loop = asyncio.get_running_loop()
        while True:
            window_ends = loop.time() + _WINDOW
            try:
                async for batch in self._taps.observe(pod, request).batches():
                    await batches.put([framed(translated(event, self._pods)) for event in batch])
            except ProxyLostError:
                return
            await asyncio.sleep(window_ends - loop.time())

    def _fault_among(self, pods: Sequence[DemoPod]) -> Fault | None:
        faults = (self._mesh.fault_of(pod) for pod in pods)
        return next((fault for fault in faults if fault is not None and fault.kind.startswith("tap-")), None)


class TapStream:
    """What one client gets; `fault` is what the stream itself suffers from."""

    def __init__(
        self, service: TapService, pods: Sequence[DemoPod], request: proxy.ObserveRequest, fault: Fault | None
    ) -> None:
        self.fault = fault
        self._service, self._pods, self._request = service, pods, request

    async def chunks(self) -> AsyncIterator[bytes]:
        """Whole frames, until the client is gone or the stream's fault ends it. Raises `StreamCutError`."""
        kind = self.fault.kind if self.fault is not None else ""
        strikes_at = HEALTHY_FRAMES
        async for frames in self._batches():
            if 0 <= strikes_at < len(frames) and kind == "tap-cut":
                yield b"".join(frames[:strikes_at]) + frames[strikes_at][:_HALF_A_FRAME]
                raise StreamCutError
            if 0 <= strikes_at < len(frames) and kind == "tap-garbage":
                frames.insert(strikes_at, garbage())
            strikes_at -= len(frames)
            yield b"".join(frames)

    async def _batches(self) -> AsyncIterator[list[bytes]]:
        batches: asyncio.Queue[list[bytes]] = asyncio.Queue(_WAITING_BATCHES)
        tasks = [asyncio.create_task(self._service.tap(pod, self._request, batches)) for pod in self._pods]
        ends = asyncio.get_running_loop().time() + self._seconds
        try:
            while (left := ends - asyncio.get_running_loop().time()) > 0:
                yield await asyncio.wait_for(batches.get(), left)
        except TimeoutError:
            return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _seconds(self) -> float:
        return self.fault.seconds if self.fault is not None and self.fault.kind == "tap-ends" else _NEVER


def garbage() -> bytes:
    """A frame whose length is right and whose body is no event."""
    return framed(b"\xff" + random.Random(4190).randbytes(60))


def _path_of(resource: viz.Resource) -> str:
    """Where a request for a resource must have been sent, below `/watch/`."""
    if resource.type == "namespace":
        return f"namespaces/{resource.name}/tap"
    kind = find_kind(resource.type)
    plural = kind.plural if kind else f"{resource.type}s"
    return f"namespaces/{resource.namespace}/{plural}/{resource.name}/tap"
