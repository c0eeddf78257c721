"""A proxy's tap API over gRPC, behind a socket file. Imports grpc: load it when somebody taps, not before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import grpc

from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.tap.matches import InvalidMatchError
from linkerdctl.demo.tap.observe import Observation, ProxyLostError, ProxyTaps
from linkerdctl.demo.topology import DemoPod
from linkerdctl.tap.wire import proxy_tap_pb2 as wire

T = TypeVar("T")
SERVICE = "io.linkerd.proxy.tap.Tap"
_MOST_CALLS = 16
_GARBAGE = b"\xff" * 24


class TapServer:
    """The server of one pod's proxy. Its calls run in threads; the mesh stays with its loop."""

    def __init__(self, pod: DemoPod, mesh: Mesh, taps: ProxyTaps, loop: asyncio.AbstractEventLoop, path: Path) -> None:
        self._pod, self._mesh, self._taps, self._loop = pod, mesh, taps, loop
        handler = grpc.unary_stream_rpc_method_handler(
            self._observe, wire.ObserveRequest.FromString, lambda message: message
        )
        self._server = grpc.server(ThreadPoolExecutor(_MOST_CALLS, thread_name_prefix="demo-tap"))
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Observe": handler}),))
        self._server.add_insecure_port(f"unix:{path}")
        self._server.start()

    def stop(self) -> None:
        """End all calls."""
        self._server.stop(None)

    def _observe(self, request: wire.ObserveRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        fault = self._mesh.fault_of(self._pod)
        kind = fault.kind if fault is not None else ""
        if kind == "tap-403":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no_tls_from_remote")
        observation = self._open(request, context)
        context.add_callback(lambda: self._later(observation.close))
        if fault is not None and kind == "tap-ends":
            self._in_loop(lambda: self._loop.call_later(fault.seconds, observation.close))
        try:
            yield from self._events(observation, [_GARBAGE] if kind == "tap-garbage" else [])
        except ProxyLostError:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the proxy is gone")

    def _open(self, request: wire.ObserveRequest, context: grpc.ServicerContext) -> Observation:
        try:
            return self._in_loop(lambda: self._taps.observe(self._pod, request))
        except InvalidMatchError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except ProxyLostError:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the proxy is gone")
        raise AssertionError("abort raises")

    def _events(self, observation: Observation, garbage: list[bytes]) -> Iterator[bytes]:
        """The first event, what is put behind it, and the others."""
        while batch := asyncio.run_coroutine_threadsafe(observation.batch(), self._loop).result():
            for event in batch:
                yield event.SerializeToString()
                yield from garbage
                garbage = []

    def _in_loop(self, function: Callable[[], T]) -> T:
        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _later(self, function: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)
